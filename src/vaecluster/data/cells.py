"""Cells as rows: their counts stay sparse, or on a disk, until a batch of them is read."""

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack
from torch import Tensor

from vaecluster.data.batches import Batches, warn_of_unknown
from vaecluster.data.blocks.expression import VARIABLE_GENES, Expression
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.checks import quoted
from vaecluster.data.counts import unlogged
from vaecluster.data.kinds import SeenColumn
from vaecluster.data.raw import ALL, Array, RowNames, row_slices
from vaecluster.data.schema import Schema
from vaecluster.errors import CountsWarning, DataError

# Logarithms of counts are not larger: exp(20) is half a billion.
LARGEST_LOG = 20.0
# Fewer columns are not surely genes, nor are those of which more than this part of the entries is not 0; so many rows
# are enough to see what they hold.
MANY_COLUMNS, MOST_THERE, SOME_ROWS = 1_000, 1 / 2, 1_000
# How far the middle one of the entries that are not 0 lies below the largest.
SKEW = 10
# Cells of fewer genes are commonly left out.
LEAST_GENES = 200
# Totals of rows are one if they differ by this part, which is more than rounding to float16 makes of them.
ONE_TOTAL = 1e-2


@final
@dataclass(frozen=True)
class Values:
    """What entries of a matrix are: whether some are below 0 or all whole, the largest, and rows with none but 0."""

    negative: bool
    whole: bool
    largest: float
    empty_rows: int

    @classmethod
    def of(cls, matrix: Any, where: str) -> Self:
        """Looked at in blocks; raises `DataError` for NaN and infinity."""
        negative, whole, largest, empty_rows = False, True, 0.0, 0
        for block in row_slices(matrix.shape[0], min(matrix.shape[1], VARIABLE_GENES)):
            rows = rows_of(matrix, block)
            values = rows.data
            if not np.isfinite(values).all():
                raise DataError(f"{where} holds NaN or infinite values; expected counts. Leave those cells out.")
            negative = negative or bool((values < 0).any())
            whole = whole and bool((values == np.rint(values)).all())
            largest = max(largest, float(values.max(initial=0)))
            empty_rows += int((np.diff(rows.indptr) == 0).sum())
        return cls(negative, whole, largest, empty_rows)

    @property
    def counts(self) -> bool:
        """Whether they are counts; fractions are counts that were divided, or estimated."""
        return not self.negative and (self.whole or self.largest > LARGEST_LOG)

    @property
    def logs(self) -> bool:
        """Whether they may be log1p of such counts."""
        return not self.negative and self.largest <= LARGEST_LOG


@final
class CellSource:
    """Cells whose values stay as they are, sparse or on a disk, until a batch of them is read.

    `order` holds the place of each gene of the fit among those of the matrix (rows, genes); without, all in order.
    """

    def __init__(
        self,
        matrix: Any,
        *,
        logged: bool,
        order: NDArray[np.intp] | None = None,
        batches: Batches | None = None,
        row_names: RowNames | None = None,
    ) -> None:
        if not all(matrix.shape):
            what = "cells" if not matrix.shape[0] else "genes"
            raise DataError(f"There are no {what} (shape={tuple(matrix.shape)}); expected some. Check how X was made.")
        self.matrix, self.logged, self.order = matrix, logged, order
        self.batches, self.row_names = batches, row_names

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    @property
    def genes(self) -> int:
        """Of a row."""
        return int(self.matrix.shape[1]) if self.order is None else len(self.order)

    @property
    def row_entries(self) -> int:
        """Those that are not sparse."""
        return min(self.genes, VARIABLE_GENES)

    def counts(self, numbers: NDArray[np.intp] | slice) -> csr_array:
        """These rows, (rows, genes)."""
        cells = rows_of(self.matrix, numbers)
        return cells if self.order is None else cells[:, self.order]

    def read(self, numbers: NDArray[np.intp] | slice) -> csr_array:
        """These rows, and behind their genes a column for each batch, if there are any: (rows, genes + batches)."""
        cells = self.counts(numbers)
        if self.batches is None:
            return cells
        return csr_array(hstack([cells, self.batches.columns(numbers)], format="csr"))

    def fingerprint(self) -> dict[str, Any]:
        """Of the values that are not zero."""
        digest = hashlib.sha256()
        for block in row_slices(len(self), self.row_entries):
            cells = self.read(block)
            for part in (cells.indptr.astype(np.int64), cells.indices.astype(np.int64), cells.data):
                digest.update(np.ascontiguousarray(part).data)
        shape = [len(self), self.genes]
        return {"rows": len(self), "dtype": "cells", "shape": shape, "sha256": digest.hexdigest()}

    def schema(self, reading: Reading) -> Schema:
        """One block, of the variable genes."""
        weights = np.ones(len(self)) if reading.weights is None else reading.weights

        def passes() -> Iterator[tuple[csr_array, NDArray[np.float64]]]:
            return ((self.read(block), weights[block]) for block in row_slices(len(self), self.row_entries))

        column, names = ("", ()) if self.batches is None else (self.batches.column, self.batches.names)
        return Schema((Expression.of(passes, self.genes, logged=self.logged, batch=column, batches=names),))

    def seen(self) -> tuple[SeenColumn, ...]:
        """Nothing: all columns are the same kind."""
        return ()

    def by_column(self, numbers: NDArray[np.intp] | slice = ALL) -> Iterator[tuple[str, Array, str]]:
        """None to speak of: genes are compared by `marker_genes`."""
        raise DataError(
            "X holds counts of genes, of which there are too many to describe. Use `marker_genes` instead."
        )

    def filled(self, schema: Schema, expected: Tensor) -> Array:
        """A copy of the values: nothing is missing."""
        values: Array = self.counts(slice(None)).toarray()
        return values


