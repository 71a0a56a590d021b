"""What the default method maximises: the information that two views share, and the bound's parts that follow it."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from vaecluster.model.encoder import Encoder
from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.heads import HeadedVAE
from vaecluster.model.information import shared_information
from vaecluster.model.vae import ClusteringVAE


@final
@dataclass(frozen=True)
class SharedTerms:
    """The second stage's terms, one value per row, in nats; all but `information` of the rows that were decoded.

    `information` is (2) of the assignments to clusters, `agreement` is log p(c|z) averaged over the partner's
    assignment, and `assignment` (rows, clusters) is kept for the diagnostics.
    """

    information: Tensor
    reconstruction: Tensor
    latent_kl: Tensor
    agreement: Tensor
    assignment: Tensor

    def named(self) -> dict[str, Tensor]:
        """The terms by name, for the history."""
        return {
            "information": self.information,
            "reconstruction": self.reconstruction,
            "latent_kl": self.latent_kl,
            "agreement": self.agreement,
        }


@final
@dataclass(frozen=True)
class ComponentTerms:
    """The first stage's terms, one value per row, in nats; `information` is (2) of the components, mean over heads."""

    information: Tensor
    reconstruction: Tensor
    latent_kl: Tensor
    assignment: Tensor

    def named(self) -> dict[str, Tensor]:
        """The terms by name, for the history."""
        return {
            "component_information": self.information,
            "reconstruction": self.reconstruction,
            "latent_kl": self.latent_kl,
        }


@final
@dataclass(frozen=True)
class Pair:
    """A batch as two views of the same rows, `views` and `partners` (rows, *data), and some of the rows as they are.

    `plain` (plain, *data) are the first rows unchanged: the bound is about rows, not about changed rows.
    """

    plain: Tensor
    views: Tensor
    partners: Tensor

    def features(self, encoder: Encoder) -> tuple[Tensor, Tensor]:
        """Features of the plain rows, and of views and partners together, in one pass."""
        features = encoder.features(torch.cat([self.plain, self.views, self.partners]))
        return features[: len(self.plain)], features[len(self.plain) :]


@final
@dataclass(frozen=True)
class ComponentObjective:
    """First stage: every head's fine components share as much between views as they can; codes and decoder follow.

    Minimises  - weight * mean over heads of I(c;c') - E[ log p(x|z) ] + KL( q(z|x) || N(0, I) ).
    """

    weight: float

    def terms(self, model: HeadedVAE, batch: Pair) -> ComponentTerms:
        """The terms for a batch of pairs."""
        plain, both = batch.features(model.encoder)
        own, partner = model.heads(both).chunk(2)  # rows heads components
        information = shared_information(own, partner).mean(-1)
        posterior = model.encoder.code(plain)
        reconstruction = model.decoder(posterior.rsample()).log_prob(batch.plain)
        mean, variance = posterior.mean, posterior.variance
        latent_kl = 0.5 * (mean.square() + variance - variance.log() - 1).sum(-1)
        return ComponentTerms(information, reconstruction, latent_kl, own[:, 0])

    def loss(self, terms: ComponentTerms) -> Tensor:
        """What is minimised, in nats per row."""
        return terms.latent_kl.mean() - terms.reconstruction.mean() - self.weight * terms.information.mean()


@final
@dataclass(frozen=True)
class ClusterObjective:
    """Second stage: the clusters of one head share as much as they can, and its components have a prior of their own.

    Minimises  - weight * I(y;y') - E[ log p(x|z) ] + sum_c q(c|x') KL( q(z|x) || p(z|c) )
               - agreement_weight * E[ sum_c q(c|x') log p(c|z) ].
    Assignments are constants in the last two terms: a prior that does not fit yet must not move the partition.
    """

    components: MomentComponents
    weights: MomentWeights
    weight: float
    agreement_weight: float

    def terms(self, model: ClusteringVAE, batch: Pair) -> SharedTerms:
        """The terms for a batch of pairs; the prior's moments take the batch in first."""
        plain, both = batch.features(model.encoder)
        # This posterior reads neither the code nor the prior.
        assignment = model.cluster_posterior(both, both, model.prior).probs
        own, partner = assignment.chunk(2)
        clusters, partner_clusters = model.grouping.sum(own), model.grouping.sum(partner)
        information = shared_information(clusters.unsqueeze(1), partner_clusters.unsqueeze(1)).squeeze(-1)

        posterior = model.encoder.code(plain)
        mean, variance, code = posterior.mean, posterior.variance, posterior.rsample()
        # q(c|x'); a batch of one row has two plain ones, and the partner's partner is the row.
        given = torch.cat([partner, own])[: len(plain)].detach()
        self.components.observe(mean.detach(), variance.detach(), given)
        self.weights.follow(self.components)
        reconstruction = model.decoder(code).log_prob(batch.plain)
        latent_kl = (given * self.components.divergence(mean, variance)).sum(-1)
        agreement = (given * model.prior.joint_log_prob(code).log_softmax(-1)).sum(-1)
        return SharedTerms(information, reconstruction, latent_kl, agreement, clusters)

    def loss(self, terms: SharedTerms) -> Tensor:
        """What is minimised, in nats per row."""
        return (
            terms.latent_kl.mean()
            - terms.reconstruction.mean()
            - self.weight * terms.information.mean()
            - self.agreement_weight * terms.agreement.mean()
        )
