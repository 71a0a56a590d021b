"""Texts and labels beside rows: in a column of their file, in one of another file, or as the lines of one."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from vaecluster.data.checks import quoted
from vaecluster.data.dataset import DataSet
from vaecluster.data.words import as_texts, is_missing
from vaecluster.errors import DataError, counted


def file_of(where: str) -> tuple[str, str | None] | None:
    """The file in FILE.txt or FILE:COLUMN, and the column; None if there is no such file.

    >>> file_of("no-such-column") is None
    True
    """
    file, link, column = where.rpartition(":")
    if link and os.path.exists(file):
        return file, column
    return (where, None) if os.path.exists(where) else None


def texts_of(data: DataSet, where: str) -> list[str]:
    """A text for each row: a COLUMN of what the rows were read from, FILE:COLUMN, or the lines of a FILE.txt.

    Raises `DataError` where there are no such texts, or more or fewer than rows, and `FileError` for a file that
    cannot be read.
    """
    return as_texts(_values(data, where, "texts"), len(data.x_train))


def labels_of(data: DataSet, where: str) -> list[int | str | None]:
    """The label of each row, None where none is known, from the same places as texts.

    What is missing, empty or -1 is not known. Raises `DataError` where there are no labels, more or fewer than rows,
    or fractions, and `FileError` for a file that cannot be read.
    """
    values = _values(data, where, "labels")
    found = values.to_pylist() if hasattr(values, "to_pylist") else list(values)
    if len(found) != len(data.x_train):
        came = f"{counted(len(found), 'label')} for {counted(len(data.x_train), 'row')}"
        raise DataError(f"There came {came} from {where!r}; expected one each. Check where they are.")
    return [_label(value, where) for value in found]


def is_column(data: DataSet, where: str) -> bool:
    """Whether that is a column of the rows themselves."""
    return hasattr(data.x_train, "column_names") and where in data.x_train.column_names


def _label(value: Any, where: str) -> int | str | None:
    if is_missing(value) or value in ("", "-1", -1):
        return None
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise DataError(f"{where!r} holds {value!r}; expected whole numbers or strings as labels. Convert them.")


def _values(data: DataSet, where: str, what: str) -> Any:
    columns = _columns(data)
    if where in columns:
        return columns[where]()
    found = file_of(where)
    if found is None:
        there = f"The columns are {quoted(list(columns))}" if columns else "The rows have no columns"
        raise DataError(
            f"There is no column and no file {where!r} to take {what} from. {there}; give one of them, FILE:COLUMN, "
            "or a FILE.txt with a line for each row."
        )
    return _in_file(*found, what)


def _in_file(file: str, column: str | None, what: str) -> Any:
    # Here, since a file of a fit is read without it.
    from vaecluster.data.files import problems_of, read_dataset
    from vaecluster.data.readers.texts import TEXTS, line_texts

    if column is None and file.lower().endswith(TEXTS.endings):
        with problems_of(Path(file), TEXTS):
            return list(line_texts(Path(file)))
    columns = _columns(read_dataset(file))
    if column is None or column not in columns:
        lacks = "names no column" if column is None else f"has no column {column!r}"
        there = quoted(list(columns)) or "none"
        raise DataError(f"{file} {lacks} of {what}; expected FILE:COLUMN. Its columns are {there}.")
    return columns[column]()


def _columns(data: DataSet) -> dict[str, Callable[[], Any]]:
    """What reads each column, by name, of cells those of obs; of two columns of one name the one beside the rows."""
    obs: Any = getattr(data.x_train, "obs", {})
    names = list(obs.keys())
    found: dict[str, Callable[[], Any]] = {name: partial(obs.__getitem__, name) for name in names}
    tables = [table for table in (data.x_train, data.beside) if hasattr(table, "column_names")]
    return found | {name: partial(table.column, name) for table in tables for name in table.column_names}