def counts_like(values: Any, block: Expression, row_names: RowNames | None = None) -> CellSource:
    """Plain values (rows, genes), sparse or not, with the genes of the fit in their order."""
    matrix = by_rows(values)
    looked_at = Values.of(matrix, "X")
    if looked_at.negative:
        raise DataError("X holds values below 0, but the fit was on counts of genes. Give counts, not scaled values.")
    if block.logged and not looked_at.logs:
        raise DataError(
            f"X holds values up to {looked_at.largest:g}, but the fit was on logarithms of counts. Give log1p of "
            "counts of the same total."
        )
    if not block.logged and not looked_at.counts:
        warnings.warn(
            "X holds small fractions, but the fit was on raw counts. Give the counts if these are their logarithms.",
            CountsWarning,
            stacklevel=2,
        )
    if matrix.shape[1:] != block.given_shape:
        raise DataError(
            f"Each row is a vector of {matrix.shape[1]} columns, but the fit was on {len(block.others)} genes. Give "
            "the same genes."
        )
    if block.batches:
        warn_of_unknown(f"X has no obs[{block.batch!r}], which says the batch of each cell", block.batches)
    return CellSource(matrix, logged=block.logged, row_names=row_names)


def seen_as(matrix: Any) -> Literal["counts", "logs"] | None:
    """What plain numbers (rows, columns) surely are: counts of genes, or log1p of such that are of one total.

    Counts are whole, most of them 0, the others mostly small, and no column holds half of them. A cell has many genes;
    a text has fewer words. Some of the rows are looked at, and if these are such, all.
    """
    if matrix.shape[1] < MANY_COLUMNS or matrix.dtype.kind not in "uif":
        return None
    some = _some(matrix)
    there = some.data
    if not len(there) or len(there) > MOST_THERE * np.prod(some.shape) or not there.min() > 0:
        return None
    totals = some.sum(0, dtype=np.float64)
    if np.median(np.diff(some.indptr)) < LEAST_GENES or totals.max() > totals.sum() / 2:
        return None
    whole = bool((there == np.rint(there)).all())
    if whole:
        # Zeros and ones are no counts, whatever column that is never 0, such as an age, is beside them. Pixels are
        # whole, too, but most that are not black are bright.
        sometimes = np.bincount(some.indices, minlength=some.shape[1]) < some.shape[0]
        if not (there[sometimes[some.indices]] > 1).any() or np.median(there) > there.max() / SKEW:
            return None
    elif not are_logs(some):
        return None
    try:
        values = Values.of(matrix, "X")
    except DataError:
        return None
    if whole:
        return "counts" if values.whole and values.counts else None
    return "logs" if values.logs else None


def are_logs(matrix: Any) -> bool:
    """Whether plain numbers (rows, columns) may be log1p of counts that are of one total, as some of the rows show."""
    some = _some(matrix)
    if some.data.max(initial=0) > LARGEST_LOG or some.data.min(initial=0) < 0:
        return False
    totals = unlogged(some).sum(1)
    return bool(np.ptp(totals) <= ONE_TOTAL * totals.max())


def _some(matrix: Any) -> csr_array:
    return rows_of(matrix, slice(None, None, max(1, matrix.shape[0] // SOME_ROWS)))


def order_of(names: Sequence[str], genes: Sequence[str]) -> NDArray[np.intp] | None:
    """The place of each gene among the names; None if they are the same. Raises `DataError` for missing ones."""
    if list(names) == list(genes):
        return None
    place = {name: number for number, name in enumerate(names)}
    missing = [gene for gene in genes if gene not in place]
    if missing:
        raise DataError(
            f"{len(missing):,} of the {len(genes):,} genes of the fit are missing, such as {quoted(missing[:3])}. "
            "Give cells with all of them, or fit again on the genes that both have."
        )
    return np.array([place[gene] for gene in genes], dtype=np.intp)


def rows_of(matrix: Any, numbers: NDArray[np.intp] | slice) -> csr_array:
    """These rows of an array or a sparse matrix, in memory or on a disk."""
    if isinstance(numbers, slice) or isinstance(matrix, np.ndarray) or hasattr(matrix, "indptr"):
        rows = csr_array(by_rows(matrix[numbers]))
    else:
        # On a disk rows can be read in their order alone, each once.
        order, back = np.unique(numbers, return_inverse=True)
        rows = csr_array(csr_array(matrix[order])[back])
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return rows


def by_rows(matrix: Any) -> Any:
    """A matrix of which sparse rows can be read: columns of a sparse one are turned into rows, once and in memory."""
    if isinstance(matrix, np.ndarray):
        # Sparse rows have no halves and no foreign byte order.
        halves = matrix.dtype.kind == "f" and matrix.dtype.itemsize == 2
        return matrix.astype(np.float32 if halves else matrix.dtype.newbyteorder("="), copy=False)
    if getattr(matrix, "format", None) == "csc":
        matrix = matrix.to_memory() if hasattr(matrix, "to_memory") else matrix
        return csr_array(matrix)
    return matrix


def dense(matrix: Any) -> Array:
    """All of a matrix as an array."""
    rows = rows_of(matrix, slice(None)) if not isinstance(matrix, np.ndarray) else matrix
    values: Array = rows if isinstance(rows, np.ndarray) else rows.toarray()
    return values
