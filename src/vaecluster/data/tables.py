"""Tables of Arrow as files, and rows picked from them or from arrays."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.raw import Array
from vaecluster.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.csv import ReadOptions

# Which rows of a file belong to which key, in the file's own description.
_PARTS = b"vaecluster.parts"
# Before a name of ours that is a column of the user's already.
PREFIX = "vaecluster_"
# Rows that are texts at a time.
CSV_ROWS = 10_000


def picked(rows: "Array | pa.Table", numbers: NDArray[np.intp]) -> Any:
    """These rows of an array, a table or cells; those of a sparse matrix are dense."""
    some = rows.take(numbers) if hasattr(rows, "column_names") else rows[numbers]
    return some.toarray() if hasattr(some, "toarray") else some


def free_name(name: str, taken: Iterable[str]) -> str:
    """A name of ours that no column has.

    >>> free_name("code", {"code", "age"}), free_name("cluster", {"code", "age"})
    ('vaecluster_code', 'cluster')
    """
    while name in taken:
        name = PREFIX + name
    return name


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


def as_csv(table: "pa.Table", *, header: bool = True) -> bytes:
    """The table as text in UTF-8; see `csv_blocks`."""
    return b"".join(csv_blocks(table, header=header))


def csv_blocks(table: "pa.Table", *, header: bool = True) -> Iterator[bytes]:
    """The same in parts: a header, then some rows at a time. What is missing is empty, quotes are where they must be.

    Arrow writes numbers and dates as texts; its own writer would put quotes around every text.
    """
    if header:
        yield _lines([table.column_names])
    for block in table.to_batches(max_chunksize=CSV_ROWS):
        yield _lines(zip(*map(_as_texts, block.columns), strict=True))


def in_one_thread() -> "ReadOptions":
    """How CSV is read: where a text is refused, threads of Arrow from before 2026 may wait for each other for ever."""
    from pyarrow import csv as arrow_csv

    return arrow_csv.ReadOptions(use_threads=False)


def csv_line(values: Sequence[Any]) -> str:
    """One line of a CSV.

    >>> csv_line(["a", 'b"c', 1]).rstrip()
    'a,"b""c",1'
    """
    return _lines([values]).decode()


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _as_texts(column: "pa.Array") -> list[Any]:
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    # Arrow has no text for these.
    if not (types.is_nested(column.type) or types.is_binary(column.type) or types.is_duration(column.type)):
        column = column.cast(pa.string())
    texts: list[Any] = column.to_pylist()
    return texts


def parts_as_parquet(parts: "Mapping[str, pa.Table]") -> bytes:
    """Tables of the same columns, by their keys, as one Parquet file; `parts_of` is the way back."""
    import pyarrow as pa

    whole = pa.concat_tables(parts.values()).unify_dictionaries()
    ends = ",".join(f"{key}:{part.num_rows}" for key, part in parts.items())
    return as_parquet(whole.replace_schema_metadata({**(whole.schema.metadata or {}), _PARTS: ends}))


def parts_of(content: bytes) -> "dict[str, pa.Table]":
    """The tables that `parts_as_parquet` wrote, by their keys; raises what Arrow and Python raise for other files."""
    from pyarrow import parquet

    whole = parquet.read_table(io.BytesIO(content))
    found, start = {}, 0
    for entry in whole.schema.metadata[_PARTS].decode().split(","):
        key, rows = entry.split(":")
        found[key] = whole.slice(start, int(rows))
        start += int(rows)
    if start != whole.num_rows:
        raise ValueError("its rows are not those of its parts")
    return found
