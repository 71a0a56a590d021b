"""Texts, one a line; a file of which the lines are rows of a table is read as one."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from vaecluster.data.dataset import DataSet
from vaecluster.data.readers.arrow import stored_dataset, table_dataset
from vaecluster.data.readers.base import Reader
from vaecluster.data.readers.delimited import open_delimited, read_delimited
from vaecluster.data.readers.lines import LOOKED, decoded, is_number, is_table, lines_of, opened
from vaecluster.data.stored import READ_BYTES, Parts
from vaecluster.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

# What the texts are called as a column.
COLUMN = "text"


def read_texts(path: Path, types: Mapping[str, str]) -> DataSet:
    """A text in UTF-8 for each line, none where it is empty; or a table, as `read_delimited` reads it."""
    if is_table(path):
        return read_delimited(path, types)
    import pyarrow as pa

    _check_texts(path)
    return table_dataset(path, pa.concat_tables(part for part, _ in _parts(path)))


def open_texts(path: Path, types: Mapping[str, str]) -> DataSet:
    """The same as a `StoredTable`."""
    if is_table(path):
        return open_delimited(path, types)
    _check_texts(path)
    return stored_dataset(path, partial(_parts, path))


def line_texts(path: Path) -> Iterator[str]:
    """The text of each line, whatever it holds."""
    return (line.rstrip("\r\n") for line in lines_of(path))


def _parts(path: Path) -> Parts:
    with opened(path) as (file, share):
        texts: list[str | None] = []
        size = 0
        for line in decoded(file):
            text = line.rstrip("\r\n")
            texts.append(text if text.strip() else None)
            size += len(line)
            if size >= READ_BYTES:
                yield _column(texts), share()
                texts, size = [], 0
        if texts:
            yield _column(texts), 1.0


def _column(texts: list[str | None]) -> "pa.Table":
    import pyarrow as pa

    return pa.table({COLUMN: pa.array(texts, pa.large_string())})


def _check_texts(path: Path) -> None:
    """Raise `DataError` for a file without texts, and for numbers with spaces between them."""
    first = list(islice((line for line in line_texts(path) if line.strip()), LOOKED))
    if not first:
        raise DataError("it is empty. Give a text on each line.")
    if all(is_number(value) for line in first for value in line.split()):
        raise DataError(
            "its lines hold numbers with spaces between them; expected texts, or a table with tabs or commas and "
            "names of its columns in the first line. Write it anew with DataFrame.to_csv, or as .npy."
        )


TEXTS = Reader(
    (".txt", ".txt.gz"), read_texts, "a text editor", holds="texts, one a line", untyped=True, open=open_texts
)
