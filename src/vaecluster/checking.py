"""Rows that a user gave to the estimator, looked at before anything is done with them."""

from math import prod
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from vaecluster.data import checks
from vaecluster.data.preprocessing import Array
from vaecluster.errors import DataError


def checked_rows(estimator: BaseEstimator, X: Any, *, reset: bool = False) -> Array:
    """The rows as an array (n, columns), (n, H, W) or (n, H, W, C) of finite numbers; `DataError` if they are not.

    With `reset` their number of columns and names become those of the estimator, as scikit-learn keeps them; without,
    they must be laid out as in its fit.
    """
    if not reset:
        check_is_fitted(estimator)
    checks.check_numbers(X)
    if getattr(X, "ndim", 2) in (3, 4):
        array = checks.check_images(np.asarray(X))
        if reset:
            estimator.n_features_in_ = prod(array.shape[1:])
    else:
        array = _checked_vectors(estimator, X, reset=reset)
    if not reset:
        checks.check_row_shape(array.shape[1:], estimator.preprocessing_.row_shape)
    return array


def _checked_vectors(estimator: BaseEstimator, X: Any, *, reset: bool) -> Array:
    if not reset and estimator.preprocessing_.is_image:
        checks.check_row_shape(np.shape(X)[1:], estimator.preprocessing_.row_shape)
    try:
        array: Array = validate_data(estimator, X, dtype="numeric", ensure_all_finite=False, reset=reset)
    except ValueError as error:
        # scikit-learn's words, as an error of ours: the command line prints those as one line.
        raise DataError(str(error)) from None
    checks.check_finite(array, getattr(estimator, "feature_names_in_", None))
    return array
