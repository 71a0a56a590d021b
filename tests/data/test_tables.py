import io
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from vaecluster.data.tables import as_csv, as_parquet, as_table, parts_as_parquet, parts_of, picked
from vaecluster.errors import DataError

TABLE = pa.table(
    {"a": [1, None, 3], "b": pa.array(["x, y", "ü", None]).dictionary_encode(), "c": [date(2024, 1, 1), None, None]}
)


def test_rows_are_picked_from_arrays_and_tables() -> None:
    numbers = np.array([2, 0])
    assert picked(np.arange(3), numbers).tolist() == [2, 0]
    assert picked(TABLE, numbers).to_pydict()["a"] == [3, 1]


def test_a_table_is_the_same_again() -> None:
    assert parquet.read_table(io.BytesIO(as_parquet(TABLE))).equals(TABLE)
    again = csv.read_csv(io.BytesIO(as_csv(TABLE)), convert_options=csv.ConvertOptions(strings_can_be_null=True))
    assert again.to_pydict() == TABLE.to_pydict()


def test_parts_are_found_again_by_their_keys() -> None:
    parts = {"0": TABLE.slice(0, 2), "typical 3": TABLE.slice(0, 0), "-1": TABLE.slice(2)}
    again = parts_of(parts_as_parquet(parts))
    assert {key: part.to_pydict() for key, part in again.items()} == {
        key: part.to_pydict() for key, part in parts.items()
    }
    with pytest.raises((KeyError, TypeError, ValueError)):
        parts_of(as_parquet(TABLE))


def test_vectors_are_a_table_and_images_are_not() -> None:
    assert as_table(np.eye(2)).to_pydict() == {"0": [1.0, 0.0], "1": [0.0, 1.0]}
    assert as_table(TABLE) is TABLE
    with pytest.raises(DataError, match="images"):
        as_table(np.zeros((2, 3, 3)))
