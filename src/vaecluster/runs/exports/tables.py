"""Exports as one table: CSV and Parquet."""

from pathlib import Path
from typing import TYPE_CHECKING

from vaecluster.data.tables import csv_blocks
from vaecluster.runs.exports.base import Contents, Form, Links

if TYPE_CHECKING:
    import pyarrow as pa


def write_csv(path: Path, table: "pa.Table") -> None:
    """A table as text, some rows at a time."""
    with path.open("wb") as file:
        file.writelines(csv_blocks(table))


def _csv(contents: Contents, path: Path, _: Links) -> None:
    write_csv(path, contents.table(code_by_entry=True))


def _parquet(contents: Contents, path: Path, _: Links) -> None:
    from pyarrow import parquet

    parquet.write_table(contents.table(code_by_entry=False), path)


CSV = Form(".csv", _csv)
PARQUET = Form(".parquet", _parquet)
