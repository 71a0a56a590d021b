"""What a clustering method has to beat: k-means, a Gaussian mixture, and k-means on an autoencoder's codes.

All see the rows that the default method sees. Of their restarts the best by their own objective is kept; labels have
no part in it.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from benchmarks.anchors import in_one
from benchmarks.autoencoder import fit_autoencoder
from benchmarks.runs import Outcome
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.raw import Array
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.methods import TwoViews
from vaecluster.training.device import choose_device, isolated
from vaecluster.training.listeners.progress import progress_display

Labels = NDArray[np.intp]


@final
@dataclass(frozen=True)
class BaselineClustering:
    """The cluster of each row of the fit, (rows,), and the rule for new rows."""

    labels_: Labels
    predict: Callable[[Array], Labels]


@final
@dataclass(frozen=True)
class KMeansMethod:
    """k-means by Lloyd's steps from k-means++ centres; of `restarts` the one of least inertia.

    `standardise` brings the columns of vectors to one spread; images are scaled to [0, 1] in any case.
    """

    restarts: int = 10
    standardise: bool = True

    name: ClassVar[str] = "kmeans"

    def parameters(self) -> dict[str, Any]:
        """Every setting."""
        return asdict(self)

    def fit(self, rows: Array, clusters: int, seed: int) -> Outcome:
        """Find so many clusters in rows (rows, *data)."""
        scaling = choose_scaling(rows, standardise=self.standardise)
        model = _fit_kmeans(as_vectors(rows, scaling), clusters, self.restarts, seed)
        clustering = _clustering(rows, lambda some: model.predict(as_vectors(some, scaling)))
        return Outcome(clustering, asdict(self), {"inertia": float(model.inertia_)})


@final
@dataclass(frozen=True)
class GaussianMixtureMethod:
    """A Gaussian per cluster with a full covariance, by EM from k-means; of `restarts` the one of best likelihood.

    A covariance of d columns has d (d + 1) / 2 numbers, so wider rows are first reduced to `most_columns` principal
    components. `ridge`, in mean variances of a column, is added to each variance: a cluster may have fewer rows than
    columns.
    """

    restarts: int = 10
    standardise: bool = True
    most_columns: int = 50
    ridge: float = 1e-3
    most_steps: int = 1000

    name: ClassVar[str] = "gaussian-mixture"

    def parameters(self) -> dict[str, Any]:
        """Every setting."""
        return asdict(self)

    def fit(self, rows: Array, clusters: int, seed: int) -> Outcome:
        """Find so many clusters in rows (rows, *data)."""
        scaling = choose_scaling(rows, standardise=self.standardise)
        # Double precision: the covariance of a narrow cluster is lost in single.
        vectors = as_vectors(rows, scaling).astype(np.float64)
        columns = min(self.most_columns, *vectors.shape)
        with _threads_of_torch():
            # All of the components are a rotation, which a full covariance does not notice.
            components = PCA(columns, random_state=0).fit(vectors)
            reduced = components.transform(vectors)
            mixture = GaussianMixture(
                clusters,
                n_init=self.restarts,
                max_iter=self.most_steps,
                reg_covar=self.ridge * float(reduced.var(0).mean()),
                random_state=seed,
            ).fit(reduced)

        def predict(some: Array) -> Labels:
            labels: Labels = mixture.predict(components.transform(as_vectors(some, scaling).astype(np.float64)))
            return labels

        facts = {"log_likelihood": float(mixture.lower_bound_), "em_steps": int(mixture.n_iter_)}
        return Outcome(_clustering(rows, predict), asdict(self) | {"columns": columns}, facts)


@final
@dataclass(frozen=True)
class AutoencoderKMeansMethod:
    """An autoencoder of the default method's networks and number of steps, then k-means on its codes.

    The autoencoder is trained once; of `restarts` of k-means the one of least inertia is kept. `epochs` replaces the
    default method's.
    """

    restarts: int = 10
    standardise: bool = True
    epochs: int | None = None
    device: str = "auto"
    verbose: int = 0

    name: ClassVar[str] = "autoencoder-kmeans"

    def parameters(self) -> dict[str, Any]:
        """Every setting."""
        return {key: value for key, value in asdict(self).items() if key != "verbose"}

    def fit(self, rows: Array, clusters: int, seed: int) -> Outcome:
        """Find so many clusters in rows (rows, *data)."""
        schema, device = choose_scaling(rows, standardise=self.standardise), choose_device(self.device)
        settings = TwoViews().completed(schema, len(rows), clusters)
        plan, display = in_one(settings, self.epochs), progress_display(self.verbose)
        try:
            with isolated():
                network, history = fit_autoencoder(
                    Rows(ArraySource(rows), schema, device), settings, plan, seed, [display]
                )
        finally:
            display.close()

        def codes(some: Array) -> NDArray[np.float32]:
            return network.codes(Rows(ArraySource(some), schema, device))

        model = _fit_kmeans(codes(rows), clusters, self.restarts, seed)
        clustering = _clustering(rows, lambda some: model.predict(codes(some)))
        facts = {"inertia": float(model.inertia_), "ending": history.ending, "history": history.curves()}
        network_settings = {key: getattr(settings, key) for key in ("hidden", "latent", "likelihood", "precision")}
        return Outcome(clustering, self.parameters() | network_settings | asdict(plan), facts)


Baseline = KMeansMethod | GaussianMixtureMethod | AutoencoderKMeansMethod
BASELINES: dict[str, Baseline] = {
    method.name: method for method in (KMeansMethod(), GaussianMixtureMethod(), AutoencoderKMeansMethod())
}


def choose_scaling(rows: Array, *, standardise: bool) -> Schema:
    """The default method's scaling: columns each by its own spread, or all by one."""
    return ArraySource(rows).schema(Reading("gaussian", "columns" if standardise else "common"))


def as_vectors(rows: Array, scaling: Schema) -> NDArray[np.float32]:
    """Scaled rows (rows, *data) as (rows, columns)."""
    vectors: NDArray[np.float32] = scaling.encode(rows).flatten(1).numpy()
    return vectors


def _clustering(rows: Array, predict: Callable[[Array], Labels]) -> BaselineClustering:
    """By the rule for new rows, so that predicting the rows of the fit gives their labels again."""
    with _threads_of_torch():
        return BaselineClustering(predict(rows), predict)


def _fit_kmeans(vectors: NDArray[np.float32], clusters: int, restarts: int, seed: int) -> KMeans:
    with _threads_of_torch():
        return KMeans(clusters, n_init=restarts, random_state=seed).fit(vectors)


def _threads_of_torch() -> threadpool_limits:
    """Let scikit-learn, which brings threadpoolctl with it, use as many threads as torch does."""
    return threadpool_limits(torch.get_num_threads())
