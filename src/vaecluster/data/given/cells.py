"""Cells, of which genes were counted, also in plain numbers."""

import warnings
from collections.abc import Collection
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator

from vaecluster.data import checks
from vaecluster.data.anndata import cells_like, cells_of_fit, is_cells, plain_values
from vaecluster.data.blocks import Expression
from vaecluster.data.cells import CellSource, Values, are_logs, counts_like, seen_as
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
    matrix = _matrix(X) if said == "auto" else None
    return matrix is not None and seen_as(matrix) is not None


def of_fit(estimator: BaseEstimator, X: Any) -> Given:
    """Counts of genes; an object without counts is the array in it."""
    said = getattr(estimator, "rows", "auto")
    if not is_cells(X):
        check_no_batch(estimator)
        matrix = _matrix(arrays.as_array_or_frame(X))
        if matrix is None:
            raise DataError(
                f"rows is 'counts', but X is a {type(X).__name__} of something else. Give counts (rows, columns), or "
                "leave rows out."
            )
        return counts_of_fit(matrix, said=said == "counts")
    batch = checks.check_batch(getattr(estimator, "batch", None))
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
    matrix = X.tocsr() if issparse(X) else np.asarray(arrays.as_array_or_frame(X))
    return Given(counts_like(matrix, block), tuple(genes), doubles=False)


def check_no_batch(estimator: BaseEstimator) -> None:
    """Raise `SettingError` where a batch is asked for, which plain numbers do not say."""
    batch = checks.check_batch(getattr(estimator, "batch", None))
    if batch is not None:
        raise SettingError(f"batch is {batch!r}, but X is no AnnData object, which would say it. Leave it out.")


def counts_of_fit(matrix: Any, names: tuple[str, ...] = (), row_names: RowNames | None = None, *, said: bool) -> Given:
    """Plain numbers (rows, columns) that are said to be counts or their logarithms, or surely are."""
    values = Values.of(matrix, "X")
    logged = not values.counts
    # What was taken without a word was looked at already.
    if said and logged and not are_logs(matrix):
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
    return Given(CellSource(matrix, logged=logged, row_names=row_names), names, doubles=False)


def _matrix(X: Any) -> Any:
    """Rows of plain numbers (rows, columns) as they are, sparse by rows or not; None for all else."""
    if issparse(X) and X.ndim == 2 and X.dtype.kind in "uif":
        return X.tocsr()
    return X if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "uif" else None
