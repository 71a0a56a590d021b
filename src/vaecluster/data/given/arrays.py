"""Arrays: vectors, sparse ones too, and images; frames of complete numbers count as vectors."""

import warnings
from collections.abc import Collection, Sequence
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
from vaecluster.data.frames import check_read, is_frame, names_of
from vaecluster.data.given.base import Given
from vaecluster.data.raw import Array
from vaecluster.data.room import FileArray
from vaecluster.data.schema import Schema
from vaecluster.data.sparse import SparseSource
from vaecluster.errors import DataError, SettingError, UnclearRowsWarning
from vaecluster.row_kind import RowKind

CALLED = "an array"
HEEDS: Collection[str] = ("rows",)
# Pictures of so much more height than width, or the other way, are rare; windows have more times than features.
LONG = 2
# So many rows at least are numbered where a column numbers rows.
NUMBERED = 20
# The largest grey value.
WHITE = 255


def takes(X: Any, estimator: BaseEstimator) -> bool:
    """All that no other kind takes."""
    return True


def of_fit(estimator: BaseEstimator, X: Any) -> Given:
    """Vectors or images, as their axes say."""
    said, axes = getattr(estimator, "rows", "auto"), getattr(X, "ndim", 2)
    if said == "images" and axes not in (3, 4):
        raise SettingError(f"rows is 'images', but X has {axes} axes; images have 3 or 4. Leave rows out.")
    if said == "vectors" and axes != 2:
        raise SettingError(f"rows is 'vectors', but X has {axes} axes; vectors have 2. Leave rows out.")
    given = _given(estimator, as_array_or_frame(X), None)
    if said == "auto" and given.array is not None:
        _warn_of_windows(given.array)
    # Columns of what stays in a file are not read for a warning.
    if isinstance(given.array, np.ndarray) and given.array.ndim == 2:
        _warn_of_numbering(given.array, given.names)
    return given


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
    names: tuple[str, ...] = ()
    if getattr(X, "ndim", 2) in (3, 4):
        array = checks.check_images(np.asarray(X))
    else:
        array, names = _checked_vectors(estimator, X, schema)
    if schema is not None:
        checks.check_row_shape(array.shape[1:], schema.row_shape)
    if issparse(array):
        return Given(SparseSource(csr_array(array)), names, array.dtype == np.float64)
    # In the processor's own byte order: types of another order compare as different.
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    file = None if getattr(estimator, "memory", None) is None else FileArray.of_map(array)
    return Given(ArraySource(array if file is None else file), names, array.dtype == np.float64)


def _warn_of_numbering(rows: Array, names: Sequence[str]) -> None:
    """Warn of columns that number the rows: they count as measures like any other."""
    if len(rows) < NUMBERED:
        return
    rising: list[int] = np.flatnonzero((np.diff(rows[:NUMBERED].astype(np.float64), axis=0) == 1).all(0)).tolist()
    found = [column for column in rising if (np.diff(rows[:, column].astype(np.float64)) == 1).all()]
    if found:
        column = repr(names[found[0]]) if names else str(found[0])
        warnings.warn(
            f"Column {column} of X numbers the rows: each value is one more than that above it. It is learned from as "
            "a measure is. Leave it out if it is a number of rows.",
            UnclearRowsWarning,
            stacklevel=2,
        )


def _warn_of_windows(images: Array) -> None:
    """Warn of an array that is taken for grey images, and is not like them."""
    if images.ndim != 3 or images.dtype.kind != "f":
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


def _checked_vectors(estimator: BaseEstimator, X: Any, schema: Schema | None) -> tuple[Array, tuple[str, ...]]:
    fitted = schema is not None
    if schema is not None and schema.kind == RowKind.IMAGES:
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
