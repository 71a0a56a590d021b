"""How far several fits of the same rows agree: whole partitions in pairs, and cluster by cluster."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from vaecluster.clusters.scores import UNASSIGNED, score_labels
from vaecluster.errors import DataError, counted
from vaecluster.files import record

Integers = NDArray[np.intp]
Numbers = NDArray[np.float64]

# How Hennig's package fpc (help of clusterboot) reads a mean Jaccard overlap: below the first a cluster should not be
# trusted, from the second on it is valid, from the third on highly stable. Between the first two there is a pattern,
# but which rows belong to it is doubtful.
TRUSTED_FROM, VALID_FROM, HIGHLY_STABLE_FROM = 0.6, 0.75, 0.85


@final
@dataclass(frozen=True, eq=False)
class Stability:
    """What several fits of the same rows have in common; the clusters are those of the first run.

    - ``labels``: (runs, rows), the cluster of each row in each run, or -1 for none.
    - ``clusters``: (clusters,), the clusters of the first run that hold rows, ascending.
    - ``sizes``: (clusters,), how many rows each of them holds.
    - ``clusters_found``: (runs,), how many clusters hold rows in each run.
    - ``ari``: (runs, runs), the adjusted Rand index of each pair of runs; 1 for equal partitions, near 0 for
      partitions that have nothing to do with each other. Rows of no cluster are one more group.
    - ``jaccard``: (runs - 1, clusters). Entry (i, j) is the largest overlap of ``clusters[j]`` with any cluster of
      run i + 1, the first run being run 0. The overlap of two clusters is the number of rows that are in both, over
      the number of rows that are in one or both. Two clusters may have their largest overlap with the same one.

    Clusters that do not come again with another seed are no property of the data. The reverse does not hold:
    clusters that come again may still look different in new rows.

    Hennig (2007), "Cluster-wise assessment of cluster stability", Computational Statistics & Data Analysis 52.
    """

    labels: Integers
    clusters: Integers
    sizes: Integers
    clusters_found: Integers
    ari: Numbers
    jaccard: Numbers

    @property
    def mean_jaccard(self) -> Numbers:
        """The mean over the other runs of each cluster's overlap: (clusters,)."""
        means: Numbers = self.jaccard.mean(0)
        return means

    @property
    def mean_ari(self) -> float:
        """The mean over all pairs of runs."""
        return float(self._pairs().mean())

    @property
    def worst_ari(self) -> float:
        """The smallest over all pairs of runs."""
        return float(self._pairs().min())

    def as_dict(self) -> dict[str, Any]:
        """Everything but the labels, as JSON holds it."""
        return {
            "runs": self.labels.shape[0],
            "rows": self.labels.shape[1],
            "mean_ari": self.mean_ari,
            "worst_ari": self.worst_ari,
            "ari": self.ari.tolist(),
            "clusters_found": self.clusters_found.tolist(),
            "clusters": self.clusters.tolist(),
            "sizes": self.sizes.tolist(),
            "mean_jaccard": self.mean_jaccard.tolist(),
            "jaccard": self.jaccard.tolist(),
        }

    @classmethod
    def of_dict(cls, plain: dict[str, Any]) -> "Stability":
        """What `as_dict` wrote down, with no labels; raises `ValueError`, `LookupError` or `TypeError` for others."""
        names = ("clusters", "sizes", "clusters_found", "ari", "jaccard")
        labels: list[list[int]] = [[]] * len(plain["ari"])
        found = record.typed(cls, {name: plain[name] for name in names} | {"labels": labels})
        runs, clusters = len(found.ari), len(found.clusters)
        if runs < 2 or found.ari.shape != (runs, runs) or found.jaccard.shape != (runs - 1, clusters):
            raise ValueError("its tables are of other sizes")
        return found

    def _pairs(self) -> Numbers:
        """The index of each pair of different runs, once."""
        pairs: Numbers = self.ari[np.triu_indices(len(self.ari), 1)]
        return pairs


@final
@dataclass(frozen=True)
class Agreement:
    """How far two fits of the same rows agree; 1 where they are equal but for the names of clusters.

    `matched` is the share of rows that are in clusters of the same name after the best one-to-one renaming, `nmi` the
    mutual information over the mean of the entropies, and `ari` the adjusted Rand index.
    """

    ari: float
    nmi: float
    matched: float


