"""Tables of counts of genes, and wide ones of weights that are mostly 0: sparse matrices."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from sklearn.base import BaseEstimator

from vaecluster.data import checks
from vaecluster.data.arrays import by_topics, passes_over
from vaecluster.data.blocks import Expression, Sparse
from vaecluster.data.blocks.sparse import WIDE
from vaecluster.data.cells import MOST_THERE, by_rows, counts_like, seen_as
from vaecluster.data.checks import quoted
from vaecluster.data.columns import Column
from vaecluster.data.frames import check_read, is_frame, names_of
from vaecluster.data.given import cells
from vaecluster.data.given.base import Given
from vaecluster.data.kinds import LEFT_OUT, called_identifier, check_asked, check_there, is_identifier
from vaecluster.data.raw import Array, RowNames
from vaecluster.data.schema import Schema
from vaecluster.data.sparse import SparseSource
from vaecluster.errors import DataError

# So many entries are dense at a time.
ENTRIES = 2**22
# What columns of new rows may hold that are numbers, or count as such.
NUMBERS = ("numbers", "exact numbers", "booleans")


@final
@dataclass(frozen=True, eq=False)
class WideTable:
    """The numbers of a table (rows, columns), the names of its columns, and those of rows if a column holds such.

    Columns have names if all of these are texts.
    """

    matrix: csr_array
    names: tuple[str, ...]
    row_names: RowNames | None

    @property
    def weights(self) -> Given:
        """As rows that are read by topics."""
        return Given(SparseSource(self.matrix, self.row_names), self.names, self.matrix.dtype == np.float64)


def of_fit(estimator: BaseEstimator, X: Any) -> Given | None:
    """A table that is said to hold counts, surely holds some, or is read by topics; None for all else.

    Columns that a user leaves out are not there, and one other column may name the rows.
    """
    said, asked = getattr(estimator, "rows", "auto"), check_asked(getattr(estimator, "columns", None))
    counted = said == "counts"
    least = 1 if counted else WIDE
    check_read(X)
    if said not in ("auto", "vectors", "counts") or not set(asked.values()) <= set(LEFT_OUT) or not is_frame(X):
        return None
    if len(names_of(X)) < least or (frame := _frame(X)) is None:
        return None
    check_there(asked, frame.columns)
    # Decimals are refused, as they are of other tables.
    numeric = [name for name, type_ in frame.schema.items() if type_.is_numeric() and type_ != nw.Decimal]
    numbers = [name for name in numeric if name not in asked]
    if len(numbers) < least or (there := _there(frame, numbers, 1 if counted else MOST_THERE)) is None:
        return None
    naming = {name for name, kind in asked.items() if kind == "identifier"}
    # A column that numbers the rows is 0 in one of them at most.
    filled = [name for name, rows in zip(numbers, there, strict=True) if rows >= len(frame) - 1]
    naming |= {name for name in filled if is_identifier(Column(frame[name]))}
    learned = [name for name in numbers if name not in naming]
    others = sorted(_others(frame, learned, asked))
    wrong = others
    if len(others) == 1 and (others[0] in naming or _names_rows(Column(frame[others[0]]), counted=counted)):
        wrong = []
    if wrong and counted:
        raise DataError(f"Columns hold no counts: {quoted(wrong)}. Leave them out, or do not say rows='counts'.")
    # Columns of others are refused where their names are neither texts nor numbers.
    if wrong or len(learned) < least or (others and not all(isinstance(one, str | Integral) for one in names_of(X))):
        return None
    found = _read(frame, learned, others[0] if others else None, named=_are_named(X))
    if counted or (said == "auto" and seen_as(found.matrix) is not None):
        cells.check_no_batch(estimator)
        return cells.counts_of_fit(found.matrix, found.names, found.row_names, said=counted)
    method = getattr(estimator, "method", None)
    topics = by_topics(getattr(method, "likelihood", "gaussian"), getattr(method, "scaling", "auto"))
    seen = topics and Sparse.seen(passes_over(SparseSource(found.matrix), None), found.matrix.dtype)
    if not seen:
        return None
    cells.check_no_batch(estimator)
    return found.weights


def like_fit(estimator: BaseEstimator, X: Any, schema: Schema) -> Given | None:
    """The columns of the fit by their names, in any order, or all if they had none; None for what is no such table.

    One other column names the rows: one that is an identifier by `columns`, texts, or whole numbers that are called
    so. What it holds does not count, as a table may come in parts.
    """
    block = schema.blocks[0]
    if not isinstance(block, Expression | Sparse):
        return None
    check_read(X)
    if not is_frame(X):
        return None
    fitted = list(getattr(estimator, "feature_names_in_", ()))
    named, frame = _are_named(X), _frame(X)
    # Columns without names are in the order of the fit, which scikit-learn warns of.
    if frame is None or (fitted and not named and isinstance(block, Sparse)):
        return None
    asked = check_asked(getattr(estimator, "columns", None))
    checks.check_columns_of_fit(frame.columns, fitted)
    numbers = {name for name, type_ in frame.schema.items() if type_.is_numeric() or _holds(frame, name) in NUMBERS}
    names = fitted or [name for name in frame.columns if name in numbers and name not in asked]
    wrong = [name for name in names if name not in numbers]
    if wrong:
        what = f"Columns {quoted(wrong)} hold" if len(wrong) > 1 else f"Column {wrong[0]!r} holds"
        raise DataError(f"{what} no numbers, but did in the fit. Give them as in the fit, without gaps.")
    if not names:
        raise DataError(
            f"X holds no numbers, but the fit was on {schema.row_shape[0]} columns of them. Give the same columns."
        )
    others = _others(frame, names, asked)
    naming = [name for name in others if asked.get(name) == "identifier" or _may_name_rows(frame, name)]
    other = naming[0] if len(naming) == 1 else None
    checks.warn_of_ignored([name for name in others if name != other])
    found = _read(frame, names, other, named=named)
    if isinstance(block, Expression):
        return Given(counts_like(found.matrix, block, found.row_names), tuple(fitted), doubles=False)
    checks.check_row_shape(found.matrix.shape[1:], schema.row_shape)
    return replace(found.weights, names=tuple(fitted))


def _frame(X: Any) -> "nw.DataFrame[Any] | None":
    """The frame with texts as the names of its columns, as those of pandas may be numbers; None for no library's."""
    checks.check_names(names_of(X))
    checks.check_some_rows(X)
    names = list(map(str, names_of(X)))
    X = X if names == names_of(X) else X.set_axis(names, axis=1)
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    return frame if isinstance(frame, nw.DataFrame) else None


