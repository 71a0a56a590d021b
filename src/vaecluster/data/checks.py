"""Checks of the rows that come in; each error is one line."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from vaecluster.data.raw import Array, let_go, row_slices
from vaecluster.errors import DataError, IgnoredColumnsWarning, SettingError, counted


def check_batch(batch: Any) -> str | None:
    """Raise `SettingError` for what is no name of a column."""
    if batch is not None and (not isinstance(batch, str) or not batch):
        raise SettingError(f"batch is {batch!r}; expected the name of a column of obs, or None.")
    return batch


def check_images(images: Array) -> Array:
    """An image stack (N, H, W) or (N, H, W, C) of finite numbers; raises `DataError` if it is not one."""
    if images.dtype.kind not in "buif":
        raise DataError(f"The images are of type {images.dtype}; expected numbers, such as uint8 or float32.")
    if 0 in images.shape:
        raise DataError(
            f"Found array with 0 sample(s) or pixels (shape={images.shape}) while a minimum of 1 is required. Check "
            "how the images were read."
        )
    _check_channels_last(images)
    check_finite(images)
    return images


def _check_channels_last(images: Array) -> None:
    """Raise `DataError` for what looks like images as torch keeps them, (n, C, H, W)."""
    if images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[3] > 4:
        channels, height, width = images.shape[1:]
        raise DataError(
            f"X has shape {images.shape}, which looks like {channels} channel{'s' * (channels > 1)} of "
            f"{height}x{width} pixels with the channels first, as torch keeps images; expected (n, H, W, C). Give "
            "X.transpose(0, 2, 3, 1), or, if each row is really so flat an image, X.reshape(len(X), -1)."
        )


class NotANumberError(DataError, TypeError):
    """Rows with an entry that is no number; scikit-learn asks for a TypeError there."""


def as_array(rows: Any) -> Array:
    """Lists and what else numpy can read as an array; raises `DataError` if it cannot."""
    try:
        array = np.asarray(rows)
    except (ValueError, TypeError, RuntimeError) as problem:
        if "inhomogeneous" in str(problem):
            raise uneven(rows) from None
        reason = " ".join(str(problem).split()).rstrip(".")
        raise DataError(f"X is a {type(rows).__name__} that numpy cannot read: {reason}. Give an array.") from None
    first = array[0] if array.dtype == object and array.ndim == 1 and len(array) else None
    if first is not None and np.ndim(first):
        raise DataError(
            f"X is a {type(rows).__name__} with vectors in its cells; expected rows and columns. Give np.stack(X)."
        )
    return array


def uneven(rows: Any) -> DataError:
    """The error for rows of several lengths, or images of several sizes."""
    shapes = {np.shape(row) for row in rows if hasattr(row, "shape")}
    if len(shapes) > 1 and min(map(len, shapes)) > 1:
        small, large = ("x".join(map(str, shape)) for shape in (min(shapes), max(shapes)))
        return DataError(
            f"X is a {type(rows).__name__} with images of several sizes, such as {small} and {large}; expected one "
            "size. Resize them, or give the path of their folder."
        )
    return DataError(
        f"X is a {type(rows).__name__} whose rows are not all of one length; expected a table of numbers. Fill the "
        "short rows up, or leave them out."
    )


def check_numbers(rows: Array) -> None:
    """Raise `DataError` if an array holds anything but numbers; the first wrong object is named by its place."""
    kind = rows.dtype.kind
    if kind in "SUT":
        raise DataError("The rows hold text; expected numbers. Encode the text as numbers or leave those columns out.")
    if kind in "mM":
        raise DataError(
            f"The rows hold dates or times ({rows.dtype}); expected numbers. Count the days or seconds from some "
            "date, or leave those columns out."
        )
    if kind == "c":
        # The first words are scikit-learn's own for this.
        raise DataError(
            f"Complex data not supported: the rows are of type {rows.dtype}; expected real numbers. Give real and "
            "imaginary parts as columns."
        )
    if kind == "V":
        raise DataError(
            f"The rows have named fields ({', '.join(rows.dtype.names or ())}); expected a plain array with a column "
            "for each. Use numpy.lib.recfunctions.structured_to_unstructured."
        )
    if kind == "O" and rows.ndim == 2:
        _check_objects(rows)


def _check_objects(rows: Array) -> None:
    try:
        rows.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        place, entry = next((place, entry) for place, entry in np.ndenumerate(rows) if not _is_real(entry))
        raise NotANumberError(
            f"X holds {shown(entry)} in row {place[0]}, column {place[1]}; each entry of this argument must be a "
            "number or the string of a number. Encode other values as numbers, or leave them out."
        ) from None


def _is_real(entry: Any) -> bool:
    try:
        float(entry)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def check_axes(rows: Array, given: Any) -> None:
    """Raise `DataError` unless the array has 2 to 4 axes and something along each; `given` is what the user gave."""
    if rows.ndim == 0:
        raise DataError(
            f"X is {shown(given)}; expected rows, as an array (n, columns), or images (n, H, W) or (n, H, W, C). Read "
            "a file first, and make an array of what is in it."
        )
    if rows.ndim == 1 and rows.size:
        # The words from "Reshape" on are scikit-learn's own for this.
        ways = (
            "X.to_frame()"
            if hasattr(given, "to_frame")
            else "X.reshape(-1, 1) if it is one column, X.reshape(1, -1) if it is one row"
        )
        raise DataError(f"X has shape {rows.shape}; expected rows and columns. Reshape your data: {ways}.")
    if rows.ndim > 4:
        raise DataError(
            f"X has shape {rows.shape}; expected vectors (n, columns) or images (n, H, W) or (n, H, W, C). Reshape it."
        )
    # Not `size` or `len`: those of a sparse matrix are not about its shape.
    if rows.ndim < 3 and not all(rows.shape):
        what = "feature(s)" if rows.ndim == 2 and rows.shape[0] else "sample(s)"
        raise DataError(
            f"Found array with 0 {what} (shape={rows.shape}) while a minimum of 1 is required. Check how the rows "
            "were read."
        )


def check_unmasked(rows: Any) -> None:
    """Raise `DataError` if values of a masked array are masked: numpy would take what lies beneath."""
    masked = int(np.ma.getmaskarray(rows).sum())
    if masked:
        raise DataError(
            f"The rows hold {counted(masked, 'masked value')}; expected numbers. Fill them in, as by X.filled(0), or "
            "leave those rows out."
        )


def check_names(names: list[Any]) -> None:
    """Raise `DataError` for a frame without columns, with several of one name, or with names of several types."""
    if not names:
        raise DataError("X has no columns; expected one or more. Check how it was read, or which were picked from it.")
    check_different(names, "X")
    kinds = sorted({type(name).__name__ for name in names})
    if len(kinds) > 1 and "str" in kinds:
        raise DataError(
            f"X has column names of types {' and '.join(kinds)}; expected strings. Use "
            "X.columns = X.columns.astype(str)."
        )


def check_some_rows(frame: Any) -> None:
    """Raise `DataError` for a frame without rows."""
    if not len(frame):
        raise DataError("Found array with 0 sample(s) while a minimum of 1 is required. Check how the rows were read.")


def check_different(names: Sequence[Any], what: str) -> None:
    """Raise `DataError` if several columns have one name; `what` is what has these columns."""
    twice = [] if len(set(names)) == len(names) else sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{what} has several columns called {quoted(twice)}; expected one each. Rename the others.")


def check_same_columns(names: Sequence[Any], fitted: Sequence[str]) -> None:
    """Raise `DataError` unless a frame has the columns of the fit, in their order; names that are no strings pass."""
    if list(names) == list(fitted) or not all(isinstance(name, str) for name in names):
        return
    new, missing = [name for name in names if name not in fitted], [name for name in fitted if name not in names]
    moved = [] if new or missing else [name for name, other in zip(names, fitted, strict=False) if name != other]
    kinds = ("new are", new), ("missing are", missing), ("elsewhere are", moved)
    found = [f"{what} {quoted(some)}" for what, some in kinds if some]
    # Columns whose names are numbers leave no `feature_names_in_`.
    numbered = all(name.removeprefix("-").isdigit() for name in fitted)
    advice = f"Give {quoted(fitted)} in this order" if numbered else "Use X[model.feature_names_in_]"
    # The first words are scikit-learn's own for this.
    raise DataError(
        "The feature names should match those that were passed during fit, in their order; "
        f"{', '.join(found) or 'some are there twice'}. {advice}, with every column of the fit."
    )


def check_columns_of_fit(names: Sequence[str], fitted: Sequence[str]) -> None:
    """Raise `DataError` if a column of the fit is not among these, or if one is there twice."""
    check_different(names, "X")
    there = set(names)
    missing = [name for name in fitted if name not in there]
    if missing:
        raise DataError(
            f"X has no column {quoted(missing)}, which the fit had; it has {quoted(list(names))}. Give every column "
            "of the fit, in any order; values may be missing where they were in the fit."
        )


def warn_of_ignored(names: Sequence[str]) -> None:
    """Say which columns of new rows the fit did not have, if there are any."""
    if names:
        warnings.warn(
            f"Columns that the fit did not have are ignored: {quoted(names)}. Leave them out, or fit again.",
            IgnoredColumnsWarning,
            stacklevel=3,
        )


def shown(value: Any) -> str:
    """A value for a message: on one line, cut where it is long, with its type."""
    text = " ".join(repr(value).split())
    return f"{text if len(text) <= 40 else text[:37] + '...'} ({type(value).__name__})"


def quoted(names: Sequence[Any]) -> str:
    """Names or values for a message, the first few of many."""
    return ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")


def check_finite(rows: Array, names: Sequence[str] | None = None, called: str = "image") -> None:
    """Raise `DataError` naming the columns with NaN or infinity and how many there are.

    Of rows of more axes, which are `called` so, it names the first place.
    """
    if rows.dtype.kind != "f":
        return
    if all(_is_finite(rows, block) for block in row_slices(len(rows), int(np.prod(rows.shape[1:])))):
        return
    nan, infinite = int(np.isnan(rows).sum()), int(np.isinf(rows).sum())
    found = " and ".join(f"{n:,} {what}" for n, what in ((nan, "NaN"), (infinite, "infinite (inf)")) if n)
    if rows.ndim > 2:
        bad = ~np.isfinite(rows)
        place = [int(index) for index in np.unravel_index(int(bad.argmax()), rows.shape)]
        where = (
            f"{int(bad.reshape(len(rows), -1).any(1).sum()):,} of {counted(len(rows), called)}, the first in row "
            f"{place[0]} at ({', '.join(map(str, place[1:]))})"
        )
    else:
        bad = np.flatnonzero(~np.isfinite(rows).all(0))
        shown = ", ".join(_column(index, names) for index in bad[:5]) + (", ..." if len(bad) > 5 else "")
        where = f"column{'s' * (len(bad) > 1)} {shown}"
    raise DataError(
        f"The rows hold {found} values, in {where}; expected finite numbers. Fill them in or leave them out."
    )


def _is_finite(rows: Array, block: slice) -> bool:
    # Most pass by their sum, which takes no second array; also that of large finite numbers may be infinite.
    with np.errstate(over="ignore", invalid="ignore"):
        finite = bool(np.isfinite(np.sum(rows[block], dtype=np.float64))) or bool(np.isfinite(rows[block]).all())
    let_go(rows)
    return finite


def check_finite_entries(rows: Any) -> None:
    """The same for a sparse matrix."""
    bad = int((~np.isfinite(rows.data)).sum()) if rows.dtype.kind == "f" else 0
    if bad:
        raise DataError(f"The rows hold {bad:,} NaN or infinite values; expected finite numbers. Leave them out.")


def check_enough(rows: Array, clusters: int) -> None:
    """Raise `DataError` if there are fewer rows than clusters, or if all rows are the same."""
    check_number_of_rows(len(rows), clusters)
    blocks = row_slices(len(rows), int(np.prod(rows.shape[1:])))
    same = all((rows[block] == rows[:1]).all() for block in blocks)
    let_go(rows)
    if same:
        raise DataError(
            f"All {len(rows):,} rows are the same, so there is nothing to tell apart. Check how the data were read."
        )


def check_number_of_rows(rows: int, clusters: int) -> None:
    """Raise `DataError` if there are fewer rows than clusters, or only one."""
    if rows < clusters:
        raise DataError(
            f"n_samples={rows} is fewer than n_clusters={clusters}. Give more rows or ask for fewer clusters."
        )
    if rows < 2:
        raise DataError("n_samples=1: a single row has nothing to be told apart from. Give at least 2 rows.")


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
        return f"a vector of {counted(shape[0], 'column')}"
    return "an image of " + "x".join(map(str, shape))


def _advice(shape: tuple[int, ...]) -> str:
    return "Give the same columns." if len(shape) == 1 else "Resize the images to that size first."


def _column(index: int, names: Sequence[str] | None) -> str:
    return f"'{names[index]}'" if names is not None else str(index)
