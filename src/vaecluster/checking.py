"""Rows that a user gave to the estimator, looked at before anything is done with them."""

from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from vaecluster.data import checks
from vaecluster.data.preprocessing import Array
from vaecluster.errors import DataError

Estimator = TypeVar("Estimator", bound=BaseEstimator)
Given = ParamSpec("Given")
Result = TypeVar("Result")


def all_or_nothing(
    method: Callable[Concatenate[Estimator, Given], Result],
) -> Callable[Concatenate[Estimator, Given], Result]:
    """A method of an estimator that, if it fails, leaves every attribute as it was."""

    @wraps(method)
    def wrapper(estimator: Estimator, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        before = vars(estimator).copy()
        try:
            return method(estimator, *args, **kwargs)
        except BaseException:
            vars(estimator).clear()
            vars(estimator).update(before)
            raise

    return wrapper


def checked_rows(estimator: BaseEstimator, X: Any, *, reset: bool = False) -> Array:
    """The rows as an array (n, columns), (n, H, W) or (n, H, W, C) of finite numbers; `DataError` if they are not.

    With `reset` their number of columns and names become those of the estimator, as scikit-learn keeps them; without,
    they must be laid out as in its fit.
    """
    if not reset:
        check_is_fitted(estimator)
    X = _as_array_or_frame(X)
    if getattr(X, "ndim", 2) in (3, 4):
        array = checks.check_images(np.asarray(X))
        if reset:
            estimator.n_features_in_ = prod(array.shape[1:])
            vars(estimator).pop("feature_names_in_", None)
    else:
        array = _checked_vectors(estimator, X, reset=reset)
    if not reset:
        checks.check_row_shape(array.shape[1:], estimator.preprocessing_.row_shape)
    # In the processor's own order of bytes: another one is another type to whoever compares types.
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _as_array_or_frame(X: Any) -> Any:
    """An array of 2 to 4 axes that holds no text, dates or complex numbers, or a frame; `DataError` for all else."""
    if isinstance(X, torch.Tensor):
        # Also from a GPU, out of a computation, and of a type that numpy does not have.
        X = X.detach().to_dense().cpu() if X.layout != torch.strided else X.detach().cpu()
        X = (X.float() if X.dtype == torch.bfloat16 else X).numpy()
    if issparse(X):
        raise DataError("X is a sparse matrix; expected a dense array. Give X.toarray(), or components of it.")
    if isinstance(X, np.ma.MaskedArray):
        checks.check_unmasked(X)
        X = X.data
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        checks.check_frame(X)
        # A frame of polars has no `ndim`; every frame has rows and columns.
        return X
    array = X if isinstance(X, np.ndarray) else checks.as_array(X)
    if array.ndim:
        checks.check_numbers(array)
    checks.check_axes(array, X)
    return array


def _checked_vectors(estimator: BaseEstimator, X: Any, *, reset: bool) -> Array:
    if not reset and estimator.preprocessing_.is_image:
        checks.check_row_shape(np.shape(X)[1:], estimator.preprocessing_.row_shape)
    if not reset and hasattr(X, "columns") and hasattr(estimator, "feature_names_in_"):
        checks.check_same_columns(list(X.columns), estimator.feature_names_in_.tolist())
    try:
        array: Array = validate_data(estimator, X, dtype="numeric", ensure_all_finite=False, reset=reset)
    except (ValueError, TypeError, OverflowError) as error:
        # scikit-learn's words, as an error of ours: the command line prints those as one line.
        text = " ".join(str(error).split()).rstrip(".")
        advice = "Give the columns of the fit" if "features as input" in text else "Give an array of plain numbers"
        raise DataError(f"{text}. {advice}.") from None
    checks.check_finite(array, getattr(estimator, "feature_names_in_", None))
    return array


def checked_codes(codes: Any, latent: int) -> NDArray[np.float32]:
    """Codes (n, latent) of finite numbers; `DataError` if they are not."""
    if isinstance(codes, torch.Tensor):
        codes = codes.detach().cpu().numpy()
    try:
        # A number too large for this becomes infinite, and is told of below.
        with np.errstate(over="ignore"):
            array = np.asarray(codes).astype(np.float32, casting="same_kind" if np.iscomplexobj(codes) else "unsafe")
    except (TypeError, ValueError):
        raise DataError(
            f"codes is {checks.shown(codes)}; expected numbers (n, {latent}), as from transform."
        ) from None
    if array.ndim != 2 or array.shape[1] != latent or not len(array):
        raise DataError(f"codes has shape {array.shape}; expected (n, {latent}), as transform returns.")
    if not np.isfinite(array).all():
        row, entry = np.argwhere(~np.isfinite(array))[0]
        raise DataError(f"codes holds {array[row, entry]} in row {row}; expected finite numbers, as from transform.")
    return array
