"""The page of a run in a real browser: each control, hostile words, and no request but to its own server."""

import csv
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browsing import CHROMIUM, barriers, chromium, page_in
from served import HOSTILE, ROWS, Asking, served

for module in ("fastapi", "uvicorn", "playwright.sync_api"):
    pytest.importorskip(module, reason=f"{module} is not installed")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium"),
    pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning"),
    # The column of names.
    pytest.mark.filterwarnings("ignore::vaecluster.errors.IgnoredColumnsWarning"),
]
SMALL = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "color_scheme": "dark"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def servers(explored_runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Asking]]:
    """A table, edited by tests one after the other, and pictures beside the same run."""
    copies = {kind: tmp_path_factory.mktemp(kind) / "run" for kind in ("table", "pictures")}
    for kind, copy in copies.items():
        shutil.copytree(explored_runs[kind], copy)
    with served(copies["table"]) as table, served(copies["pictures"], explored_runs["pictures"]) as pictures:
        yield {"table": table, "pictures": pictures}


class Explorer:
    """The page, by its controls."""

    def __init__(self, page: Any, server: Asking) -> None:
        self.page, self.server = page, server

    def at(self, name: str) -> Any:
        """Controls of that name; on the first map, if they are on both."""
        return self.page.locator(f"[data-{name}]")

    def click(self, name: str) -> None:
        self.at(name).first.click()

    def tab(self, name: str) -> None:
        self.page.locator(f"#tab-{name}").click()

    def says(self, words: str) -> None:
        self.page.locator("[data-said]", has_text=words).wait_for()

    def names(self) -> list[str]:
        return list(self.page.locator("#panel-clusters [data-cluster]").all_inner_texts())

    def state(self) -> dict[str, Any]:
        return dict(self.server.json("/api/state"))

    def select_all_on_map(self) -> None:
        self.page.locator("[data-plane]").first.press("0")
        self.page.locator("[data-plane]").first.press("s")


@pytest.fixture
def explorer(browser: Any, servers: dict[str, Asking], request: pytest.FixtureRequest) -> Iterator[Explorer]:
    kind, options = getattr(request, "param", ("table", {}))
    server = servers[kind]

    def own(url: str) -> bool:
        return url.startswith((f"http://127.0.0.1:{server.port}/", "data:", "blob:"))

    with page_in(browser, own, **options) as (page, wrong):
        page.goto(server.address)
        page.locator("body[data-ready]").wait_for()
        yield Explorer(page, server)
        # What the server refuses is logged by the browser itself.
        assert [text for text in wrong if "400 (Bad Request)" not in text] == []
    while server.json("/api/state")["done"]:
        server.json("/api/undo", {})


pictures = pytest.mark.parametrize("explorer", [("pictures", {})], indirect=True)


def test_clusters_are_renamed_and_merged_undone_and_done_again(explorer: Explorer) -> None:
    page, before = explorer.page, explorer.names()
    page.locator('[data-tick="0"]').check()
    explorer.at("name").fill(HOSTILE)
    explorer.at("name").press("Enter")
    explorer.says("is called")
    assert explorer.names()[0] == f"0 · {HOSTILE}"
    assert HOSTILE in explorer.at("legend").inner_text()
    page.locator('[data-tick="1"]').check()
    explorer.click("merge")
    explorer.says("become one")
    assert len(explorer.names()) == len(before) - 1
    page.reload()
    page.locator("body[data-ready]").wait_for()
    assert len(explorer.names()) == len(before) - 1
    explorer.click("undo")
    explorer.says("Undone")
    explorer.click("undo")
    page.wait_for_function("() => document.querySelector('[data-undo]').disabled")
    assert explorer.names() == before
    explorer.click("redo")
    page.get_by_text(re.compile("^Done: cluster 0 is called")).wait_for()
    explorer.tab("history")
    assert page.locator("[data-edits] li").count() == 2
    assert page.locator("[data-edits] .undone").count() == 1
    assert page.locator("img[src=x]").count() == 0
    assert page.title() == "rows.csv"


def test_what_is_refused_is_said_and_changes_nothing(explorer: Explorer) -> None:
    explorer.page.locator('[data-tick="0"]').check()
    explorer.at("name").fill("a" * 200 + "\t")
    before = explorer.state()
    explorer.page.evaluate("document.querySelector('[data-name]').maxLength = 999")
    explorer.at("name").fill("a" * 300)
    explorer.click("rename")
    explorer.says("A name is")
    assert explorer.state() == before


