"""Arrays: vectors, sparse ones too, images, and windows of time; frames of complete numbers count as vectors."""

from collections.abc import Collection
from copy import copy
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array, issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from vaecluster.data import checks
from vaecluster.data.anndata import is_cells, plain_values
from vaecluster.data.arrays import ArraySource
from vaecluster.data.cells import warn_of_counts
from vaecluster.data.frames import check_read, is_frame, names_of
from vaecluster.data.given.base import Given
from vaecluster.data.raw import Array
from vaecluster.data.schema import Schema
from vaecluster.data.sparse import SparseSource
from vaecluster.data.windows import as_windows, warn_of_windows
from vaecluster.errors import DataError

CALLED = "an array"
HEEDS: Collection[str] = ("rows",)


def takes(X: Any) -> bool:
    """All that no other kind takes."""
    return True


def of_fit(estimator: BaseEstimator, X: Any) -> Given:
    """As the estimator says that rows are, or as their axes say."""
    return _given(estimator, as_array_or_frame(X), None)


def made(schema: Schema) -> bool:
    """All that no other kind made."""
    return True


def like_fit(estimator: BaseEstimator, X: Any, schema: Schema) -> Given:
    """Rows of the shape of those of the fit."""
    return _given(estimator, as_array_or_frame(X), schema)


def as_array_or_frame(X: Any) -> Any:
    """An array of 2 to 4 axes that holds no text, dates or complex numbers, or a frame; `DataError` for all else."""
    check_read(X)
    if is_cells(X):
        X = plain_values(X)
    if isinstance(X, list | tuple) and X and all(isinstance(row, torch.Tensor) for row in X):
        if len({row.shape for row in X}) > 1:
            raise checks.uneven(X)
        X = torch.stack([row.detach().cpu() for row in X])
    if isinstance(X, torch.Tensor):
        # It may be on a GPU, part of a computation, or of a type that numpy does not have.
        X = X.detach().to_dense().cpu() if X.layout != torch.strided else X.detach().cpu()
        X = (X.float() if X.dtype == torch.bfloat16 else X).numpy()
    if issparse(X):
        checks.check_numbers(X.data if X.format != "lil" else X.tocsr().data)
        checks.check_axes(X, X)
        return X
    if isinstance(X, np.ma.MaskedArray):
        checks.check_unmasked(X)
        X = X.data
    if is_frame(X):
        checks.check_names(names_of(X))
        # A frame of polars has no `ndim`; every frame has rows and columns.
        return X
    array = X if isinstance(X, np.ndarray) else checks.as_array(X)
    if array.ndim:
        checks.check_numbers(array)
    checks.check_axes(array, X)
    return array


def _given(estimator: BaseEstimator, X: Any, schema: Schema | None) -> Given:
    rows: str = getattr(estimator, "rows", "auto")
    names: tuple[str, ...] = ()
    windows = as_windows(X, rows, schema)
    if windows is not None:
        return Given(ArraySource(windows, windows=True), names, windows.dtype == np.float64)
    if getattr(X, "ndim", 2) in (3, 4):
        array = checks.check_images(np.asarray(X))
        if schema is None:
            warn_of_windows(array, rows)
    else:
        array, names = _checked_vectors(estimator, X, schema)
    if schema is not None:
        checks.check_row_shape(array.shape[1:], schema.row_shape)
    if issparse(array):
        return Given(SparseSource(csr_array(array)), names, array.dtype == np.float64)
    if schema is None:
        warn_of_counts(array)
    # In the processor's own byte order: types of another order compare as different.
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    return Given(ArraySource(array), names, array.dtype == np.float64)


def _checked_vectors(estimator: BaseEstimator, X: Any, schema: Schema | None) -> tuple[Array, tuple[str, ...]]:
    fitted = schema is not None
    if schema is not None and schema.kind == "images":
        checks.check_row_shape(np.shape(X)[1:], schema.row_shape)
    if fitted and is_frame(X) and hasattr(estimator, "feature_names_in_"):
        checks.check_same_columns(names_of(X), estimator.feature_names_in_.tolist())
    # scikit-learn writes what it has seen onto the estimator, and a fit that fails must leave nothing there.
    probe = copy(estimator)
    try:
        how: dict[str, Any] = {"accept_sparse": "csr", "dtype": "numeric", "ensure_all_finite": False}
        array: Array = validate_data(probe, X, **how, reset=not fitted)
    except (ValueError, TypeError, OverflowError) as error:
        # scikit-learn's words, as an error of ours: the command line prints those as one line.
        text = " ".join(str(error).split()).rstrip(".")
        advice = "Give the columns of the fit" if "features as input" in text else "Give an array of plain numbers"
        raise DataError(f"{text}. {advice}.") from None
    names = getattr(probe, "feature_names_in_", None)
    if issparse(array):
        checks.check_finite_entries(array)
    else:
        checks.check_finite(array, names)
    return array, () if names is None else tuple(names.tolist())
