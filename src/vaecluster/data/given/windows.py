"""Windows of time: arrays that are said to be."""

from collections.abc import Collection
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator

from vaecluster.data import checks
from vaecluster.data.arrays import ArraySource
from vaecluster.data.given.base import Given
from vaecluster.data.schema import Schema
from vaecluster.errors import DataError
from vaecluster.row_kind import RowKind

CALLED = "an array"
HEEDS: Collection[str] = ("rows",)


def takes(X: Any, estimator: BaseEstimator) -> bool:
    """What the user calls so; an array does not show it."""
    return getattr(estimator, "rows", "auto") == "windows"


def of_fit(estimator: BaseEstimator, X: Any) -> Given:
    """Windows (n, times) or (n, times, features)."""
    if not isinstance(X, np.ndarray) or X.ndim not in (2, 3):
        raise DataError(
            f"Windows of time are an array (n, times) or (n, times, features), but X is {_described(X)}. Give such an "
            "array, or another value of rows."
        )
    if X.dtype.kind not in "buif":
        raise DataError(f"The windows are of type {X.dtype}; expected numbers, such as float32.")
    if 0 in X.shape:
        raise DataError(
            f"Found array with 0 sample(s), times or features (shape={X.shape}) while a minimum of 1 is required. "
            "Check how the windows were cut."
        )
    checks.check_finite(X if X.ndim == 3 else X[..., None], called="window")
    array = X.astype(X.dtype.newbyteorder("="), copy=False)
    return Given(ArraySource(array, windows=True), (), array.dtype == np.float64)


def made(schema: Schema) -> bool:
    """A block of windows."""
    return schema.kind == RowKind.WINDOWS


def like_fit(estimator: BaseEstimator, X: Any, schema: Schema) -> Given:
    """Windows as long as those of the fit."""
    given = of_fit(estimator, X)
    if X.shape[1:] != schema.row_shape:
        one_feature = {X.shape[1:], schema.row_shape} == {X.shape[1:2], (*X.shape[1:2], 1)}
        advice = f"Give X.reshape{(-1, *schema.row_shape)}" if one_feature else "Cut them so"
        raise DataError(
            f"X has shape {X.shape}, but windows of the fit had shape (n, {', '.join(map(str, schema.row_shape))}): "
            f"times, then features. {advice}."
        )
    return given


def _described(X: Any) -> str:
    if isinstance(X, np.ndarray):
        return f"an array of shape {X.shape}"
    return "a sparse matrix" if issparse(X) else f"a {type(X).__name__}"