def test_ticks_outlive_a_merge_that_is_refused(explorer: Explorer) -> None:
    page = explorer.page
    for cluster in (1, 2):
        page.locator(f'[data-tick="{cluster}"]').check()
    # Somebody else was here, which the page does not know yet.
    explorer.server.json("/api/edits", {"edit": "merge", "clusters": [0, 1]})
    for _ in range(2):
        with page.expect_response("**/api/edits") as answer:
            explorer.click("merge")
        assert answer.value.status == 400
        assert answer.value.request.post_data_json["clusters"] == [1, 2]
        page.locator(".said.wrong").wait_for()
    assert explorer.at("merge").inner_text() == "Merge 2 clusters"


def test_a_legend_opens_where_there_is_no_room_for_all_clusters(explorer: Explorer) -> None:
    legend = explorer.at("legend").first
    more = legend.locator("[aria-expanded]")
    assert not more.is_visible()
    legend.evaluate("list => list.style.height = '40px'")
    more.click()
    legend.evaluate("list => list.style.height = ''")
    assert more.get_attribute("aria-expanded") == "true"
    more.click()
    more.wait_for(state="hidden")


def test_a_name_turns_no_text_around_it(explorer: Explorer) -> None:
    explorer.page.locator('[data-tick="0"]').check()
    explorer.at("name").fill("a\u202eb")
    explorer.at("name").press("Enter")
    explorer.says("is called")
    assert explorer.names()[0] == "0 · a\ufffdb"
    assert "a\ufffdb" in explorer.at("legend").inner_text()
    assert explorer.state()["clusters"][0]["name"] == "a\u202eb"


def test_members_turn_pages_and_are_sorted_and_moved(explorer: Explorer) -> None:
    page = explorer.page
    sizes = [one["size"] for one in explorer.state()["clusters"]]
    largest = sizes.index(max(sizes))
    page.locator(f'[data-cluster="{largest}"]').click()
    rows = page.locator("[data-row]")
    rows.first.wait_for()
    for order in ("surest first", "most unusual first", "as in the data", "least sure first"):
        explorer.at("order").select_option(label=order)
    explorer.at("next").click()
    page.get_by_text("Page 2 of").wait_for()
    explorer.at("back").click()
    page.get_by_text("Page 1 of").wait_for()
    assert HOSTILE in rows.first.inner_text()
    rows.nth(1).locator("button").click()
    rows.nth(2).locator("button").press("Enter")
    assert explorer.at("counts").inner_text().startswith("2 rows selected.")
    explorer.at("to").select_option(label="a new cluster")
    explorer.click("move")
    explorer.says("2 rows go to")
    state = explorer.state()
    assert (len(state["clusters"]), state["clusters"][-1]["size"]) == (len(sizes) + 1, 2)
    page.locator("[data-place]", has_text=f"{max(sizes) - 2} rows").wait_for()
    explorer.at("label").fill("known")
    explorer.click("mark")
    explorer.says("'known'")
    assert explorer.state()["clusters"][-1]["name"] == "known"
    explorer.click("clear")
    explorer.click("take")
    assert explorer.at("counts").inner_text().startswith("24 rows selected.")


def test_what_is_selected_on_the_map_is_saved_with_its_clusters(explorer: Explorer) -> None:
    explorer.page.locator('[data-tick="0"]').check()
    explorer.at("name").fill("first")
    explorer.click("rename")
    explorer.says("first")
    explorer.select_all_on_map()
    assert explorer.at("counts").inner_text().startswith(f"{ROWS} rows selected.")
    with explorer.page.expect_download() as download:
        explorer.click("save")
    lines = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert {line["name"] for line in lines} == {f"{HOSTILE} {number}" for number in range(ROWS)}
    assert {line["cluster_name"] for line in lines if line["cluster"] == "0"} <= {"first"}


def test_sliders_generate_a_row_and_find_their_middle_again(explorer: Explorer) -> None:
    page = explorer.page
    explorer.tab("generate")
    sliders = page.locator("[data-sliders] input")
    sliders.first.wait_for()
    shown = page.locator("[data-generated] .cells")
    shown.wait_for()
    middle = shown.inner_text()
    sliders.first.fill("3")
    page.wait_for_function(
        "before => document.querySelector('[data-generated] .cells')?.innerText !== before", arg=middle
    )
    # A look at the server changes nothing where the clusters are as they were.
    with page.expect_response("**/api/state"):
        page.evaluate("dispatchEvent(new Event('focus'))")
    page.wait_for_timeout(100)
    assert sliders.first.input_value() == "3"
    explorer.click("middle")
    page.wait_for_function(
        "before => document.querySelector('[data-generated] .cells')?.innerText === before", arg=middle
    )
    # Of three, as many as change something.
    assert 1 <= sliders.count() <= 3
    explorer.at("from").select_option(index=1)
    page.wait_for_function(
        "before => document.querySelector('[data-generated] .cells')?.innerText !== before", arg=middle
    )


