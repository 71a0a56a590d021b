"""Clusters of several fits matched to each other, so that the same cluster has the same number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array

from vaecluster.clusters.contingency import contingency
from vaecluster.clusters.scores import UNASSIGNED

Integers = NDArray[np.intp]

# Two clusters are the same if they overlap at least so much (Jaccard): two of one size then share half of their rows.
SAME_FROM = 1 / 3


def matched(partitions: Sequence[Integers]) -> list[Integers]:
    """The labels of each fit, (rows,) each, with the same number for the same cluster; -1 stays for none.

    Clusters of the first fit are numbered by their size, the largest first. Those of each next fit are matched one to
    one to all clusters that are numbered already, by the largest sum of Jaccard overlaps; those that are left get the
    numbers that follow.

    >>> [labels.tolist() for labels in matched([np.array([2, 2, 2, 0, 0]), np.array([0, 0, 0, 1, 2])])]
    [[0, 0, 0, 1, 1], [0, 0, 0, 1, 2]]
    """
    # The rows of each number: those of the first cluster that got it.
    kept: list[NDArray[np.bool]] = []
    found = []
    for labels in partitions:
        clusters, sizes = np.unique(labels[labels != UNASSIGNED], return_counts=True)
        order = clusters[np.argsort(-sizes, kind="stable")]
        numbers = _pairs(_overlaps([labels == cluster for cluster in order], kept))
        renamed = np.full(len(labels), UNASSIGNED, dtype=np.intp)
        for place, cluster in enumerate(order):
            members = labels == cluster
            if place not in numbers:
                numbers[place] = len(kept)
                kept.append(members)
            renamed[members] = numbers[place]
        found.append(renamed)
    return found


@final
@dataclass(frozen=True)
class Match:
    """A cluster of one fit and the cluster of the other that it overlaps most with (Jaccard), and their common rows.

    `other` is -1 where they have no row in common with any.
    """

    cluster: int
    other: int
    both: int
    overlap: float


def matches(one: Integers, other: Integers, clusters: int, others: int) -> list[Match]:
    """For each cluster of one fit its best match among those of another, of the same rows (rows,); -1 is none.

    >>> matches(np.array([0, 0, 1, 1]), np.array([1, 1, 1, 0]), 2, 2)
    [Match(cluster=0, other=1, both=2, overlap=0.6666666666666666), Match(cluster=1, other=0, both=1, overlap=0.5)]
    """
    both = contingency(one, other, (clusters, others))
    sizes, other_sizes = (
        np.bincount(some[some != UNASSIGNED], minlength=number) for some, number in ((one, clusters), (other, others))
    )
    overlaps = both / np.maximum(1, sizes[:, None] + other_sizes - both)
    best = overlaps.argmax(1)
    return [
        Match(cluster, int(place), int(both[cluster, place]), float(overlaps[cluster, place]))
        if both[cluster, place]
        else Match(cluster, UNASSIGNED, 0, 0.0)
        for cluster, place in enumerate(best)
    ]


def alike(one: Integers, other: Integers) -> bool:
    """Whether two partitions of the same things, (things,) each, are the same but for numbers.

    >>> alike(np.array([0, 1, 1]), np.array([1, 0, 0])), alike(np.array([0, 1, 1]), np.array([0, 0, 1]))
    (True, False)
    """
    pairs = np.unique(np.stack([one, other]), axis=1).shape[1]
    return bool(pairs == len(np.unique(one)) == len(np.unique(other)))


def numbered_by(labels: NDArray[np.float64] | None, cluster_of: Integers) -> Integers:
    """The cluster of each component (components,), so numbered that cluster y holds most rows with label y.

    `labels` (components, classes) counts rows; there are no more classes than clusters. Labels go to clusters one to
    one, so that most rows are in the right one; clusters of no label come last. Without labels all stays as it is.

    >>> numbered_by(np.array([[0.0, 9.0], [0.0, 1.0], [5.0, 0.0]]), np.array([0, 1, 2])).tolist()
    [1, 2, 0]
    """
    if labels is None:
        return cluster_of
    clusters = int(cluster_of.max()) + 1
    held = np.zeros((clusters, labels.shape[1]))
    np.add.at(held, cluster_of, labels)
    chosen, classes = linear_sum_assignment(held, maximize=True)
    order = [*chosen[np.argsort(classes)], *np.setdiff1d(np.arange(clusters), chosen)]
    number: Integers = np.argsort(order)[cluster_of]
    return number


def overlap(one: NDArray[np.bool], other: NDArray[np.bool]) -> float:
    """How many rows are in both, over how many are in one or both; 0 if there are none."""
    return float((one & other).sum() / max(1, (one | other).sum()))


def _overlaps(some: Sequence[NDArray[np.bool]], others: Sequence[NDArray[np.bool]]) -> NDArray[np.float64]:
    """`overlap` of each of some clusters with each of others: (some, others), whose rows are counted once."""
    if not some or not others:
        return np.zeros((len(some), len(others)))
    one, other = (csr_array(np.array(clusters), dtype=np.int64) for clusters in (some, others))
    both = (one @ other.T).toarray()
    overlaps: NDArray[np.float64] = both / np.maximum(1, one.sum(1)[:, None] + other.sum(1) - both)
    return overlaps


def _pairs(overlaps: NDArray[np.float64]) -> dict[int, int]:
    """The best one-to-one pairs of a table that overlap enough."""
    places, numbers = linear_sum_assignment(np.where(overlaps >= SAME_FROM, overlaps, 0), maximize=True)
    return {
        int(place): int(number)
        for place, number in zip(places, numbers, strict=True)
        if overlaps[place, number] >= SAME_FROM
    }
