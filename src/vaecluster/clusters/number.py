"""How many clusters there are, from what merging loses and from whether the heads agree. No label takes part.

Merging components down to k clusters and then to one fewer loses loss(k) nats. Where rows have no clusters, loss(k)
falls like 1/k, so k loss(k) stays level; at the number of clusters that are there it drops. And only there do heads
that started apart find the same clusters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.hierarchy import Hierarchy, Matrix

Strength = Literal["clear", "weak", "none"]

# k loss(k) when each merge joins two clusters of 1/k of the rows that share nothing; a fifth of it is taken for noise.
PERFECT = 2 * log(2)
NOISE = 0.2 * PERFECT
# Where components run out the losses drop too. So a cluster must be of two components at least, or well apart.
APART = 0.9
# Measured on blobs, on uniform and normal noise and on digits: docs/decisions/0017.
CLEAR, LEAST = 0.8, 0.62


@final
@dataclass(frozen=True)
class Evidence:
    """What speaks for each number of clusters: entry i is about i + 2 of them.

    `losses` is the information lost by one cluster fewer, in nats, and `separation` the same against two clusters of
    those sizes that share nothing, both of the head whose components share most. `agreement` is the adjusted Rand
    index of the clusters of two heads, mean over pairs of heads; 1 if there is one head only. `in_use` is how many
    components hold rows: the exponential of the entropy of their shares.
    """

    losses: Matrix
    separation: Matrix
    agreement: Matrix
    in_use: float

    @property
    def numbers(self) -> NDArray[np.intp]:
        """The numbers of clusters that were weighed; the last one has no successor to be compared with."""
        return np.arange(2, len(self.losses) + 1)

    @property
    def support(self) -> Matrix:
        """For each of `numbers`: k loss(k) / ((k + 1) loss(k + 1) + noise), times the agreement.

        0 for numbers that the components in use are too few for.
        """
        scaled = np.arange(2, len(self.losses) + 2) * self.losses
        # Numbers that the components in use suffice for.
        counts = (self.numbers <= self.in_use / 2) | (self.separation[:-1] >= APART)
        support: Matrix = np.where(counts, scaled[:-1] / (scaled[1:] + NOISE) * self.agreement[:-1], 0.0)
        return support

    @property
    def strength(self) -> Strength:
        """Whether the best supported number stands out."""
        most = self.support.max(initial=0.0)
        return "clear" if most >= CLEAR else "weak" if most >= LEAST else "none"

    @property
    def clusters(self) -> int:
        """The best supported number of clusters; 1 where nothing speaks for more."""
        return 1 if self.strength == "none" else int(self.numbers[self.support.argmax()])


def weigh(trees: Sequence[Hierarchy], overlap: Matrix) -> Evidence:
    """Evidence from a tree per head and the share of rows in each pair of components of two heads.

    `overlap` is (heads, heads, components, components).
    """
    best = max(trees, key=lambda tree: tree.information(tree.components))
    some = best.shares[best.shares > 0]
    in_use = float(np.exp(-(some * np.log(some)).sum()))
    return Evidence(best.losses[::-1], best.separation[::-1], _agreement(trees, overlap), in_use)


def _agreement(trees: Sequence[Hierarchy], overlap: Matrix) -> Matrix:
    numbers = range(2, trees[0].components + 1)
    agreement = np.ones(len(numbers))
    pairs = [(one, other) for one in range(len(trees)) for other in range(one)]
    for entry, number in enumerate(numbers if pairs else ()):
        members = [np.eye(number)[tree.cut(number)] for tree in trees]
        tables = [members[one].T @ overlap[one, other] @ members[other] for one, other in pairs]
        agreement[entry] = np.mean([adjusted_rand(table) for table in tables])
    return agreement


def adjusted_rand(shares: Matrix) -> float:
    """The adjusted Rand index of two partitions from the shares of rows in their cells, for very many rows.

    Hubert and Arabie (1985), "Comparing partitions"; soft assignments count by their shares.
    """
    together, one, other = ((values**2).sum() for values in (shares, shares.sum(1), shares.sum(0)))
    by_chance, most = one * other, (one + other) / 2
    return float((together - by_chance) / (most - by_chance)) if most > by_chance else 1.0
