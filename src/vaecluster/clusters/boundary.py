"""Where one cluster ends and another begins: how rarely pairs of near rows cross, against a cut through one cluster.

A cut through a single homogeneous cluster is crossed too, but only by rows that lie within one neighbour's distance of
it. Maier, von Luxburg and Hein (2008), "Influence of graph construction on graph-based clustering measures", give the
rate; `docs/model.md`, equations (24), (29) and (30). No label takes part, and sizes, dimension and neighbours cancel.
"""

from dataclasses import dataclass
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.hierarchy import Hierarchy
from vaecluster.clusters.joint import LEAST, JointTable, Matrix, symmetric

# Two groups are apart where rows between them are less dense than this, against rows inside. docs/decisions/0035.
APART = 0.3
# Merging goes by loss / most ** this: docs/decisions/0025.
APARTNESS = 0.5
# A group with less than this part of an equal share is no cluster of its own.
CRUMB = 0.25
# The dimension of rows where no neighbours are there to measure it by; images have about as many.
USUAL_DIMENSION = 10.0


@final
@dataclass(frozen=True)
class Null:
    """How often a flat cut through one homogeneous cluster is crossed, against chance: equation (30).

    It is min(1, (scale / m) ** (1 / dimension)) for a cluster with a share m of the rows.
    """

    scale: float
    dimension: float

    @classmethod
    def of_neighbours(cls, rows: float, rank: float, dimension: float) -> Self:
        """Views are neighbours of this mean rank among so many rows, which have this intrinsic dimension."""
        return cls(rank / max(rows, 1.0), dimension)

    @classmethod
    def fitted(cls, joint: Matrix) -> Self:
        """For views that are no neighbours: by the lower half of the merges, which are within clusters.

        The scale is the median over these merges, by their shares.
        """
        joint = symmetric(joint)
        crossed, shares, least = _merges(JointTable(joint))
        share = joint.sum(1)[joint.sum(1) > 0]
        in_use = np.exp(-(share * np.log(share)).sum())
        left = np.arange(len(joint), 1, -1)
        within = (left > in_use / 2) & (least > CRUMB / len(joint))
        if not within.any():
            return cls(1.0, USUAL_DIMENSION)
        scales = np.clip(crossed[within], LEAST, 1) ** USUAL_DIMENSION * shares[within]
        order = np.argsort(scales)
        middle = np.searchsorted(np.cumsum(shares[within][order]), shares[within].sum() / 2)
        return cls(float(scales[order][middle]), USUAL_DIMENSION)

    def crossing(self, shares: Matrix) -> Matrix:
        """The rate for clusters of these shares."""
        rate: Matrix = np.minimum(1.0, (self.scale / np.maximum(shares, LEAST)) ** (1 / self.dimension))
        return rate

    def density_between(self, table: JointTable) -> Matrix:
        """For each pair, about how dense rows are between the two against inside them: equation (24)."""
        share = table.table.sum(1)
        density: Matrix = table.crossing() / self.crossing(share[:, None] + share)
        return density


def regions(joint: Matrix, null: Null) -> NDArray[np.intp]:
    """The cluster of each component of a joint table (components, components) after all merges across no boundary.

    Merges the two of least loss between which rows are dense, again and again; then crumbs go where they lose least.
    Clusters are numbered by their first component.
    """
    table, crumb = JointTable(symmetric(joint)), CRUMB / len(joint)
    groups = [[component] for component in range(len(joint))]
    while pair := _next_pair(table, null, crumb):
        one, other = pair
        table.merge(one, other)
        # The later of the two joins the earlier, so groups stay in the order of their first components.
        groups[one] += groups.pop(other)
    region = np.empty(len(joint), dtype=np.intp)
    for number, members in enumerate(groups):
        region[members] = number
    return region


def densities(joint: Matrix, tree: Hierarchy, null: Null) -> Matrix:
    """For each merge of the tree, how dense rows are between the two: (components - 1,)."""
    table, nodes = JointTable(symmetric(joint)), list(range(tree.components))
    between = np.empty(len(tree.merges))
    for step, pair in enumerate(tree.merges):
        one, other = sorted(nodes.index(int(node)) for node in pair)
        between[step] = null.density_between(table)[one, other]
        table.merge(one, other)
        nodes[one] = tree.components + step
        del nodes[other]
    return between


def _next_pair(table: JointTable, null: Null, crumb: float) -> tuple[int, int] | None:
    """The pair without a boundary that costs least to merge; where all have one, the cheapest with a crumb."""
    cost, share = _costs(table), table.table.sum(1)
    for allowed in (null.density_between(table) >= APART, np.minimum(share[:, None], share) < crumb):
        order = np.where(allowed, cost, np.inf)
        if np.isfinite(order).any():
            return _cheapest(order)
    return None


def _costs(table: JointTable) -> Matrix:
    """What each pair costs to merge; infinite on and below the diagonal."""
    costs: Matrix = table.losses() / table.most() ** APARTNESS
    return costs


def _cheapest(costs: Matrix) -> tuple[int, int]:
    one, other = np.unravel_index(costs.argmin(), costs.shape)
    return int(one), int(other)


def _merges(table: JointTable) -> tuple[Matrix, Matrix, Matrix]:
    """Of each merge in the order of cost: the crossing, the share of both, and that of the smaller."""
    found = []
    while len(table.table) > 1:
        one, other = _cheapest(_costs(table))
        share = table.table.sum(1)
        found.append((table.crossing()[one, other], share[one] + share[other], min(share[one], share[other])))
        table.merge(one, other)
    crossed, both, least = np.array(found).reshape(-1, 3).T
    return crossed, both, least
