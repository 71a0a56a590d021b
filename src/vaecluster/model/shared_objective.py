"""What the default method maximises: the information that two views share, and the bound's parts that follow it."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.heads import HeadedVAE
from vaecluster.model.information import InformationEstimate
from vaecluster.model.objective import Objective
from vaecluster.model.prior import MixturePrior


@final
@dataclass(frozen=True)
class SharedTerms:
    """The second stage's terms, one value per row, in nats; all but `information` of the rows that were decoded.

    `information` is (2) of the clusters, mean over heads; `agreement` is log p(c|z) averaged over the partner's
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
    """Rows as they are and then a view of each, `both` (2 rows, *data); the first `decoded` are decoded as well."""

    both: Tensor
    decoded: int


@final
class ComponentObjective(Objective):
    """First stage: every head's fine components share as much between views as they can; codes and decoder follow.

    Minimises  - weight * mean over heads of I(c;c') - E[ log p(x|z) ] + KL( q(z|x) || N(0, I) ).
    """

    def __init__(self, estimate: InformationEstimate, weight: float) -> None:
        super().__init__()
        self.estimate = estimate
        self.weight = weight

    def terms(self, model: HeadedVAE, batch: Pair) -> ComponentTerms:
        """The terms for a batch of pairs."""
        features = model.encoder.features(batch.both)
        own, partner = model.heads(features).chunk(2)  # rows heads components
        information = self.estimate(own, partner).mean(-1)
        posterior = model.encoder.code(features[: batch.decoded])
        reconstruction = model.decoder(posterior.rsample()).log_prob(batch.both[: batch.decoded])
        mean, variance = posterior.mean, posterior.variance
        latent_kl = 0.5 * (mean.square() + variance - variance.log() - 1).sum(-1)
        return ComponentTerms(information, reconstruction, latent_kl, own[:, 0])

    def loss(self, terms: ComponentTerms) -> Tensor:
        """What is minimised, in nats per row."""
        return terms.latent_kl.mean() - terms.reconstruction.mean() - self.weight * terms.information.mean()


@final
class ClusterObjective(Objective):
    """Second stage: every head's clusters share as much as they can; the components of one have a prior of their own.

    Minimises  - weight * mean over heads of I(y;y') - E[ log p(x|z) ] + sum_c q(c|x') KL( q(z|x) || p(z|c) )
               - agreement_weight * E[ sum_c q(c|x') log p(c|z) ].
    Assignments are constants in the last two terms: a prior that does not fit yet must not move the partition.
    `groups` (heads, components, clusters) is 1 where a component belongs to a cluster; the prior is that of `head`.
    """

    groups: Tensor

    def __init__(
        self,
        estimate: InformationEstimate,
        groups: Tensor,
        head: int,
        components: MomentComponents,
        weights: MomentWeights,
        weight: float,
        agreement_weight: float,
    ) -> None:
        super().__init__()
        self.estimate = estimate
        self.register_buffer("groups", groups)
        self.head = head
        self.components = components
        self.weights = weights
        self.weight = weight
        self.agreement_weight = agreement_weight

    def terms(self, model: HeadedVAE, batch: Pair) -> SharedTerms:
        """The terms for a batch of pairs; the prior's moments take the batch in first."""
        features = model.encoder.features(batch.both)
        own, partner = model.heads(features).chunk(2)  # rows heads components
        clusters, partner_clusters = (torch.einsum("nhc,hck->nhk", view, self.groups) for view in (own, partner))
        information = self.estimate(clusters, partner_clusters).mean(-1)

        decoded = batch.decoded
        posterior = model.encoder.code(features[:decoded])
        mean, variance, code = posterior.mean, posterior.variance, posterior.rsample()
        # q(c|x'); where a batch of one row is decoded with its view, the view's partner is the row.
        given = torch.cat([partner, own])[:decoded, self.head].detach()
        self.components.observe(mean.detach(), variance.detach(), given)
        self.weights.follow(self.components)
        reconstruction = model.decoder(code).log_prob(batch.both[:decoded])
        latent_kl = (given * self.components.divergence(mean, variance)).sum(-1)
        joint = MixturePrior(self.components, self.weights).joint_log_prob(code)
        agreement = (given * joint.log_softmax(-1)).sum(-1)
        return SharedTerms(information, reconstruction, latent_kl, agreement, clusters[:, self.head])

    def loss(self, terms: SharedTerms) -> Tensor:
        """What is minimised, in nats per row."""
        return (
            terms.latent_kl.mean()
            - terms.reconstruction.mean()
            - self.weight * terms.information.mean()
            - self.agreement_weight * terms.agreement.mean()
        )