def agreement_of(one: Integers, other: Integers) -> Agreement:
    """The agreement of labels (rows,) and (rows,); rows of no cluster are one more group.

    >>> agreement_of(np.array([0, 0, 1, 1]), np.array([5, 5, 3, 4])).matched
    0.75
    """
    scores = score_labels(one - UNASSIGNED, other - UNASSIGNED)
    return Agreement(scores.ari, scores.nmi, scores.hungarian_accuracy)


def stability_of(labels: Any) -> Stability:
    """How far the runs agree in their labels, (runs, rows) integers; -1 stands for no cluster.

    The names of clusters mean nothing: each run may number them in its own way. Memory grows with the number of rows,
    not with the number of pairs of clusters.

    Raises ``DataError`` for fewer than two runs, no rows, runs of unequal lengths, labels that are not integers from
    -1, and a first run without any cluster.

    >>> found = stability_of([[0, 0, 0, 0, 1, 1], [5, 5, 3, 3, 4, 4]])
    >>> found.jaccard.tolist(), found.clusters_found.tolist()
    ([[0.5, 1.0]], [2, 3])
    """
    runs = _checked(labels)
    reference = runs[0]
    clusters, sizes = np.unique(reference[reference != UNASSIGNED], return_counts=True)
    if not len(clusters):
        raise DataError(
            f"The first run put none of its {counted(len(reference), 'row')} into a cluster; expected one cluster at "
            "least, to look for in the other runs. Put another run first."
        )
    return Stability(
        labels=runs,
        clusters=clusters,
        sizes=sizes,
        clusters_found=np.array([len(np.setdiff1d(run, UNASSIGNED)) for run in runs]),
        ari=_ari(runs),
        jaccard=np.array([_best_overlaps(reference, run) for run in runs[1:]]),
    )


def _ari(runs: Integers) -> Numbers:
    found = np.eye(len(runs))
    for first, second in zip(*np.triu_indices(len(runs), 1), strict=True):
        found[first, second] = found[second, first] = adjusted_rand_score(runs[first], runs[second])
    return found


def _best_overlaps(reference: Integers, run: Integers) -> Numbers:
    """For each cluster of the reference, ascending, the largest Jaccard overlap with a cluster of the run."""
    both = (reference != UNASSIGNED) & (run != UNASSIGNED)
    # A row without a cluster in one run is in no overlap, but still counts in the size of its cluster in the other.
    clusters, sizes = np.unique(reference[reference != UNASSIGNED], return_counts=True)
    others, other_sizes = np.unique(run[run != UNASSIGNED], return_counts=True)
    # Only pairs of clusters that share a row are counted: there are no more of them than rows.
    places = np.searchsorted(clusters, reference[both]), np.searchsorted(others, run[both])
    pairs, shared = np.unique(places[0] * len(others) + places[1], return_counts=True)
    best = np.zeros(len(clusters))
    if len(pairs):
        first, second = np.divmod(pairs, len(others))
        np.maximum.at(best, first, shared / (sizes[first] + other_sizes[second] - shared))
    return best


def _checked(labels: Any) -> Integers:
    try:
        runs = np.asarray(labels)
    except ValueError:
        raise DataError(
            "The runs have labels for different numbers of rows; expected the same rows in each, in the same order. "
            "Fit every run on the same rows."
        ) from None
    if runs.ndim != 2 or len(runs) < 2:
        raise DataError(
            f"The labels have shape {runs.shape}; expected (runs, rows) with 2 runs or more. Give one sequence of "
            "labels per run."
        )
    if runs.shape[1] == 0:
        raise DataError("There are no rows to compare: every run is empty. Give at least one row.")
    if runs.dtype.kind not in "iu":
        raise DataError(f"Labels must be integers, but {runs.dtype} came. Pass what fit or predict returned.")
    if runs.min() < UNASSIGNED:
        raise DataError(
            f"Labels must be integers from 0, or {UNASSIGNED} for none, but {runs.min()} came. "
            "Pass what fit or predict returned."
        )
    return runs.astype(np.intp)
