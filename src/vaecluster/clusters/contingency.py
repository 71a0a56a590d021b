"""Contingency tables: how many things have each pair of two numbers."""

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
