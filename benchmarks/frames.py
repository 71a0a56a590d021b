"""How fast the map of a report moves: frames a second while it is dragged, and the first paint of the page.

    python -m benchmarks.frames
    python -m benchmarks.frames --rows 10000

In Chromium as it starts on a machine without a graphics processor: the processor draws all.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from cyclopts import App
from playwright.sync_api import sync_playwright

from vaecluster import TwoViews, VAEClustering, write_report
from vaecluster.cli import main
from vaecluster.cli.options import Place, Whole, check
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions
from vaecluster.settings import Whole as WholeKind

RESULTS = Path(__file__).parent / "results" / "report" / "frames.json"
CHROMIUM, FLAGS = "/usr/bin/chromium", ("--no-sandbox", "--disable-background-networking")
COLUMNS, GROUPS = 6, 8
# Steps of a drag, and pixels that it stays within.
STEPS, WITHIN = 120, 60
PAINT = """new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))
    .observe({type: "paint", buffered: true}))"""
COUNT = "window.frames_ = []; (function next(time) { window.frames_.push(time); requestAnimationFrame(next) })(0)"


def frames(*, rows: Whole = 60_000, times: Whole = 3, output: Place = RESULTS) -> None:
    """Write the report on so many rows, open it so many times, and drag its map.

    Parameters
    ----------
    rows
        Rows of the report; of more than 60,000 a sample is on the map.
    times
        How often the page is opened.
    output
        The file for the numbers.
    """
    for name, value in (("--rows", rows), ("--times", times)):
        check(name, value, WholeKind(1))
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, COLUMNS)) + 6 * random.normal(size=(GROUPS, COLUMNS))[np.arange(rows) % GROUPS]
    model = VAEClustering(GROUPS, method=TwoViews(epochs=2, heads=1), random_state=0).fit(X.astype(np.float32))
    with TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        write_report(model, X.astype(np.float32), page)
        opened = [_opened(page) for _ in range(times)]
    for first_paint, rate in opened:
        print(f"{rows:,} rows: first paint after {first_paint:.0f} ms, {rate:.0f} frames a second")
    paints, rates = zip(*opened, strict=True)
    found = {"rows": rows, "first_paint_ms": paints, "frames_per_second": rates}
    write_json(output, {**found, "versions": versions(), "machine": machine()})


def _opened(page: Path) -> tuple[float, float]:
    """Milliseconds to the first paint, and frames a second of a drag."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        shown = browser.new_page(viewport={"width": 1280, "height": 900})
        shown.goto(page.as_uri())
        paint = float(shown.evaluate(PAINT))
        # The map is drawn after the page.
        shown.wait_for_timeout(1500)
        rate = _dragged(shown)
        browser.close()
    return paint, rate


def _dragged(shown: Any) -> float:
    canvas = shown.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    shown.evaluate(COUNT)
    shown.mouse.move(x, y)
    shown.mouse.down()
    start = shown.evaluate("performance.now()")
    for step in range(STEPS):
        shown.mouse.move(x + step % WITHIN, y + 2 * step % WITHIN)
    end = shown.evaluate("performance.now()")
    shown.mouse.up()
    drawn = [time for time in shown.evaluate("window.frames_") if start <= time <= end]
    return 1000 * len(drawn) / float(end - start)


app = App(name="python -m benchmarks.frames", default_command=frames, version_flags=())

if __name__ == "__main__":
    main(program=app)
