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
from vaecluster.peers import GaussianMixture, KMeans, Peer
from vaecluster.training.device import choose_device, isolated
from vaecluster.training.listeners.progress import progress_listeners

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
        clustering, facts = _of_peer(KMeans(self.restarts), rows, self.standardise, clusters, seed)
        return Outcome(clustering, asdict(self), facts)


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
        peer = GaussianMixture(self.restarts, self.most_columns, self.ridge, self.most_steps)
        clustering, facts = _of_peer(peer, rows, self.standardise, clusters, seed)
        return Outcome(clustering, asdict(self) | {"columns": facts.pop("columns")}, facts)


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
        plan, learned = in_one(settings, self.epochs), Rows(ArraySource(rows), schema, device)
        with isolated(), progress_listeners(self.verbose) as shown:
            network, history = fit_autoencoder(learned, settings, plan, seed, shown)

        def codes(some: Array) -> NDArray[np.float32]:
            return network.codes(Rows(ArraySource(some), schema, device))

        clustering, found = _clustering(KMeans(self.restarts), rows, codes, clusters, seed)
        facts = found | {"ending": history.ending, "history": history.curves()}
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


def _of_peer(
    peer: Peer, rows: Array, standardise: bool, clusters: int, seed: int
) -> tuple[BaselineClustering, dict[str, Any]]:
    scaling = choose_scaling(rows, standardise=standardise)
    return _clustering(peer, rows, lambda some: as_vectors(some, scaling), clusters, seed)


def _clustering(
    peer: Peer, rows: Array, points: Callable[[Array], NDArray[np.float32]], clusters: int, seed: int
) -> tuple[BaselineClustering, dict[str, Any]]:
    """The peer's clusters of rows as points, by its rule for new rows, and its facts."""
    # As many threads for scikit-learn, which brings threadpoolctl with it, as torch uses.
    with threadpool_limits(torch.get_num_threads()):
        found = peer.fit(points(rows), clusters, seed)
    rule = found.predict
    assert rule is not None
    return BaselineClustering(found.labels, lambda some: rule(points(some))), found.facts
