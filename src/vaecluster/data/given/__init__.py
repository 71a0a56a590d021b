"""The rows that a user gave: which kind they are, a file for each, and checks before anything is done with them."""

from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from os.path import expanduser
from typing import Any

from sklearn.base import BaseEstimator

from vaecluster.data.arrays import ArraySource
from vaecluster.data.checks import check_batch
from vaecluster.data.datasets import is_dataset, rows_of
from vaecluster.data.files import open_dataset, read_dataset
from vaecluster.data.frames import FrameSource
from vaecluster.data.given import arrays, cells, frames, texts, wide, windows
from vaecluster.data.given.base import Given, KindOfRows
from vaecluster.data.given.codes import given_codes
from vaecluster.data.given.stored import kept_in_a_file, room_of
from vaecluster.data.kinds import check_asked
from vaecluster.data.pictures.folder import PictureRows, Pictures
from vaecluster.data.schema import Schema
from vaecluster.data.source import Source
from vaecluster.data.stored import StoredTable
from vaecluster.data.telling import Telling, in_silence
from vaecluster.errors import SettingError

# To add a kind of rows, write a file with what `KindOfRows` has and name it here; the first that takes X reads it.
KINDS_OF_ROWS: tuple[KindOfRows, ...] = (texts, cells, frames, windows, arrays)
# What an estimator may say of rows: how it is checked, and the rows that it is for.
SAID: dict[str, tuple[Callable[[Any], Any], str]] = {
    # Tables and texts are vectors anyway.
    "rows": (lambda rows: None if rows in ("auto", "vectors") else rows, "arrays"),
    "columns": (check_asked, "tables"),
    "batch": (check_batch, "counts of cells"),
}


def given_rows(estimator: BaseEstimator, X: Any, schema: Schema | None = None, telling: Telling = in_silence) -> Given:
    """Rows (n, columns), (n, H, W) or (n, H, W, C) of finite numbers, windows of time, a frame, or a path to one.

    With a schema they must be laid out as in the fit of the estimator; without, this is its fit. The estimator is not
    changed. Tables in files that it has no room for are kept in another file. Raises `DataError` for rows that cannot
    be used, and `FileError` for a file that cannot be read.
    """
    room = room_of(estimator)
    if isinstance(X, str | PathLike):
        reads = read_dataset if room.limit is None else open_dataset
        X = reads(expanduser(X), None if schema is None else schema.text_types).x_train
    if isinstance(X, StoredTable):
        whole = X.whole(room.table)
        said = SAID["rows"][0](getattr(estimator, "rows", "auto"))
        if whole is None and said is not None:
            raise SettingError(
                f"rows is {said!r}, but a table that `memory` has no room for is read column by column. Leave one of "
                "the two out."
            )
        kept = kept_in_a_file(estimator, X, schema, telling, room) if whole is None else None
        if kept is not None:
            return kept
        X = X.whole(None) if whole is None else whole
    if is_dataset(X):
        X = rows_of(X, telling)
    table = wide.of_fit(estimator, X) if schema is None else wide.like_fit(estimator, X, schema)
    if table is not None:
        return table
    if isinstance(X, Pictures):
        X = X.read(like=None if schema is None else schema.row_shape, telling=telling)
    if isinstance(X, PictureRows):
        of_values = given_rows(estimator, X.values, schema)
        array = of_values.array
        return of_values if array is None else replace(of_values, source=ArraySource(array, X.row_names))
    if schema is not None:
        return next(kind for kind in KINDS_OF_ROWS if kind.made(schema)).like_fit(estimator, X, schema)
    kind = next(kind for kind in KINDS_OF_ROWS if kind.takes(X, estimator))
    for name, (checked, what) in SAID.items():
        said = checked(getattr(estimator, name, None))
        if said and name not in kind.HEEDS:
            raise SettingError(f"{name} is {said!r}, which is for {what}, but X is {kind.CALLED}. Leave it out.")
    return kind.of_fit(estimator, X)


def opened(X: Any, schema: Schema) -> Any:
    """Rows to be answered for: those of a path still in their file, where that can be, all others as they are."""
    return open_dataset(expanduser(X), schema.text_types).x_train if isinstance(X, str | PathLike) else X


def outlined(X: Any) -> Any:
    """The same rows, but for pictures in files an array of their shape without anything in it."""
    if isinstance(X, str | PathLike):
        X = read_dataset(expanduser(X)).x_train
    return X.outline() if isinstance(X, Pictures) else X


def source_of(rows: Any, schema: Schema) -> Source:
    """Rows that the schema gave back (`restore`), as a source again; they need no checks."""
    return ArraySource(rows) if schema.frame is None else FrameSource(rows, schema)


__all__ = ["Given", "given_codes", "given_rows", "opened", "outlined", "room_of", "source_of"]
