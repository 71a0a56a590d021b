"""Blocks of a source hold all of its rows, in order, as a fit reads them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from vaecluster.data.files import read_dataset
from vaecluster.data.readers.parquet import groups_of
from vaecluster.engines.blocks import SomeRows


def table(rows: int, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    colours = pa.array(np.array(["red", "green"])[random.integers(0, 2, rows)]).dictionary_encode()
    return pa.table({"size": random.normal(size=rows), "number": random.integers(0, 9, rows), "colour": colours})


def one_file(folder: Path) -> None:
    parquet.write_table(table(50), folder / "a.parquet", row_group_size=20)


def keys_in_names(folder: Path) -> None:
    for month in (1, 2):
        (folder / f"month={month}").mkdir()
        parquet.write_table(table(30, month), folder / f"month={month}" / "a.parquet", row_group_size=20)


def other_types(folder: Path) -> None:
    parquet.write_table(table(30), folder / "a.parquet", row_group_size=20)
    fractions = table(30, 1).set_column(1, "number", pa.array(np.arange(30) / 2))
    parquet.write_table(fractions.select(["colour", "number", "size"]), folder / "b.parquet", row_group_size=20)


def without_rows(folder: Path) -> None:
    parquet.write_table(table(0), folder / "a.parquet")
    parquet.write_table(table(30), folder / "b.parquet", row_group_size=20)


def of_vectors(folder: Path) -> None:
    rows = {"id": [f"r{row}" for row in range(50)], "v": list(np.random.default_rng(0).normal(size=(50, 3)))}
    parquet.write_table(pa.table(rows), folder / "a.parquet", row_group_size=20)


SOURCES: dict[str, Callable[[Path], None]] = {
    made.__name__: made for made in (one_file, keys_in_names, other_types, without_rows, of_vectors)
}


@pytest.mark.parametrize("name", SOURCES)
def test_groups_are_the_whole(name, tmp_path):
    SOURCES[name](tmp_path)
    whole, groups = read_dataset(tmp_path).x_train, groups_of(tmp_path)
    parts = [group.read() for group in groups]
    assert len(parts) > 1
    assert [len(part) for part in parts] == [group.rows for group in groups]
    if isinstance(whole, np.ndarray):
        assert np.array_equal(np.concatenate(parts), whole)
    else:
        assert pa.concat_tables(parts).to_pylist() == whole.to_pylist()
        assert all(part.schema == whole.schema for part in parts)


def test_answers_say_the_file_and_the_row_in_it_whatever_the_identifier_is_called(tmp_path):
    one_file(tmp_path)
    last = groups_of(tmp_path)[-1]
    answers = pa.table({"row": range(10), "file": [f"k{row}" for row in range(10)], "cluster": [0] * 10})
    placed = SomeRows(last, "a.parquet").placed(answers)
    assert placed.to_pydict() == {
        "file": ["a.parquet"] * 10,
        "row": list(range(40, 50)),
        "identifier": [f"k{row}" for row in range(10)],
        "cluster": [0] * 10,
    }
