"""The search for nearest points, by faiss; a file of its own because loading faiss takes a fifth of a second."""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

Points = NDArray[np.float32]

# The approximate search reads so many of about sqrt(points) cells for each point. Of the ten nearest it then finds
# 0.995 among the 60,000 MNIST images and 0.999 on Fashion-MNIST; with 8 cells 0.980 and 0.993, in 0.6 of the time.
CELLS_READ = 16

# Points per cell that its centre is computed from; more make the centres no better.
POINTS_PER_CENTRE = 64


def nearest_others(points: Points, number: int, *, exact: bool) -> NDArray[np.int32]:
    """For each point the `number` nearest other points, nearest first: (points, number).

    There must be more than `number` points. The same points give the same answer.
    """
    with _threads_of_torch():
        found = (_search_all if exact else _search_cells)(points, number + 1)
    # Each point finds itself, or, where more copies of it than asked for are as near, perhaps only those.
    leave_out = found == np.arange(len(found))[:, None]
    leave_out[:, -1] |= ~leave_out.any(1)
    others: NDArray[np.int32] = found[~leave_out].reshape(-1, number).astype(np.int32)
    return others


def _search_all(points: Points, number: int) -> NDArray[np.int64]:
    index = faiss.IndexFlatL2(points.shape[1])
    index.add(points)
    return index.search(points, number)[1]


def _search_cells(points: Points, number: int) -> NDArray[np.int64]:
    """Split the points into cells around centres, and search only the cells whose centres are nearest."""
    rows, columns = points.shape
    centres = faiss.IndexFlatL2(columns)
    index = faiss.IndexIVFFlat(centres, columns, math.isqrt(rows))
    index.cp.max_points_per_centroid = POINTS_PER_CENTRE
    index.cp.seed = 0
    index.train(points)
    index.add(points)
    index.nprobe = CELLS_READ
    found = index.search(points, number)[1]
    # Where many points are copies of a few, the cells read can hold too few points. Then all are read.
    lacking = (found < 0).any(1)
    if lacking.any():
        index.nprobe = index.nlist
        found[lacking] = index.search(points[lacking], number)[1]
    return found


@contextmanager
def _threads_of_torch() -> Iterator[None]:
    """Let faiss use as many threads as torch does."""
    before = faiss.omp_get_max_threads()
    # The wheels for macOS bring a second OpenMP runtime beside torch's, and two of them at work can crash
    # (github.com/faiss-wheels/faiss-wheels/issues/73).
    faiss.omp_set_num_threads(1 if sys.platform == "darwin" else torch.get_num_threads())
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
