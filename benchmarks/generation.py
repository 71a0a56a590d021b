"""How well a fitted model generates: whether a cluster's samples show its class, and how like the data all are.

A judge (`judge.py`) that learned from true labels looks at the samples. Its word is as good as its accuracy, so a
share of samples named right is to be read beside the share of held-out images that it names right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, final

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_chunked

from benchmarks.judge import Judge
from vaecluster.clusters.scores import ClusterNames
from vaecluster.data.raw import Array
from vaecluster.errors import DataError

Points = NDArray[np.floating[Any]]

# Kynkäänniemi et al. measure with the three nearest neighbours.
NEIGHBOURS = 3
# Images of each kind that are compared. All three measures depend on the number, so it is the same everywhere.
COMPARED = 5000
# Memory for the distances that are held at a time.
MEBIBYTES = 128


class Sampler(Protocol):
    """What draws new rows, in the units of the data: `VAEClustering.sample`, or an anchor's."""

    def __call__(self, n_samples: int, /, *, cluster: int | None = None, random_state: int) -> Array:
        """Rows (n_samples, *data): all from one cluster, or from clusters drawn from p(y)."""


@final
@dataclass(frozen=True)
class Fidelity:
    """How like the data samples are, in a judge's features, from `images` of either kind.

    `precision` is the share of samples that lie among the held-out images (do they look real), `recall` the share of
    held-out images that lie among the samples (is everything there). `frechet_distance` is 0 for the same
    distribution; its unit is the judge's, so it compares models under one judge only.
    """

    images: int
    precision: float
    recall: float
    frechet_distance: float

    def as_dict(self) -> dict[str, float]:
        """The three measures by name, for tables and JSON."""
        return {name: getattr(self, name) for name in ("precision", "recall", "frechet_distance")}


@final
@dataclass(frozen=True)
class PerCluster:
    """A share of each cluster's samples, one value per cluster in order."""

    shares: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the clusters, all counted alike."""
        return float(np.mean(self.shares))

    @property
    def worst(self) -> float:
        """The smallest of them."""
        return min(self.shares)


@final
@dataclass(frozen=True)
class GenerationScores:
    """What a model's samples are worth; every share is at most 1, and 1 is best.

    - `named`: samples that the judge names as the cluster's class, the majority class of its training rows. It asks
      whether a cluster generates what it stands for. 0 for a cluster that has no training row and so no class.
    - `purity`: samples that the judge gives the class which it sees most often in that cluster's samples, whichever
      it is. Above `named` where a cluster steadily generates another class than its rows'.
    - `falls_back`: samples that the model itself puts into the cluster they were drawn from; None if it was not asked.
      No label and no judge take part.
    - `fidelity`: of samples of the whole model, drawn from p(y).
    """

    named: PerCluster
    purity: PerCluster
    falls_back: PerCluster | None
    fidelity: Fidelity

    def as_dict(self) -> dict[str, float]:
        """Plain numbers by name, for tables and JSON: mean and worst of each share, then the fidelity."""
        shares = {"named": self.named, "purity": self.purity, "falls_back": self.falls_back}
        plain: dict[str, float] = {}
        for name, share in shares.items():
            if share is not None:
                plain |= {f"{name}_mean": share.mean, f"{name}_worst": share.worst}
        return plain | self.fidelity.as_dict()


def score_generation(
    sample: Sampler,
    names: ClusterNames,
    judge: Judge,
    held_out: Array,
    *,
    clusters: int,
    predict: Callable[[Array], Array] | None = None,
    per_cluster: int = 500,
    images: int = COMPARED,
    random_state: int = 0,
) -> GenerationScores:
    """Score `per_cluster` samples of every cluster, then as many samples from p(y) as there are `held_out` images.

    For a fitted clusterer `sample` and `predict` are its methods, `names` is `majority_names(labels, model.labels_)`
    of the training rows and `clusters` its `n_clusters`. `held_out` (n, *image) took no part in the fit nor in the
    judge's training; at most `images` of them are used.
    """
    named, purity, falls_back = [], [], []
    for cluster in range(clusters):
        drawn = sample(per_cluster, cluster=cluster, random_state=random_state + cluster)
        judged = judge.predict(drawn)
        named.append(float(np.mean(judged == names[cluster])) if cluster in names else 0.0)
        purity.append(float(np.unique(judged, return_counts=True)[1].max() / len(judged)))
        if predict is not None:
            falls_back.append(float(np.mean(predict(drawn) == cluster)))
    whole = sample(min(images, len(held_out)), random_state=random_state + clusters)
    return GenerationScores(
        PerCluster(tuple(named)),
        PerCluster(tuple(purity)),
        PerCluster(tuple(falls_back)) if predict is not None else None,
        score_fidelity(held_out, whole, judge, images=images),
    )


def score_fidelity(
    real: Array, generated: Array, judge: Judge, *, images: int = COMPARED, random_state: int = 0
) -> Fidelity:
    """Compare equal numbers of real and of generated images, (n, *image) each: at most `images`, drawn at random.

    Real images of another part of the data in place of generated ones give the best that can be reached.
    """
    number = min(images, len(real), len(generated))
    random = np.random.default_rng(random_state)
    # At random, since data sets are often sorted: the first half of MNIST's test images is the easier one.
    first, second = (
        judge.features(rows[np.sort(random.permutation(len(rows))[:number])]) for rows in (real, generated)
    )
    precision, recall = precision_recall(first, second)
    return Fidelity(number, precision, recall, frechet_distance(first, second))


def precision_recall(real: Points, generated: Points, *, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Improved precision and recall of generated points (m, d) against real ones (n, d).

    A set covers the balls around its points, each reaching to so many of the point's `neighbours` in the set.
    Precision is the share of generated points that the real set covers, recall the share of real points that the
    generated set covers (Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing generative
    models"). Raises `DataError` if a set has no more points than `neighbours`.
    """
    if min(len(real), len(generated)) <= neighbours:
        raise DataError(
            f"There are {len(real)} real and {len(generated)} generated images to compare; give more than "
            f"{neighbours} of each."
        )
    precision = _covered(generated, real, _radii(real, neighbours)).mean()
    recall = _covered(real, generated, _radii(generated, neighbours)).mean()
    return float(precision), float(recall)


