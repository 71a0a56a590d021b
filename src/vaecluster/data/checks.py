"""Rows that come in are looked at once, here; what is wrong is said in one line."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vaecluster.data.preprocessing import Array
from vaecluster.errors import DataError


def check_images(images: Array) -> Array:
    """An image stack (N, H, W) or (N, H, W, C) of finite numbers; raises `DataError` if it is not one."""
    if images.dtype.kind not in "buif":
        raise DataError(f"The images are of type {images.dtype}; expected numbers, such as uint8 or float32.")
    if 0 in images.shape:
        raise DataError(
            f"Found array with 0 sample(s) or pixels (shape={images.shape}) while a minimum of 1 is required."
        )
    check_finite(images)
    return images


def check_numbers(rows: Any) -> None:
    """Raise `DataError` if an array holds text; frames and lists pass and are looked at when converted."""
    dtype = getattr(rows, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "SU":
        raise DataError("The rows hold text; expected numbers. Encode the text as numbers or leave those columns out.")


def check_finite(rows: Array, names: Sequence[str] | None = None) -> None:
    """Raise `DataError` naming the columns with NaN or infinity and how many there are."""
    if rows.dtype.kind != "f":
        return
    # A sum passes most arrays without a second array of their size.
    with np.errstate(over="ignore", invalid="ignore"):
        clean = np.isfinite(np.sum(rows, dtype=np.float64))
    if clean or np.isfinite(rows).all():
        return
    nan, infinite = int(np.isnan(rows).sum()), int(np.isinf(rows).sum())
    found = " and ".join(f"{n:,} {what}" for n, what in ((nan, "NaN"), (infinite, "infinite (inf)")) if n)
    if rows.ndim > 2:
        where = f"{int((~np.isfinite(rows).reshape(len(rows), -1).all(1)).sum()):,} of {len(rows):,} images"
    else:
        bad = np.flatnonzero(~np.isfinite(rows).all(0))
        shown = ", ".join(_column(index, names) for index in bad[:5]) + (", ..." if len(bad) > 5 else "")
        where = f"column{'s' * (len(bad) > 1)} {shown}"
    raise DataError(
        f"The rows hold {found} values, in {where}; expected finite numbers. Fill them in or leave them out."
    )


def check_enough(rows: Array, clusters: int) -> None:
    """Raise `DataError` if there are fewer rows than clusters, or if all rows are the same."""
    if len(rows) < clusters:
        raise DataError(
            f"n_samples={len(rows)} is fewer than n_clusters={clusters}. Give more rows or ask for fewer clusters."
        )
    if len(rows) < 2:
        raise DataError("n_samples=1: a single row has nothing to be told apart from. Give at least 2 rows.")
    if (rows == rows[:1]).all():
        raise DataError(
            f"All {len(rows):,} rows are the same, so there is nothing to tell apart. Check how the data were read."
        )


def check_unit_range(rows: Array, names: Sequence[str] | None = None) -> None:
    """Raise `DataError` naming the first column that leaves [0, 1], which the Bernoulli likelihood needs."""
    if rows.min() >= 0 and rows.max() <= 1:
        return
    index = int(np.flatnonzero((rows.min(0) < 0) | (rows.max(0) > 1))[0])
    column = rows[:, index]
    raise DataError(
        f"The Bernoulli likelihood needs values in [0, 1], but column {_column(index, names)} ranges from "
        f"{column.min():g} to {column.max():g}. Scale it, or use likelihood='gaussian'."
    )


def check_row_shape(shape: tuple[int, ...], fitted: tuple[int, ...]) -> None:
    """Raise `DataError` if rows are laid out otherwise than those of the fit."""
    if shape != fitted:
        raise DataError(f"Each row is {describe(shape)}, but the fit was on {describe(fitted)}. {_advice(fitted)}")


def describe(shape: tuple[int, ...]) -> str:
    """A row's layout in words.

    >>> describe((28, 28)), describe((32, 32, 3)), describe((16,))
    ('an image of 28x28', 'an image of 32x32x3', 'a vector of 16 columns')
    """
    if len(shape) == 1:
        return f"a vector of {shape[0]} columns"
    return "an image of " + "x".join(map(str, shape))


def _advice(shape: tuple[int, ...]) -> str:
    return "Give the same columns." if len(shape) == 1 else "Resize the images to that size first."


def _column(index: int, names: Sequence[str] | None) -> str:
    return f"'{names[index]}'" if names is not None else str(index)
