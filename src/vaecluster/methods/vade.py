"""VaDE: the bound with the exact posterior, from a mixture that starts at an autoencoder's codes."""

from dataclasses import replace
from typing import Annotated, ClassVar, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from vaecluster.clusters.matching import numbered_by
from vaecluster.clusters.number import AskedNumber
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.inference.calibrating import confidence_of
from vaecluster.methods.autoencoder import AUTOENCODER, MOST_ROWS, Autoencoder, mixture_of, points_of
from vaecluster.methods.base import BatchSize, Epochs, Fitted, Hidden, Latent, LearningRate, Method, Precision
from vaecluster.methods.bound import STAGE as BOUND
from vaecluster.methods.bound import Bound
from vaecluster.methods.labels import LabelWeight, with_labelled
from vaecluster.model.networks.initial import start_
from vaecluster.model.objective import BoundObjective
from vaecluster.model.prior import LearnedScaleComponents, LearnedWeights
from vaecluster.model.vae import ClusteringVAE
from vaecluster.settings import By, Whole, settings
from vaecluster.training.plan import Plan
from vaecluster.training.run import Run


@settings
class FromMixture(Method):
    """What VaDE and methods like it share: parts, settings, and a start at a mixture of an autoencoder's codes."""

    built: ClassVar[tuple[str, ...]] = ("latent", "hidden", "likelihood", "precision", "scaling")

    latent: Latent = 10
    hidden: Hidden = By(images=(512, 512), vectors=(256, 256))
    precision: Precision = By(images=10.0, vectors=10.0)
    warm_epochs: Annotated[int, Whole(0), "epochs of the autoencoder before; 0 learns from scratch"] = 15
    epochs: Epochs = 35
    batch_size: BatchSize = 128
    learning_rate: LearningRate = 1e-3

    def completed(self, schema: Schema, rows: int, clusters: AskedNumber) -> Self:
        """With the defaults for images or vectors."""
        completed = self.of_kind(schema.kind)
        completed._bound.completed(schema, rows, self.needed_number(clusters))
        return completed

    def plans(self) -> dict[str, Plan]:
        """The autoencoder, unless it is left out, and the bound."""
        lengths = {AUTOENCODER: self.warm_epochs, BOUND: self.epochs}
        plans = {name: Plan(some, self.batch_size, self.learning_rate, "one-cycle") for name, some in lengths.items()}
        return {name: plan for name, plan in plans.items() if plan.epochs}

    def build(self, schema: Schema, clusters: int) -> ClusteringVAE:
        """The parts of the bound that make it VaDE."""
        return self._bound.build(schema, clusters)

    def begun(self, run: Run) -> ClusteringVAE:
        """A model whose stage of the bound may begin; it plans both stages."""
        clusters = self.needed_number(run.clusters)
        model = self.build(run.rows.schema, clusters)
        start_(model, run.draws.at("weights"))
        torch.nn.init.normal_(_components(model).means, generator=run.draws.at("components"))
        model.to(run.device)
        run.stages(self.plans())
        if self.warm_epochs:
            run.train_through(AUTOENCODER, Autoencoder(model))
            if run.begins(BOUND):
                start_at_mixture(model, run.rows, seed=run.draws.seed)
        return model

    @property
    def _bound(self) -> Bound:
        """The bound with VaDE's parts."""
        same = ("latent", "hidden", "likelihood", "precision", "scaling", "epochs", "batch_size", "learning_rate")
        return Bound(
            network="dense",
            component_scale="learned",
            cluster_weights="learned",
            cluster_posterior="bayes",
            schedule="one-cycle",
            **{name: getattr(self, name) for name in same},
        )


@final
@settings
class VaDE(FromMixture):
    """Variational deep embedding (Jiang, Zheng, Tan, Tang and Zhou 2017).

    The bound (1) with q(y|z) by Bayes' rule (7) and learned means, variances (8) and shares (9) of the components. An
    autoencoder of the same networks comes first, and the prior starts at a Gaussian mixture of its codes; with
    `warm_epochs=0` it learns from scratch. The number of clusters must be given.

    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import VAEClustering, VaDE
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
    >>> model.cluster_sizes_.tolist()
    [20, 20, 20]
    """

    name: ClassVar[str] = "vade"

    label_weight: LabelWeight = 0.0

    def fit(self, run: Run) -> Fitted:
        """The autoencoder, the mixture of its codes, then the bound."""
        model = self.begun(run)
        objective = BoundObjective(model, label_weight=self.label_weight)
        run.train_through(BOUND, objective, with_labelled(run.batch, run.rows))
        return Fitted(self, run.rows.schema, model, run.history, confidence=confidence_of(model, run.rows))

    def go_on(self, run: Run, fitted: Fitted, epochs: int, seen: int) -> Fitted:
        """As the bound does."""
        return replace(self._bound, label_weight=self.label_weight).go_on(run, fitted, epochs, seen)


@torch.no_grad()
def start_at_mixture(model: ClusteringVAE, rows: Rows, *, seed: int) -> None:
    """Put the prior where a Gaussian mixture finds the codes of the rows, with the variances of its covariances.

    Nothing makes entries of an autoencoder's codes independent inside a cluster. A mixture that may correlate them
    finds the classes better than one with diagonal covariances, and still does once only its variances are kept.
    """
    components, weights = _components(model), model.prior.weights
    assert isinstance(weights, LearnedWeights)
    mixture = mixture_of(points_of(model, rows.drawn(MOST_ROWS, seed)), len(components.means), seed, "full", starts=3)
    variances = np.diagonal(mixture.covariances_, axis1=1, axis2=2)
    to, order = components.means, _order(mixture, model, rows)
    components.means.copy_(torch.from_numpy(mixture.means_[order]).to(to))
    components.log_scales.copy_(torch.from_numpy(np.log(variances[order]) / 2).to(to))
    weights.logits.copy_(torch.from_numpy(np.log(mixture.weights_[order])).to(to))


def _order(mixture: GaussianMixture, model: ClusteringVAE, rows: Rows) -> NDArray[np.intp]:
    """The components of a mixture, that of each label in its place: (components,)."""
    components = np.arange(len(mixture.means_))
    if not rows.classes:
        return components
    assert rows.labels is not None
    known = np.flatnonzero(rows.labels >= 0)
    held = mixture.predict_proba(points_of(model, rows.some(known))).T @ np.eye(rows.classes)[rows.labels[known]]
    return np.argsort(numbered_by(held, components))


def _components(model: ClusteringVAE) -> LearnedScaleComponents:
    components = model.prior.components
    assert isinstance(components, LearnedScaleComponents)
    return components
