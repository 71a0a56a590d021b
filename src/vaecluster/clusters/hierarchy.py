"""From fine components to clusters: agglomerative information bottleneck on their joint table.

Slonim and Tishby (1999), "Agglomerative information bottleneck": merge, again and again, the two whose merging loses
the least mutual information. It takes a second for some hundred components and gives every number of clusters at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.joint import LEAST, JointTable, Matrix, plogp, symmetric
from vaecluster.clusters.merging import Merging

# Two components of which each stands for all that were merged with it before.
Pair = tuple[int, int]


@final
@dataclass(frozen=True)
class Hierarchy:
    """The tree of merges of `components` leaves.

    `merges` is (components - 1, 2) as in scipy's linkage: node `components + i` is made by merge i. `losses` is the
    information that each merge loses, equation (18), in nats: (components - 1,). `shares` (components,) are the shares
    of rows.

    >>> import numpy as np
    >>> from vaecluster.clusters.hierarchy import Hierarchy
    >>> tree = Hierarchy(3, np.array([[0, 2], [1, 3]]), np.array([0.1, 0.5]), np.array([0.4, 0.3, 0.3]))
    >>> tree.cut(2).tolist()
    [0, 1, 0]
    """

    components: int
    merges: NDArray[np.intp]
    losses: Matrix
    shares: Matrix

    def __post_init__(self) -> None:
        """A tree without merges has lost its second axis in a file."""
        object.__setattr__(self, "merges", np.reshape(self.merges, (-1, 2)))

    def joined(self) -> Iterator[Pair]:
        """The merges in their order, as pairs of components: each stands for all that were merged with it before.

        Of a cluster that is its first component. The second of a pair joins the first.
        """
        first = list(range(self.components))
        for pair in self.merges:
            one, other = sorted(first[node] for node in pair)
            first.append(one)
            yield one, other

    def cut(self, clusters: int) -> NDArray[np.intp]:
        """The cluster of each component, (components,), when so many are left; numbered by their first components."""
        first = np.arange(self.components)
        for one, other in islice(self.joined(), self.components - clusters):
            first[other] = one
        # A component joined an earlier one, which is where that one is by now.
        for component, joined in enumerate(first):
            first[component] = first[joined]
        cluster_of: NDArray[np.intp] = np.unique(first, return_inverse=True)[1].astype(np.intp)
        return cluster_of

    def information(self, clusters: int) -> float:
        """The information that is left with so many clusters, in nats."""
        return float(self.losses[self.components - clusters :].sum())

    @property
    def separation(self) -> Matrix:
        """Each merge's loss against that of two clusters of the same sizes that share nothing: (components - 1,).

        That is equation (25): 1 where no row has its view in the other cluster, 0 where the two are one.
        """
        shares = np.concatenate([self.shares, np.zeros(len(self.merges))])
        most = np.empty(len(self.merges))
        for step, (one, other) in enumerate(self.merges):
            together = shares[self.components + step] = shares[one] + shares[other]
            most[step] = plogp(together) - plogp(shares[one]) - plogp(shares[other])
        separation: Matrix = np.clip(self.losses / np.maximum(most, LEAST), 0, 1)
        return separation

    def linkage(self) -> Matrix:
        """scipy's linkage matrix, (components - 1, 4); a merge's height is the information lost up to it, in nats."""
        sizes = np.ones(2 * self.components - 1)
        heights = np.maximum.accumulate(np.cumsum(np.maximum(self.losses, 0)))
        rows = np.empty((self.components - 1, 4))
        for step, (one, other) in enumerate(self.merges):
            sizes[self.components + step] = sizes[one] + sizes[other]
            rows[step] = min(one, other), max(one, other), heights[step], sizes[self.components + step]
        return rows


def merge_components(
    joint: Matrix,
    cluster_of: NDArray[np.intp] | None = None,
    above: Iterable[Pair] = (),
    *,
    apartness: float = 0.0,
    labels: Matrix | None = None,
    means: Matrix | None = None,
) -> Hierarchy:
    """The tree of a joint table (components, components) of two views' assignments.

    Each step merges the two with the least loss / most ** apartness; `most` is what two of their sizes would lose if
    they shared nothing. With 0 these are the two of least loss, and large clusters are split for the sake of balance;
    with 1 they are the two least apart, whatever their sizes. With `cluster_of` (components,) the components of a
    cluster are merged first, so the tree passes through exactly those clusters; then pairs of them as they stand in
    `above`, each named by its first component, as `Hierarchy.joined` gives them. With `labels` (components, classes),
    as `JointTable` takes them, what a merge hides of known labels is a loss, too. With `means` (components, latent),
    the mean code of each, costs count times the squared distance of the two, equation (49), and without labels a crumb
    of an equal share is merged first.
    """
    joint = symmetric(joint)
    table, nodes, losses = JointTable(joint, labels, means), list(range(len(joint))), []
    merges: list[Pair] = []

    def merge(pair: Pair, merging: Merging | JointTable) -> None:
        one, other = pair
        losses.append(float(table.losses[pair]))
        merges.append((nodes[one], nodes[other]))
        nodes[one] = len(joint) + len(merges) - 1
        merging.merge(one, other)

    if cluster_of is not None:
        merging = Merging(table, apartness, lambda places: cluster_of[places][:, None] == cluster_of)
        while pair := merging.cheapest():
            merge(pair, merging)
    for pair in above:
        merge(pair, table)
    merging = Merging(table, apartness)
    while pair := merging.cheapest():
        crumb = means is not None and labels is None and merging.crumb(1 / (len(joint) - len(merges)))
        merge(crumb or pair, merging)
    pairs = np.array(merges, dtype=np.intp).reshape(-1, 2)
    return Hierarchy(len(joint), pairs, np.array(losses), joint.sum(1))
