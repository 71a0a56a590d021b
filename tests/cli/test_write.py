"""No command replaces what it reads, the rows of a fit, or a file of a run."""

import warnings

import numpy as np
import pytest

from vaecluster.cli import run
from vaecluster.data.tables import as_csv, as_table


@pytest.fixture(scope="module")
def made(tmp_path_factory, blobs, tiny):
    """The folder of a table, a run of it, and new rows."""
    folder = tmp_path_factory.mktemp("made")
    names = [f"x{column}" for column in range(blobs.shape[1])]
    for name in ("rows.csv", "new.csv"):
        (folder / name).write_bytes(as_csv(as_table(blobs, names)))
    np.save(folder / "new.npy", blobs)
    (folder / "link.csv").symlink_to("new.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        words = ["fit", str(folder / "rows.csv"), "--clusters", "3", *tiny, "--output", str(folder / "run"), "--quiet"]
        assert run(words) == 0
    return folder


REPLACING = [
    "sample run --output rows.csv",
    "predict run new.csv --output rows.csv",
    "predict run new.csv --output new.csv",
    "predict run new.csv --output link.csv",
    "predict run new.csv --output run/labels.csv",
    "predict run new.csv --output run/map.parquet",
    "transform run new.csv --output new.csv",
    "transform run new.npy --output new.npy",
    "score run new.npy --output new.npy",
    "impute run new.csv --output new.csv",
    "impute run new.csv --output run/labels.csv",
    "report run --output rows.csv",
    "report run --output run/run.json",
    "report run --output run/history.jsonl",
    "stability run --output run/run.json",
    "compare new.csv --methods kmeans --clusters 3 --output run",
    "compare new.csv --methods kmeans --clusters 3 --output run --overwrite",
]


@pytest.mark.parametrize("words", REPLACING)
def test_what_must_stay_is_not_replaced(words, made, fails, monkeypatch):
    monkeypatch.chdir(made)
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    assert "Choose another --output" in fails(*words.split())
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "words", ["sample run --output run/samples.csv", "report run", "stability run --runs 2 --quiet"]
)
def test_what_a_command_wrote_before_is_replaced(words, made, runs, monkeypatch):
    monkeypatch.chdir(made)
    for _ in range(2):
        runs(*words.split())
