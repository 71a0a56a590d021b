"""Windows of time as a user gives them."""

import warnings
from typing import Any

import numpy as np
from scipy.sparse import issparse

from vaecluster.data import checks
from vaecluster.data.raw import Array
from vaecluster.data.schema import Schema
from vaecluster.errors import DataError, SettingError, UnclearRowsWarning

# Pictures of so much more height than width, or the other way, are rare; windows have more times than features.
LONG = 2
# The largest grey value.
WHITE = 255


def as_windows(X: Any, rows: str, schema: Schema | None) -> Array | None:
    """Checked windows (n, times) or (n, times, features), where rows are said to be windows, or were in the fit.

    Raises `DataError` for what cannot be windows, or not those of the fit, and `SettingError` for `rows` that say
    something else than the array.
    """
    axes = getattr(X, "ndim", None)
    if schema is None and rows == "images" and axes not in (3, 4):
        raise SettingError(f"rows is 'images', but X has {axes or 2} axes; images have 3 or 4. Leave rows out.")
    if rows != "windows" if schema is None else schema.kind != "windows":
        return None
    if not isinstance(X, np.ndarray) or issparse(X) or axes not in (2, 3):
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
    if schema is not None and X.shape[1:] != schema.row_shape:
        own, fitted = ("x".join(map(str, shape)) for shape in (X.shape[1:], schema.row_shape))
        raise DataError(
            f"Each window is {own}, but those of the fit were {fitted} (times by features). Cut them as long."
        )
    checks.check_finite(X.reshape(len(X), -1))
    return X.astype(X.dtype.newbyteorder("="), copy=False)


def said_of(rows: str | None) -> str | None:
    """What rows are said to be; None if that is left to the rows."""
    return None if rows == "auto" else rows


def warn_of_windows(images: Array, rows: str) -> None:
    """Warn of an array that is taken for grey images, and is not like them, unless the user said that it is."""
    if rows != "auto" or images.ndim != 3 or images.dtype.kind != "f":
        return
    height, width = images.shape[1:]
    if max(height, width) < LONG * min(height, width) or (images.min() >= 0 and images.max() <= WHITE):
        return
    warnings.warn(
        f"X has shape {images.shape} and values from {images.min():.3g} to {images.max():.3g}, and is taken for "
        f"images of {height}x{width}. If these are windows of time (n, times, features), give rows='windows'; if they "
        "are images, rows='images' says so.",
        UnclearRowsWarning,
        stacklevel=2,
    )


def _described(X: Any) -> str:
    if isinstance(X, np.ndarray):
        return f"an array of shape {X.shape}"
    return "a sparse matrix" if issparse(X) else f"a {type(X).__name__}"
