from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from refused import refused_in_one_line
from vaecluster.data.files import open_dataset, read_dataset
from vaecluster.data.frames import columns_of
from vaecluster.data.kinds import kinds_of
from vaecluster.errors import DataError, FileError

TABLE = pa.table({"age": [31, None], "city": pa.array(["Köln", "Ulm"]).dictionary_encode(), "": [0.5, 1.5]})
WRITERS = {"t.parquet": parquet.write_table, "t.pq": parquet.write_table, "t.feather": feather.write_feather}


@pytest.mark.parametrize("name", WRITERS)
def test_tables_come_back_as_they_were_written(name: str, tmp_path: Path) -> None:
    WRITERS[name](TABLE, tmp_path / name)
    assert read_dataset(tmp_path / name).x_train.equals(TABLE)


def test_a_folder_of_parquet_files_is_one_table_with_its_folders_as_columns(tmp_path: Path) -> None:
    for year in (2023, 2024):
        (tmp_path / f"year={year}").mkdir()
        parquet.write_table(pa.table({"a": [year]}), tmp_path / f"year={year}" / "part.parquet")
    (tmp_path / "notes.txt").write_text("nothing to read")
    assert read_dataset(tmp_path).x_train.to_pydict() == {"a": [2023, 2024], "year": [2023, 2024]}


def test_files_of_a_folder_must_have_the_same_columns(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": [1], "b": [2]}), tmp_path / "1.parquet")
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "2.parquet")
    with pytest.raises(DataError, match=r"2\.parquet and 1\.parquet do not have the same columns.*'b'"):
        read_dataset(tmp_path)


def test_files_of_a_folder_need_not_have_the_same_types(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": [1, 2], "b": pa.nulls(2)}), tmp_path / "1.parquet")
    parquet.write_table(pa.table({"a": [0.5], "b": ["x"]}), tmp_path / "2.parquet")
    assert read_dataset(tmp_path).x_train.to_pydict() == {"a": [1.0, 2.0, 0.5], "b": [None, None, "x"]}
    assert open_dataset(tmp_path).x_train.whole(None).equals(read_dataset(tmp_path).x_train)
    parquet.write_table(pa.table({"a": ["x"], "b": ["x"]}), tmp_path / "3.parquet")
    with pytest.raises(DataError, match=r"3\.parquet and 1\.parquet .*'a' is of type string .* double in the other"):
        read_dataset(tmp_path)


@pytest.mark.parametrize("rows", [[0], [0, 2, 0]])
def test_empty_parts_of_a_file_are_passed_over(rows: list[int], tmp_path: Path) -> None:
    schema = pa.schema({"a": pa.float64()})
    with pa.ipc.new_file(str(tmp_path / "t.feather"), schema) as file:
        for number in rows:
            file.write_batch(pa.record_batch({"a": [0.5] * number}, schema))
    if sum(rows):
        (block,) = open_dataset(tmp_path / "t.feather").x_train.blocks()
        assert block[0].num_rows == 2
    else:
        with pytest.raises(DataError, match="no rows"):
            open_dataset(tmp_path / "t.feather")


@pytest.mark.parametrize("type_", [pa.list_(pa.float32()), pa.list_(pa.float32(), 2), pa.large_list(pa.float32())])
def test_a_single_column_of_vectors_is_an_array(type_: pa.DataType, tmp_path: Path) -> None:
    parquet.write_table(pa.table({"vector": pa.array([[1, 2], [3, 4], [5, 6]], type_)}), tmp_path / "t.parquet")
    rows = read_dataset(tmp_path / "t.parquet").x_train
    assert rows.dtype == np.float32
    assert rows.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_decimals_are_read_as_doubles(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": [Decimal("1.50"), None]}), tmp_path / "t.parquet")
    assert read_dataset(tmp_path / "t.parquet").x_train.to_pydict() == {"a": [1.5, None]}


REFUSED = {
    "no rows": (TABLE.slice(0, 0), ["'age', 'city', ''", "no rows"]),
    "no columns": (pa.table({}), ["no columns"]),
    "vectors of two lengths": (pa.table({"b": [[1.0], [1.0, 2.0]]}), ["'b'", "lengths 1, 2"]),
    "a vector that is missing": (pa.table({"b": [[1.0], None]}), ["'b'", "1 row without"]),
    "a gap in a vector": (pa.table({"b": [[1.0, None]]}), ["'b'", "1 missing"]),
    "lists of texts": (pa.table({"b": [["x"]]}), ["'b'", "lists of string"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_with_a_table_is_said_in_one_line(name: str, tmp_path: Path) -> None:
    table, parts = REFUSED[name]
    parquet.write_table(table, tmp_path / "t.parquet")
    refused_in_one_line(tmp_path / "t.parquet", parts)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("content", [b"", b"PAR1", b"ARROW1\0\0", b"hello, this is text\n" * 9])
def test_a_file_that_is_not_what_its_suffix_says_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match="damaged, cut short, or no") as problem:
        read_dataset(tmp_path / name)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("odd", [[[1.0, 2.0]] * 3, [{"x": 1}] * 3, [b"x"] * 3])
def test_columns_that_cannot_be_learned_from_can_be_left_out(odd: list[Any], tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": [1.5, 2, 4], "odd": odd}), tmp_path / "t.parquet")
    columns = columns_of(read_dataset(tmp_path / "t.parquet").x_train)
    with pytest.raises(DataError, match=r"Column 'odd' holds .* or leave it out: columns=\{'odd': 'leave-out'\}"):
        kinds_of(columns, {})
    assert not kinds_of(columns, {"odd": "leave-out"})["odd"].learned
