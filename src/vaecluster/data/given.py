"""Checks of the rows that a user gave, before anything is done with them."""

import warnings
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from numbers import Integral
from os import PathLike
from os.path import expanduser
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from vaecluster.data import checks
from vaecluster.data.anndata import cells_like, cells_of_fit, is_cells, plain_values
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks import Expression, Words
from vaecluster.data.cells import counts_like, order_of, warn_of_counts
from vaecluster.data.datasets import is_dataset, rows_of
from vaecluster.data.files import read_dataset
from vaecluster.data.frames import FrameSource, check_read, columns_of, is_frame, is_plain, names_of
from vaecluster.data.kinds import check_asked, described, kinds_of, texts_alone
from vaecluster.data.pictures.folder import PictureRows, Pictures
from vaecluster.data.raw import Array, Coded
from vaecluster.data.schema import Schema
from vaecluster.data.source import Source
from vaecluster.data.sparse import SparseSource
from vaecluster.data.telling import Telling, in_silence
from vaecluster.data.texts import TextSource, are_texts, texts_in
from vaecluster.data.windows import as_windows, check_not_said, warn_of_windows
from vaecluster.data.words import as_texts
from vaecluster.errors import DataError, IgnoredColumnsWarning, SettingError


@final
@dataclass(frozen=True)
class Given:
    """Checked rows: where they come from, the names of columns, if any, and whether they are doubles."""

    source: Source
    names: tuple[str, ...]
    doubles: bool

    @property
    def array(self) -> Array | None:
        """The rows, where they are an array."""
        return getattr(self.source, "array", None)

    def by_column(self) -> Iterator[tuple[str, Array | Coded, str]]:
        """Those of the source, by the names that the user gave."""
        for number, (name, values, type_) in enumerate(self.source.by_column()):
            yield (self.names[number] if self.names else name), values, type_


def given_rows(estimator: BaseEstimator, X: Any, schema: Schema | None = None, telling: Telling = in_silence) -> Given:
    """Rows (n, columns), (n, H, W) or (n, H, W, C) of finite numbers, windows of time, a frame, or a path to one.

    With a schema they must be laid out as in the fit of the estimator; without, this is its fit. The estimator is not
    changed. Raises `DataError` for rows that cannot be used, and `FileError` for a file that cannot be read.
    """
    if isinstance(X, str | PathLike):
        X = read_dataset(expanduser(X), None if schema is None else schema.text_types).x_train
    if is_dataset(X):
        X = rows_of(X, telling)
    if isinstance(X, Pictures):
        X = X.read(like=None if schema is None else schema.row_shape, telling=telling)
    if isinstance(X, PictureRows):
        of_values = given_rows(estimator, X.values, schema)
        array = of_values.array
        return of_values if array is None else replace(of_values, source=ArraySource(array, X.row_names))
    if schema is not None and isinstance(schema.blocks[0], Expression):
        return _cells_like_fit(estimator, X, schema.blocks[0])
    if schema is not None and isinstance(schema.blocks[0], Words):
        block = schema.blocks[0]
        return Given(TextSource(texts_in(X, block.column), block), block.words, doubles=False)
    if schema is None and are_texts(X):
        return _texts(TextSource.of_fit(as_texts(X), ""))
    batch = checks.check_batch(getattr(estimator, "batch", None)) if schema is None else None
    if is_cells(X):
        found = cells_of_fit(X, batch) if schema is None else None
        if found is not None:
            return Given(found[0], tuple(found[1]), doubles=False)
        X = plain_values(X)
    if batch is not None:
        raise SettingError(f"batch is {batch!r}, but X holds no counts of cells with obs[{batch!r}]. Leave it out.")
    X = _as_array_or_frame(X)
    if schema is not None and schema.frame is not None:
        return _frame_like_fit(X, schema)
    if schema is None and is_frame(X):
        check_not_said(getattr(estimator, "rows", "auto"))
    given = _frame_to_fit(X, check_asked(getattr(estimator, "columns", None))) if schema is None else None
    return _array(estimator, X, schema) if given is None else given


def outlined(X: Any) -> Any:
    """The same rows, but for pictures in files an array of their shape without anything in it."""
    if isinstance(X, str | PathLike):
        X = read_dataset(expanduser(X)).x_train
    return X.outline() if isinstance(X, Pictures) else X


