"""The record that every source of rows ends in, and what counts as a label."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from vaecluster.data.raw import Array
from vaecluster.errors import DataError


@dataclass(frozen=True)
class DataSet:
    """Rows to learn from, and what is known about them; ``y_train`` and ``y_test`` serve to score, never to learn.

    Shapes: ``x_train`` (rows, *data), ``y_train`` (rows,), ``x_test`` (held-out rows, *data),
    ``y_test`` (held-out rows,). ``x_test`` is None when nothing is held out, ``y_train`` and ``y_test`` are
    None when there are no labels. Rows of a table are a `pyarrow.Table`, or a `StoredTable` that is still in its
    files, those of single-cell files `StoredCells`, pictures in files are `Pictures` until they are read, and
    `PictureRows` then, all others are an array. ``beside`` is a table of what stands beside vectors in their file,
    ``texts`` is a text for each row of ``x_train``, and ``known`` a label for each that is known, None for the others.

    >>> points = DataSet("points", np.zeros((5, 2)))
    >>> points.x_train.shape, points.y_train, points.x_test
    ((5, 2), None, None)
    """

    name: str
    x_train: Any
    y_train: Array | None = None
    x_test: Any = None
    y_test: Array | None = None
    beside: Any = None
    texts: list[str] | None = None
    known: list[int | str | None] | None = None


def as_labels(values: Array) -> Array:
    """Labels as integers or strings: whole numbers kept as floats, and booleans, become integers.

    Objects become what all of them are.

    Raises ``DataError`` for anything else, such as fractions or missing values.

    >>> as_labels(np.array([3.0, 1.0]))
    array([3, 1])
    """
    if values.dtype.kind in "iuUT":
        return values
    if values.dtype.kind == "b":
        # A cluster is named by a whole number or a string.
        return values.astype(np.int64)
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            whole = values.astype(np.int64)
        if np.array_equal(whole, values):
            return whole
    if values.dtype.kind == "O":
        # pandas keeps strings as objects; None or NaN among them must not become a class.
        items = values.tolist()
        if all(isinstance(item, str) for item in items) or all(isinstance(item, int) for item in items):
            return as_labels(np.array(items))
    raise DataError(f"labels of type {values.dtype} are not all integers or all strings. Convert them.")
