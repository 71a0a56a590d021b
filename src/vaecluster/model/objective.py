"""What training maximises: the terms of the bound as records, one value per row."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, kl_divergence

from vaecluster.model.vae import ClusteringVAE


class Objective(nn.Module, ABC):
    """What is minimised, for one kind of model, batch and terms; its buffers are what it keeps between batches."""

    @abstractmethod
    def terms(self, model: Any, batch: Any) -> Any:
        """The terms of a batch: a frozen record with `assignment` (rows, clusters) and `named()`."""

    @abstractmethod
    def loss(self, terms: Any) -> Tensor:
        """What is minimised; its mean is the loss of the step."""


@final
@dataclass(frozen=True)
class ElboTerms:
    """The bound (1) term by term, one value per row, in nats.

    `assignment` is q(y|.) of the same rows, kept for the diagnostics: (rows, clusters).
    """

    reconstruction: Tensor
    latent_kl: Tensor
    cluster_kl: Tensor
    assignment: Tensor

    @property
    def bound(self) -> Tensor:
        """Equation (1): a lower bound on log p(x), per row, in nats."""
        return self.reconstruction - self.latent_kl - self.cluster_kl

    def named(self) -> dict[str, Tensor]:
        """The bound and its terms by name, for the history: values per row."""
        return {
            "bound": self.bound,
            "reconstruction": self.reconstruction,
            "latent_kl": self.latent_kl,
            "cluster_kl": self.cluster_kl,
        }


def elbo_terms(model: ClusteringVAE, rows: Tensor) -> ElboTerms:
    """Equation (1) by one sample of the code; gradients flow through it to every part.

    `rows` is (rows, *data) as the decoder's likelihood expects them.
    """
    features = model.encoder.features(rows)
    posterior = model.encoder.code(features)  # q(z|x)
    return terms_at(model, rows, features, posterior, posterior.rsample())


def terms_at(model: ClusteringVAE, rows: Tensor, features: Tensor, posterior: Distribution, code: Tensor) -> ElboTerms:
    """Equation (1) at given codes (rows, latent), drawn from `posterior` = q(z|x) of the same rows."""
    cluster: Categorical = model.cluster_posterior(features, code, model.prior)  # q(y|.)

    # log p(x|z)
    reconstruction = model.decoder(code).log_prob(rows)
    # sum_y q(y|.) ( log q(z|x) - log p(z|y) )
    latent_kl = posterior.log_prob(code) - (cluster.probs * model.prior.component_log_prob(code)).sum(-1)
    # KL( q(y|.) || p(y) )
    cluster_kl = kl_divergence(cluster, model.prior.weights())

    return ElboTerms(reconstruction, latent_kl, cluster_kl, cluster.probs)


@final
class NegativeElbo(Objective):
    """Minus the bound (1), with a weight on `cluster_kl`: 1 is the bound, 0 leaves it out, as the article allows."""

    def __init__(self, cluster_kl_weight: float = 1.0) -> None:
        super().__init__()
        self.cluster_kl_weight = cluster_kl_weight

    def terms(self, model: ClusteringVAE, rows: Tensor) -> ElboTerms:
        """The terms for a batch of rows."""
        return elbo_terms(model, rows)

    def loss(self, terms: ElboTerms) -> Tensor:
        """What is minimised, per row, in nats."""
        return terms.latent_kl - terms.reconstruction + self.cluster_kl_weight * terms.cluster_kl
