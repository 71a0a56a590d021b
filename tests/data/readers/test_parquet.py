from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet as files

from vaecluster.data.files import open_dataset
from vaecluster.data.readers import parquet

# Names that begin with others, categories, gaps, and vectors; names of no length.
TABLE = pa.table(
    {
        "": [0.5, None] * 500,
        "a": range(1000),
        "a.b": [str(number) for number in range(1000)],
        "city": pa.array(["Ulm", "Bonn", None, "Ulm"] * 250).dictionary_encode(),
        "day": [date(2024, 1, 1 + number % 28) for number in range(1000)],
        "vector": [[0.5, float(number)] for number in range(1000)],
        "record": [{"x": number} for number in range(1000)],
    }
)


@pytest.mark.parametrize("group", [1000, 300])
def test_large_groups_of_rows_are_read_column_by_column_and_give_the_same(
    group: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write_table(TABLE, tmp_path / "t.parquet", row_group_size=group)
    monkeypatch.setattr(parquet, "READ_BYTES", 10_000)
    stored = open_dataset(tmp_path / "t.parquet").x_train
    side_by_side = [table for table, _ in stored.parts()]
    monkeypatch.setattr(parquet, "SIDE_BY_SIDE", 0)
    column_by_column = [table for table, _ in stored.parts()]
    assert [table.num_rows for table in column_by_column] == [table.num_rows for table in side_by_side]
    assert len(column_by_column) > 1000 // group
    assert (
        pa.concat_tables(column_by_column)
        .unify_dictionaries()
        .equals(pa.concat_tables(side_by_side).unify_dictionaries())
    )
    assert pa.concat_tables(column_by_column).to_pylist() == TABLE.to_pylist()
