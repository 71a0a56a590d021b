"""Tables that Arrow keeps: Feather, and what rows tables of Arrow are."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vaecluster.data.checks import check_different, quoted
from vaecluster.data.dataset import DataSet
from vaecluster.data.raw import Array
from vaecluster.data.readers.base import Reader
from vaecluster.data.stored import Parts, StoredTable
from vaecluster.errors import DataError, counted

if TYPE_CHECKING:
    import pyarrow as pa


def read_feather(path: Path) -> DataSet:
    """An Arrow file (Feather of version 2)."""
    from pyarrow import feather

    return table_dataset(path, feather.read_table(path, memory_map=False))


def open_feather(path: Path) -> DataSet:
    """The same as a `StoredTable`."""
    import pyarrow as pa

    with pa.ipc.open_file(pa.OSFile(str(path))) as file:
        number = file.num_record_batches
        if not any(file.get_batch(place).num_rows for place in range(number)):
            return table_dataset(path, file.schema.empty_table())

    def parts() -> Parts:
        with pa.ipc.open_file(pa.OSFile(str(path))) as file:
            for place in range(number):
                batch = file.get_batch(place)
                if batch.num_rows:
                    yield _plain(pa.Table.from_batches([batch])), (place + 1) / number

    return stored_dataset(path, parts)


def table_dataset(path: Path, table: "pa.Table") -> DataSet:
    """The rows of a table as they are fitted; `DataError` if it cannot be used.

    A column of vectors of one length is an array, alone or beside texts or whole numbers, which are then `beside`.
    Decimals are doubles, which hold 15 digits.
    """
    rows, beside = _rows_and_beside(table)
    return DataSet(path.stem, rows, beside=beside)


def stored_dataset(path: Path, parts: Callable[[], Parts]) -> DataSet:
    """The same as a `StoredTable`, of which `parts` reads some rows at a time."""
    return DataSet(path.stem, StoredTable(parts, rows_of))


def rows_of(table: "pa.Table") -> Any:
    """What `table_dataset` makes of some rows."""
    return _rows_and_beside(table)[0]


def _rows_and_beside(table: "pa.Table") -> "tuple[Any, pa.Table | None]":
    check_names(table.column_names)
    if not table.num_rows:
        raise DataError(f"it has the columns {quoted(table.column_names)}, but no rows. Give at least one row.")
    lists = [field.name for field in table.schema if _is_list(field.type)]
    beside = table.drop_columns(lists)
    if len(lists) == 1 and (not beside.num_columns or _is_embedded(table, lists[0])):
        rows = _vectors(lists[0], table.column(lists[0]))
        return rows, beside if beside.num_columns else None
    return _plain(table), None


def check_names(names: list[str]) -> None:
    """Raise `DataError` for no column, and for names that are there twice."""
    if not names:
        raise DataError("it has no columns. Give one or more.")
    check_different(names, "it")


def _is_list(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _is_embedded(table: "pa.Table", name: str) -> bool:
    """Whether a column holds vectors of what other columns name: they are texts, or whole numbers."""
    from pyarrow import types

    others = [field.type for field in table.schema if field.name != name]
    texts = [
        any(is_it(kind) for is_it in (types.is_string, types.is_large_string, types.is_dictionary)) for kind in others
    ]
    numbers = [types.is_integer(kind) for kind in others]
    floats = types.is_floating(table.schema.field(name).type.value_type)
    return bool(floats) and sum(texts) + sum(numbers) == len(others)


def _vectors(name: str, column: "pa.ChunkedArray") -> Array:
    """A column of lists as (rows, width)."""
    import pyarrow as pa
    from pyarrow import compute, types

    kind = column.type.value_type
    if not (types.is_floating(kind) or types.is_integer(kind)):
        raise DataError(f"column {name!r} holds lists of {kind}; expected lists of numbers. Make columns of them.")
    if column.null_count:
        raise DataError(
            f"column {name!r} has {counted(column.null_count, 'row')} without a list. Leave those rows out."
        )
    widths = compute.unique(compute.list_value_length(column)).to_pylist()
    if len(widths) > 1 or not widths[0]:
        found = ", ".join(map(str, sorted(widths)[:5]))
        raise DataError(f"column {name!r} holds lists of lengths {found}; expected vectors of one length.")
    values = pa.chunked_array([chunk.flatten() for chunk in column.chunks]).combine_chunks()
    if values.null_count:
        raise DataError(
            f"column {name!r} has {counted(values.null_count, 'missing value')} inside its lists. Fill them in."
        )
    array: Array = np.array(values.to_numpy(zero_copy_only=False))
    return array.reshape(len(column), widths[0])


def _plain(table: "pa.Table") -> "pa.Table":
    """The table with doubles for decimals, and texts that Arrow picks rows of and compares.

    Whether its columns can be learned from is seen with their kinds.
    """
    from pyarrow import types

    for number, field in enumerate(table.schema):
        kind, column = _plain_type(field.type), table.column(number)
        if kind != field.type:
            table = table.set_column(number, field.name, column.cast(kind))
        elif types.is_dictionary(kind) and any(chunk.dictionary.null_count for chunk in column.chunks):
            # Arrow does not join dictionaries in which nothing is a category.
            coded = column.cast(kind.value_type).dictionary_encode()
            table = table.set_column(number, field.name, coded.cast(kind))
    return table


def _plain_type(kind: Any) -> Any:
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _plain_type(kind.value_type), kind.ordered)
    if types.is_decimal(kind):
        return pa.float64()
    return {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}.get(kind, kind)


FEATHER = Reader((".feather", ".arrow", ".ipc"), read_feather, written_by="DataFrame.to_feather", open=open_feather)
