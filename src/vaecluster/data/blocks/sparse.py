"""Wide rows of weights, most of which are 0, such as TF-IDF and what is in baskets."""

from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from vaecluster.data.blocks.base import as_type
from vaecluster.data.blocks.numbers import check_affine
from vaecluster.data.blocks.of_topics import OfTopics
from vaecluster.data.blocks.scaling import Passes
from vaecluster.data.blocks.traced import FromTopics, InTopics, Traced, type_of
from vaecluster.data.raw import Array

# Rows of at least so many columns are wide, and they are sparse where so many of their entries are 0. Of handwritten
# digits four in five are, of TF-IDF 97 in 100 and more.
WIDE, ZEROS = 200, 0.9
# So many rows show what the topics are.
MOST_ROWS = 50_000


@final
@dataclass(frozen=True, eq=False)
class Sparse(OfTopics):
    """Wide rows of numbers of 0 and more, most of them 0, by how much of each of some topics is in them.

    Each column alone says something about a few rows. How long a row is says little about its kind; those that are
    given back have the mean `length`, in the type `dtype`.
    """

    length: float
    dtype: str
    columns: tuple[str, ...] = ()
    missing: bool = False

    @classmethod
    def of(cls, passes: Passes, dtype: np.dtype[np.generic]) -> Self | None:
        """The block for these rows; None if they are not wide, hold a number below 0, or not so many zeros."""
        rows, there, columns = 0, 0, 0
        for block, _ in passes():
            columns = block.shape[1]
            if columns < WIDE or block.min() < 0:
                return None
            rows, there = rows + len(block), there + int(np.count_nonzero(block))
        if not there or there > (1 - ZEROS) * rows * columns:
            return None
        some = _every(passes, max(1, rows // MOST_ROWS))
        length = float(np.sqrt(some.multiply(some).sum(1)).mean())
        start: dict[str, Any] = {"topics": np.ones((columns, 1)), "offset": np.zeros(1), "scale": np.ones(1)}
        return cls(**start, length=length, dtype=dtype.str).fitted(some, passes, "auto")

    @property
    def scaled(self) -> str:
        """As topics."""
        return f"to length 1 in {len(self.offset)} topics, as rows are mostly 0"

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """Weights (rows, columns) of the mean length, as far as topics say them."""
        return as_type(self.of_parts(rows) * self.length, np.dtype(self.dtype))

    def traced(self) -> Traced:
        """In the type of the weights."""
        given = InTopics(self.topics, self.offset, self.scale)
        back = FromTopics(self.topics * self.length, self.offset, self.scale, self.dtype)
        return Traced(type_of(np.dtype(self.dtype)), given, back)

    def check(self) -> None:
        """Finite topics, a positive scale and length."""
        check_affine(self.offset, self.scale, self.dtype)
        if self.topics.ndim != 2 or self.topics.shape[1:] != self.offset.shape or not np.isfinite(self.topics).all():
            raise ValueError("its topics are not one for each entry")
        if not 0 < self.length < np.inf:
            raise ValueError("its rows have a length that no rows have")


def _every(passes: Passes, step: int) -> csr_array:
    """One row in so many, sparse."""
    return csr_array(vstack([csr_array(rows[::step], dtype=np.float64) for rows, _ in passes()]))
