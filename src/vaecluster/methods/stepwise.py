"""Two steps: codes first, then clusters of the codes, which are no longer changed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Annotated, ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray

from vaecluster.errors import SettingError
from vaecluster.hearing import unheard
from vaecluster.methods.autoencoder import AUTOENCODER, MOST_ROWS, Autoencoder, mixture_of, points_of, undisturbed
from vaecluster.methods.base import Epochs, Fitted
from vaecluster.methods.dec import start_at_centres
from vaecluster.methods.imitation import Imitation, imitated
from vaecluster.methods.moments import follow_codes, moment_components
from vaecluster.methods.on_codes import GENERATOR, GOING_ON_RATE, OnCodes
from vaecluster.model.cluster_posterior import BayesPosterior, ClusterPosterior, FeaturePosterior, StudentPosterior
from vaecluster.model.grouping import Grouping
from vaecluster.model.objective import BoundObjective
from vaecluster.model.prior import GivenWeights, MixturePrior, StandardNormal
from vaecluster.model.vae import ClusteringVAE
from vaecluster.peers.umap import umap_of
from vaecluster.settings import OneOf, Whole, settings
from vaecluster.training.plan import Plan
from vaecluster.training.run import Run

VAE, POSTERIOR = "vae", "posterior"
KMEANS, MIXTURE, UMAP_MIXTURE = "kmeans", "mixture", "umap-mixture"
# Starts of a mixture, of which the likeliest is taken.
STARTS = 5
# As N2D has it.
NEIGHBOURS = 10


@final
@dataclass(frozen=True, eq=False)
class Found:
    """The cluster of each row of the fit, (rows,)."""

    labels: NDArray[np.int64]


@final
@settings
class Stepwise(OnCodes):
    """Codes of an autoencoder or a plain VAE, and then k-means, a Gaussian mixture, or UMAP and a mixture.

    UMAP with a mixture, on an autoencoder's codes, is N2D (McConville, Santos-Rodriguez, Piechocki and Craddock 2021).
    UMAP's map is not kept: the cluster posterior learns the clusters that were found, from what the encoder sees, and
    answers for all rows, those of the fit as well. A last stage makes a generator: each cluster is a Gaussian with the
    moments of its codes (22), or the mixture's own. The number of clusters must be given.

    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import Stepwise, VAEClustering
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=Stepwise(epochs=5), random_state=0).fit(X)
    >>> model.cluster_sizes_.tolist()
    [20, 20, 20]
    """

    name: ClassVar[str] = "stepwise"
    built: ClassVar[tuple[str, ...]] = (*OnCodes.built, "clusterer")

    representation: Annotated[str, OneOf(AUTOENCODER, VAE), "what the codes are of"] = AUTOENCODER
    clusterer: Annotated[
        str,
        OneOf(KMEANS, MIXTURE, UMAP_MIXTURE),
        "what finds clusters of the codes; the mixtures have full covariances, and the last one needs umap-learn",
    ] = KMEANS
    epochs: Epochs = 50
    posterior_epochs: Annotated[int, Whole(), "epochs in which the posterior learns the clusters of umap-mixture"] = 10

    def posterior(self, features: int, clusters: int) -> ClusterPosterior:
        """Nearest centres, Bayes' rule, or a network on the features."""
        if self.clusterer == KMEANS:
            return StudentPosterior(self.latent, clusters)
        return BayesPosterior() if self.clusterer == MIXTURE else FeaturePosterior(features, clusters)

    def plans(self) -> dict[str, Plan]:
        """The codes, the posterior if it is learned, the generator."""
        lengths = {
            self.representation: self.epochs,
            POSTERIOR: self.posterior_epochs,
            GENERATOR: self.generator_epochs,
        }
        learned = self.clusterer == UMAP_MIXTURE
        return {name: self._plan(epochs) for name, epochs in lengths.items() if learned or name != POSTERIOR}

    def fit(self, run: Run) -> Fitted:
        """The codes, the clusters, and a generator of the clusters."""
        if self.clusterer == UMAP_MIXTURE and find_spec("umap") is None:
            raise SettingError(
                f"clusterer is {UMAP_MIXTURE!r}, which needs the package umap-learn, which is not installed. Install "
                f"it by `pip install 'vaecluster[umap]'`, or use {MIXTURE!r}."
            )
        model = self.started(run)
        representation = Autoencoder(model) if self.representation == AUTOENCODER else plain_vae(model)
        run.train_through(self.representation, representation)
        if run.begins(GENERATOR):
            CLUSTERERS[self.clusterer](run, model)
        return self.finished(run, model)

    def go_on(self, run: Run, fitted: Fitted, epochs: int, seen: int) -> Fitted:
        """Decoder and spread of the codes learn on, more slowly; codes and clusters stay."""
        plan = replace(self._plan(epochs), learning_rate=GOING_ON_RATE * self.learning_rate)
        run.stages({GENERATOR: plan})
        return fitted.gone_on(self.finished(run, fitted.model), seen)


