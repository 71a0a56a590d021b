"""Where one cluster ends and another begins: how rarely pairs of near rows cross, against a cut through one cluster.

A cut through a single homogeneous cluster is crossed too, but only by rows that lie within one neighbour's distance of
it. Maier, von Luxburg and Hein (2008), "Influence of graph construction on graph-based clustering measures", give the
rate; `docs/model.md`, equations (24), (29) and (30). No label takes part, and sizes, dimension and neighbours cancel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.hierarchy import Hierarchy
from vaecluster.clusters.joint import EVERY, LEAST, JointTable, Matrix, Places, crossing, symmetric
from vaecluster.clusters.merging import CRUMB, Merging

# There is a boundary where rows between two groups are less dense than this, against rows inside. docs/decisions/0035.
APART = 0.3
# Where there are boundaries, groups may be less far apart than that: docs/decisions/0089. The last is the strictest.
LEVELS = (0.5, 0.45, 0.4, 0.35, APART)
# Merging goes by loss / most ** this: docs/decisions/0025.
APARTNESS = 0.5
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

        The scale is the median over these merges, by what their two are halves of.
        """
        joint = symmetric(joint)
        crossed, halves, least = _merges(JointTable(joint))
        share = joint.sum(1)[joint.sum(1) > 0]
        in_use = np.exp(-(share * np.log(share)).sum())
        left = np.arange(len(joint), 1, -1)
        within = (left > in_use / 2) & (least > CRUMB / len(joint))
        if not within.any():
            return cls(1.0, USUAL_DIMENSION)
        scales = np.clip(crossed[within], LEAST, 1) ** USUAL_DIMENSION * halves[within]
        order = np.argsort(scales)
        middle = np.searchsorted(np.cumsum(halves[within][order]), halves[within].sum() / 2)
        return cls(float(scales[order][middle]), USUAL_DIMENSION)

    def rate(self, shares: Matrix) -> Matrix:
        """How often cuts are crossed in clusters of these shares."""
        rate: Matrix = np.minimum(1.0, (self.scale / np.maximum(shares, LEAST)) ** (1 / self.dimension))
        return rate

    def density_between(self, table: Matrix, share: Matrix, places: Places = EVERY) -> Matrix:
        """For each pair with one of these, about how dense rows are between the two against inside: equation (24).

        Of a symmetric table (components, components), whose rows add up to `share`.
        """
        own = np.diag(table)
        crossed = crossing(table[places], own[places][:, None], own)
        density: Matrix = crossed / self.rate(halved(share[places][:, None], share))
        return density


def halved(one: Any, other: Any) -> Any:
    """The share of the cluster whose two halves have as rare a cut between them as these two shares: equation (24).

    It is twice their harmonic mean, so their sum where they are equal. A small piece is cut off by a small face.
    """
    return 4 * one * other / np.maximum(one + other, LEAST)


def regions(joint: Matrix, null: Null) -> NDArray[np.intp]:
    """The cluster of each component of a joint table (components, components) after all merges across no boundary."""
    region: NDArray[np.intp] = nested_regions(joint, null, (APART,))[0]
    return region


def nested_regions(joint: Matrix, null: Null, levels: Sequence[float] = LEVELS) -> NDArray[np.intp]:
    """The cluster of each component of a joint table (components, components) at each level: (levels, components).

    Merges the two of least loss between which rows are at least so dense, again and again; then crumbs go where they
    lose least. Levels fall, and at each the merging goes on from the one before, so that clusters are nested. They are
    numbered by their first components.
    """
    table, region = JointTable(symmetric(joint)), np.arange(len(joint))
    return np.array([_merged_at(level, table, null, region) for level in levels])


def _merged_at(level: float, table: JointTable, null: Null, region: NDArray[np.intp]) -> NDArray[np.intp]:
    """The table and the region of each component are merged further, where they lie."""
    merging = Merging(table, APARTNESS, lambda places: null.density_between(table.table, table.share, places) >= level)
    while pair := merging.cheapest() or merging.crumb(1 / len(region)):
        one, other = pair
        region[region == other] = one
        merging.merge(one, other)
    return np.unique(region, return_inverse=True)[1].astype(np.intp)


def densities(joint: Matrix, tree: Hierarchy, null: Null) -> Matrix:
    """For each merge of the tree, how dense rows are between the two: (components - 1,)."""
    table, between = symmetric(joint), np.empty(len(tree.merges))
    share = table.sum(1)
    for step, (one, other) in enumerate(tree.joined()):
        crossed = crossing(table[one, other], table[one, one], table[other, other])
        between[step] = crossed / null.rate(halved(share[one], share[other]))
        share[one] += share[other]
        table[one] += table[other]
        table[:, one] += table[:, other]
    return between


def _merges(table: JointTable) -> tuple[Matrix, Matrix, Matrix]:
    """Of each merge in the order of cost: the crossing, what its two are halves of, and the share of the smaller."""
    merging, found = Merging(table, APARTNESS), []
    while pair := merging.cheapest():
        cell, own = table.table[pair], np.diag(table.table)[list(pair)]
        shares = table.share[list(pair)]
        found.append((crossing(cell, *own), halved(*shares), shares.min()))
        merging.merge(*pair)
    crossed, halves, least = np.array(found).reshape(-1, 3).T
    return crossed, halves, least
