"""Tables of Arrow as files, and rows picked from them or from arrays."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.raw import Array
from vaecluster.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

# Which rows of a file belong to which key, in the file's own description.
_PARTS = b"vaecluster.parts"


def picked(rows: "Array | pa.Table", numbers: NDArray[np.intp]) -> Any:
    """These rows of an array, a table or cells."""
    return rows.take(numbers) if hasattr(rows, "column_names") else rows[numbers]


def as_table(rows: Any, names: Sequence[str] = ()) -> "pa.Table":
    """Generated rows as a table: vectors (rows, columns) get numbers for names without any; `DataError` for images."""
    import pyarrow as pa

    if not isinstance(rows, np.ndarray):
        return rows
    if rows.ndim != 2:
        raise DataError("The rows are images or windows, which are no table. Choose an .npy or a .png.")
    return pa.table(list(rows.T), names=list(names) or [str(number) for number in range(rows.shape[1])])


def as_parquet(table: "pa.Table") -> bytes:
    """The table as a Parquet file."""
    from pyarrow import parquet

    content = io.BytesIO()
    parquet.write_table(table, content)
    return content.getvalue()


def as_csv(table: "pa.Table") -> bytes:
    """The table as text in UTF-8, with a header."""
    import pyarrow as pa
    from pyarrow import csv

    # The writer knows no categories.
    plain = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    content = io.BytesIO()
    csv.write_csv(pa.table(plain, names=table.column_names), content, csv.WriteOptions(quoting_style="needed"))
    return content.getvalue()


def parts_as_parquet(parts: "Mapping[int, pa.Table]") -> bytes:
    """Tables of the same columns, by their keys, as one Parquet file; `parts_of` is the way back."""
    import pyarrow as pa

    whole = pa.concat_tables(parts.values()).unify_dictionaries()
    ends = ",".join(f"{key}:{part.num_rows}" for key, part in parts.items())
    return as_parquet(whole.replace_schema_metadata({**(whole.schema.metadata or {}), _PARTS: ends}))


def parts_of(content: bytes) -> "dict[int, pa.Table]":
    """The tables that `parts_as_parquet` wrote, by their keys; raises what Arrow and Python raise for other files."""
    from pyarrow import parquet

    whole = parquet.read_table(io.BytesIO(content))
    found, start = {}, 0
    for entry in whole.schema.metadata[_PARTS].decode().split(","):
        key, rows = map(int, entry.split(":"))
        found[key] = whole.slice(start, rows)
        start += rows
    if start != whole.num_rows:
        raise ValueError("its rows are not those of its parts")
    return found
