"""Commands that answer for rows give the same whatever the size of blocks, and go on where they were killed."""

import signal
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from builders import quiet
from processes import Command
from vaecluster.cli import run
from vaecluster.data import stored

pytestmark = quiet
ROWS = 1000


def rows() -> pa.Table:
    random, group = np.random.default_rng(0), np.arange(ROWS) % 3
    return pa.table(
        {
            "size": 5.0 * group + random.normal(size=ROWS),
            "colour": np.array(["red", "green", "blue"])[group],
            "key": [f"k{n}" for n in range(ROWS)],
        }
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("passing")
    parquet.write_table(rows(), folder / "t.parquet", row_group_size=300)
    parquet.write_table(rows()[:150], folder / "old.parquet")
    csv.write_csv(rows(), folder / "t.csv")
    kinds = ["--column", "key=identifier"]
    words = ["fit", str(folder / "old.parquet"), "--clusters", "3", *tiny, *kinds, "--quiet"]
    assert run([*words, "--output", str(folder / "run")]) == 0
    return folder


COMMANDS = {
    "impute": ["--output", "out.csv", "--how-sure"],
    "impute to parquet": ["--output", "out.parquet"],
    "predict": ["--output", "out.csv", "--outlier-scores"],
    "predict to parquet": ["--output", "out.parquet"],
    "predict to npy": ["--output", "out.npy", "--min-confidence", "0.5"],
    "transform": ["--output", "out.npy"],
    "transform to csv": ["--output", "out.csv"],
    "score": ["--output", "out.npy"],
}


@pytest.mark.parametrize(
    ("name", "source"), [*((name, "t.parquet") for name in COMMANDS), ("impute", "t.csv"), ("predict", "t.csv")]
)
def test_small_blocks_give_what_one_block_gives(name, source, place, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [name.split()[0], place / "run", place / source, *COMMANDS[name]]
    output = tmp_path / COMMANDS[name][1]
    shown = runs(*words)
    content = output.read_bytes()
    monkeypatch.setattr(stored, "ENTRIES", 1)
    assert runs(*words) == shown
    if output.suffix == ".parquet":
        # Each block is a group of rows there.
        assert parquet.read_table(output) == parquet.read_table(pa.BufferReader(content))
    else:
        assert output.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_standard_output_comes_in_blocks_too(place, runs, monkeypatch):
    whole = runs("predict", place / "run", place / "t.csv")
    assert whole.splitlines()[0] == "row,key,cluster,confidence,second"
    monkeypatch.setattr(stored, "ENTRIES", 1)
    assert runs("predict", place / "run", place / "t.csv") == whole
    assert runs("score", place / "run", place / "t.csv").endswith("of 1,000 rows\n")


def test_a_killed_command_goes_on_and_writes_the_same(place, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(stored, "ENTRIES", 1)
    words = ["score", str(place / "run"), str(place / "t.csv"), "--output"]
    assert run([*words, str(tmp_path / "whole.npy")]) == 0
    parts = tmp_path / ".out.npy.parts"
    # In blocks of 128 rows.
    child = Command([*words, tmp_path / "out.npy"], small_blocks=True)
    while child.poll() is None and not any(parts.glob("*.arrow")):
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    if child.returncode == 0:
        pytest.skip("it was done before it could be killed")
    assert 0 < len(list(parts.glob("*.arrow"))) < 8
    capsys.readouterr()
    assert run([*words, str(tmp_path / "out.npy")]) == 0
    assert "Going on after" in capsys.readouterr().err
    assert (tmp_path / "out.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    assert not parts.exists()
