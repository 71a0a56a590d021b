import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.labels import app, known_of, measure
from benchmarks.tables.labels import labels as table
from builders import images
from vaecluster.cli import run
from vaecluster.data.dataset import DataSet

pytestmark = [
    pytest.mark.filterwarnings(f"ignore::vaecluster.errors.{name}Warning")
    for name in ("EmptyClusters", "UnnamedClusters", "FewClues")
]
SMALL = {"epochs": 2, "heads": 1, "components": 6, "hidden": (16,), "latent": 2}
BARS = DataSet("bars", images(), np.arange(40) % 3, images(20, seed=1), np.arange(20) % 3)


@pytest.mark.parametrize(("each", "number"), [(0, 0), (2, 6), (None, 40)])
def test_so_many_rows_of_each_class_have_their_label(each: int | None, number: int) -> None:
    known = known_of(np.array(["b", "c", "a"])[np.arange(40) % 3], each, seed=0)
    assert (known >= 0).sum() == number
    assert set(known[known >= 0]) == (set(range(3)) if number else set())
    # Classes are numbers in the order of their names.
    assert (known[known >= 0] == (np.arange(40)[known >= 0] + 1) % 3).all()
    assert each != 2 or (known_of(np.arange(40) % 3, 2, 0) != known_of(np.arange(40) % 3, 2, 1)).any()


def test_there_is_a_file_for_each_number_of_labels_and_a_line_in_the_table(tmp_path: Path) -> None:
    for labels in ("all", "0", "2"):
        measure(BARS, "two-views", SMALL, labels, 2, tmp_path)
    records = sorted((json.loads(path.read_text()) for path in tmp_path.iterdir()), key=table.order)
    assert [record["parameters"]["labels"] for record in records] == [0, 2, "all"]
    lines = list(table.rows(records))
    for line, given in zip(lines, ("none", 2, "all"), strict=True):
        assert len(line) == len(table.columns)
        assert line[:4] == ["bars", "two-views, 2 epochs", given, 2]
    for record in records:
        for seed in record["runs"]:
            for count, *_ in seed["reliability"]["bins"].values():
                assert sum(count) == 20


def test_what_is_no_number_of_labels_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--labels", "few"], app) == 2
    assert "--labels holds 'few'" in capsys.readouterr().err
