"""Cells, of which genes were counted, also in plain numbers."""

import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator

from vaecluster.data import checks
from vaecluster.data.anndata import cells_like, cells_of_fit, is_cells, plain_values
from vaecluster.data.blocks import Expression
from vaecluster.data.cells import MANY_COLUMNS, CellSource, Values, counts_like, order_of, seen_as
from vaecluster.data.checks import quoted
from vaecluster.data.frames import is_frame, names_of
from vaecluster.data.given import arrays
from vaecluster.data.given.base import Given
from vaecluster.data.raw import RowNames
from vaecluster.data.schema import Schema
from vaecluster.errors import CountsWarning, DataError, SettingError

CALLED = "cells"
HEEDS: Collection[str] = ("batch", "rows")


def takes(X: Any, estimator: BaseEstimator) -> bool:
    """An AnnData object, in memory or in a file; numbers that are said to be counts, or surely are."""
    said = getattr(estimator, "rows", "auto")
    if is_cells(X) or said == "counts":
        return True
    if said != "auto" or getattr(estimator, "columns", None) is not None:
        return False
    # Columns of narrow tables are looked at one by one, later.
    matrix = _matrix(X) if _width(X) >= MANY_COLUMNS else None
    return matrix is not None and seen_as(matrix) is not None


def of_fit(estimator: BaseEstimator, X: Any) -> Given:
    """Counts of genes; an object without counts is the array in it."""
    batch, said = checks.check_batch(getattr(estimator, "batch", None)), getattr(estimator, "rows", "auto")
    if not is_cells(X):
        if batch is not None:
            raise SettingError(f"batch is {batch!r}, but X is no AnnData object, which would say it. Leave it out.")
        return _plain_counts(X, said=said == "counts")
    if said not in ("auto", "counts"):
        raise SettingError(f"rows is {said!r}, but X is cells. Leave it out.")
    found = cells_of_fit(X, batch)
    if found is not None:
        return Given(found[0], tuple(found[1]), doubles=False)
    if batch is not None:
        raise SettingError(f"batch is {batch!r}, but X holds no counts of cells. Leave it out.")
    return arrays.of_fit(estimator, plain_values(X))


def made(schema: Schema) -> bool:
    """A block of counts of genes."""
    return isinstance(schema.blocks[0], Expression)


def like_fit(estimator: BaseEstimator, X: Any, schema: Schema) -> Given:
    """Cells of an AnnData object or a frame by the names of genes, or of an array with all of them."""
    block, genes = schema.blocks[0], list(getattr(estimator, "feature_names_in_", ()))
    assert isinstance(block, Expression)
    if is_cells(X):
        return Given(cells_like(X, block, genes), tuple(genes), doubles=False)
    X = X if issparse(X) else arrays.as_array_or_frame(X)
    if is_frame(X):
        columns = _counted_columns(X)
        order = order_of(columns.names, genes) if genes else None
        source = counts_like(columns.values.to_numpy(), block, order, columns.row_names)
    else:
        source = counts_like(X if issparse(X) else np.asarray(X), block)
    return Given(source, tuple(genes), doubles=False)


def _plain_counts(X: Any, *, said: bool) -> Given:
    X = arrays.as_array_or_frame(X)
    columns = _counted_columns(X) if is_frame(X) else None
    matrix = _matrix(X) if columns is None else columns.values.to_numpy()
    if matrix is None or not matrix.shape[1]:
        raise DataError(
            f"rows is 'counts', but X is a {type(X).__name__} of something else. Give counts (rows, columns), or "
            "leave rows out."
        )
    values = Values.of(matrix, "X")
    logged = not values.counts
    # What was taken without a word was looked at already.
    if said and logged and seen_as(matrix) != "logs":
        what = "below 0" if values.negative else "that are neither whole nor log1p of counts of one total"
        raise DataError(f"rows is 'counts', but X holds numbers {what}. Give counts, or leave rows out.")
    if not said:
        warnings.warn(
            f"The rows hold {'what looks like logarithms of counts' if logged else 'whole numbers'} in "
            f"{matrix.shape[1]:,} columns, most of them 0, and are taken for counts of genes: they are brought to one "
            "total and made logarithms. rows='counts' says so; rows='vectors' takes them for something else.",
            CountsWarning,
            stacklevel=2,
        )
    source = CellSource(matrix, logged=logged, row_names=columns and columns.row_names)
    return Given(source, tuple(columns.names) if columns else (), doubles=False)


@final
@dataclass(frozen=True, eq=False)
class _Columns:
    """The columns of numbers of a frame, their names, and the names of rows, if another column holds such."""

    values: nw.DataFrame[Any]
    names: list[str]
    row_names: RowNames | None


def _counted_columns(frame: Any) -> _Columns:
    """Those of a frame whose names are texts; `DataError` if there are others than numbers and names of rows."""
    whole = nw.from_native(_named_by_texts(frame), eager_only=True)
    counted = [name for name, type_ in whole.schema.items() if type_.is_numeric()]
    others = sorted(set(whole.columns) - set(counted))
    names = whole[others[0]] if len(others) == 1 and whole[others[0]].n_unique() == len(whole) else None
    if names is None and others:
        raise DataError(f"Columns hold no counts: {quoted(others)}. Leave them out.")
    row_names = None if names is None else RowNames(others[0], list(map(str, names.to_list())))
    return _Columns(whole.select(counted), counted, row_names)


def _named_by_texts(frame: Any) -> Any:
    """The frame itself, or one of pandas whose names are numbers with these as texts."""
    names = list(map(str, names_of(frame)))
    checks.check_names(names)
    return frame if names == names_of(frame) else frame.set_axis(names, axis=1)


def _width(X: Any) -> int:
    """How many columns there are; 0 for what is neither a frame nor (rows, columns)."""
    if is_frame(X):
        return len(names_of(X))
    return int(X.shape[1]) if getattr(X, "ndim", 0) == 2 else 0


def _matrix(X: Any) -> Any:
    """Rows of plain numbers (rows, columns) as they are, sparse by rows or not; None for all else."""
    if is_frame(X):
        try:
            X = _counted_columns(X).values.to_numpy()
        except DataError:
            return None
    if issparse(X) and X.ndim == 2 and X.dtype.kind in "uif":
        return X.tocsr()
    return X if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "uif" else None
