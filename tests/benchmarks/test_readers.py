import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.readers import CHANGES, app, changed, measure, some_of
from benchmarks.tables import family
from builders import images
from vaecluster import Bound
from vaecluster.cli import run
from vaecluster.data.dataset import DataSet

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
BARS = DataSet("bars", images(), np.arange(40) % 3, images(20, seed=1), np.arange(20) % 3)
SHORT = {"network": "dense", "epochs": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two seeds of every change leave."""
    folder = tmp_path_factory.mktemp("readers")
    measure(BARS, SHORT, 2, 30, folder)
    return folder


def test_a_change_is_alone_and_what_all_are_given_is_in_all() -> None:
    whole = vars(Bound(**SHORT))
    for name, change in CHANGES.items():
        settings = vars(changed(name, SHORT).method)
        assert {key: value for key, value in settings.items() if value != whole[key]} == change


def test_there_is_a_file_for_each_change_and_a_line_in_the_table(folder: Path) -> None:
    records = [json.loads(path.read_text()) for path in folder.iterdir()]
    lines = list(family.readers.rows(sorted(records, key=family.readers.order)))
    assert [line[1] for line in lines] == list(family.CHANGES) == list(CHANGES)
    columns = family.readers.columns
    for line in lines:
        assert len(line) == len(columns)
        assert line[:4] == ["bars, 30 rows", line[1], "dense, 2 epochs", 2]
    for record in records:
        assert record["data"]["train"] == [30, 8, 8]
        for seed in record["runs"]:
            assert len(seed["clusters"]["shares"]) == len(seed["clusters"]["shares of rows"]) == 3
            assert 1 <= seed["clusters"]["used"] <= 3
            assert sum(seed["clusters"]["shares"]) == pytest.approx(1, abs=1e-3)
            assert seed["clusters"]["shares"] == sorted(seed["clusters"]["shares"], reverse=True)


def test_what_is_there_already_is_not_fitted_again(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    kept = {path: json.loads(path.read_text())["runs"] for path in before}
    measure(BARS, SHORT, 2, 30, folder)
    assert before == {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert kept == {path: json.loads(path.read_text())["runs"] for path in before}


def test_some_rows_are_always_the_same_and_held_out_rows_stay() -> None:
    some = some_of(BARS, 10)
    assert some.name == "bars, 10 rows"
    assert np.array_equal(some.x_train, some_of(BARS, 10).x_train)
    assert (len(some.x_train), len(some.y_train), len(some.x_test)) == (10, 10, 20)
    assert some_of(BARS, 40) is some_of(BARS, None) is BARS


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--data", "digits", "--rows", "0"], ["--rows is 0", "1 or more"]),
        (["--data", "digits", "--seeds", "-1"], ["--seeds is -1", "1 or more"]),
        (["--data", "digits", "--network", "deep"], ["network", "'deep'", "'dense'"]),
        (["--data", "nothing"], ["nothing"]),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_line(
    words: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words, app) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert all(part in said for part in parts)
