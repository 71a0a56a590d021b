"""The search for nearest points, by faiss; a file of its own because loading faiss takes a fifth of a second."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from vaecluster import ranks
from vaecluster.data.raw import row_slices
from vaecluster.data.room import NO_LIMIT, Room
from vaecluster.data.telling import Telling, in_silence

Points = Callable[[slice | NDArray[np.intp]], NDArray[np.float32]]
Found = tuple[NDArray[np.float32], NDArray[np.int64]]

# The approximate search reads so many of about sqrt(points) cells for each point. Of the ten nearest it then finds
# 0.995 among the 60,000 MNIST images and 0.999 on Fashion-MNIST; with 8 cells 0.980 and 0.993, in 0.6 of the time.
CELLS_READ = 16
# Faiss compares half precision so many values at a time; where some are left over, it takes nine times as long.
AT_ONCE = 16

# Points per cell that its centre is computed from; more make the centres no better.
POINTS_PER_CENTRE = 64
# Rows that are read at once for that.
READ = 1024
# Distances are given of so many rows at most.
MEASURED = 2**17


@final
@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest other points of each point, nearest first: `first` (rows, number) and `then` (rows, next).

    `squared` (some rows, 2) holds squared distances to the last of each, of rows evenly spread over all.
    """

    first: Any
    then: Any
    squared: NDArray[np.float32]


