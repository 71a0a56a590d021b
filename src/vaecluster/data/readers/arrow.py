"""Tables that Arrow keeps: Parquet, Feather, and folders of Parquet files."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vaecluster.data.checks import check_different, quoted
from vaecluster.data.dataset import DataSet
from vaecluster.data.raw import Array
from vaecluster.data.readers.base import Reader
from vaecluster.data.stored import READ_BYTES, Parts, StoredTable
from vaecluster.errors import DataError, counted

if TYPE_CHECKING:
    import pyarrow as pa

# Bytes of each column that are read of a file at a time.
BUFFER = 2**16


def read_parquet(path: Path) -> DataSet:
    """A Parquet file, or a folder of them; names of folders such as `year=2024` are a column."""
    return table_dataset(path, _parquet(path).to_table())


def open_parquet(path: Path) -> DataSet:
    """The same as a `StoredTable`."""
    import pyarrow as pa
    from pyarrow.dataset import get_partition_keys
    from pyarrow.parquet import ParquetFile

    files = _parquet(path)
    rows = files.count_rows()
    if not rows:
        return table_dataset(path, files.schema.empty_table())

    def parts() -> Parts:
        done = 0
        for fragment in files.get_fragments():
            keys = get_partition_keys(fragment.partition_expression)
            # The scanner of a data set would hold a whole group of rows: all rows, where the writer made one of them.
            with ParquetFile(fragment.path, pre_buffer=False, buffer_size=BUFFER) as file:
                for batch in file.iter_batches(_rows_at_a_time(file.metadata), use_threads=False):
                    table = pa.Table.from_batches([batch])
                    for name, key in keys.items():
                        table = table.append_column(name, pa.repeat(pa.scalar(key), table.num_rows))
                    done += table.num_rows
                    yield table.select(files.schema.names).cast(files.schema), done / rows

    return DataSet(path.stem, StoredTable(parts, partial(rows_of, path)))


def _rows_at_a_time(metadata: Any) -> int:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    largest = max((group.total_byte_size / max(1, group.num_rows) for group in groups), default=1)
    # Values that are there many times are packed.
    return max(1, READ_BYTES // int(max(largest, 8 * metadata.num_columns)))


def _parquet(path: Path) -> Any:
    from pyarrow import dataset

    if path.is_file():
        # No file format is guessed at, and no column is read off the folders around it.
        return dataset.dataset(path, format="parquet")
    # Folders hold other files, too, such as checksums.
    files = sorted(str(file) for file in path.rglob("*") if file.name.lower().endswith(PARQUET.inside))
    of_files = partial(
        dataset.dataset,
        files,
        format="parquet",
        partitioning=dataset.partitioning(flavor="hive"),
        partition_base_dir=str(path),
    )
    parts = of_files()
    schemas = [fragment.physical_schema for fragment in parts.get_fragments()]
    for file, schema in zip(files, schemas, strict=True):
        if set(schema.names) != set(schemas[0].names):
            other = sorted(set(schema.names) ^ set(schemas[0].names))
            raise DataError(
                f"{Path(file).name} and {Path(files[0]).name} do not have the same columns; only one has "
                f"{quoted(other)}. Give all files the same columns."
            )
    return of_files(schema=_common(files, [parts.schema, *schemas]))


def _common(files: list[str], schemas: list[Any]) -> Any:
    """The schema that rows of all files fit in: whole numbers are fractions where one file has these."""
    import pyarrow as pa

    common = schemas[0]
    for file, schema in zip(files, schemas[1:], strict=True):
        try:
            common = pa.unify_schemas([common, schema], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            name = next(n for n in schema.names if not _can_be_one(common.field(n), schema.field(n)))
            raise DataError(
                f"{Path(file).name} and {Path(files[0]).name} do not have the same columns; {name!r} is of type "
                f"{schema.field(name).type} in one and {common.field(name).type} in the other. Give all files the "
                "same columns."
            ) from None
    return common


def _can_be_one(one: Any, other: Any) -> bool:
    import pyarrow as pa

    try:
        pa.unify_schemas([pa.schema([one]), pa.schema([other])], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return False
    return True


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

    return DataSet(path.stem, StoredTable(parts, partial(rows_of, path)))


def rows_of(path: Path, table: "pa.Table") -> Any:
    """What `table_dataset` makes of some rows."""
    return table_dataset(path, table).x_train


def table_dataset(path: Path, table: "pa.Table") -> DataSet:
    """The rows of a table as they are fitted; `DataError` if it cannot be used.

    A column of vectors of one length is an array, alone or beside texts or whole numbers, which are then `beside`.
    Decimals are doubles, which hold 15 digits.
    """
    check_names(table.column_names)
    if not table.num_rows:
        raise DataError(f"it has the columns {quoted(table.column_names)}, but no rows. Give at least one row.")
    lists = [field.name for field in table.schema if _is_list(field.type)]
    beside = table.drop_columns(lists)
    if len(lists) == 1 and (not beside.num_columns or _is_embedded(table, lists[0])):
        rows = _vectors(lists[0], table.column(lists[0]))
        return DataSet(path.stem, rows, beside=beside if beside.num_columns else None)
    return DataSet(path.stem, _plain(table))


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


_ENDINGS = (".parquet", ".pq")
PARQUET = Reader(_ENDINGS, read_parquet, written_by="DataFrame.to_parquet", inside=_ENDINGS, open=open_parquet)
FEATHER = Reader((".feather", ".arrow", ".ipc"), read_feather, written_by="DataFrame.to_feather", open=open_feather)