def test_a_cluster_of_one_row_has_no_slider_and_says_why(explorer: Explorer) -> None:
    page, number = explorer.page, len(explorer.state()["clusters"])
    explorer.server.json("/api/edits", {"edit": "move", "rows": [4], "cluster": number})
    page.reload()
    page.locator("body[data-ready]").wait_for()
    explorer.tab("generate")
    page.locator("[data-sliders] input").first.wait_for()
    explorer.at("from").select_option(value=str(number))
    page.get_by_text("There is nothing to slide along.").wait_for()
    page.locator("[data-generated] .cells").wait_for()
    assert page.locator("[data-sliders] input").count() == 0
    assert not explorer.at("middle").is_visible()
    explorer.at("from").select_option(index=0)
    page.locator("[data-sliders] input").first.wait_for()
    assert explorer.at("middle").is_visible()


def test_a_pasted_row_has_clusters_neighbours_and_a_place(explorer: Explorer) -> None:
    explorer.tab("bring")
    explorer.at("text").fill("1,2")
    explorer.click("find")
    explorer.says("expected 3")
    explorer.at("text").fill(f'{{"{HOSTILE}": 9.1, "age": null, "kind": "b"}}')
    explorer.click("find")
    explorer.says("Most likely in cluster")
    assert explorer.page.locator("[data-brought] progress").count() == 3
    assert explorer.page.locator("[data-brought] .row").count() == 8


def test_a_cluster_is_split_and_the_clusters_are_saved_as_a_run_that_opens(explorer: Explorer) -> None:
    page, before = explorer.page, explorer.names()
    page.locator('[data-tick="0"]').check()
    explorer.at("parts").fill("2")
    explorer.click("split")
    page.get_by_text(re.compile("^Done: ")).wait_for()
    assert len(explorer.names()) == len(before) + 1
    explorer.tab("history")
    explorer.at("version").fill("../out")
    explorer.click("save-version")
    page.locator(".said.wrong").wait_for()
    explorer.at("version").fill("parted")
    explorer.click("save-version")
    explorer.says("Saved as")
    place = Path(explorer.at("said").inner_text().split("Saved as ")[1].split(". ")[0])
    state = explorer.state()
    with served(place) as saved:
        version = saved.json("/api/state")["clusters"]
    assert len(version) == len(state["clusters"])
    # The model of a version says of how many rows it says the same.
    assert sum(one["size"] for one in version) == ROWS


@pytest.mark.parametrize("explorer", [("table", {}), ("pictures", {})], indirect=True)
def test_every_number_says_what_it_is(explorer: Explorer) -> None:
    page = explorer.page
    sizes = [one["size"] for one in explorer.state()["clusters"]]
    page.locator(f'[data-cluster="{sizes.index(max(sizes))}"]').click()
    page.locator("[data-row]").first.wait_for()
    explorer.tab("generate")
    page.locator("[data-sliders] output").first.wait_for()
    page.locator("[data-generated] progress").first.wait_for()
    if page.locator("#tab-compare").count():
        explorer.tab("compare")
        page.locator("#panel-compare tbody tr").first.wait_for()
    else:
        explorer.tab("bring")
        explorer.at("text").fill(f'{{"{HOSTILE}": 9.1, "age": 2, "kind": "b"}}')
        explorer.click("find")
        page.locator("[data-brought] .row").first.wait_for()
    unsaid = page.evaluate(
        """() => [...document.querySelectorAll("small, td, output, .clusters span, .likely span, .map-legend span")]
        .filter(one => !one.closest("[title]")).map(one => one.textContent)
        .filter(text => /\\d/.test(text) && !/^cluster |^id/.test(text))"""
    )
    assert unsaid == []
    assert page.locator("output[title], small[title]").count() > 20


def test_tabs_answer_to_arrows(explorer: Explorer) -> None:
    page = explorer.page
    page.locator("#tab-clusters").press("ArrowRight")
    assert page.locator("#tab-members").get_attribute("aria-selected") == "true"
    assert page.locator("#panel-members").is_visible()
    page.locator("#tab-members").press("ArrowLeft")
    page.locator("#tab-clusters").press("ArrowLeft")
    assert page.locator("#panel-history").is_visible()