def _array(estimator: BaseEstimator, X: Any, schema: Schema | None) -> Given:
    """Images, vectors, sparse ones too, and frames that are nothing but complete numbers."""
    names: tuple[str, ...] = ()
    windows = as_windows(X, getattr(estimator, "rows", "auto"), schema)
    if windows is not None:
        return Given(ArraySource(windows, windows=True), names, windows.dtype == np.float64)
    if getattr(X, "ndim", 2) in (3, 4):
        array = checks.check_images(np.asarray(X))
        if schema is None:
            warn_of_windows(array, getattr(estimator, "rows", "auto"))
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


def _frame_to_fit(X: Any, asked: Mapping[str, str]) -> Given | None:
    """The columns that are learned from; None for an array, and for a frame that counts as one."""
    if not is_frame(X):
        if asked:
            raise SettingError("columns is given, but X is an array, whose columns have no names. Give a frame.")
        return None
    _check_rows(X)
    columns = columns_of(X)
    kinds = kinds_of(columns, asked) if columns else {}
    if not asked and is_plain(X, columns, kinds):
        return None
    if not all(isinstance(name, str | Integral) for name in names_of(X)):
        raise DataError(
            "X has column names that are not strings; expected strings. Use X.columns = X.columns.map(str)."
        )
    texts = texts_alone(kinds)
    out = {name: kind for name, kind in kinds.items() if kind.why and not kind.learned and name != texts}
    if out:
        warnings.warn(
            f"Columns that say nothing about kinds of rows are left out: {described(out)}. To learn from one, give "
            "its kind by columns={name: kind}; the kind leave-out leaves it out without a warning.",
            IgnoredColumnsWarning,
            stacklevel=2,
        )
    if texts is not None:
        return _texts(TextSource.of_fit(texts_in(X, texts), texts))
    return _given(FrameSource(X, kinds=kinds))


def _texts(source: TextSource) -> Given:
    return Given(source, source.block.words, doubles=False)


def _frame_like_fit(X: Any, schema: Schema) -> Given:
    """Columns are found by their names; those that the fit left out may be there or not."""
    assert schema.frame is not None
    if not is_frame(X):
        raise DataError(
            "The fit was on a frame with columns of several kinds; expected such a frame again. Give the same columns."
        )
    _check_rows(X)
    names, fitted = [str(name) for name in names_of(X)], [str(name) for name in schema.frame.names]
    checks.check_columns_of_fit(names, fitted)
    extra = [name for name in names if name not in fitted and name not in schema.frame.left_out]
    if extra:
        warnings.warn(
            f"Columns that the fit did not have are ignored: {checks.quoted(extra)}. Leave them out, or fit again.",
            IgnoredColumnsWarning,
            stacklevel=2,
        )
    return _given(FrameSource(X, schema))


def _given(source: FrameSource) -> Given:
    # As in scikit-learn, names are those that are texts.
    names = tuple(column.series.name for column in source.columns.values())
    return Given(source, tuple(name for name in names if isinstance(name, str)), doubles=True)


def _check_rows(X: Any) -> None:
    if not len(X):
        raise DataError("Found array with 0 sample(s) while a minimum of 1 is required. Check how the rows were read.")


def _cells_like_fit(estimator: BaseEstimator, X: Any, block: Expression) -> Given:
    """Cells of an AnnData object or a frame by the names of genes, or of an array with all of them."""
    genes = estimator.feature_names_in_.tolist()
    if is_cells(X):
        source = cells_like(X, block, genes)
    else:
        X = X if issparse(X) else _as_array_or_frame(X)
        order = order_of([str(name) for name in names_of(X)], genes) if is_frame(X) else None
        source = counts_like(X if issparse(X) else np.asarray(X), block, order)
    return Given(source, tuple(genes), doubles=False)


def source_of(rows: Any, schema: Schema) -> Source:
    """Rows that the schema gave back (`restore`), as a source again; they need no checks."""
    return ArraySource(rows) if schema.frame is None else FrameSource(rows, schema)


def _as_array_or_frame(X: Any) -> Any:
    """An array of 2 to 4 axes that holds no text, dates or complex numbers, or a frame; `DataError` for all else."""
    check_read(X)
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


def given_codes(codes: Any, latent: int) -> NDArray[np.float32]:
    """Codes (n, latent) of finite numbers; `DataError` if they are not."""
    if isinstance(codes, torch.Tensor):
        codes = codes.detach().cpu().numpy()
    try:
        # A number too large for this becomes infinite, and is refused below.
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
