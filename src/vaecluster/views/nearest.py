"""The search for nearest points, by faiss; a file of its own because loading faiss takes a fifth of a second."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from vaecluster.data.raw import row_slices

Points = Callable[[slice | NDArray[np.intp]], NDArray[np.float32]]
Search = Callable[[NDArray[np.float32], int], tuple[NDArray[np.float32], NDArray[np.int64]]]

# The approximate search reads so many of about sqrt(points) cells for each point. Of the ten nearest it then finds
# 0.995 among the 60,000 MNIST images and 0.999 on Fashion-MNIST; with 8 cells 0.980 and 0.993, in 0.6 of the time.
CELLS_READ = 16

# Points per cell that its centre is computed from; more make the centres no better.
POINTS_PER_CENTRE = 64
# Rows that are read at once for that.
READ = 1024


def nearest_others(
    points: Points, rows: int, number: int, *, exact: bool, ranks: tuple[int, ...] = ()
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """For each of so many points the `number` nearest other points, nearest first, and distances to some of them.

    Gives (rows, number), and (rows, ranks): the squared distances to the others of these ranks, the nearest being 1.
    `points` gives those of some row numbers. There must be more than `number`. The same points give the same answer.
    """
    others = np.empty((rows, number), dtype=np.int32)
    distances = np.empty((rows, len(ranks)), dtype=np.float32)
    columns = points(slice(0, 1)).shape[1]
    blocks = list(row_slices(rows, columns))
    with _threads_of_torch():
        search = (_index_of_all if exact else _index_of_cells)(points, rows, columns, blocks)
        for block in blocks:
            squared, found = search(points(block), number + 1)
            # Each point finds itself; if it has more copies than neighbours are asked for, perhaps only those.
            leave_out = found == np.arange(block.start, block.stop)[:, None]
            leave_out[:, -1] |= ~leave_out.any(1)
            others[block] = found[~leave_out].reshape(-1, number)
            distances[block] = squared[~leave_out].reshape(-1, number)[:, [rank - 1 for rank in ranks]]
    return others, distances


def _index_of_all(points: Points, rows: int, columns: int, blocks: list[slice]) -> Search:
    index = faiss.IndexFlatL2(columns)
    for block in blocks:
        index.add(points(block))
    return lambda some, number: index.search(some, number)


def _index_of_cells(points: Points, rows: int, columns: int, blocks: list[slice]) -> Search:
    """Split the points into cells around centres; only the cells whose centres are nearest are searched.

    They are kept in half precision: half of the memory of the rows themselves, and the nearest are still the nearest.
    """
    cells = math.isqrt(rows)
    centres = faiss.IndexFlatL2(columns)
    index = faiss.IndexIVFScalarQuantizer(centres, columns, cells, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_L2)
    index.by_residual = True
    index.cp.max_points_per_centroid = POINTS_PER_CENTRE
    index.cp.seed = 0
    index.train(_sample(points, rows, POINTS_PER_CENTRE * cells))
    _make_room(index, points, blocks)
    for block in blocks:
        index.add(points(block))

    def search(some: NDArray[np.float32], number: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        index.nprobe = CELLS_READ
        squared, found = index.search(some, number)
        # Where many points are copies of a few, the cells read can hold too few points. Then all are read.
        lacking = (found < 0).any(1)
        if lacking.any():
            index.nprobe = index.nlist
            squared[lacking], found[lacking] = index.search(some[lacking], number)
        return squared, found

    return search


def _make_room(index: faiss.IndexIVF, points: Points, blocks: list[slice]) -> None:
    """Give each cell the memory for its points beforehand: one that grows takes up to twice as much."""
    sizes = np.zeros(index.nlist, dtype=np.int64)
    for block in blocks:
        sizes += np.bincount(index.quantizer.assign(points(block), 1)[:, 0], minlength=index.nlist)
    cells = index.invlists
    assert cells is not None
    for cell, size in enumerate(sizes.tolist()):
        cells.resize(cell, size)
        cells.resize(cell, 0)


def _sample(points: Points, rows: int, size: int) -> NDArray[np.float32]:
    """So many points, always the same ones."""
    chosen = np.sort(np.random.default_rng(0).choice(rows, min(size, rows), replace=False))
    return np.concatenate([points(chosen[start : start + READ]) for start in range(0, len(chosen), READ)])


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
