"""From fine components to clusters: agglomerative information bottleneck on their joint table.

Slonim and Tishby (1999), "Agglomerative information bottleneck": merge, again and again, the two whose merging loses
the least mutual information. It takes a second for some hundred components and gives every number of clusters at once.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

# The least, in nats, that a loss is divided by: two empty components have nothing to lose.
LEAST_LOSS = 1e-12


@final
@dataclass(frozen=True)
class Hierarchy:
    """The tree of merges of `components` leaves.

    `merges` is (components - 1, 2) as in scipy's linkage: node `components + i` is made by merge i. `losses` is the
    information that each merge loses, in nats: (components - 1,). `shares` (components,) are the shares of rows.
    """

    components: int
    merges: NDArray[np.intp]
    losses: Matrix
    shares: Matrix

    def __post_init__(self) -> None:
        """A tree without merges has lost its second axis in a file."""
        object.__setattr__(self, "merges", np.reshape(self.merges, (-1, 2)))

    def cut(self, clusters: int) -> NDArray[np.intp]:
        """The cluster of each component when `clusters` are left, numbered from 0 by their smallest component."""
        members = {leaf: [leaf] for leaf in range(self.components)}
        for step, (one, other) in enumerate(self.merges[: self.components - clusters]):
            members[self.components + step] = members.pop(int(one)) + members.pop(int(other))
        cluster_of = np.empty(self.components, dtype=np.intp)
        for cluster, leaves in enumerate(sorted(members.values(), key=min)):
            cluster_of[leaves] = cluster
        return cluster_of

    def information(self, clusters: int) -> float:
        """The information that is left with so many clusters, in nats."""
        return float(self.losses[self.components - clusters :].sum())

    @property
    def separation(self) -> Matrix:
        """Each merge's loss against that of two clusters of the same sizes that share nothing: (components - 1,).

        1 where no row has its view in the other cluster, 0 where the two are one.
        """
        shares = np.concatenate([self.shares, np.zeros(len(self.merges))])
        most = np.empty(len(self.merges))
        for step, (one, other) in enumerate(self.merges):
            together = shares[self.components + step] = shares[one] + shares[other]
            most[step] = _plogp(together) - _plogp(shares[one]) - _plogp(shares[other])
        separation: Matrix = np.clip(self.losses / np.maximum(most, LEAST_LOSS), 0, 1)
        return separation

    def linkage(self) -> Matrix:
        """scipy's linkage matrix; the height of a merge is the information lost up to it, in nats."""
        sizes = np.ones(2 * self.components - 1)
        heights = np.maximum.accumulate(np.cumsum(np.maximum(self.losses, 0)))
        rows = np.empty((self.components - 1, 4))
        for step, (one, other) in enumerate(self.merges):
            sizes[self.components + step] = sizes[one] + sizes[other]
            rows[step] = min(one, other), max(one, other), heights[step], sizes[self.components + step]
        return rows


def merge_components(
    joint: Matrix, cluster_of: NDArray[np.intp] | None = None, *, apartness: float = 0.0
) -> Hierarchy:
    """The tree of a joint table (components, components) of two views' assignments.

    Each step merges the two with the least loss / most ** apartness; `most` is what two of their sizes would lose if
    they shared nothing. With 0 these are the two of least loss, and large clusters are split for the sake of balance;
    with 1 they are the two least apart, whatever their sizes. With `cluster_of` (components,) the components of a
    cluster are merged first, so the tree passes through exactly those clusters.
    """
    components = len(joint)
    joint = (joint + joint.T) / joint.sum() / 2
    table = _Table(joint)
    cluster = np.zeros(components, dtype=np.intp) if cluster_of is None else cluster_of.copy()
    nodes = list(range(components))
    merges, losses = [], []
    for step in range(components - 1):
        loss = table.losses()
        if len(cluster) > len(np.unique(cluster)):
            loss[cluster[:, None] != cluster] = np.inf
        order = loss / table.most() ** apartness if apartness else loss
        one, other = np.unravel_index(order.argmin(), order.shape)
        merges.append((nodes[one], nodes[other]))
        losses.append(float(loss[one, other]))
        table.merge(int(one), int(other))
        nodes[one] = components + step
        del nodes[other]
        cluster = np.delete(cluster, other)
    pairs = np.array(merges, dtype=np.intp).reshape(-1, 2)
    return Hierarchy(components, pairs, np.array(losses), joint.sum(1))


def merge_losses(table: Matrix) -> Matrix:
    """Information lost by merging each pair, in nats; infinite on and below the diagonal."""
    return _Table(table).losses()


@final
class _Table:
    """A symmetric joint table that knows what merging any two of its entries loses.

    I = sum_cc' f(P_cc') - 2 sum_c f(P_c) with f(p) = p log p, so only the rows and columns of the pair change.
    `together[a, b]` is sum_c f(P_ac + P_bc), kept up to date: a merge costs the square of the size, not its cube.
    """

    def __init__(self, table: Matrix) -> None:
        self.table = table.copy()
        self.together = np.stack([_plogp(row + table).sum(1) for row in table])

    def losses(self) -> Matrix:
        table, cells, diagonal = self.table, _plogp(self.table), np.diag(self.table)
        # f over the merged row, without the two columns of the pair itself, which merge into the corner.
        crossing = _plogp(diagonal[:, None] + table)
        others = self.together - crossing - crossing.T
        corner = _plogp(diagonal[:, None] + diagonal + 2 * table)
        row, own = cells.sum(1), np.diag(cells)
        before = 2 * (row[:, None] + row) - own[:, None] - own - 2 * cells
        share = table.sum(1)
        margins = _plogp(share)[:, None] + _plogp(share) - _plogp(share[:, None] + share)
        losses: Matrix = before - 2 * others - corner - 2 * margins
        losses[np.tril_indices(len(table))] = np.inf
        return losses

    def most(self) -> Matrix:
        """What merging each pair would lose if they shared nothing, and no less than rounding leaves of it."""
        share = self.table.sum(1)
        most: Matrix = _plogp(share[:, None] + share) - _plogp(share)[:, None] - _plogp(share)
        return np.maximum(most, LEAST_LOSS)

    def merge(self, one: int, other: int) -> None:
        """Add the second to the first and drop the second."""
        for gone in (one, other):
            self.together -= _plogp(self.table[:, gone, None] + self.table[:, gone])
        self.table[one] += self.table[other]
        self.table[:, one] += self.table[:, other]
        self.table, self.together = (_without(matrix, other) for matrix in (self.table, self.together))
        one -= one > other
        self.together += _plogp(self.table[:, one, None] + self.table[:, one])
        row = _plogp(self.table[one] + self.table).sum(1)
        self.together[one], self.together[:, one] = row, row


def _without(matrix: Matrix, index: int) -> Matrix:
    return np.delete(np.delete(matrix, index, 0), index, 1)


def _plogp(values: Any) -> Any:
    return np.where(values > 0, values * np.log(np.maximum(values, 1e-300)), 0.0)
