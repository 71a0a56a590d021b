"""A joint table of two views' assignments, and what merging its entries does to it."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

# The least that a loss, in nats, or a share is divided by: two empty components have nothing to lose.
LEAST = 1e-12


@final
class JointTable:
    """A symmetric joint table that knows what merging any two of its entries loses.

    I = sum_cc' f(P_cc') - 2 sum_c f(P_c) with f(p) = p log p, so only the rows and columns of the pair change.
    `together[a, b]` is sum_c f(P_ac + P_bc), kept up to date: a merge costs the square of the size, not its cube.
    """

    def __init__(self, table: Matrix) -> None:
        self.table = table.copy()
        self.together = np.stack([plogp(row + table).sum(1) for row in table])

    def losses(self) -> Matrix:
        """Information lost by merging each pair, in nats; infinite on and below the diagonal."""
        table, cells, diagonal = self.table, plogp(self.table), np.diag(self.table)
        # f over the merged row, without the two columns of the pair itself, which merge into the corner.
        crossing = plogp(diagonal[:, None] + table)
        others = self.together - crossing - crossing.T
        corner = plogp(diagonal[:, None] + diagonal + 2 * table)
        row, own = cells.sum(1), np.diag(cells)
        before = 2 * (row[:, None] + row) - own[:, None] - own - 2 * cells
        share = table.sum(1)
        margins = plogp(share)[:, None] + plogp(share) - plogp(share[:, None] + share)
        losses: Matrix = before - 2 * others - corner - 2 * margins
        losses[np.tril_indices(len(table))] = np.inf
        return losses

    def most(self) -> Matrix:
        """What merging each pair would lose if they shared nothing, and no less than rounding leaves of it."""
        share = self.table.sum(1)
        most: Matrix = plogp(share[:, None] + share) - plogp(share)[:, None] - plogp(share)
        return np.maximum(most, LEAST)

    def crossing(self) -> Matrix:
        """How often the views of a row lie in both of a pair, against chance: equation (29), 1 where they mix.

        Only pairs of views that lie in the two count, so sizes cancel. An empty component is one with any other.
        """
        table, own = self.table, np.diag(self.table)
        one, other = own[:, None] + table, own + table
        by_chance = one * other
        crossing: Matrix = np.where(by_chance > LEAST**2, table * (one + other) / np.maximum(by_chance, LEAST**2), 1.0)
        return crossing

    def merge(self, one: int, other: int) -> None:
        """Add the second to the first and drop the second."""
        for gone in (one, other):
            self.together -= plogp(self.table[:, gone, None] + self.table[:, gone])
        self.table[one] += self.table[other]
        self.table[:, one] += self.table[:, other]
        self.table, self.together = (_without(matrix, other) for matrix in (self.table, self.together))
        one -= one > other
        self.together += plogp(self.table[:, one, None] + self.table[:, one])
        row = plogp(self.table[one] + self.table).sum(1)
        self.together[one], self.together[:, one] = row, row


def symmetric(joint: Matrix) -> Matrix:
    """The table as shares of pairs in either order."""
    both_orders: Matrix = (joint + joint.T) / joint.sum() / 2
    return both_orders


def _without(matrix: Matrix, index: int) -> Matrix:
    return np.delete(np.delete(matrix, index, 0), index, 1)


def plogp(values: Any) -> Any:
    """p log p, and 0 at 0."""
    return np.where(values > 0, values * np.log(np.maximum(values, 1e-300)), 0.0)
