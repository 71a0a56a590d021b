"""Values that many rows have, spread over the room around them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.room import NO_LIMIT, Room


def spread(
    blocks: Callable[[], Iterable[Tensor]], rows: int, columns: Sequence[bool], room: Room = NO_LIMIT
) -> Iterator[Tensor]:
    """Blocks of so many rows in all, (some, columns) each, with values that several rows have moved at random.

    Only those of some `columns` (columns,) are. A value moves by at most half the way to the next one that is there:
    years, grades and rounded measures then fill their range, as if they had been measured finely. Else rows of one
    year are nearer to each other than to any of the next, whatever all else says, and years become clusters. Two
    values, such as 0 and 1, are no axis, and stay. The same rows are always moved in the same way.

    `blocks` gives all rows anew each time: once for as many columns as there is room for, and once more.

    >>> years = torch.tensor([[1.0], [1.0], [2.0], [3.0]])
    >>> moved = torch.cat(list(spread(lambda: [years[:2], years[2:]], 4, [True])))
    >>> (moved - years).abs().max() < 0.5
    tensor(True)
    """
    tied = _tied(blocks, rows, np.flatnonzero(columns), room)
    for block in blocks():
        made = block.clone()
        for column, values in tied.items():
            there = ~block[:, column].isnan()
            made[there, column] += torch.from_numpy(values.moves(block[there, column].numpy())).float()
        yield made


@final
@dataclass(frozen=True)
class Tied:
    """The values of a column that several rows have, in order, how far each may move, and what moves them."""

    values: NDArray[np.float32]
    reach: NDArray[np.float64]
    draws: np.random.Generator

    @classmethod
    def of(cls, values: NDArray[np.float32], often: NDArray[np.intp], before: int) -> Self:
        """Of all values of a column, before which there were so many in other columns."""
        steps = np.diff(values.astype(np.float64))
        reach = np.minimum(np.append(steps, np.inf), np.append(np.inf, steps)) / 2
        return cls(values[often > 1], reach[often > 1], np.random.Generator(np.random.PCG64(0).advance(before)))

    def moves(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """How far to move each of the next values of the column."""
        place = np.searchsorted(self.values, values).clip(max=len(self.values) - 1)
        return self.draws.uniform(-1, 1, len(values)) * np.where(self.values[place] == values, self.reach[place], 0)


def _tied(blocks: Callable[[], Iterable[Tensor]], rows: int, columns: NDArray[np.intp], room: Room) -> dict[int, Tied]:
    """The columns in which several rows have the same value."""
    found: dict[int, Tied] = {}
    before = 0
    # Columns are looked at in memory, and sorted there.
    size = room.part(max(1, len(columns)), 16 * rows)
    for start in range(0, len(columns), size):
        some = columns[start : start + size]
        for column, values in zip(some, np.concatenate([block[:, some].numpy() for block in blocks()]).T, strict=True):
            there = values[~np.isnan(values)]
            different, often = np.unique(there, return_counts=True)
            if len(different) > 2:
                if (often > 1).any():
                    found[int(column)] = Tied.of(different, often, before)
                before += len(there)
    return found
