"""Known labels on the command line: in a column, or in a file of their own."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from builders import quiet, vectors
from vaecluster.cli import run

GROUP = np.arange(60) % 3
NAMES = np.array(["low", "high", "mid"])
SHORT = ("--clusters", "3", "--quiet", "--set", "epochs=30", "--set", "components=6", "--set", "heads=2")
LEARNING = ("--set", "label_weight=20", "--set", "learning_rate=0.02")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Rows of three groups, of which the first twelve have a label."""
    frame = pd.DataFrame(vectors(60), columns=list("abcd"))
    frame["kind"] = np.where(np.arange(60) < 12, NAMES[GROUP], None)
    frame["whole"] = NAMES[GROUP]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


def left_out(table: Path, column: str) -> tuple[str, ...]:
    return ("fit", str(table), "--column", f"{column}=leave-out", *SHORT)


@quiet
@pytest.mark.parametrize("form", ["a column", "a file", "lines"])
def test_labels_come_from_a_column_or_a_file(form: str, table: Path, runs: Callable[..., str]) -> None:
    known, fit = pd.read_csv(table)["kind"], left_out(table, "whole")
    place = {"a column": "kind", "a file": f"{table.parent / 'kinds.csv'}:kind", "lines": str(table.parent / "k.txt")}
    known.to_frame().assign(other=1).to_csv(table.parent / "kinds.csv", index=False)
    (table.parent / "k.txt").write_text("\n".join(known.fillna("")) + "\n")
    if form != "a column":
        pd.read_csv(table).drop(columns="kind").to_csv(table, index=False)
    folder = table.parent / "run"
    runs(*fit, *LEARNING, "--labels", place[form], "--output", str(folder))
    with (folder / "labels.csv").open() as lines:
        named = [line["name"] for line in csv.DictReader(lines)]
    assert np.mean(np.array(named) == NAMES[GROUP]) > 0.95
    # What a label is in is not learned from, nor needed in new rows.
    new = pd.read_csv(table)[list("abcd")]
    new.to_csv(table.parent / "new.csv", index=False)
    runs("predict", str(folder), str(table.parent / "new.csv"), "--output", str(table.parent / "found.csv"))
    assert json.loads((folder / "fit.json").read_text())["labels"] == place[form]


@quiet
def test_all_labels_may_be_known_where_they_are_learned_from(table: Path, runs: Callable[..., str]) -> None:
    fit = (*left_out(table, "kind"), "--labels", "whole", "--output", str(table.parent / "run"))
    runs(*fit, *LEARNING)
    assert "high" in (table.parent / "run" / "labels.csv").read_text()


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        (("--labels", "whole"), ("--labels is whole", "label_weight=20")),
        (("--labels", "none"), ("no column and no file 'none' to take labels from",)),
        (("--labels", "a", "--set", "label_weight=1"), ("'a' holds", "whole numbers or strings")),
        (("--set", "label_weight=1"), ("no label is known",)),
    ],
)
def test_labels_that_cannot_be_used_are_refused_in_one_line(
    given: tuple[str, ...], parts: tuple[str, ...], table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fit", str(table), *SHORT, *given, "--output", str(table.parent / "run")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert all(part in said for part in parts), said
    assert not (table.parent / "run").exists()
