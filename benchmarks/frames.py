"""How fast the map of a report moves: frames a second while it is dragged, and the first paint of the page.

    python -m benchmarks.frames
    python -m benchmarks.frames --rows 10000
    python -m benchmarks.frames --run run --output benchmarks/results/report/frames-million.json

In Chromium as it starts on a machine without a graphics processor: the processor draws all.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
from vaecluster.report.collect import collect
from vaecluster.report.write import write_html
from vaecluster.runs.folder import RunFolder
from vaecluster.settings import Whole as WholeKind

RESULTS = Path(__file__).parent / "results" / "report" / "frames.json"
CHROMIUM, FLAGS = "/usr/bin/chromium", ("--no-sandbox", "--disable-background-networking")
COLUMNS, GROUPS = 6, 8
# Steps of a drag, and pixels that it stays within.
STEPS, WITHIN = 120, 60
PAINT = """new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))
    .observe({type: "paint", buffered: true}))"""
COUNT = "window.frames_ = []; (function next(time) { window.frames_.push(time); requestAnimationFrame(next) })(0)"


def frames(*, run: Place | None = None, rows: Whole = 60_000, times: Whole = 3, output: Place = RESULTS) -> None:
    """Write the report on so many rows, open it so many times, and drag its map.

    Parameters
    ----------
    run
        A run, whose report and explorer are opened in place of a report on rows that are made.
    rows
        Rows of the report; of more than 60,000 a sample is on the map.
    times
        How often the page is opened.
    output
        The file for the numbers.
    """
    for name, value in (("--rows", rows), ("--times", times)):
        check(name, value, WholeKind(1))
    with TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        if run is None:
            _write(page, rows)
        else:
            rows = RunFolder.open(run).description()["rows"]
            write_html(collect(RunFolder.open(run)), page)
        found: dict[str, Any] = {"rows": rows, "bytes": page.stat().st_size, **_opened(page.as_uri(), times)}
    if run is not None:
        with _explored(run) as address:
            found["explorer"] = _opened(address, times)
    write_json(output, {**found, "versions": versions(), "machine": machine()})


def _write(page: Path, rows: int) -> None:
    """The report on so many rows of a few groups."""
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, COLUMNS)) + 6 * random.normal(size=(GROUPS, COLUMNS))[np.arange(rows) % GROUPS]
    model = VAEClustering(GROUPS, method=TwoViews(epochs=2, heads=1), random_state=0).fit(X.astype(np.float32))
    write_report(model, X.astype(np.float32), page)


@contextmanager
def _explored(run: Path) -> Iterator[str]:
    """The address of the explorer of a run."""
    command = [sys.executable, "-m", "vaecluster", "explore", str(run), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[-1]
        server.terminate()


def _opened(address: str, times: int) -> dict[str, list[float]]:
    opened = [_opened_once(address) for _ in range(times)]
    for paint, drawn, rate in opened:
        print(f"first paint after {paint:.0f} ms, the map after {drawn:.0f} ms, {rate:.0f} frames a second")
    paints, drawn, rates = map(list, zip(*opened, strict=True))
    return {"first_paint_ms": paints, "map_ms": drawn, "frames_per_second": rates}


def _opened_once(address: str) -> tuple[float, float, float]:
    """Milliseconds to the first paint and until the map is there, and frames a second of a drag."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        shown = browser.new_page(viewport={"width": 1280, "height": 900})
        shown.goto(address)
        paint = float(shown.evaluate(PAINT))
        shown.locator("[data-map][data-live]").first.wait_for()
        drawn = float(shown.evaluate("performance.now()"))
        # What is drawn is seen a little later.
        shown.wait_for_timeout(1000)
        rate = _dragged(shown)
        browser.close()
    return paint, drawn, rate


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