@pictures
def test_a_dropped_picture_is_placed(explorer: Explorer, explored_runs: dict[str, Path]) -> None:
    explorer.tab("bring")
    photos = explored_runs["pictures"].parent / "photos"
    explorer.at("file").set_input_files(photos / "003.png")
    explorer.says("Most likely in cluster")
    page = explorer.page
    assert page.locator("[data-brought] .pair img").count() == 2
    assert page.locator("[data-brought] .row").first.inner_text().startswith("003.png")
    data = page.evaluate_handle(
        """bytes => { const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], 'x.png', {type: 'image/png'})); return data; }""",
        list((photos / "004.png").read_bytes()),
    )
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": data})
    page.locator("[data-brought] .row", has_text="004.png").first.wait_for()
    page.wait_for_function("() => document.querySelector('[data-brought] .row').innerText.startsWith('004.png')")


@pictures
def test_two_runs_share_their_selection(explorer: Explorer) -> None:
    page = explorer.page
    explorer.tab("compare")
    page.locator("#panel-compare tbody tr").first.wait_for()
    assert "1.000" in page.locator("#panel-compare").inner_text()
    headings = [heading.strip() for heading in page.locator(".maps h2").all_inner_texts()]
    assert headings == [f"{which} run: su2018, seed 0, 3 clusters" for which in ("This", "The other")]
    sizes = [one["size"] for one in explorer.state()["clusters"]]
    largest = sizes.index(max(sizes))
    painted = "() => document.querySelectorAll('[data-points]')[1].toDataURL()"
    page.locator(f'[data-match="{largest}"]').click()
    assert explorer.at("counts").first.inner_text().startswith(f"{max(sizes)} rows selected.")
    page.locator("[data-plane]").nth(1).press("s")
    assert explorer.at("counts").first.inner_text().startswith(f"{ROWS} rows selected.")
    assert page.locator("[data-selection]:visible").count() == 1
    assert page.evaluate(painted)


@pictures
def test_a_point_that_is_pressed_is_selected(explorer: Explorer) -> None:
    plane = explorer.page.locator("[data-plane]").first
    plane.press("ArrowUp")
    plane.press("Enter")
    assert re.match("1 row selected", explorer.at("counts").first.inner_text())
    plane.press("Enter")
    assert not explorer.at("selection").first.is_visible()


@pytest.mark.parametrize("explorer", [("table", SMALL), ("pictures", SMALL)], indirect=True)
def test_every_panel_fits_a_small_screen(explorer: Explorer) -> None:
    explorer.page.locator('[data-tick="0"]').check()
    for tab in explorer.page.locator("[role=tab]").all():
        tab.click()
        explorer.page.wait_for_timeout(200)
        assert explorer.page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("explorer", [("table", SMALL)], indirect=True)
def test_what_a_mouse_would_be_told_is_told_to_a_finger_and_to_keys(explorer: Explorer) -> None:
    page, box = explorer.page, explorer.page.locator(".words-box")
    page.locator("#panel-clusters li span[title]").first.tap()
    assert "on average" in box.inner_text()
    page.locator("#panel-clusters [data-cluster]").first.tap()
    row = page.locator("[data-row] .row").first
    row.locator("small").nth(1).tap()
    assert "How likely the row belongs" in box.inner_text()
    page.locator("h1").tap()
    assert not box.is_visible()
    page.keyboard.press("Tab")
    row.focus()
    assert "How likely the row belongs" in box.inner_text()
    explorer.tab("generate")
    assert not box.is_visible()
    slider = page.locator("[data-sliders] input").first
    slider.wait_for()
    page.keyboard.press("Tab")
    slider.focus()
    assert "Standard deviations" in box.inner_text()
    assert "differences between rows" in box.inner_text()
    slider.press("ArrowRight")
    assert slider.input_value() == "0.1"


@pytest.mark.parametrize(
    "explorer",
    [("table", {}), ("table", {"color_scheme": "dark"}), ("table", SMALL), ("pictures", {}), ("pictures", SMALL)],
    indirect=True,
)
def test_nothing_keeps_anyone_from_using_it(explorer: Explorer) -> None:
    explorer.page.locator('[data-tick="0"]').check()
    explorer.select_all_on_map()
    for tab in explorer.page.locator("[role=tab]").all():
        tab.click()
        explorer.page.wait_for_timeout(200)
        assert barriers(explorer.page) == [], tab.inner_text()


def test_without_webgl_all_but_the_map_works(browser: Any, servers: dict[str, Asking]) -> None:
    with page_in(browser, lambda _: True) as (page, _):
        page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
        page.goto(servers["table"].address)
        page.locator("body[data-ready]").wait_for()
        assert page.get_by_text("needs WebGL 2").is_visible()
        page.locator("#tab-members").click()
        page.locator("[data-row] button").first.click()
        assert page.locator('[data-row] [aria-pressed="true"]').count() == 1
