"""The report in a real browser: its map, hostile words, who can read it, and no request that leaves the page."""

import csv
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from browsing import CHROMIUM, barriers, chromium, page_in
from vaecluster import Bound, VAEClustering
from vaecluster.clusters.agreement import stability_of
from vaecluster.data.dataset import DataSet
from vaecluster.files.atomic import write_json
from vaecluster.report.collect import collect
from vaecluster.report.write import write_html
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.map import MAP

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")

HOSTILE = '"><img src=x onerror=document.title=1></script><script>document.title=2</script>'
ROWS, MANY = 120, 60_000


@dataclass
class Opened:
    """A page, by its controls."""

    page: Any

    def click(self, name: str) -> None:
        self.page.locator(f"[data-{name}]").click()

    def zoom(self) -> float:
        # What is drawn is drawn with the next frame.
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return float(self.page.locator("[data-map]").get_attribute("data-zoom"))

    def shown(self, name: str) -> bool:
        return bool(self.page.locator(f"[data-{name}]").is_visible())

    def text(self, name: str) -> str:
        return str(self.page.locator(f"[data-{name}]").inner_text())

    def box(self) -> dict[str, float]:
        plane = self.page.locator("[data-plane]")
        plane.scroll_into_view_if_needed()
        return dict(plane.bounding_box())

    def draw_around_all(self) -> None:
        box, mouse = self.box(), self.page.mouse
        corners = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"])
            for x, y in ((0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99))
        ]
        mouse.move(*corners[0])
        mouse.down()
        for corner in corners[1:]:
            mouse.move(*corner, steps=2)
        mouse.up()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    random = np.random.default_rng(0)
    kinds = np.arange(ROWS) % 3
    frame = pd.DataFrame(
        {
            f"name {HOSTILE}": [f"{HOSTILE} {number}" for number in range(ROWS)],
            "age": random.normal(size=ROWS) + 20 * kinds,
            f"kind {HOSTILE}": np.array(["a", "b", HOSTILE])[kinds],
        }
    )
    rows = {"table": frame, "pictures": random.random((ROWS, 8, 8)) * (1 + kinds[:, None, None])}
    made = {}
    for name, some in rows.items():
        folder = RunFolder(tmp_path_factory.mktemp(name) / f"{name}")
        folder.path.mkdir()
        with warnings.catch_warnings():
            # One epoch need not fill every cluster, and the column of names is left out.
            warnings.simplefilter("ignore")
            model = VAEClustering(3, method=Bound(epochs=1, network="dense", hidden=(16,)), random_state=0).fit(some)
            model.name_clusters(dict.fromkeys(range(3), HOSTILE))
            seen = pa.Table.from_pandas(some) if name == "table" else some
            folder.write(
                model,
                DataSet(name, seen),
                source=f"/home/me/{HOSTILE}/{name}.csv",
                seconds=1,
                cpu_seconds=1,
                scores={"train": {"rows": ROWS, "ari": 0.5}},
            )
            write_json(folder.stability_file, stability_of([model.labels_, model.labels_]).as_dict())
        made[name] = folder.path / "report.html"
        write_html(collect(folder), made[name])
    # A map of many points, each of them often.
    on_map = parquet.read_table(folder.path / MAP)
    parquet.write_table(pa.concat_tables([on_map] * (MANY // ROWS)), folder.path / MAP)
    made["many"] = folder.path / "many.html"
    write_html(collect(folder, names=False), made["many"])
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def opened(browser: Any, pages: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Opened]:
    """The page that the test names, 900 pixels wide; whatever it logs or asks for fails the test."""
    kind, options = getattr(request, "param", ("table", {}))
    with page_in(browser, lambda url: url.startswith(("file:", "data:", "blob:")), **options) as (page, wrong):
        page.goto(pages[kind].as_uri())
        page.locator("[data-map][data-live]").wait_for()
        yield Opened(page)
        assert wrong == []


def test_hostile_words_are_text_everywhere(opened: Opened) -> None:
    page = opened.page
    page.locator("[data-plane]").press("+")
    assert HOSTILE in opened.text("card")
    assert HOSTILE in opened.text("legend")
    assert any(HOSTILE in label for label in page.locator("[data-colour] option").all_inner_texts())
    page.locator("[data-colour]").select_option(label=f"kind {HOSTILE}")
    assert HOSTILE in opened.text("key")
    assert page.title() == "table.csv"
    assert "/home/me" not in page.content()
    assert page.locator("img[src=x]").count() == 0


def test_buttons_wheel_and_keys_zoom_and_fit(opened: Opened) -> None:
    page, plane = opened.page, opened.page.locator("[data-plane]")
    assert opened.zoom() == 1
    opened.click("in")
    assert opened.zoom() == 1.5
    opened.click("out")
    assert opened.zoom() == 1
    box = opened.box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.wheel(0, -300)
    page.wait_for_function("() => document.querySelector('[data-map]').dataset.zoom > 1")
    opened.click("fit")
    assert opened.zoom() == 1
    plane.press("+")
    plane.press("ArrowLeft")
    assert opened.shown("card")
    plane.press("-")
    assert opened.zoom() == 1
    plane.press("Escape")
    assert not opened.shown("card")


def test_a_lasso_counts_rows_per_cluster_and_saves_their_names(opened: Opened) -> None:
    page = opened.page
    opened.click("lasso")
    assert page.locator("[data-lasso]").get_attribute("aria-pressed") == "true"
    opened.draw_around_all()
    assert page.locator("[data-lasso]").get_attribute("aria-pressed") == "false"
    assert opened.text("counts").startswith(f"{ROWS} rows selected.")
    numbers = [int(number) for number in re.findall(r": (\d+)", opened.text("counts").replace(HOSTILE, ""))]
    assert sum(numbers) == ROWS
    with page.expect_download() as download:
        opened.click("save")
    assert download.value.suggested_filename == "selection.csv"
    lines = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert [line["name"] for line in lines] == [f"{HOSTILE} {number}" for number in range(ROWS)]
    opened.click("copy")
    page.get_by_text("Copied").wait_for()
    opened.click("clear")
    assert not opened.shown("selection")


def test_keys_select_what_is_in_view_and_the_legend_leaves_clusters_out(opened: Opened) -> None:
    page, plane = opened.page, opened.page.locator("[data-plane]")
    plane.press("s")
    assert opened.text("counts").startswith(f"{ROWS} rows")
    first = page.locator("[data-legend] [aria-pressed]").first
    size = int(first.locator("span").inner_text())
    first.click()
    assert first.get_attribute("aria-pressed") == "false"
    plane.press("s")
    assert opened.text("counts").startswith(f"{ROWS - size} row")
    page.get_by_role("button", name="None", exact=True).click()
    plane.press("s")
    assert not opened.shown("selection")
    page.get_by_role("button", name="All", exact=True).click()
    assert first.get_attribute("aria-pressed") == "true"


def test_a_point_under_the_pointer_has_a_card_with_its_columns(opened: Opened) -> None:
    box = opened.box()
    opened.page.locator("[data-plane]").press("0")
    opened.page.mouse.move(box["x"] + 5, box["y"] + 5)
    opened.page.locator("[data-plane]").press("ArrowLeft")
    assert [name in opened.text("card") for name in ("cluster", "confidence", "outlier score", "age")] == [True] * 4
    for label in ("confidence", "outlier score", "age"):
        opened.page.locator("[data-colour]").select_option(label=label)
        assert opened.shown("key")
    opened.page.locator("[data-colour]").select_option(label="cluster")
    assert not opened.shown("key")


@pytest.mark.parametrize("opened", [("pictures", {"color_scheme": "dark"})], indirect=True)
def test_points_become_pictures_when_zoomed_in(opened: Opened) -> None:
    plane = opened.page.locator("[data-plane]")
    painted = """() => { const all = document.querySelector('[data-overlay]');
        const bytes = all.getContext('2d').getImageData(0, 0, all.width, all.height).data;
        return bytes.filter((value, place) => place % 4 === 3 && value > 0).length; }"""
    plane.press("+")
    opened.zoom()
    # Labels alone are a few thousand.
    assert opened.page.evaluate(painted) > 30_000
    assert opened.page.locator("[data-card] canvas").count() == 1


@pytest.mark.parametrize(
    "opened", [("table", {"viewport": {"width": 360, "height": 780}, "has_touch": True})], indirect=True
)
def test_a_small_screen_shows_all_and_a_touch_opens_a_card(opened: Opened) -> None:
    page = opened.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = opened.box()
    page.locator("[data-plane]").press("ArrowUp")
    assert opened.shown("card")
    opened.click("fit")
    assert not opened.shown("card")
    # A finger that touches every part of the map touches a point.
    for x in np.arange(0.05, 1, 0.1):
        for y in np.arange(0.05, 1, 0.1):
            if not opened.shown("card"):
                page.touchscreen.tap(box["x"] + x * box["width"], box["y"] + y * box["height"])
    assert opened.shown("card")


@pytest.mark.parametrize(
    "opened", [("pictures", {"viewport": {"width": 360, "height": 780}, "has_touch": True})], indirect=True
)
def test_two_fingers_zoom_and_a_drag_moves(opened: Opened) -> None:
    box, session = opened.box(), opened.page.context.new_cdp_session(opened.page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def touch(kind: str, *apart: float) -> None:
        points = [{"x": x + far, "y": y + far, "id": number} for number, far in enumerate(apart)]
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    touch("Start", -20, 20)
    for far in (30, 40, 60):
        touch("Move", -far, far)
    touch("End")
    assert opened.zoom() > 2
    before = opened.page.locator("[data-overlay]").screenshot()
    opened.page.mouse.move(x, y)
    opened.page.mouse.down()
    opened.page.mouse.move(x + 60, y + 30, steps=3)
    opened.page.mouse.up()
    opened.zoom()
    assert opened.page.locator("[data-overlay]").screenshot() != before


# A machine that takes 120 ms to draw all points, on which waits are long as well, and what it is made to draw.
SLOW = """let now = 0; performance.now = () => now += 120; window.drawn = [];
    const wait = setTimeout; window.setTimeout = (then, after) => wait(then, 20 * after);
    const draw = WebGL2RenderingContext.prototype.drawArrays;
    WebGL2RenderingContext.prototype.drawArrays = function (mode, first, count) {
        window.drawn.push(count); draw.call(this, mode, first, count); };"""


@pytest.mark.parametrize(("kind", "every", "moving"), [("table", ROWS, ROWS), ("many", MANY, MANY // 10)])
def test_where_drawing_is_slow_fewer_of_many_points_move_and_all_are_there_at_rest(
    kind: str, every: int, moving: int, browser: Any, pages: dict[str, Path]
) -> None:
    with page_in(browser, lambda url: url.startswith(("file:", "data:", "blob:"))) as (page, wrong):
        page.add_init_script(SLOW)
        page.goto(pages[kind].as_uri())
        page.locator("[data-map][data-live]").wait_for()
        opened = Opened(page)
        box = opened.box()
        page.mouse.move(box["x"] + 100, box["y"] + 100)
        opened.zoom()
        before = len(page.evaluate("drawn"))
        page.mouse.move(box["x"] + 110, box["y"] + 100)
        opened.zoom()
        # Where no point has moved none is drawn.
        assert page.evaluate("drawn") == [every] * before
        # How long all take is seen the first time that they move, and whenever they rest.
        for known in (0, 1):
            before = len(page.evaluate("drawn"))
            page.mouse.down()
            page.mouse.move(box["x"] + 160 + 50 * known, box["y"] + 120, steps=4)
            page.mouse.up()
            page.wait_for_function(f"() => drawn.length > {before + 1} && drawn.at(-1) === {every}")
            drawn = page.evaluate("drawn")[before:]
            assert set(drawn) == {moving, every}
            assert moving == every or drawn.count(every) == 2 - known
        before = len(page.evaluate("drawn"))
        page.emulate_media(media="print")
        opened.zoom()
        page.emulate_media(media="screen")
        page.wait_for_function(f"() => drawn.length > {before} && drawn.at(-1) === {every}")
        assert wrong == []


def test_without_webgl_and_on_paper_the_map_is_a_picture(browser: Any, pages: dict[str, Path]) -> None:
    context = browser.new_context()
    context.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page = context.new_page()
    page.goto(pages["table"].as_uri())
    assert page.locator(".map-still img").is_visible()
    assert not page.locator("[data-plane]").is_visible()
    context.close()
    context = browser.new_context()
    page = context.new_page()
    page.goto(pages["table"].as_uri())
    page.locator("[data-map][data-live]").wait_for()
    assert not page.locator(".map-still img").is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    ink = page.evaluate("getComputedStyle(document.body).color")
    charts = page.locator('img[alt^="Bar chart"]').evaluate("one => one.currentSrc === one.src")
    assert (ink, charts) == ("rgb(28, 34, 43)", True)
    assert page.locator(".map-still img").is_visible()
    assert not page.locator("[data-plane]").is_visible()
    context.close()


# Light or dark, wide or narrow.
LOOKS = [
    {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    for scheme, width in (("light", 900), ("dark", 900), ("light", 360))
]


@pytest.mark.parametrize("opened", [(kind, look) for kind in ("table", "pictures") for look in LOOKS], indirect=True)
def test_nothing_keeps_anyone_from_reading_it(opened: Opened) -> None:
    assert barriers(opened.page) == []


# What a page says where a mouse points, outside of buttons.
SAID = '[title]:not([title=""]):not(button), svg[aria-label]'
WORDS = "one => (one.getAttribute('title') ?? one.getAttribute('aria-label')).trim()"


@pytest.mark.parametrize(
    "opened",
    [(kind, {"viewport": {"width": 360, "height": 780}, "has_touch": True}) for kind in ("table", "pictures")],
    indirect=True,
)
def test_what_a_mouse_would_be_told_is_told_to_a_finger(opened: Opened) -> None:
    page, box, seen = opened.page, opened.page.locator(".words-box"), 0
    assert not box.is_visible()
    for one in page.locator(SAID).all():
        if one.is_visible():
            one.tap()
            assert one.evaluate(WORDS) in box.inner_text()
            place = box.bounding_box()
            assert 0 <= place["x"] < place["x"] + place["width"] <= 360
            assert 0 <= place["y"] < place["y"] + place["height"] <= 780
            seen += 1
    assert seen > 40
    page.emulate_media(media="print")
    assert not box.is_visible()
    page.emulate_media(media="screen")
    page.locator("h1").tap()
    assert not box.is_visible()


@pytest.mark.parametrize("opened", [(kind, {}) for kind in ("table", "pictures")], indirect=True)
def test_what_a_mouse_would_be_told_is_told_to_keys(opened: Opened) -> None:
    page, box = opened.page, opened.page.locator(".words-box")
    told = [one.evaluate(WORDS) for one in page.locator(SAID).all() if one.is_visible()]
    page.keyboard.press("Tab")
    while not box.is_visible() or page.evaluate("document.activeElement.matches('button')"):
        page.keyboard.press("Tab")
    for words in told:
        assert words in box.inner_text()
        assert words in page.locator(":focus").evaluate(WORDS)
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    assert not box.is_visible()
    # Tab stops once at each table, and at whatever can be pressed.
    stops = page.locator('[data-said-here][tabindex="0"]').count()
    assert 5 < stops < len(told) / 2


# Which of the words, from the first on, a key is pressed on, whether the page takes it, and how many words it goes on.
KEYS = [
    (0, {"key": "ArrowRight"}, True, 1),
    (0, {"key": "ArrowLeft"}, False, 0),
    (-1, {"key": "ArrowDown"}, False, 0),
    (-1, {"key": "ArrowUp"}, True, -1),
    *((1, {"key": "ArrowLeft", held: True}, False, 0) for held in ("altKey", "ctrlKey", "metaKey")),
]
PRESS = """([from, key]) => {
  const all = [...document.querySelectorAll("[data-said-here]")].filter((one) => one.getClientRects().length);
  const place = (from + all.length) % all.length;
  all[place].focus();
  const taken = !all[place].dispatchEvent(new KeyboardEvent("keydown", { ...key, bubbles: true, cancelable: true }));
  return [taken, all.indexOf(document.activeElement) - place];
}"""


def test_keys_that_lead_to_no_words_are_the_browsers(opened: Opened) -> None:
    for start, key, taken, further in KEYS:
        assert opened.page.evaluate(PRESS, [start, key]) == [taken, further], (start, key)


def test_words_that_are_gone_at_once_leave_no_error(opened: Opened) -> None:
    opened.page.evaluate(
        """() => {
          const one = document.createElement("p");
          one.title = "gone";
          document.body.append(one);
          one.remove();
          return new Promise((done) => setTimeout(done));
        }"""
    )
