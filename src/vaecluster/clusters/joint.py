"""A joint table of two views' assignments, and what merging its entries does to it."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from vaecluster.clusters.contingency import contingency

Matrix = NDArray[np.float64]
Places = NDArray[np.intp] | slice

# The least that a loss, in nats, or a share is divided by: two empty components have nothing to lose.
LEAST = 1e-12
EVERY = slice(None)


@final
class JointTable:
    """A symmetric joint table that knows what merging any two of its entries loses.

    With f(p) = p log p and h(x, y) = f(x + y) - f(x) - f(y), merging a and b on one side of the table loses
    h(P_a, P_b) - sum_c h(P_ac, P_bc). Merging them on both sides loses twice that, less what counts twice: the
    information of the table of the two alone. h is 0 where a cell is. So after a merge other losses change only
    between entries that both have views in one of the two, and a table with few cells costs little.

    Of two that are merged the first stands for both, and the second is `gone`: its cells are 0, its losses infinite.

    With `labels` (components, classes), shares of labelled rows that sum to their weight, a merge also loses what it
    hides of these labels: h(L_a, L_b) - sum_y h(L_ay, L_by), equation (47).

    With `means` (components, latent), the mean code of each entry, it knows how far apart two entries are.
    """

    def __init__(self, table: Matrix, labels: Matrix | None = None, means: Matrix | None = None) -> None:
        self.table, self.share = table.copy(), table.sum(1)
        self.labels = np.zeros((len(table), 0)) if labels is None else labels.copy()
        # Sums of codes, as shares of rows.
        self.codes = None if means is None else means * self.share[:, None]
        self.gone = np.zeros(len(table), dtype=bool)
        losses = 2 * self._most(EVERY, EVERY) - self._own_information(EVERY)
        for cells in table:
            some = np.flatnonzero(cells)
            losses[np.ix_(some, some)] -= 2 * _alike(cells[some])
        for one in range(len(table) if self.labels.size else 0):
            losses[one] += self._labels_hidden(one)
        np.fill_diagonal(losses, np.inf)
        # Information lost by merging each pair, in nats: (components, components).
        self.losses: Matrix = losses

    def most(self, one: Places = EVERY, other: Places = EVERY) -> Matrix:
        """What merging pairs of these would lose if they shared nothing, and no less than rounding leaves of it."""
        return np.maximum(self._most(one, other), LEAST)

    def distances(self, one: Places = EVERY, other: Places = EVERY) -> Matrix:
        """Squared distances between the mean codes of these, and no less than rounding leaves of them."""
        assert self.codes is not None
        means = self.codes / np.maximum(self.share, LEAST)[:, None]
        squared: Matrix = np.maximum(cdist(means[one], means[other], "sqeuclidean"), LEAST)
        return squared

    def merge(self, one: int, other: int) -> NDArray[np.intp]:
        """Add the second to the first; the rest between which losses became smaller."""
        cells, added = self.table[one], self.table[other]
        some: NDArray[np.intp] = np.flatnonzero(cells + added)
        some = some[(some != one) & (some != other)]
        before = _alike(cells[some]) + _alike(added[some])
        self.losses[np.ix_(some, some)] += 2 * (before - _alike(cells[some] + added[some]))
        self._add(one, other)
        losses = self._losses_of(one)
        losses[self.gone] = losses[one] = np.inf
        self.losses[one] = self.losses[:, one] = losses
        self.losses[other] = self.losses[:, other] = np.inf
        return some

    def _add(self, one: int, other: int) -> None:
        self.table[one] += self.table[other]
        self.table[:, one] += self.table[:, other]
        self.table[other] = self.table[:, other] = 0
        for shares in (self.share, self.labels, self.codes):
            if shares is None:
                continue
            shares[one] += shares[other]
            shares[other] = 0
        self.gone[other] = True

    def _losses_of(self, one: int) -> Matrix:
        at = np.flatnonzero(self.table[one])
        cells = self.table[at].ravel()
        some = np.flatnonzero(cells > 0)
        column, row = np.divmod(some, len(self.table))
        mine, theirs = self.table[one, at], cells[some]
        shared = plogp(mine[column] + theirs) - plogp(mine)[column] - plogp(theirs)
        alike = np.bincount(row, shared, len(self.table))
        chosen = np.array([one])
        losses: Matrix = 2 * (self._most(chosen, EVERY)[0] - alike) - self._own_information(chosen)[0]
        return losses + self._labels_hidden(one)

    def _labels_hidden(self, one: int) -> Matrix:
        """The information about labels that is lost by merging this one with each: (components,)."""
        own, every = self.labels[one], self.labels
        together = _gain(own.sum(), every.sum(1)) - _gain(own, every).sum(1)
        return np.asarray(together)

    def _most(self, one: Places, other: Places) -> Matrix:
        first, second = self.share[one], self.share[other]
        most: Matrix = plogp(first[:, None] + second) - plogp(first)[:, None] - plogp(second)
        return most

    def _own_information(self, one: Places) -> Matrix:
        """The information of the table of each pair alone, times its share of the whole."""
        between, own = self.table[one], np.diag(self.table)
        first = own[one][:, None]
        cells = plogp(first) + plogp(own) + 2 * plogp(between)
        margins = plogp(first + between) + plogp(own + between)
        information: Matrix = cells + plogp(first + own + 2 * between) - 2 * margins
        return information


def joint_of(groups: NDArray[np.intp], partners: NDArray[np.intp], number: int) -> Matrix:
    """The joint table (number, number) of the groups (rows,) and those of their partners (rows, partners); -1 is none.

    >>> joint_of(np.array([0, 1]), np.array([[0, 1], [1, -1]]), 2).round(2).tolist()
    [[0.33, 0.17], [0.17, 0.33]]
    """
    counts = contingency(np.repeat(groups, partners.shape[1]), partners.ravel(), (number, number))
    return symmetric(counts / max(1, counts.sum()))


def symmetric(joint: Matrix) -> Matrix:
    """The table as shares of pairs in either order."""
    both_orders: Matrix = (joint + joint.T) / joint.sum() / 2
    return both_orders


def crossing(between: Any, one: Any, other: Any) -> Any:
    """How often the views of a row lie in both of a pair, against chance: equation (29), 1 where they mix.

    From the cell of the two and the cells of each with itself: only pairs of views that lie in the two count, so sizes
    cancel. An empty component is one with any other.
    """
    first, second = one + between, other + between
    by_chance = first * second
    return np.where(by_chance > LEAST**2, between * (first + second) / np.maximum(by_chance, LEAST**2), 1.0)


def plogp(values: Any) -> Any:
    """p log p, and 0 at 0."""
    return np.where(values > 0, values * np.log(np.maximum(values, 1e-300)), 0.0)


def _gain(one: Any, other: Any) -> Any:
    """h of shares."""
    return plogp(one + other) - plogp(one) - plogp(other)


def _alike(cells: Matrix) -> Matrix:
    """h of each pair of cells."""
    alone = plogp(cells)
    together: Matrix = plogp(cells[:, None] + cells) - alone[:, None] - alone
    return together
