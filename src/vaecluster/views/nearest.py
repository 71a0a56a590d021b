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
from vaecluster.data.raw import BLOCK_ENTRIES
from vaecluster.data.room import NO_LIMIT, Room
from vaecluster.data.telling import Telling, in_silence

Points = Callable[[slice | NDArray[np.intp]], NDArray[np.float32]]
Found = tuple[NDArray[np.float32], NDArray[np.int64]]

# The approximate search reads so many of about sqrt(points) cells for each point. Of the ten nearest it then finds
# 0.995 among the 60,000 MNIST images and 0.999 on Fashion-MNIST; with 8 cells 0.980 and 0.993, in 0.6 of the time.
CELLS_READ = 16
# Faiss compares half precision so many values at a time; where some are left over, it takes nine times as long.
AT_ONCE = 16

# Rows that go to a shard together, for they lie together in a file.
DEALT = 1024
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
    shards: int = 1,
    room: Room = NO_LIMIT,
    telling: Telling = in_silence,
) -> Nearest:
    """For each of so many points the `number` nearest other points, and so many `further` ones that are next.

    `points` gives those of some row numbers. Points are dealt at random into so many shards, and only those of its own
    are compared with a point: there must be more in each than are asked for. The same points give the same answer;
    with little room centres are found from fewer of them.
    """
    columns = points(slice(0, 1)).shape[1]
    if not exact:
        points, columns = _widened(points, columns)
    most, step = number + further, -(-rows // MEASURED)
    first, then = room.array((rows, number), np.int32), room.array((rows, further), np.int32)
    measured: dict[int, NDArray[np.float32]] = {}

    def keep(block: slice, squared: NDArray[np.float32], found: NDArray[np.int64]) -> None:
        # Each point finds itself; if it has more copies than neighbours are asked for, perhaps only those.
        leave_out = found == np.arange(block.start, block.stop)[:, None]
        leave_out[:, -1] |= ~leave_out.any(1)
        others = found[~leave_out].reshape(-1, most)
        first[block], then[block] = others[:, :number], others[:, number:]
        some = slice(-block.start % step, None, step)
        measured[block.start] = squared[~leave_out].reshape(-1, most)[some][:, [number - 1, most - 1]]

    with _threads_of_torch():
        index = _Exact(columns) if exact else _Cells(points, rows, shards, columns, room)
        plan = _plan(rows, columns, shards, room.part(rows, index.row_bytes))
        best: Any = None
        if any(len(one.parts) > 1 for one in plan):
            best = room.array((rows, most + 1), np.float32), room.array((rows, most + 1), np.int32)

        def search(one: _Search) -> Found:
            index.hold(points, one.parts[one.part])
            return index.search(points(one.block), most + 1)

        found = ranks.each(search, telling("looking for neighbours", plan))
        for one, nearest in zip(plan, found, strict=True):
            if one.part:
                nearest = _nearer((best[0][one.block], best[1][one.block].astype(np.int64)), nearest)
            if one.part + 1 < len(one.parts):
                best[0][one.block], best[1][one.block] = nearest
                continue
            _fill_up(index, points, one, *nearest)
            keep(one.block, *nearest)
    return Nearest(first, then, np.concatenate([measured[start] for start in sorted(measured)]))


@final
@dataclass(frozen=True, eq=False)
class _Search:
    """A block whose nearest points are looked for in one part of its shard, which is what an index can hold."""

    block: slice
    part: int
    parts: Sequence[Sequence[slice]]


def _plan(rows: int, columns: int, shards: int, held: int) -> list[_Search]:
    """What is searched one after the other, with so many rows held by an index at most.

    Rows that follow each other may be alike, so blocks are dealt at random; small ones, for a part of each group.
    """
    size = min(held, DEALT if shards > 1 else rows, max(1, BLOCK_ENTRIES // columns))
    blocks = [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
    order = np.random.default_rng(0).permutation(len(blocks))
    plan: list[_Search] = []
    for number in range(shards):
        dealt = [blocks[place] for place in np.sort(order[number::shards])]
        needed = -(-sum(block.stop - block.start for block in dealt) // held)
        few = -(-len(dealt) // needed)
        parts = [dealt[start : start + few] for start in range(0, len(dealt), few)]
        plan += [_Search(block, part, parts) for part in range(len(parts)) for block in dealt]
    return plan


def _fill_up(
    index: "_Exact | _Cells", points: Points, one: _Search, squared: NDArray[np.float32], found: NDArray[np.int64]
) -> None:
    """Where many points are copies of a few, the cells read can hold too few points: then all of a shard are read."""
    lacking = np.flatnonzero((found < 0).any(1))
    if not len(lacking):
        return
    some, number = points(one.block)[lacking], found.shape[1]
    nearest: Found = np.full((len(lacking), number), np.inf, np.float32), np.full((len(lacking), number), -1)
    for part in one.parts:
        index.hold(points, part)
        nearest = _nearer(nearest, index.search(some, number, index.thorough))
    squared[lacking], found[lacking] = nearest


def _nearer(one: Found, other: Found) -> Found:
    """The nearest of both, for each point: as many as each has."""
    squared, found = np.concatenate([one[0], other[0]], 1), np.concatenate([one[1], other[1]], 1)
    squared[found < 0] = np.inf
    order = np.argsort(squared, 1, kind="stable")[:, : one[0].shape[1]]
    return np.take_along_axis(squared, order, 1), np.take_along_axis(found, order, 1)


class _Index:
    """A faiss index, of some points at a time."""

    def __init__(self, index: Any, row_bytes: int) -> None:
        self.index, self.row_bytes = index, row_bytes
        # How to search so that none is missed.
        self.thorough: Any = None
        self._held: Sequence[slice] | None = None

    def hold(self, points: Points, part: Sequence[slice]) -> None:
        """Hold these points and no others."""
        if part is self._held:
            return
        self.index.reset()
        self._make_room(points, part)
        for block in part:
            self.index.add_with_ids(points(block), np.arange(block.start, block.stop))
        self._held = part

    def _make_room(self, points: Points, part: Sequence[slice]) -> None:
        """Take the memory for these points beforehand."""

    def search(self, some: NDArray[np.float32], number: int, how: Any = None) -> Found:
        """Squared distances to the nearest of them, and their numbers; -1 where too few are found."""
        found: Found = self.index.search(some, number, params=how)
        return found


@final
class _Exact(_Index):
    """All points are compared."""

    def __init__(self, columns: int) -> None:
        super().__init__(faiss.IndexIDMap(faiss.IndexFlatL2(columns)), 4 * columns + 8)


@final
class _Cells(_Index):
    """Points in cells around centres; only the cells whose centres are nearest are searched.

    They are kept in half precision: half of the memory of the rows themselves, and the nearest are still the nearest.
    """

    def __init__(self, points: Points, rows: int, shards: int, columns: int, room: Room) -> None:
        cells = math.isqrt(rows // shards)
        centres = faiss.IndexFlatL2(columns)
        index = faiss.IndexIVFScalarQuantizer(centres, columns, cells, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_L2)
        index.by_residual = True
        index.cp.max_points_per_centroid = POINTS_PER_CENTRE
        index.cp.seed = 0
        index.cp.min_points_per_centroid = 1
        index.nprobe = CELLS_READ
        # It is copied a few times.
        sample = min(POINTS_PER_CENTRE * cells, max(cells, room.part(rows, 16 * columns)))
        index.train(_sample(points, rows, sample))
        super().__init__(index, 2 * columns + 8)
        self.thorough = faiss.SearchParametersIVF()
        self.thorough.nprobe = cells

    def _make_room(self, points: Points, part: Sequence[slice]) -> None:
        # A cell that grows takes up to twice as much.
        sizes = np.zeros(self.index.nlist, dtype=np.int64)
        for block in part:
            sizes += np.bincount(self.index.quantizer.assign(points(block), 1)[:, 0], minlength=self.index.nlist)
        cells = self.index.invlists
        for cell, size in enumerate(sizes.tolist()):
            cells.resize(cell, size)
            cells.resize(cell, 0)


def _widened(points: Points, columns: int) -> tuple[Points, int]:
    """The points with columns of zeros up to a multiple of `AT_ONCE`, which leave distances as they are."""
    wide = -(-columns // AT_ONCE) * AT_ONCE
    return (lambda some: np.pad(points(some), ((0, 0), (0, wide - columns)))) if wide > columns else points, wide


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
