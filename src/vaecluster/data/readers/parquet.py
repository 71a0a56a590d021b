"""Parquet files, and folders of them."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from vaecluster.data.checks import quoted
from vaecluster.data.dataset import DataSet
from vaecluster.data.readers.arrow import rows_of, stored_dataset, table_dataset
from vaecluster.data.readers.base import Reader
from vaecluster.data.room import not_kept
from vaecluster.data.stored import READ_BYTES, Parts
from vaecluster.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

# Bytes of each column that are read of a file at a time; and of a group of rows whose columns are read side by side.
BUFFER, SIDE_BY_SIDE = 2**16, 2**24


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
            like = partial(_like, files.schema, keys)
            # The scanner of a data set would hold a whole group of rows: all rows, where the writer made one of them.
            with ParquetFile(fragment.path, pre_buffer=False, buffer_size=BUFFER) as file:
                for batch in _batches(file):
                    done += batch.num_rows
                    yield like(pa.Table.from_batches([batch])), done / rows

    return stored_dataset(path, parts)


@final
@dataclass(frozen=True)
class Group:
    """A group of rows of a Parquet file, which is read by itself; `first` is the number of its first row in the file.

    `schema` is that of all files of the folder, and `keys` are what names of folders say.
    """

    file: Path
    number: int
    first: int
    rows: int
    keys: dict[str, Any]
    schema: "pa.Schema"

    def read(self) -> Any:
        """Its rows, as they are learned."""
        from pyarrow.parquet import ParquetFile

        with ParquetFile(self.file) as file:
            table = file.read_row_group(self.number, use_threads=False)
        return rows_of(_like(self.schema, self.keys, table))


def groups_of(path: Path) -> list[Group]:
    """All groups of a Parquet file, or of a folder of them, in order, but for those without rows."""
    from pyarrow.dataset import get_partition_keys
    from pyarrow.parquet import read_metadata

    files, found = _parquet(path), []
    for fragment in files.get_fragments():
        keys, first, described = get_partition_keys(fragment.partition_expression), 0, read_metadata(fragment.path)
        for number in range(described.num_row_groups):
            rows = described.row_group(number).num_rows
            if rows:
                found.append(Group(Path(fragment.path), number, first, rows, keys, files.schema))
            first += rows
    return found


def _like(schema: "pa.Schema", keys: dict[str, Any], table: "pa.Table") -> "pa.Table":
    """Rows of one file with the columns of all, in their order, and with what names of folders say."""
    import pyarrow as pa

    for name, key in keys.items():
        table = table.append_column(name, pa.repeat(pa.scalar(key), table.num_rows))
    # Thousands of columns take longer to be picked than to be read.
    return table if table.schema.equals(schema) else table.select(schema.names).cast(schema)


def _batches(file: Any) -> Iterator["pa.RecordBatch"]:
    """All rows of a Parquet file in order, some at a time."""
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    largest = max((group.total_byte_size / max(1, group.num_rows) for group in groups), default=1)
    # Values that are there many times are packed.
    read = partial(file.iter_batches, max(1, READ_BYTES // int(max(largest, 8 * file.metadata.num_columns))))
    for number, group in enumerate(groups):
        if group.total_byte_size <= SIDE_BY_SIDE:
            yield from read([number], use_threads=False)
        else:
            yield from _column_by_column(file.schema_arrow, partial(read, [number], use_threads=False))


def _column_by_column(schema: "pa.Schema", read: Any) -> Iterator["pa.RecordBatch"]:
    """The same of a large group of rows: of each column that is read a page is in memory, a megabyte and more.

    So each is read by itself and written to a file, where all are then read side by side without pages.
    """
    import pyarrow as pa

    with tempfile.TemporaryDirectory() as folder:
        place, ends = str(Path(folder) / "columns"), [0]
        try:
            with pa.OSFile(place, "wb") as columns:
                for field in schema:
                    with pa.ipc.new_stream(columns, pa.schema([field])) as own:
                        for batch in read(columns=[field.name]):
                            # A column whose name begins with this one and a dot is read as well.
                            own.write_batch(batch.select([field.name]))
                    ends.append(columns.tell())
        except OSError as problem:
            # Arrow's, for bytes that are not what they claim to be, have no number.
            raise problem if problem.errno is None else not_kept(problem) from None
        with pa.OSFile(place) as columns:
            streams = [pa.ipc.open_stream(columns.get_stream(start, end - start)) for start, end in pairwise(ends)]
            for batches in zip(*streams, strict=True):
                yield pa.RecordBatch.from_arrays([batch.column(0) for batch in batches], schema=schema)


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


_ENDINGS = (".parquet", ".pq")
PARQUET = Reader(_ENDINGS, read_parquet, written_by="DataFrame.to_parquet", inside=_ENDINGS, open=open_parquet)
