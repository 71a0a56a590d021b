"""The server over real HTTP: who is answered, what is answered, and that wrong questions get one line."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from served import HOSTILE, ROWS, Asking, served

pytest.importorskip("fastapi", reason="the extra [explore] is not installed")
pytest.importorskip("uvicorn", reason="the extra [explore] is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")


@pytest.fixture(scope="module")
def asking(explored_runs: dict[str, Path]) -> Iterator[Asking]:
    """A server of the run of a table; tests do not edit here."""
    with served(explored_runs["table"]) as found:
        yield found


def test_the_address_opens_the_page_which_then_holds_the_token(asking: Asking) -> None:
    path = asking.address.partition(str(asking.port))[2]
    status, headers, content = asking(path, token="")
    assert status == 200
    assert b"explore.js" in content
    cookie = headers["set-cookie"]
    assert all(part in cookie for part in (asking.token, "HttpOnly", "SameSite=Strict"))
    assert asking("/", token=asking.token)[0] == 200


STRANGERS: list[dict[str, str]] = [
    {"token": ""},
    {"token": "guessed"},
    {"Host": "evil.example"},
    {"Host": "evil.example:80"},
    {"Host": ""},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Cookie": "{"},
]


@pytest.mark.parametrize("path", ["/", "/explore.js", "/api/state", "/nowhere"])
@pytest.mark.parametrize("headers", STRANGERS, ids=str)
def test_strangers_are_refused_whatever_they_ask_for(asking: Asking, headers: dict[str, str], path: str) -> None:
    assert asking.refused(path, **headers)[0] == 403
    assert asking.refused(path, {}, **headers)[0] == 403


@pytest.mark.parametrize("path", ["/", "/report", "/explore.js", "/explore.css", "/api/state", "/api/map", "/nowhere"])
def test_every_answer_keeps_the_page_on_this_machine(asking: Asking, path: str) -> None:
    _, headers, _ = asking(path)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert path == "/report" or policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")


WRONG: list[tuple[str, Any, int, str]] = [
    ("/nowhere", None, 404, "/nowhere"),
    ("/api/edits", None, 405, "GET"),
    ("/api/members", None, 400, "cluster"),
    ("/api/members?cluster=x", None, 400, "cluster"),
    ("/api/members?cluster=3", None, 400, "no cluster 3"),
    ("/api/members?cluster=-2", None, 400, "no cluster -2"),
    ("/api/members?cluster=0&by=size", None, 400, "by is 'size'"),
    ("/api/members?cluster=0&page=99", None, 400, "page is 99"),
    ("/api/ways?cluster=7", None, 400, "no cluster 7"),
    ("/api/matches", None, 400, "no second run"),
    ("/api/other/map", None, 400, "no second run"),
    ("/api/table", [ROWS], 400, f"no row {ROWS}"),
    ("/api/table", [-1], 400, "no row -1"),
    ("/api/table", ["a"], 400, "0"),
    ("/api/table", [10**30], 400, "0"),
    ("/api/edits", {}, 400, "edit is None"),
    ("/api/edits", {"edit": "drop"}, 400, "edit is 'drop'"),
    ("/api/edits", {"edit": ["rename"]}, 400, "edit is ['rename']"),
    ("/api/edits", {"edit": "rename"}, 400, "rename"),
    ("/api/edits", {"edit": "rename", "cluster": 9, "to": "a"}, 400, "cluster 9"),
    ("/api/edits", {"edit": "merge", "clusters": [0]}, 400, "two clusters"),
    ("/api/edits", {"edit": "move", "rows": [999], "cluster": 0}, 400, "row 999"),
    ("/api/edits", {"edit": "mark", "rows": [], "label": "a"}, 400, "No rows"),
    ("/api/edits", [], 400, "dict"),
    ("/api/undo", {}, 400, "nothing to undo"),
    ("/api/redo", {}, 400, "nothing to redo"),
    ("/api/split", {"cluster": 9}, 400, "no cluster 9"),
    ("/api/generated", {"cluster": 0, "steps": [1] * 9}, 400, "finite numbers"),
    ("/api/generated", {"cluster": 0, "steps": [0, 0, "far"]}, 400, "steps"),
    ("/api/text", {"text": ""}, 400, "0 lines"),
    ("/api/text", {"text": "1,2"}, 400, "The row has 2 values; expected 3"),
    ("/api/text", {"text": "{"}, 400, "JSON"),
    ("/api/text", {"text": "{}"}, 400, "The row is empty; expected 3 values"),
    ("/api/text", {"text": "x" * 200_000}, 400, "cannot be read as CSV"),
    ("/api/text", {"text": "a\nb\nc"}, 400, "3 lines"),
    ("/api/text", {}, 400, "text"),
    ("/api/picture", b"no picture", 400, "picture"),
    ("/api/picture", b"", 400, "picture"),
]


@pytest.mark.parametrize(("path", "body", "status", "words"), WRONG, ids=[f"{one[0]} {one[1]!r:.40}" for one in WRONG])
def test_what_is_wrong_is_said_in_one_line(asking: Asking, path: str, body: Any, status: int, words: str) -> None:
    found, said = asking.refused(path, body)
    assert found == status
    assert words in said


def test_a_request_without_end_is_refused(asking: Asking) -> None:
    assert asking.refused("/api/text", b"", Content_Length="99999999999")[0] == 413
    assert asking("/api/text", b"0\r\n\r\n", Transfer_Encoding="chunked")[0] == 413


def test_members_are_pages_over_all_rows_in_the_order_that_is_asked_for(asking: Asking) -> None:
    sizes = [one["size"] for one in asking.json("/api/state")["clusters"]]
    assert sum(sizes) == ROWS
    for cluster, size in enumerate(sizes):
        for by, way in (("confidence", True), ("confidence", False), ("outlier", True), ("row", False)):
            address = f"/api/members?cluster={cluster}&by={by}&descending={way}"
            first = asking.json(address)
            assert (first["total"], first["page"]) == (size, 0)
            rows = [row for page in range(first["pages"]) for row in asking.json(f"{address}&page={page}")["rows"]]
            assert len({row["row"] for row in rows}) == size
            values = [row[by] for row in rows]
            assert values == sorted(values, reverse=way)
            assert all(row["name"] == f"{HOSTILE} {row['row']}" for row in rows)


def test_selected_rows_are_a_table_with_names(asking: Asking) -> None:
    _, headers, content = asking("/api/table", [5, 0])
    lines = list(csv.DictReader(io.StringIO(content.decode())))
    assert headers["content-type"].startswith("text/csv")
    assert [(line["row"], line["name"]) for line in lines] == [("5", f"{HOSTILE} 5"), ("0", f"{HOSTILE} 0")]


def test_a_pasted_row_of_the_fit_is_found_again(asking: Asking, explored_runs: dict[str, Path]) -> None:
    header, *lines = (explored_runs["table"].parent / "rows.csv").read_text().splitlines()
    number, line = 7, lines[7]
    cells = dict(zip(next(csv.reader([header])), next(csv.reader([line])), strict=True))
    learned = {name: value for name, value in cells.items() if name != "id"}
    own = int(np.frombuffer(asking("/api/labels")[2], "<i4")[number])
    texts = [line, f"{header}\n{line}", ",".join(learned.values()), json.dumps(learned), json.dumps([learned])]
    answers = [asking.json("/api/text", {"text": text}) for text in texts]
    for answer in answers:
        assert answer["nearest"][0]["row"] == number
        assert answer["clusters"][0]["cluster"] == own
        assert sum(one["probability"] for one in answer["clusters"]) == pytest.approx(1)
        assert all(0 <= value <= 1 for value in answer["place"])
        assert [name for name, _ in answer["again"]["cells"]] == list(learned)


def test_edits_are_undone_and_done_again(run_of: Any) -> None:
    with served(run_of("plain")) as asking:
        before = asking.json("/api/state")
        ways = asking.json("/api/ways?cluster=0")["shares"]
        assert ways == sorted(ways, reverse=True)
        renamed = asking.json("/api/edits", {"edit": "rename", "cluster": 0, "to": HOSTILE})
        assert renamed["clusters"][0]["name"] == HOSTILE
        merged = asking.json("/api/edits", {"edit": "merge", "clusters": [0, 1]})
        assert len(merged["clusters"]) == len(before["clusters"]) - 1
        moved = asking.json("/api/edits", {"edit": "move", "rows": [3, 4], "cluster": -1})
        assert (moved["none"], len(moved["done"])) == (2, 3)
        assert [row["decided"] for row in asking.json("/api/members?cluster=-1")["rows"]] == [True, True]
        for left in (2, 1, 0):
            state = asking.json("/api/undo", {})
            assert (len(state["done"]), len(state["undone"])) == (left, 3 - left)
        assert state["clusters"] == before["clusters"]
        for _ in range(3):
            state = asking.json("/api/redo", {})
        assert state["clusters"] == moved["clusters"]


def test_long_work_is_done_beside_the_page(run_of: Any) -> None:
    run = run_of("plain")
    with served(run) as asking:
        sizes = [one["size"] for one in asking.json("/api/state")["clusters"]]
        assert asking.json("/api/split", {"cluster": sizes.index(max(sizes)), "parts": 2})["running"]
        state = asking.settled()
        assert (state["doing"]["error"] is None) == (len(state["clusters"]) > len(sizes))
        asking.json("/api/edits", {"edit": "rename", "cluster": 0, "to": "first"})
        asking.json("/api/save", {"name": "mine"})
        saved = asking.settled()["doing"]
        assert "Saved as" in saved["said"]
        # The split is learned by the saved model, which told of itself.
        assert saved["step"]
        for wrong in ("mine", "", "a/b", ".."):
            assert asking.refused("/api/save", {"name": wrong})[0] == 400
    version = run / "versions" / "mine"
    with served(version) as asking:
        assert asking.json("/api/state")["done"] == []


@pytest.mark.parametrize("names", [True, False])
def test_places_of_files_are_said_only_with_names(names: bool, run_of: Any) -> None:
    run = run_of("pictures")
    with served(run, names=names) as asking:
        asking.json("/api/save", {"name": "mine"})
        said = [asking.settled()["doing"]["said"], asking.refused("/api/save", {"name": "mine"})[1]]
        assert "Saved as" in said[0]
        # What is wrong with a question or with a row that someone brings is said in any case.
        assert "no cluster 9" in asking.refused("/api/ways?cluster=9")[1]
        assert "no picture" in asking.refused("/api/picture", b"no picture")[1]
        assert all((str(run) in one) == names for one in said), said


def test_a_dropped_picture_is_found_again(run_of: Any, explored_runs: dict[str, Path]) -> None:
    content = (explored_runs["pictures"].parent / "photos" / "004.png").read_bytes()
    with served(run_of("pictures")) as asking:
        answer = asking.json("/api/picture", content)
    assert answer["nearest"][0]["row"] == 4
    assert all(answer[name]["picture"].startswith("data:image/png;base64,") for name in ("seen", "again"))
    assert answer["nearest"][0]["name"] == "004.png"


def test_a_run_is_compared_with_another_of_the_same_rows(run_of: Any, explored_runs: dict[str, Path]) -> None:
    with served(run_of("plain"), explored_runs["plain"]) as asking:
        found = asking.json("/api/matches")
        assert found["ari"] == 1
        assert all(one["other"] == one["cluster"] for one in found["matches"] if one["size"])
        asking.json("/api/edits", {"edit": "merge", "clusters": [0, 1, 2]})
        assert [one["both"] for one in asking.json("/api/matches")["matches"]] == [
            max(one["size"] for one in found["matches"])
        ]
        assert asking.json("/api/other/map")["total"] == ROWS


def test_edits_outlive_a_kill_ctrl_c_ends_cleanly_and_a_browser_is_not_told_the_token_for_all_to_see(
    run_of: Any, tmp_path: Path
) -> None:
    run = run_of("plain")
    # It keeps what it is started with, and the page that it finds there.
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\ncat "${{1#file://}}" >> {seen}\n')
    browser.chmod(0o755)

    def started() -> tuple[subprocess.Popen[str], Asking]:
        command = [sys.executable, "-m", "vaecluster", "explore", str(run)]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"BROWSER": str(browser)},
        )
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        port, _, token = address.removeprefix("http://127.0.0.1:").partition("/?token=")
        return process, Asking(int(port), token, address)

    process, asking = started()
    asking.json("/api/edits", {"edit": "rename", "cluster": 1, "to": "kept"})
    process.kill()
    process.communicate()
    process, asking = started()
    assert asking.json("/api/state")["clusters"][1]["name"] == "kept"
    # A split that is under way neither aborts the process nor holds it.
    asking.json("/api/split", {"cluster": 0, "parts": 2})
    process.send_signal(signal.SIGINT if os.name == "posix" else signal.CTRL_C_EVENT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (0, False)
    assert "Edits are kept" in out
    place, page = seen.read_text().splitlines()
    assert asking.token not in place
    assert f"url={asking.address}" in page
    assert not Path(place.removeprefix("file://")).exists()