def nearest_others(
    points: Points,
    rows: int,
    number: int,
    further: int = 0,
    *,
    exact: bool,
    room: Room = NO_LIMIT,
    telling: Telling = in_silence,
) -> Nearest:
    """For each of so many points the `number` nearest other points, and so many `further` ones that are next.

    `points` gives those of some row numbers. There must be more than are asked for. The same points give the same
    answer; with little room centres are found from fewer of them.
    """
    columns = points(slice(0, 1)).shape[1]
    if not exact:
        points, columns = _widened(points, columns)
    most, step = number + further, -(-rows // MEASURED)
    first, then = room.array((rows, number), np.int32), room.array((rows, further), np.int32)
    measured: list[NDArray[np.float32]] = []

    def keep(block: slice, squared: NDArray[np.float32], found: NDArray[np.int64]) -> None:
        # Each point finds itself; if it has more copies than neighbours are asked for, perhaps only those.
        leave_out = found == np.arange(block.start, block.stop)[:, None]
        leave_out[:, -1] |= ~leave_out.any(1)
        others = found[~leave_out].reshape(-1, most)
        first[block], then[block] = others[:, :number], others[:, number:]
        some = slice(-block.start % step, None, step)
        measured.append(squared[~leave_out].reshape(-1, most)[some][:, [number - 1, most - 1]])

    blocks = list(row_slices(rows, columns))
    with _threads_of_torch():
        index = _Exact(columns) if exact else _Cells(points, rows, columns, room)
        size = room.part(rows, index.row_bytes)
        parts = [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
        if len(parts) == 1:
            index.fill(points, parts[0])
            told = telling("looking for neighbours", blocks)
            found = ranks.each(lambda block: index.search(points(block), most + 1), told)
            for block, nearest in zip(blocks, found, strict=True):
                keep(block, *nearest)
        else:
            _by_parts(points, rows, most + 1, index, parts, blocks, room, telling, keep)
    return Nearest(first, then, np.concatenate(measured))


def _by_parts(
    points: Points,
    rows: int,
    most: int,
    index: "_Exact | _Cells",
    parts: Sequence[slice],
    blocks: Sequence[slice],
    room: Room,
    telling: Telling,
    keep: Callable[[slice, NDArray[np.float32], NDArray[np.int64]], None],
) -> None:
    """The same from one part of the points after the other: for each block the nearest of all parts are kept."""
    squared, found = room.array((rows, most), np.float32), room.array((rows, most), np.int32)
    work = [(part, block) for part in parts for block in blocks]
    for part, block in telling("looking for neighbours", work):
        if block.start == 0:
            index.fill(points, part)
        best: Found = index.search(points(block), most, all_if_lacking=False)
        if part.start:
            best = _nearer((squared[block], found[block].astype(np.int64)), best)
        squared[block], found[block] = best
    for block in blocks:
        best = squared[block], found[block].astype(np.int64)
        lacking = np.flatnonzero((best[1] < 0).any(1))
        if len(lacking):
            some = points(block)[lacking]
            whole = (np.full((len(lacking), most), np.inf, np.float32), np.full((len(lacking), most), -1))
            for part in parts:
                index.fill(points, part)
                whole = _nearer(whole, index.search(some, most))
            best[0][lacking], best[1][lacking] = whole
        keep(block, *best)


def _nearer(one: Found, other: Found) -> Found:
    """The nearest of both, for each point: as many as each has."""
    squared, found = np.concatenate([one[0], other[0]], 1), np.concatenate([one[1], other[1]], 1)
    squared[found < 0] = np.inf
    order = np.argsort(squared, 1, kind="stable")[:, : one[0].shape[1]]
    return np.take_along_axis(squared, order, 1), np.take_along_axis(found, order, 1)


@final
class _Exact:
    """All points are compared."""

    def __init__(self, columns: int) -> None:
        self.index, self.first = faiss.IndexFlatL2(columns), 0
        self.row_bytes = 4 * columns

    def fill(self, points: Points, part: slice) -> None:
        """Hold these points and no others."""
        self.index.reset()
        self.first = part.start
        for block in row_slices(part.stop - part.start, self.index.d):
            self.index.add(points(slice(part.start + block.start, part.start + block.stop)))

    def search(self, some: NDArray[np.float32], number: int, *, all_if_lacking: bool = True) -> Found:
        """Squared distances to the nearest of them, and their numbers; -1 where there are fewer."""
        squared, found = self.index.search(some, number)
        return squared, np.where(found < 0, -1, found + self.first)


@final
class _Cells:
    """Points in cells around centres; only the cells whose centres are nearest are searched.

    They are kept in half precision: half of the memory of the rows themselves, and the nearest are still the nearest.
    """

    def __init__(self, points: Points, rows: int, columns: int, room: Room) -> None:
        cells = math.isqrt(rows)
        centres = faiss.IndexFlatL2(columns)
        index = faiss.IndexIVFScalarQuantizer(centres, columns, cells, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_L2)
        index.by_residual = True
        index.cp.max_points_per_centroid = POINTS_PER_CENTRE
        index.cp.seed = 0
        index.cp.min_points_per_centroid = 1
        # It is copied a few times.
        sample = min(POINTS_PER_CENTRE * cells, max(cells, room.part(rows, 16 * columns)))
        index.train(_sample(points, rows, sample))
        self.index, self.row_bytes = index, 2 * columns + 8

    def fill(self, points: Points, part: slice) -> None:
        """Hold these points and no others."""
        self.index.reset()
        blocks = [
            slice(part.start + block.start, part.start + block.stop)
            for block in row_slices(part.stop - part.start, self.index.d)
        ]
        _make_room(self.index, points, blocks)
        for block in blocks:
            self.index.add_with_ids(points(block), np.arange(block.start, block.stop))

    def search(self, some: NDArray[np.float32], number: int, *, all_if_lacking: bool = True) -> Found:
        """Squared distances to the nearest of them, and their numbers; -1 where there are fewer."""
        self.index.nprobe = CELLS_READ
        squared, found = self.index.search(some, number)
        # Where many points are copies of a few, the cells read can hold too few points. Then all are read.
        lacking = (found < 0).any(1) & all_if_lacking
        if lacking.any():
            self.index.nprobe = self.index.nlist
            squared[lacking], found[lacking] = self.index.search(some[lacking], number)
        return squared, found


def _widened(points: Points, columns: int) -> tuple[Points, int]:
    """The points with columns of zeros up to a multiple of `AT_ONCE`, which leave distances as they are."""
    wide = -(-columns // AT_ONCE) * AT_ONCE
    return (lambda some: np.pad(points(some), ((0, 0), (0, wide - columns)))) if wide > columns else points, wide


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
