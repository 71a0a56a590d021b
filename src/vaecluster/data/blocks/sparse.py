"""Wide rows of numbers most of which are 0, such as TF-IDF, counts of words, and what is in baskets."""

from dataclasses import dataclass, replace
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse, vstack
from torch import nn

from vaecluster.data.blocks.base import as_type
from vaecluster.data.blocks.numbers import check_affine
from vaecluster.data.blocks.of_topics import OfTopics, without_topics
from vaecluster.data.blocks.scaling import Passes
from vaecluster.data.blocks.traced import FromTopics, InTopics, InType, LogShares, OfLogs, Traced, type_of
from vaecluster.data.raw import Array, Doubles

# Rows of at least so many columns are wide, and they are sparse where so many of their entries are 0. Of handwritten
# digits four in five are, of TF-IDF 97 in 100 and more.
WIDE, ZEROS = 200, 0.9
# So many rows show what the topics are.
MOST_ROWS = 50_000


@final
@dataclass(frozen=True, eq=False)
class Sparse(OfTopics):
    """Wide rows of numbers of 0 and more, most of them 0, by how much of each of some topics is in them.

    Each column alone says something about a few rows. Counts are read as log1p of what a row of `total` counts would
    have; it is 0 for all other numbers. How long a row is says little about its kind; those that are given back have
    the mean `length`, in the type `dtype`.
    """

    length: float
    dtype: str
    total: float = 0.0
    columns: tuple[str, ...] = ()
    missing: bool = False

    @classmethod
    def of(cls, passes: Passes, dtype: np.dtype[np.generic]) -> Self | None:
        """The block for these rows; None for others than `seen`."""
        found = cls.seen(passes, dtype)
        return None if found is None else found[0].fitted(found[1], passes, "auto")

    @classmethod
    def seen(cls, passes: Passes, dtype: np.dtype[np.generic]) -> tuple[Self, csr_array] | None:
        """A block without topics yet, and the weights of some rows, which show them.

        None for rows that are not wide, hold a number below 0, not so many zeros, or measures beside them.
        """
        rows, there, columns, whole, totals = 0, 0, 0, True, list[Doubles]()
        for block, _ in passes():
            columns = block.shape[1]
            if columns < WIDE or block.min() < 0:
                return None
            rows, there = rows + len(block), there + int(np.count_nonzero(block))
            whole = whole and bool((block == np.rint(block)).all())
            totals.append(block.sum(1, dtype=np.float64))
        if not there or there > (1 - ZEROS) * rows * columns:
            return None
        some = _every(passes, -(-rows // MOST_ROWS))
        total = float(np.median(np.concatenate(totals))) if whole and some.max() > 1 else 0.0
        unfitted = cls(**without_topics(columns), length=1.0, dtype=dtype.str, total=total)
        weights = csr_array(unfitted.weights(some))
        if _has_measures(some, weights):
            return None
        length = float(np.sqrt(weights.multiply(weights).sum(1)).mean())
        return replace(unfitted, length=length), weights

    @property
    def scaled(self) -> str:
        """As topics."""
        counted = "by the logarithms of their shares, " if self.total else ""
        return f"{counted}to length 1 in {len(self.offset)} topics, as rows are mostly 0"

    def weights(self, values: Any) -> Any:
        """What topics are of, (rows, columns), sparse or not: counts as logarithms, other numbers as they are."""
        made = values.astype(np.float64)
        if not self.total:
            return made
        totals = np.asarray(made.sum(1)).reshape(-1, 1)
        shares = self.total / np.where(totals > 0, totals, 1.0)
        if issparse(made):
            return csr_array(made.multiply(shares)).log1p()
        # A new row may hold what no count is.
        return np.log1p((made * shares).clip(0))

    def parts(self, weights: Array) -> Doubles:
        """How much of each topic is in rows (rows, columns)."""
        return super().parts(self.weights(weights))

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """Rows (rows, columns) of the mean length, as far as topics say them."""
        weights = self.of_parts(rows) * self.length
        return as_type(np.expm1(weights) if self.total else weights, np.dtype(self.dtype))

    def traced(self) -> Traced:
        """In the type of the numbers."""
        read = [LogShares(self.total)] if self.total else []
        given = nn.Sequential(*read, InTopics(self.topics, self.offset, self.scale))
        undone = [OfLogs()] if self.total else []
        weights = FromTopics(self.back, self.offset, self.scale, self.length)
        return Traced(type_of(np.dtype(self.dtype)), given, nn.Sequential(weights, *undone, InType(self.dtype)))

    def check(self) -> None:
        """Finite topics, a positive scale and length."""
        super().check()
        check_affine(self.offset, self.scale, self.dtype)
        if not 0 < self.length < np.inf or not 0 <= self.total < np.inf:
            raise ValueError("its rows have a length or a total that no rows have")


def _every(passes: Passes, step: int) -> csr_array:
    """One row in so many, sparse."""
    some, seen = [], 0
    for rows, _ in passes():
        some.append(csr_array(rows[-seen % step :: step], dtype=np.float64))
        seen += len(rows)
    return csr_array(vstack(some))


def _has_measures(values: csr_array, weights: csr_array) -> bool:
    """Whether columns that are never 0 are measures beside the others: they outweigh these, which topics would lose.

    So do those beside categories, each 0 or 1.
    """
    always = np.diff(values.tocsc().indptr) == values.shape[0]
    if not always.any():
        return False
    squares = weights.multiply(weights).sum(0)
    others = values.data[~always[values.indices]]
    return bool(squares[always].sum() > squares.sum() / 2 or (others == 1).all())
