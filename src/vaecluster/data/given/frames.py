"""Frames whose columns are of several kinds, or have gaps."""

import warnings
from collections.abc import Collection
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from vaecluster.data import checks
from vaecluster.data.frames import FrameSource, columns_of, is_frame, is_plain, names_of
from vaecluster.data.given import arrays, texts
from vaecluster.data.given.base import Given
from vaecluster.data.kinds import check_asked, described, kinds_of, texts_alone
from vaecluster.data.schema import Schema
from vaecluster.data.texts import texts_in
from vaecluster.errors import DataError, IgnoredColumnsWarning

CALLED = "a table"
HEEDS: Collection[str] = ("columns",)


def takes(X: Any, estimator: BaseEstimator) -> bool:
    """A frame of any library."""
    return is_frame(X)


def of_fit(estimator: BaseEstimator, X: Any, numbers: NDArray[np.intp] | None = None) -> Given:
    """The columns that are learned from; a frame of nothing but complete numbers counts as an array.

    `numbers` (rows,) are those of the rows, if they are some of a longer table.
    """
    X = arrays.as_array_or_frame(X)
    checks.check_some_rows(X)
    asked = check_asked(getattr(estimator, "columns", None))
    columns = columns_of(X)
    kinds = kinds_of(columns, asked, numbers) if columns else {}
    if not asked and is_plain(X, columns, kinds):
        return arrays.of_fit(estimator, X)
    if not all(isinstance(name, str | Integral) for name in names_of(X)):
        raise DataError(
            "X has column names that are not strings; expected strings. Use X.columns = X.columns.map(str)."
        )
    alone = texts_alone(kinds)
    out = {name: kind for name, kind in kinds.items() if kind.why and not kind.learned and name != alone}
    if out:
        warnings.warn(
            f"Columns that say nothing about kinds of rows are left out: {described(out)}. To learn from one, give "
            "its kind by columns={name: kind}; the kind leave-out leaves it out without a warning.",
            IgnoredColumnsWarning,
            stacklevel=2,
        )
    if alone is not None:
        return texts.column_of_fit(texts_in(X, alone), alone)
    return _given(FrameSource(X, kinds=kinds))


def made(schema: Schema) -> bool:
    """A layout of columns."""
    return schema.frame is not None


def like_fit(estimator: BaseEstimator, X: Any, schema: Schema) -> Given:
    """Columns are found by their names; those that the fit left out may be there or not."""
    assert schema.frame is not None
    X = arrays.as_array_or_frame(X)
    if not is_frame(X):
        raise DataError(
            "The fit was on a frame with columns of several kinds; expected such a frame again. Give the same columns."
        )
    checks.check_some_rows(X)
    names, fitted = [str(name) for name in names_of(X)], [str(name) for name in schema.frame.names]
    checks.check_columns_of_fit(names, fitted)
    checks.warn_of_ignored([name for name in names if name not in fitted and name not in schema.frame.left_out])
    return _given(FrameSource(X, schema))


def _given(source: FrameSource) -> Given:
    # As in scikit-learn, names are those that are texts.
    names = tuple(column.series.name for column in source.columns.values())
    return Given(source, tuple(name for name in names if isinstance(name, str)), doubles=True)
