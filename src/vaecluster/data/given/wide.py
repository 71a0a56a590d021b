"""Tables of counts of genes, and wide ones of weights that are mostly 0: in memory or in files, sparse matrices."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator

from vaecluster.data import checks
from vaecluster.data.arrays import by_topics, passes_over
from vaecluster.data.blocks import Expression, Sparse
from vaecluster.data.blocks.sparse import WIDE
from vaecluster.data.cells import MOST_THERE, by_rows, seen_as
from vaecluster.data.checks import quoted
from vaecluster.data.columns import Column
from vaecluster.data.frames import check_read, is_frame, names_of
from vaecluster.data.kinds import LEFT_OUT, check_asked, is_identifier
from vaecluster.data.raw import RowNames
from vaecluster.data.room import Room
from vaecluster.data.schema import Schema
from vaecluster.data.sparse import SparseSource, StoredMatrix, joined
from vaecluster.data.spilled import ColumnOf
from vaecluster.data.stored import StoredTable
from vaecluster.data.telling import Telling, by_share
from vaecluster.errors import DataError, IgnoredColumnsWarning

# So many rows at most show whether a column numbers the rows, of a table in files so many; and so many entries are
# dense at a time.
LOOKED_AT, FIRST, ENTRIES = 1_000, 50, 2**22


@final
@dataclass(frozen=True, eq=False)
class WideTable:
    """The numbers of a table (rows, columns), the names of its columns, and those of rows if a column holds such.

    `counted` says whether they are counts of genes, or logarithms of such.
    """

    matrix: csr_array | StoredMatrix
    names: tuple[str, ...]
    row_names: RowNames | None
    counted: bool = False


def of_fit(estimator: BaseEstimator, X: Any, room: Room, telling: Telling) -> WideTable | None:
    """A table that is said to hold counts, surely holds some, or is read by topics; None for all else.

    Columns that a user leaves out are not there, and one other column may name the rows.
    """
    said, asked = getattr(estimator, "rows", "auto"), check_asked(getattr(estimator, "columns", None))
    first, counted = _first(X), said == "counts"
    if first is None or said not in ("auto", "vectors", "counts") or not set(asked.values()) <= set(LEFT_OUT):
        return None
    least = 1 if counted else WIDE
    names, others = _parted(first, asked) if len(names_of(first)) >= least else ([], [])
    if len(names) < least:
        return None
    found = _read(X, names, others, room, telling, like_fit=False, sparse=not counted) if len(others) <= 1 else None
    if counted and found is None:
        raise DataError(f"Columns hold no counts: {quoted(others)}. Leave them out, or do not say rows='counts'.")
    if found is None or counted:
        return found and replace(found, counted=counted)
    if said == "auto" and seen_as(found.matrix) is not None:
        return replace(found, counted=True)
    method = getattr(estimator, "method", None)
    topics = by_topics(getattr(method, "likelihood", "gaussian"), getattr(method, "scaling", "auto"))
    seen = topics and Sparse.seen(passes_over(SparseSource(found.matrix), None), found.matrix.dtype)
    return found if seen else None


def made(schema: Schema) -> bool:
    """Whether new tables are read so, as the fit read rows: whatever they came in."""
    return isinstance(schema.blocks[0], Expression | Sparse)


def like_fit(estimator: BaseEstimator, X: Any, room: Room, telling: Telling) -> WideTable | None:
    """The columns of the fit by their names, in any order, or all if they had none; None for what is no table.

    If there is one other column, it names the rows.
    """
    first = _first(X)
    if first is None:
        return None
    fitted = [str(name) for name in getattr(estimator, "feature_names_in_", ())]
    asked = check_asked(getattr(estimator, "columns", None))
    there = list(map(str, names_of(first)))
    checks.check_columns_of_fit(there, fitted)
    numbers = set(_numeric(first))
    names = fitted or [name for name in there if name in numbers]
    wrong = [name for name in names if name not in numbers]
    if wrong:
        raise DataError(
            f"Columns {quoted(wrong)} hold no numbers, but did in the fit. Give them as in the fit, without gaps."
        )
    own = {*names, *(name for name, kind in asked.items() if kind != "identifier")}
    others = [name for name in there if name not in own]
    if len(others) > 1:
        warnings.warn(
            f"Columns that the fit did not have are ignored: {quoted(others)}. Leave them out, or fit again.",
            IgnoredColumnsWarning,
            stacklevel=2,
        )
    return _read(X, names, others if len(others) == 1 else [], room, telling, like_fit=True, sparse=False)


def _first(X: Any) -> Any:
    """The frame, or the first rows of a table in files; None for all else."""
    if isinstance(X, StoredTable):
        X, _ = next(X.blocks(FIRST))
    if not is_frame(X):
        return None
    check_read(X)
    checks.check_some_rows(X)
    return X


def _frame(X: Any) -> "nw.DataFrame[Any]":
    """The frame with texts as the names of its columns, as those of pandas may be numbers."""
    checks.check_names(names_of(X))
    names = list(map(str, names_of(X)))
    return nw.from_native(X if names == names_of(X) else X.set_axis(names, axis=1), eager_only=True)


def _numeric(X: Any) -> list[str]:
    return [name for name, type_ in _frame(X).schema.items() if type_.is_numeric()]


def _parted(X: Any, asked: dict[str, str]) -> tuple[list[str], list[str]]:
    """Columns of numbers that are learned from, and others that were not left out."""
    frame = _frame(X)
    numbers = [name for name in _numeric(X) if name not in asked]
    some = frame.select(numbers).head(LOOKED_AT).to_numpy() if numbers else None
    if some is not None and some.dtype.kind in "uif":
        # A column that names rows is 0 in one of them at most; few others are, so that few are looked at.
        filled = [name for name, zeros in zip(numbers, (some == 0).sum(0), strict=True) if zeros <= 1]
        named = {name for name in filled if is_identifier(Column(frame[name]))}
        numbers = [name for name in numbers if name not in named]
    learned = set(numbers)
    return numbers, [n for n in frame.columns if n not in learned and asked.get(n, "identifier") == "identifier"]


def _read(
    X: Any, names: Sequence[str], others: Sequence[str], room: Room, telling: Telling, *, like_fit: bool, sparse: bool
) -> WideTable | None:
    """The table with these columns; None where rows of a fit have no names of their own, or numbers are missing.

    Where it has to be `sparse`, also None as soon as more than half of what was read is not 0; else `DataError` says
    what is wrong with the numbers.
    """
    hashes: list[NDArray[np.int64]] = []
    step = max(1, ENTRIES // len(names))
    stored = isinstance(X, StoredTable)

    def blocks() -> Iterator[csr_array]:
        there = read = 0
        for frame in by_share(telling, "reading rows", X.pieces()) if stored else (X,):
            whole = _frame(frame)
            for name in others:
                hashes.append(np.fromiter(map(hash, whole[name].to_list()), np.int64))
            numbers = whole.select(names)
            for start in range(0, len(whole), step):
                values = numbers[start : start + step].to_numpy()
                if not sparse:
                    checks.check_numbers(values)
                    checks.check_finite(values, names)
                elif values.dtype.kind not in "uif" or not np.isfinite(values).all():
                    raise _OtherwiseError
                block = csr_array(by_rows(values))
                there, read = there + block.nnz, read + values.size
                if sparse and there > MOST_THERE * read:
                    raise _OtherwiseError
                yield block

    try:
        matrix = joined(blocks(), room if stored else None)
    except _OtherwiseError:
        return None
    if not like_fit and any(len(np.unique(np.concatenate(hashes))) < matrix.shape[0] for _ in others):
        return None
    row_names = None
    for name in others:
        held = ColumnOf(X, name, matrix.shape[0]) if stored else _frame(X)[name].to_list()
        row_names = RowNames(name, held)
    return WideTable(matrix, tuple(names), row_names)


@final
class _OtherwiseError(Exception):
    """The rows are read otherwise."""