def _are_named(X: Any) -> bool:
    """Whether columns have names: as in scikit-learn, these are texts."""
    return all(isinstance(name, str) for name in names_of(X))


def _others(frame: "nw.DataFrame[Any]", learned: Sequence[str], asked: Mapping[str, str]) -> list[str]:
    """The columns that are neither learned from nor left out by `columns`."""
    left_out = {name for name, kind in asked.items() if kind != "identifier"}
    gone = {*learned, *left_out}
    return [name for name in frame.columns if name not in gone]


def _there(frame: "nw.DataFrame[Any]", names: Sequence[str], most: float) -> NDArray[np.intp] | None:
    """How many values of each column are not 0; None as soon as more than this share of all is not, or one is missing.

    Where all may be there, missing ones count as others.
    """
    there = np.zeros(len(names), np.intp)
    for values in _blocks(frame, names):
        there += np.count_nonzero(values, axis=0)
        if there.sum() > most * len(frame) * len(names) or (most < 1 and not np.isfinite(values).all()):
            return None
    return there


def _names_rows(column: Column, *, counted: bool) -> bool:
    """Whether texts in a fit name the rows: surely, or beside what is said to be counts if they all differ."""
    if column.holds != "texts":
        return False
    return column.different == len(column.missing) if counted else is_identifier(column)


def _may_name_rows(frame: "nw.DataFrame[Any]", name: str) -> bool:
    """Whether a column of new rows is texts, or is called an identifier and is whole numbers."""
    return _holds(frame, name) == "texts" or (frame.schema[name].is_integer() and called_identifier(name))


def _holds(frame: "nw.DataFrame[Any]", name: str) -> str:
    """What a column holds by its type, or by its values where these are Python's objects."""
    column = Column(frame[name])
    return column.holds if column.held_by_type == "objects" else column.held_by_type


def _read(frame: "nw.DataFrame[Any]", names: Sequence[str], other: str | None, *, named: bool) -> WideTable:
    """The table with these columns; `DataError` where numbers are missing."""
    parts = []
    for values in _blocks(frame, names):
        checks.check_finite(values, names)
        parts.append(csr_array(by_rows(values)))
    row_names = None if other is None else RowNames(other, frame[other].to_list())
    return WideTable(csr_array(vstack(parts)), tuple(names) if named else (), row_names)


def _blocks(frame: "nw.DataFrame[Any]", names: Sequence[str]) -> Iterator[Array]:
    """Some rows of these columns after the other, NaN where nothing is."""
    numbers, step = frame.select(names), max(1, ENTRIES // len(names))
    for start in range(0, len(frame), step):
        some = numbers[start : start + step]
        values = some.to_numpy()
        if values.dtype.kind not in "uif":
            # Objects, such as decimals and what marks gaps, and booleans.
            missing = some.select(nw.all().is_null()).to_numpy().astype(np.bool_)
            values = np.where(missing, np.nan, values).astype(np.float64)
        yield values
