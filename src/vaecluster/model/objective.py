"""What training minimises: one module that holds the model, and whose forward returns the terms of a batch."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import final

from torch import Generator, Tensor, nn
from torch.distributions import Categorical, Distribution, kl_divergence

from vaecluster import ranks
from vaecluster.model.distributions import draw_share
from vaecluster.model.vae import ClusteringVAE


@final
@dataclass(frozen=True)
class Batch:
    """What one step learns from: `rows` (rows, *data), a `view` of each where there are two, and a source of draws.

    The encoder reads `seen` in place of rows where some of their values are hidden from it. `labels` (rows,) are
    clusters: found before, for an objective that learns them, or those that are known of `labelled`, a batch of rows
    that were drawn beside these.
    """

    rows: Tensor
    generator: Generator
    view: Tensor | None = None
    seen: Tensor | None = None
    labels: Tensor | None = None
    labelled: "Batch | None" = None


@dataclass(frozen=True)
class Terms:
    """What an objective makes of a batch.

    `loss` is what the step minimises, in nats per row, or this rank's part of it (`ranks.mean`); `assignment` (rows,
    clusters) is kept for the diagnostics. The other fields are the terms, one value per row, in nats; None for one
    that a batch does not have.
    """

    loss: Tensor
    assignment: Tensor

    def named(self) -> dict[str, Tensor]:
        """The terms by name, for the history."""
        names = [field.name for field in fields(self) if field.name not in ("loss", "assignment")]
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class Objective(nn.Module, ABC):
    """All that training changes: the model in it, and what the objective keeps between batches as buffers."""

    @abstractmethod
    def forward(self, batch: Batch) -> Terms:
        """The terms of a batch, and the loss that they make."""


@final
@dataclass(frozen=True)
class BoundTerms(Terms):
    """The bound (1) and its three terms; and -log q(y|.) of rows with a known cluster, where there are some."""

    bound: Tensor
    reconstruction: Tensor
    latent_kl: Tensor
    cluster_kl: Tensor
    label_cross_entropy: Tensor | None = None


def bound_at(
    model: ClusteringVAE,
    rows: Tensor,
    features: Tensor,
    posterior: Distribution,
    code: Tensor,
    cluster_kl_weight: float = 1.0,
) -> BoundTerms:
    """Equation (1) at given codes (rows, latent), drawn from `posterior` = q(z|x) of the same rows.

    The loss is minus the bound, with a weight on its third term. There weights that are no shares count as they are.
    """
    cluster: Categorical = model.cluster_posterior(features, code, model.prior)  # q(y|.)

    # log p(x|z)
    reconstruction = model.decoder(code).log_prob(rows)
    # sum_y q(y|.) ( log q(z|x) - log p(z|y) )
    latent_kl = posterior.log_prob(code) - (cluster.probs * model.prior.component_log_prob(code)).sum(-1)
    # KL( q(y|.) || p(y) )
    cluster_kl = kl_divergence(cluster, model.prior.weights())

    return BoundTerms(
        loss=ranks.mean(latent_kl - reconstruction + cluster_kl_weight * (cluster_kl - model.prior.weights.excess())),
        assignment=cluster.probs,
        bound=reconstruction - latent_kl - cluster_kl,
        reconstruction=reconstruction,
        latent_kl=latent_kl,
        cluster_kl=cluster_kl,
    )


@final
class BoundObjective(Objective):
    """Minus the bound (1) by one sample of the code, with a weight on its third term.

    Weight 1 is the bound; 0 leaves the term out, as the article allows. Where rows with known clusters come with a
    batch, their cross-entropy (46) is added by its weight.
    """

    def __init__(self, model: ClusteringVAE, cluster_kl_weight: float = 1.0, label_weight: float = 0.0) -> None:
        super().__init__()
        self.model = model
        self.cluster_kl_weight, self.label_weight = cluster_kl_weight, label_weight

    def forward(self, batch: Batch) -> BoundTerms:
        """The terms for a batch of rows (rows, *data)."""
        features, posterior, code = self._coded(batch)
        terms = bound_at(self.model, batch.rows, features, posterior, code, self.cluster_kl_weight)
        if batch.labelled is None:
            return terms
        cross_entropy = self._cross_entropy(batch.labelled)
        loss = terms.loss + self.label_weight * ranks.mean(cross_entropy)
        return replace(terms, loss=loss, label_cross_entropy=cross_entropy)

    def _coded(self, batch: Batch) -> tuple[Tensor, Distribution, Tensor]:
        features = self.model.encoder.features(batch.rows)
        posterior = self.model.encoder.code(features)  # q(z|x)
        return features, posterior, draw_share(posterior, batch.generator)

    def _cross_entropy(self, labelled: Batch) -> Tensor:
        """-log q(y|.) of the known clusters: (rows,)."""
        features, _, code = self._coded(labelled)
        cluster: Categorical = self.model.cluster_posterior(features, code, self.model.prior)
        assert labelled.labels is not None
        return -cluster.logits.gather(-1, labelled.labels[:, None]).squeeze(-1)
