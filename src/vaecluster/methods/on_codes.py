"""What methods have in common that cluster the codes of an autoencoder: parts, and a generator at the end."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self, final

import torch
from torch import Tensor

from vaecluster import ranks
from vaecluster.clusters.number import AskedNumber
from vaecluster.data.schema import Schema
from vaecluster.inference.calibrating import confidence_of
from vaecluster.methods.base import BatchSize, Fitted, Hidden, Latent, LearningRate, Method, Precision
from vaecluster.methods.moments import empty_prior
from vaecluster.model.cluster_posterior import ClusterPosterior
from vaecluster.model.decoder import Decoder
from vaecluster.model.distributions import diag_normal, draw_share
from vaecluster.model.encoder import Encoder
from vaecluster.model.grouping import Grouping
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import start_
from vaecluster.model.objective import Batch, Objective, Terms
from vaecluster.model.vae import ClusteringVAE
from vaecluster.settings import By, Whole, settings
from vaecluster.training.plan import Plan
from vaecluster.training.run import Run

GENERATOR = "generator"
# Adam's first steps, without moments, are long.
GOING_ON_RATE = 0.1


@settings
class OnCodes(Method, ABC):
    """A method that learns codes, then clusters of the codes, then a generator from both as they are.

    To add one, write a class with its `posterior`, `plans` and `fit`, which ends with `finished`.
    """

    built: ClassVar[tuple[str, ...]] = ("latent", "hidden", "likelihood", "precision", "scaling")

    latent: Latent = 10
    hidden: Hidden = By(images=(512, 512), vectors=(256, 256))
    precision: Precision = 10.0
    batch_size: BatchSize = 256
    learning_rate: LearningRate = 1e-3
    generator_epochs: Annotated[
        int, Whole(), "epochs at the end, in which decoder and spread of the codes learn while clusters stay"
    ] = 5

    @abstractmethod
    def posterior(self, features: int, clusters: int) -> ClusterPosterior:
        """q(y|.), without weights yet."""

    def completed(self, schema: Schema, rows: int, clusters: AskedNumber) -> Self:
        """With the defaults for images or vectors."""
        self.needed_number(clusters)
        return self.of_kind(schema.kind)

    def build(self, schema: Schema, clusters: int) -> ClusteringVAE:
        """Dense networks, and a prior by moments."""
        likelihood = schema.likelihood(self.likelihood, self.precision)
        network = DenseEncoderNetwork(schema.embedded_shape, self.hidden)
        mirror = DenseDecoderNetwork(self.latent, self.hidden[::-1], likelihood.shape)
        return ClusteringVAE(
            Encoder(schema.embedding(), network, network.features, self.latent),
            Decoder(mirror, likelihood),
            empty_prior(clusters, self.latent),
            self.posterior(network.features, clusters),
            Grouping.identity(clusters),
        )

    def started(self, run: Run) -> ClusteringVAE:
        """A model with fresh weights, where the rows are; the stages are planned."""
        model = self.build(run.rows.schema, self.needed_number(run.clusters))
        start_(model, run.draws.at("weights"))
        run.stages(self.plans())
        return model.to(run.device)

    def finished(self, run: Run, model: ClusteringVAE) -> Fitted:
        """What a fit leaves once codes, clusters and prior are there: the last stage, and confidence."""
        run.train_through(GENERATOR, Generator(model))
        return Fitted(self, run.rows.schema, model, run.history, confidence=confidence_of(model, run.rows))

    def _plan(self, epochs: int) -> Plan:
        return Plan(epochs, self.batch_size, self.learning_rate, "one-cycle")


@final
@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """The first two terms of the bound, one value per row, in nats."""

    reconstruction: Tensor
    latent_kl: Tensor


@final
class Generator(Objective):
    """Minus the bound (1), of which decoder and spread of the codes learn: mean codes, clusters and prior stay."""

    def __init__(self, model: ClusteringVAE) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> GeneratorTerms:
        """The terms of a batch (rows, *data); `cluster_kl` is a constant."""
        model = self.model
        with torch.no_grad():
            features = model.encoder.features(batch.rows)
            mean = model.encoder.mean(features)
            cluster = model.cluster_posterior(features, mean, model.prior).probs
        posterior = diag_normal(mean, model.encoder.code(features).stddev)  # q(z|x)

        # log p(x|z)
        reconstruction = model.decoder(draw_share(posterior, batch.generator)).log_prob(batch.rows)
        # sum_y q(y|.) KL( q(z|x) || p(z|y) )
        latent_kl = (cluster * model.prior.components.divergence(mean, posterior.variance)).sum(-1)

        return GeneratorTerms(ranks.mean(latent_kl - reconstruction), cluster, reconstruction, latent_kl)