def frechet_distance(first: Points, second: Points) -> float:
    """The squared Fréchet distance between the normals that have the moments of two sets of points, (n, d) each.

    |mean difference|^2 + tr( A + B - 2 (A B)^(1/2) ), A and B the covariances (Heusel et al. 2017, "GANs trained by a
    two time-scale update rule converge to a local Nash equilibrium"). In squared units of the points.
    """
    a, b = (np.atleast_2d(np.cov(points.astype(np.float64), rowvar=False)) for points in (first, second))
    shift = first.mean(0, dtype=np.float64) - second.mean(0, dtype=np.float64)
    # tr (A B)^(1/2) is the sum of the roots of the eigenvalues of A^(1/2) B A^(1/2), which is symmetric: no complex
    # numbers, and a feature that never changes does no harm. Rounding alone makes an eigenvalue negative.
    values, vectors = scipy.linalg.eigh(a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(scipy.linalg.eigvalsh(root @ b @ root).clip(0)).sum()
    return max(0.0, float(shift @ shift + np.trace(a) + np.trace(b) - 2 * cross))


def _radii(points: Points, neighbours: int) -> NDArray[np.float64]:
    """The squared distance of each point to its so-manieth nearest other point: (n,)."""
    # Each point is among its own distances, at 0; so the others count from 1.
    return _reduced(points, points, lambda distances, _: np.partition(distances, neighbours, axis=1)[:, neighbours])


def _covered(points: Points, centres: Points, radii: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each point lies within the ball of any centre, on its edge included: (n,)."""
    return _reduced(points, centres, lambda distances, _: np.any(distances <= radii, axis=1))


def _reduced(points: Points, others: Points, reduce: Callable[[NDArray[np.float64], int], Any]) -> NDArray[Any]:
    # "sqeuclidean" is computed from differences: a point is at 0 from its copy, and not at a rounding error.
    chunks = pairwise_distances_chunked(
        points, others, reduce_func=reduce, metric="sqeuclidean", working_memory=MEBIBYTES
    )
    return np.concatenate(list(chunks))
