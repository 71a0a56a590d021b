"""Contingency tables: how many things have each pair of two numbers."""

from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray


def contingency(one: NDArray[np.integer], other: NDArray[np.integer], shape: tuple[int, int]) -> NDArray[np.intp]:
    """How many things (things,) have each pair of numbers, a table of this shape; those with a -1 do not count.

    >>> contingency(np.array([0, 0, 1, -1]), np.array([1, 1, 0, 0]), (2, 2)).tolist()
    [[0, 2], [1, 0]]
    """
    both = (one >= 0) & (other >= 0)
    pairs = np.ravel_multi_index((one[both], other[both]), shape)
    return np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)


@final
@dataclass(frozen=True, eq=False)
class LabelCounts:
    """How many rows of each cluster have each label: `counts` (clusters, labels), labels in their order.

    >>> found = LabelCounts.of(np.array(["b", "a", "b"]), np.array([0, 0, -1]), 2)
    >>> found.labels, found.counts.tolist()
    (['a', 'b'], [[1, 1], [0, 0]])
    """

    labels: list[int | str]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, labels: NDArray[Any], clusters: NDArray[np.intp], number: int) -> Self:
        """Of rows with these labels and clusters, (rows,) each; rows of the cluster -1 do not count."""
        names, place = np.unique(labels, return_inverse=True)
        return cls(names.tolist(), contingency(clusters, place, (number, len(names))))
