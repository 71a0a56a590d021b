"""The bound (1) with parts by choice; the defaults are the method of Su's article."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Self, final

import numpy as np
import torch
from torch import Tensor, nn

from vaecluster.clusters.number import AskedNumber
from vaecluster.data.rows import Rows, split
from vaecluster.data.schema import Schema
from vaecluster.errors import SettingError
from vaecluster.inference.answers import mean_bound
from vaecluster.inference.calibrating import confidence_of
from vaecluster.methods.base import (
    BatchSize,
    Epochs,
    Fitted,
    Hidden,
    Latent,
    LearningRate,
    Method,
    Precision,
    check_shares,
)
from vaecluster.methods.labels import LabelWeight, with_labelled
from vaecluster.model.cluster_posterior import BayesPosterior, ClusterPosterior, CodePosterior, FeaturePosterior
from vaecluster.model.decoder import Decoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.full_covariance import LearnedCovarianceComponents
from vaecluster.model.grouping import Grouping
from vaecluster.model.networks.conv import ConvDecoderNetwork, ConvEncoderNetwork
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import start_
from vaecluster.model.objective import BoundObjective
from vaecluster.model.prior import (
    ClusterWeights,
    Components,
    FixedScaleComponents,
    GivenWeights,
    LearnedScaleComponents,
    LearnedWeights,
    MixturePrior,
    RawWeights,
)
from vaecluster.model.vae import ClusteringVAE
from vaecluster.model.vamp import VampComponents
from vaecluster.row_kind import RowKind
from vaecluster.settings import (
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    By,
    Either,
    Flag,
    OneOf,
    Shares,
    Whole,
    settings,
)
from vaecluster.training.plan import Plan
from vaecluster.training.run import Run
from vaecluster.training.state import load_tensors, tensors_of

STAGE = "bound"
# Nothing in the bound holds a cluster in place, and Adam's first steps, without moments, are long.
GOING_ON_RATE = 0.1


@final
@settings
class Bound(Method):
    """The bound (1) alone (Su 2018, "Variational autoencoders (4): a one-step clustering scheme").

    The defaults are the article's; it is about images. Vectors get the same bound with dense networks and a precision
    to start from for standardised columns (docs/decisions/0013). The number of clusters must be given.

    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import Bound, VAEClustering
    >>> X, _ = make_blobs(60, n_features=5, centers=2, random_state=0)
    >>> model = VAEClustering(2, method=Bound(epochs=30), random_state=0).fit(X)
    >>> list(model.history_.curves())[:4]
    ['bound', 'reconstruction', 'latent_kl', 'cluster_kl']
    """

    name: ClassVar[str] = "su2018"
    built: ClassVar[tuple[str, ...]] = (
        *("network", "latent", "hidden", "likelihood", "precision", "components", "component_scale"),
        *("cluster_weights", "weights_temperature", "cluster_posterior", "scaling"),
    )

    network: Annotated[str, OneOf("conv", "dense"), "the article's convolutions, for images, or dense layers"] = By(
        images="conv", vectors="dense"
    )
    latent: Latent = By(images=20, vectors=10)
    hidden: Hidden = By(images=(512, 512), vectors=(256, 256))
    precision: Precision = By(images=2.5, vectors=10.0)
    components: Annotated[
        str,
        OneOf("normal", "vamp"),
        "p(z|y): a normal distribution, or what the encoder makes of a learned row (Tomczak and Welling 2018)",
    ] = "normal"
    component_scale: Annotated[
        float | str,
        Either(OneOf("learned", "full"), POSITIVE),
        "standard deviation of p(z|y): given, learned for each entry of a code, or a full covariance, learned",
    ] = 1.0
    cluster_weights: Annotated[
        str | Sequence[float],
        Either(OneOf("uniform", "learned", "raw"), Shares()),
        "p(y): equal, learned as logits over a temperature, learned without being made to sum to 1, or given",
    ] = "uniform"
    weights_temperature: Annotated[float, POSITIVE, "temperature of learned cluster_weights"] = 1.0
    cluster_posterior: Annotated[
        str,
        OneOf("code", "features", "bayes"),
        "q(y|.): a network on the sampled code, one on the encoder's features, or Bayes' rule",
    ] = "code"
    cluster_kl_weight: Annotated[float, NOT_NEGATIVE, "weight of the bound's third term; 0 leaves it out"] = 1.0
    label_weight: LabelWeight = 0.0
    epochs: Epochs = 50
    batch_size: BatchSize = 100
    learning_rate: LearningRate = 1e-3
    schedule: Annotated[
        str, OneOf("constant", "one-cycle", "cosine"), "how the learning rate changes over the fit"
    ] = "constant"
    early_stopping: Annotated[
        bool, Flag(), "hold out rows, end when their bound no longer improves, and keep the best weights"
    ] = False
    patience: Annotated[int, Whole(), "epochs without a better bound that end a fit with early_stopping"] = 10
    held_out_share: Annotated[float, SHARE, "share of the rows that early_stopping holds out"] = 0.1

    def completed(self, schema: Schema, rows: int, clusters: AskedNumber) -> Self:
        """With the defaults for images or vectors."""
        completed = self.of_kind(schema.kind)
        check_shares(completed.cluster_weights, self.needed_number(clusters))
        if completed.network == "conv" and schema.kind != RowKind.IMAGES:
            raise SettingError(
                f"network is 'conv', which needs images, but the rows are {schema.kind}. Use "
                "'dense', or give the rows as images (n, H, W)."
            )
        return completed

    def plans(self) -> dict[str, Plan]:
        """The only stage."""
        return {STAGE: Plan(self.epochs, self.batch_size, self.learning_rate, self.schedule)}  # type: ignore[arg-type]

    def build(self, schema: Schema, clusters: int) -> ClusteringVAE:
        """The parts that the settings name."""
        likelihood = schema.likelihood(self.likelihood, self.precision)
        encoder_network, decoder_network = NETWORKS[self.network](self, schema, likelihood.shape)
        features: int = encoder_network.features  # type: ignore[assignment]
        encoder = Encoder(schema.embedding(), encoder_network, features, self.latent)
        return ClusteringVAE(
            encoder,
            Decoder(decoder_network, likelihood),
            MixturePrior(self._components(encoder, schema, clusters), self._weights(clusters)),
            POSTERIORS[self.cluster_posterior](self.latent, features, clusters),
            Grouping.identity(clusters),
        )

    def fit(self, run: Run) -> Fitted:
        """Fresh weights, then the bound."""
        model = self.build(run.rows.schema, self.needed_number(run.clusters))
        generator = run.draws.at("weights")
        start_(model, generator, glorot=True)
        self._start_components(model, run)
        run.stages(self.plans())
        return self.learn(run, model.to(run.device))

    def go_on(self, run: Run, fitted: Fitted, epochs: int, seen: int) -> Fitted:
        """The bound again, more slowly. This prior is learned by gradient, so `seen` does not matter."""
        run.stages(
            {STAGE: replace(self.plans()[STAGE], epochs=epochs, learning_rate=GOING_ON_RATE * self.learning_rate)}
        )
        return fitted.gone_on(self.learn(run, fitted.model), seen)

    def learn(self, run: Run, model: ClusteringVAE) -> Fitted:
        """Minimise minus the bound, with held-out rows if early stopping is on; the stage is planned already."""
        watch = None
        if self.early_stopping:
            number = max(1, round(self.held_out_share * len(run.rows)))
            run.rows, held_out = split(run.rows, number, run.draws.at("held out"))
            watch = HeldOutWatch(model, held_out, self.patience)
        objective = BoundObjective(model, self.cluster_kl_weight, self.label_weight)
        for epoch in run.train(STAGE, objective, with_labelled(run.batch, run.rows), beside=watch):
            if watch is not None:
                epoch.held_out_bound = watch.look()
                epoch.stop = watch.patience_is_over
        if watch is not None and not run.interrupted:
            watch.restore_best()
        return Fitted(self, run.rows.schema, model, run.history, confidence=confidence_of(model, run.rows))

    def _components(self, encoder: Encoder, schema: Schema, clusters: int) -> Components:
        if self.components == "vamp":
            return VampComponents(encoder, clusters, schema.data_shape)
        means = torch.zeros(clusters, self.latent, dtype=torch.float32, device="cpu")
        if isinstance(self.component_scale, str):
            return SCALES[self.component_scale](means)
        return FixedScaleComponents(means, float(self.component_scale))

    def _weights(self, clusters: int) -> ClusterWeights:
        if self.cluster_weights == "learned":
            return LearnedWeights(clusters, self.weights_temperature)
        if self.cluster_weights == "raw":
            return RawWeights(clusters)
        if self.cluster_weights == "uniform":
            return GivenWeights.equal(clusters)
        return GivenWeights(torch.tensor(self.cluster_weights, dtype=torch.float32, device="cpu"))

    def _start_components(self, model: ClusteringVAE, run: Run) -> None:
        components, generator = model.prior.components, run.draws.at("components")
        if isinstance(components, VampComponents):
            order = torch.randperm(len(run.rows), generator=generator, dtype=torch.int64, device="cpu")
            # Few rows serve several components.
            components.start_at(run.rows[np.resize(order.numpy(), self.needed_number(run.clusters))].cpu())
        elif self.cluster_posterior == "bayes":
            # By Bayes' rule equal means give equal answers and stay equal; random weights of a network break the tie.
            nn.init.normal_(components.means, generator=generator)  # type: ignore[arg-type]


@final
class HeldOutWatch:
    """Follows the bound on held-out rows and keeps the weights of its best epoch."""

    def __init__(self, model: ClusteringVAE, held_out: Rows, patience: int) -> None:
        self.model, self.held_out, self.patience = model, held_out, patience
        self.best, self.since_best = float("-inf"), 0
        self.best_weights: dict[str, Any] = {}

    def look(self) -> float:
        """The bound on the held-out rows now, in nats per row."""
        bound = mean_bound(self.model, self.held_out)
        self.since_best += 1
        if bound > self.best:
            self.best, self.since_best = bound, 0
            self.best_weights = deepcopy(tensors_of(self.model))
        return bound

    @property
    def patience_is_over(self) -> bool:
        """Whether the best bound is too many epochs ago."""
        return self.since_best >= self.patience

    def restore_best(self) -> None:
        """Give the model the weights of its best epoch."""
        load_tensors(self.model, self.best_weights)

    def as_dict(self) -> dict[str, Any]:
        """The best bound and its weights."""
        return {"best": self.best, "since_best": self.since_best, "best_weights": self.best_weights}

    def restore(self, plain: dict[str, Any]) -> None:
        """Become the watch that `as_dict` wrote down."""
        self.best, self.since_best, self.best_weights = plain["best"], plain["since_best"], plain["best_weights"]


def _conv(method: Bound, schema: Schema, shape: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    channels, height, width = schema.data_shape
    image = (channels, height, width)
    return ConvEncoderNetwork(image), ConvDecoderNetwork(method.latent, image)


def _dense(method: Bound, schema: Schema, shape: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    hidden = method.hidden
    encoder = DenseEncoderNetwork(schema.embedded_shape, hidden)
    return encoder, DenseDecoderNetwork(method.latent, hidden[::-1], shape)


# Networks by name: from a method, a schema and the shape that the likelihood reads to an encoder's and a decoder's.
NETWORKS: dict[str, Callable[[Bound, Schema, tuple[int, ...]], tuple[nn.Module, nn.Module]]] = {
    "conv": _conv,
    "dense": _dense,
}
# Components whose spread is learned, by name: from their means (clusters, latent).
SCALES: dict[str, Callable[[Tensor], Components]] = {
    "learned": LearnedScaleComponents,
    "full": LearnedCovarianceComponents,
}
# Cluster posteriors by name: from entries of a code, entries of the features and clusters.
POSTERIORS: dict[str, Callable[[int, int, int], ClusterPosterior]] = {
    "code": lambda latent, features, clusters: CodePosterior(latent, clusters),
    "features": lambda latent, features, clusters: FeaturePosterior(features, clusters),
    "bayes": lambda latent, features, clusters: BayesPosterior(),
}
