"""The rows of a map, as a run keeps them."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vaecluster import Bound, VAEClustering
from vaecluster.data.given import given_rows
from vaecluster.errors import FileError
from vaecluster.files.container import read_content
from vaecluster.inference.layout import Layout
from vaecluster.runs import map as module
from vaecluster.runs.map import LAYOUT, MAP, RowMap

N = 40
RANDOM = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "id": [f"row {number}" for number in range(N)],
        "age": RANDOM.normal(size=N),
        "x": RANDOM.integers(9, size=N),
        "kind": pd.Categorical(["a", None] * (N // 2)),
        "day": pd.date_range("2026-01-01", periods=N),
    }
)


def fitted(given_as: Any, **parameters: Any) -> VAEClustering:
    with warnings.catch_warnings():
        # One epoch need not fill every cluster, and identifiers are left out.
        warnings.simplefilter("ignore")
        return VAEClustering(
            2, method=Bound(epochs=1, network="dense", hidden=(16,)), random_state=0, **parameters
        ).fit(given_as)


def written(folder: Path, given_as: Any, seen: Any = None, texts: Any = None, **parameters: Any) -> RowMap:
    model = fitted(given_as, **parameters)
    seen = given_as if seen is None else seen
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = given_rows(model, seen, model.fitted_.schema)
    RowMap.write(folder, model, given, seen, np.arange(len(model.labels_)), texts)
    found = RowMap.read(folder)
    assert found is not None
    table = found.table
    assert table.column("cluster").to_pylist() == model.labels_[table.column("row").to_numpy()].tolist()
    places = np.column_stack([table.column("x"), table.column("y")])
    codes = model.transform(given_as)[table.column("row").to_numpy()]
    assert np.allclose(Layout.of(read_content(folder / LAYOUT))(codes), places, atol=1e-5)
    return found


def test_tables_have_their_columns_as_numbers_and_texts_and_their_names_apart(tmp_path: Path) -> None:
    import pyarrow as pa

    found = written(tmp_path, FRAME, seen=pa.Table.from_pandas(FRAME))
    assert found.table.column("name").to_pylist() == FRAME["id"].tolist()
    assert list(found.values) == ["age", "x", "kind", "day"]
    assert found.values["x"].to_pylist() == FRAME["x"].tolist()
    assert found.values["kind"].to_pylist()[:2] == ["a", None]
    assert found.values["day"].to_pylist()[0].startswith("2026-01-01")
    assert found.pictures() is None


@pytest.mark.parametrize(
    ("shape", "small"),
    [((8, 8), (8, 8, 1)), ((6, 6, 3), (6, 6, 3)), ((60, 16), (30, 8, 1)), ((5, 5, 2), (5, 5, 1))],
)
def test_pictures_become_small_ones_of_one_three_or_four_channels(
    shape: tuple[int, ...], small: tuple[int, ...], tmp_path: Path
) -> None:
    rows = RANDOM.random((N, *shape))
    found = written(tmp_path, rows)
    pictures = found.pictures()
    assert pictures is not None
    assert pictures[1].shape == (N, *small)
    assert pictures[1].std() > 10
    assert found.values == {}


def test_windows_of_time_are_drawn(tmp_path: Path) -> None:
    pictures = written(tmp_path, RANDOM.normal(size=(N, 12)), rows="windows").pictures()
    assert pictures is not None
    assert pictures[1].shape == (N, 32, 48, 4)


def test_arrays_have_columns_by_number_where_they_are_few(tmp_path: Path) -> None:
    rows = RANDOM.normal(size=(N, 3))
    found = written(tmp_path, rows)
    assert list(found.values) == ["column 0", "column 1", "column 2"]
    assert found.values["column 2"].to_pylist() == rows[:, 2].tolist()
    assert written(tmp_path, RANDOM.normal(size=(N, 100))).values == {}


def test_long_texts_are_cut(tmp_path: Path) -> None:
    found = written(tmp_path, RANDOM.normal(size=(N, 3)), texts=["word  " * 100] * N)
    assert list(found.values) == ["text"]
    assert len(found.values["text"].to_pylist()[0]) == module.LENGTH


def test_of_many_rows_a_sample_is_shown_scored_and_pictured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MOST_ROWS", 30), ("MOST_SCORED", 10), ("MOST_PICTURES", 5)):
        monkeypatch.setattr(module, name, value)
    found = written(tmp_path, RANDOM.random((N, 8, 8)))
    assert found.table.num_rows == 30
    assert np.isfinite(found.table.column("outlier_score").to_numpy()).sum() == 10
    pictures = found.pictures()
    assert pictures is not None
    assert len(pictures[0]) == len(pictures[1]) == 5


@pytest.mark.parametrize("content", [None, b"no table"])
def test_a_map_that_is_missing_or_damaged_is_refused(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / MAP).write_bytes(content)
    with pytest.raises(FileError, match=r"map\.parquet"):
        RowMap.read(tmp_path)


@pytest.mark.parametrize("frame", [FRAME, FRAME[:0].assign(row=0, y=0, cluster=0, confidence=0)])
def test_a_table_that_is_no_map_or_has_no_row_is_refused(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_parquet(tmp_path / MAP)
    with pytest.raises(FileError, match=r"map\.parquet"):
        RowMap.read(tmp_path)
