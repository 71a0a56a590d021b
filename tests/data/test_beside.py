from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from h5ad_files import cells, write_h5ad
from vaecluster.data.beside import labels_of, texts_of
from vaecluster.data.dataset import DataSet
from vaecluster.data.files import read_dataset
from vaecluster.errors import DataError

VECTORS = pa.array([[0.0, 1.0], [1.0, 0.5], [2.0, 0.25]])
TEXTS = ["eins: zwei", "<script>", ""]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    table = pa.table({"id": [1, 2, 3], "text": ["eins: zwei", "<script>", None], "vector": VECTORS})
    parquet.write_table(table, tmp_path / "rows.parquet")
    (tmp_path / "lines.txt").write_bytes(b"\xef\xbb\xbfeins: zwei\r\n<script>\n\n")
    return tmp_path / "rows.parquet"


def test_vectors_beside_texts_and_numbers_of_rows_are_the_rows(file: Path) -> None:
    data = read_dataset(file)
    assert data.x_train.tolist() == VECTORS.to_pylist()
    assert data.beside.column_names == ["id", "text"]


def test_vectors_beside_numbers_alone_are_the_rows(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"id": [7, 8, 9], "vector": VECTORS}), tmp_path / "rows.parquet")
    assert read_dataset(tmp_path / "rows.parquet").x_train.tolist() == VECTORS.to_pylist()


def test_vectors_beside_measures_stay_columns_of_a_table(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"age": [0.5, 1.5, 2.5], "vector": VECTORS}), tmp_path / "rows.parquet")
    assert read_dataset(tmp_path / "rows.parquet").x_train.column_names == ["age", "vector"]


def test_texts_come_from_a_column_another_file_or_lines(file: Path) -> None:
    rows = DataSet("rows", np.zeros((3, 2)))
    assert texts_of(read_dataset(file), "text") == TEXTS
    assert texts_of(rows, f"{file}:text") == TEXTS
    assert texts_of(rows, str(file.parent / "lines.txt")) == TEXTS
    assert texts_of(DataSet("table", pa.table({"note": ["a", "b"]})), "note") == ["a", "b"]


@pytest.mark.parametrize(
    ("where", "rows", "says"),
    [
        ("nope", 3, "no column and no file 'nope'"),
        ("rows.parquet", 3, "names no column"),
        ("rows.parquet:nope", 3, "has no column 'nope'"),
        ("rows.parquet:id", 3, "holds 1 for row 0"),
        ("rows.parquet:text", 4, "3 texts for 4 rows"),
        ("lines.txt", 2, "3 texts for 2 rows"),
    ],
)
def test_what_gives_no_text_for_each_row_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, where: str, rows: int, says: str
) -> None:
    monkeypatch.chdir(file.parent)
    with pytest.raises(DataError, match=says):
        texts_of(DataSet("rows", np.zeros((rows, 2))), where)


def test_texts_and_labels_of_cells_come_from_obs(tmp_path: Path) -> None:
    obs = {"type": ["T", "", "B"], "day": np.array([1, 2, 1])}
    data = read_dataset(write_h5ad(tmp_path / "cells.h5ad", cells(np.arange(6.0).reshape(3, 2), obs=obs)))
    assert labels_of(data, "type") == ["T", None, "B"]
    assert labels_of(data, "day") == [1, 2, 1]
    assert texts_of(data, "type") == ["T", "", "B"]
    with pytest.raises(DataError, match="The columns are 'type', 'day'"):
        labels_of(data, "kind")


@pytest.mark.parametrize("missing", [None, np.nan, np.float32("nan"), pd.NA, pd.NaT], ids=str)
def test_what_is_missing_is_no_text_and_no_label_whatever_stands_for_it(missing: Any) -> None:
    anndata = pytest.importorskip("anndata")
    obs = pd.DataFrame({"type": pd.Series(["T", missing, "B"], dtype=object, index=list("abc"))})
    rows = anndata.AnnData(np.zeros((3, 2)), obs=obs)
    data = DataSet("cells", rows)
    assert texts_of(data, "type") == ["T", "", "B"]
    assert labels_of(data, "type") == ["T", None, "B"]
