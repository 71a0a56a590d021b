"""From fine components to clusters: agglomerative information bottleneck on their joint table.

Slonim and Tishby (1999), "Agglomerative information bottleneck": merge, again and again, the two whose merging loses
the least mutual information. On a table of 50 x 50 that takes milliseconds and gives every number of clusters at once.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Hierarchy:
    """The tree of merges of `components` leaves.

    `merges` is (components - 1, 2) as in scipy's linkage: node `components + i` is made by merge i. `losses` is the
    information that each merge loses, in nats: (components - 1,).
    """

    components: int
    merges: NDArray[np.intp]
    losses: Matrix

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` is the way back."""
        return {"components": self.components, "merges": self.merges.tolist(), "losses": self.losses.tolist()}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Hierarchy":
        """The tree that `as_dict` wrote down."""
        merges = np.array(plain["merges"], dtype=np.intp).reshape(-1, 2)
        return cls(plain["components"], merges, np.array(plain["losses"]))

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

    def linkage(self) -> Matrix:
        """scipy's linkage matrix; the height of a merge is the information lost up to it, in nats."""
        sizes = np.ones(2 * self.components - 1)
        heights = np.maximum.accumulate(np.cumsum(np.maximum(self.losses, 0)))
        rows = np.empty((self.components - 1, 4))
        for step, (one, other) in enumerate(self.merges):
            sizes[self.components + step] = sizes[one] + sizes[other]
            rows[step] = min(one, other), max(one, other), heights[step], sizes[self.components + step]
        return rows


def merge_components(joint: Matrix) -> Hierarchy:
    """The tree of a joint table (components, components) of two views' assignments."""
    components = len(joint)
    table = (joint + joint.T) / joint.sum() / 2
    nodes = list(range(components))
    merges, losses = [], []
    for step in range(components - 1):
        loss = merge_losses(table)
        one, other = np.unravel_index(loss.argmin(), loss.shape)
        merges.append((nodes[one], nodes[other]))
        losses.append(float(loss[one, other]))
        table[one] += table[other]
        table[:, one] += table[:, other]
        table = np.delete(np.delete(table, other, 0), other, 1)
        nodes[one] = components + step
        del nodes[other]
    return Hierarchy(components, np.array(merges, dtype=np.intp).reshape(-1, 2), np.array(losses))


def merge_losses(table: Matrix) -> Matrix:
    """Information lost by merging each pair, in nats; infinite on and below the diagonal.

    I = sum_cc' f(P_cc') - 2 sum_c f(P_c) with f(p) = p log p, so only the rows and columns of the pair change.
    """
    size = len(table)
    entropy_of_cells = _plogp(table)
    rows = entropy_of_cells.sum(1)
    diagonal, share = np.diag(table), table.sum(1)
    # Cells of the merged row with every other column, for all pairs: (size, size, size).
    merged = _plogp(table[:, None, :] + table[None, :, :])
    others = merged.sum(2) - merged[:, np.arange(size), np.arange(size)]
    others -= np.take_along_axis(merged, np.arange(size)[:, None, None], 2)[:, :, 0]
    corner = _plogp(diagonal[:, None] + diagonal[None, :] + 2 * table)
    before = 2 * (rows[:, None] + rows[None, :]) - np.diag(entropy_of_cells)[:, None]
    before = before - np.diag(entropy_of_cells)[None, :] - 2 * entropy_of_cells
    cells = before - 2 * others - corner
    margins = _plogp(share)[:, None] + _plogp(share)[None, :] - _plogp(share[:, None] + share[None, :])
    losses: Matrix = cells - 2 * margins
    losses[np.tril_indices(size)] = np.inf
    return losses


def _plogp(values: Matrix) -> Matrix:
    return np.where(values > 0, values * np.log(np.maximum(values, 1e-300)), 0.0)