def plain_vae(model: ClusteringVAE) -> BoundObjective:
    """The bound of the VAE that encoder and decoder are without clusters, with p(z) = N(0, I)."""
    latent = model.encoder.latent
    prior = MixturePrior(StandardNormal(latent), GivenWeights.equal(1)).to(next(model.parameters()).device)
    return BoundObjective(ClusteringVAE(model.encoder, model.decoder, prior, BayesPosterior(), Grouping.identity(1)))


def by_kmeans(run: Run, model: ClusteringVAE) -> None:
    """The posterior gets the centres of k-means, and the prior the moments of each cluster."""
    start_at_centres(model, run.rows, run.draws.seed)
    follow_codes(model, run.rows)


@torch.no_grad()
def by_mixture(run: Run, model: ClusteringVAE) -> None:
    """The prior becomes a Gaussian mixture of the codes, which Bayes' rule then asks."""
    components, seed = moment_components(model.prior), run.draws.seed
    points = points_of(model, run.rows.drawn(MOST_ROWS, seed))
    mixture = mixture_of(points, len(components.means), seed, "full", STARTS)
    means, weights = mixture.means_, mixture.weights_
    seconds = mixture.covariances_ + means[:, :, None] * means[:, None, :]
    moments = weights, weights[:, None] * means, weights[:, None, None] * seconds
    mass, first, second = (torch.from_numpy(values).to(components.means) for values in moments)
    components.mix((mass, first, second), share=1.0)
    model.prior.weights.follow(components)


def by_umap_mixture(run: Run, model: ClusteringVAE) -> None:
    """The posterior learns what a Gaussian mixture finds on UMAP's map, and the prior gets the moments."""
    clusters = model.grouping.clusters
    found = run.once("clusters", lambda: Found(on_map(points_of(model, run.rows), clusters, run.draws.seed)), Found)
    run.train_through(POSTERIOR, Imitation(model), imitated(run, found.labels))
    follow_codes(model, run.rows)


CLUSTERERS: dict[str, Callable[[Run, ClusteringVAE], None]] = {
    KMEANS: by_kmeans,
    MIXTURE: by_mixture,
    UMAP_MIXTURE: by_umap_mixture,
}


def on_map(points: NDArray[np.float64], clusters: int, seed: int) -> NDArray[np.int64]:
    """The cluster of each code (rows, latent) in a mixture on UMAP's map of them, which has an axis for each cluster.

    As many axes as codes have are enough. Too few rows for neighbours are taken as they are.
    """
    rows, latent = points.shape
    mapped = points
    if rows > NEIGHBOURS:
        axes = min(clusters, latent, rows - NEIGHBOURS)
        # It leaves another number of threads behind, and warns of maps in several pieces, which clusters are.
        with undisturbed(), unheard():
            mapped = umap_of(points, NEIGHBOURS, axes, seed % 2**32).astype(np.float64)
    labels: NDArray[np.int64] = mixture_of(mapped, clusters, seed, "full", STARTS).predict(mapped).astype(np.int64)
    return labels
