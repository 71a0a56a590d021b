"""Rows that all come several times, as after oversampling (docs/decisions/0096)."""

from dataclasses import dataclass
from math import prod
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.raw import row_slices
from vaecluster.data.room import Room
from vaecluster.data.rows import Rows

# How often each row comes: on average at least so often, with a standard deviation of at most so much of that.
LEAST, UNEVEN = 2, 0.6
# Of fewer distinct rows there would be a neighbour or none.
DISTINCT = 20


@final
@dataclass(frozen=True, eq=False)
class Copies:
    """Which rows are copies of which: `which` (rows,) is the number of the distinct row that each is.

    `rows` (rows,) are the rows in the order of these numbers, `start` (distinct,) the first place of each among them,
    and `often` (distinct,) how many there are.
    """

    which: NDArray[np.intp]
    rows: NDArray[np.intp]
    start: NDArray[np.intp]
    often: NDArray[np.intp]

    @classmethod
    def of(cls, rows: Rows) -> Self | None:
        """Those of rows that all come several times, each about as often; else None.

        Where values are rounded or are categories, rows come the more often the denser they are: that tells something.
        """
        width = prod(rows.schema.data_shape)
        blocks = (rows[block].cpu().numpy() for block in row_slices(len(rows), width))
        digests = np.fromiter((hash(row.tobytes()) for block in blocks for row in block), np.int64, len(rows))
        _, which, often = np.unique(digests, return_inverse=True, return_counts=True)
        if len(often) < DISTINCT or often.mean() < LEAST or often.std() > UNEVEN * often.mean():
            return None
        return cls(which, np.argsort(which, kind="stable"), np.cumsum(often) - often, often)

    @property
    def first(self) -> NDArray[np.intp]:
        """The first row of each distinct one."""
        return self.rows[self.start]

    def drawn(self, found: Any, room: Room) -> Any:
        """For each row one copy, drawn at random, of each distinct row found for its own: (distinct, number)."""
        random, made = np.random.default_rng(0), room.array((len(self.which), found.shape[1]), np.int32)
        for block in row_slices(len(self.which), found.shape[1]):
            distinct = found[self.which[block]]
            made[block] = self.rows[self.start[distinct] + random.integers(self.often[distinct])]
        return made
