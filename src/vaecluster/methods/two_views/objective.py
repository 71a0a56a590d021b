"""What the default method minimises: equation (20) of `docs/model.md`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.methods.two_views.heads import ComponentHeads
from vaecluster.methods.two_views.information import InformationEstimate, PointwiseInformation
from vaecluster.model.decoder import Decoder
from vaecluster.model.distributions import draw
from vaecluster.model.encoder import Encoder
from vaecluster.model.objective import Batch, Objective, Terms
from vaecluster.model.prior import GivenWeights, MixturePrior, StandardNormal


@final
@dataclass(frozen=True)
class TwoViewsTerms(Terms):
    """One value per row, in nats; all but `information` of the rows that were decoded.

    `information` is (2) of the clusters, mean over heads; `agreement` is log p(c|z) averaged over the partner's
    assignment. `assignment` is that of the head whose components have the prior.
    """

    information: Tensor
    reconstruction: Tensor
    latent_kl: Tensor
    agreement: Tensor


@final
@dataclass(frozen=True)
class Weights:
    """Weights of the terms against the bound in nats, and the share of a batch that is decoded."""

    information: float
    agreement: float
    balance: float
    decoded_share: float


@final
class TwoViewsObjective(Objective):
    """Every head's clusters share as much between views as they can; codes, prior and decoder follow.

    Minimises  - information weight * mean over heads of I(y;y') - E[ log p(x|z) ]
               + sum_c q(c|x') KL( q(z|x) || p(z|c) ) - agreement weight * E[ sum_c q(c|x') log p(c|z) ].
    Assignments are constants in the last two terms: a prior that does not fit yet must not move the partition.
    `groups` (heads, components, clusters) is 1 where a component belongs to a cluster; the prior is that of `head`.
    """

    groups: Tensor

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        heads: ComponentHeads,
        prior: MixturePrior,
        groups: Tensor,
        target: Tensor,
        weights: Weights,
        head: int = 0,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder, self.heads, self.prior = encoder, decoder, heads, prior
        self.register_buffer("groups", groups)
        self.estimate: InformationEstimate | PointwiseInformation = InformationEstimate(
            groups.shape[0], groups.shape[-1], target=target, balance=weights.balance
        )
        self.weights = weights
        self.head = head

    @classmethod
    def of_components(
        cls, encoder: Encoder, decoder: Decoder, heads: ComponentHeads, weights: Weights, *, pointwise: bool = False
    ) -> Self:
        """The first stage: every component is its own cluster, and p(z) is a standard normal.

        What views share is measured pointwise, by (16b), or by (2).
        """
        number = heads.components
        prior = MixturePrior(StandardNormal(encoder.latent), GivenWeights.equal(1))
        groups = groups_of([np.arange(number)] * heads.heads, number)
        target = torch.full((heads.heads, number), 1 / number, dtype=torch.float32, device="cpu")
        objective = cls(encoder, decoder, heads, prior, groups, target, weights)
        if pointwise:
            objective.estimate = PointwiseInformation()
        return objective

    def of_clusters(
        self, groupings: Sequence[NDArray[np.intp]], target: Tensor, head: int, prior: MixturePrior
    ) -> "TwoViewsObjective":
        """The second stage: clusters are groups of components, and those of `head` have the prior."""
        groups, device = groups_of(groupings, target.shape[1]), self.groups.device
        parts = self.encoder, self.decoder, self.heads, prior
        return TwoViewsObjective(*parts, groups, target, self.weights, head).to(device)

    def clusters(self, rows: Tensor) -> Tensor:
        """q(y|x) of every head for rows (rows, *data): (rows, heads, clusters)."""
        return torch.einsum("nhc,hck->nhk", self.heads(self.encoder.features(rows)), self.groups)

    def forward(self, batch: Batch) -> TwoViewsTerms:
        """The terms for a batch of rows and their views; the prior takes the batch in first."""
        assert batch.view is not None
        both = torch.cat([batch.rows, batch.view])
        features = self.encoder.features(both)
        own, partner = self.heads(features).chunk(2)  # rows heads components
        clusters, partner_clusters = (torch.einsum("nhc,hck->nhk", view, self.groups) for view in (own, partner))
        information = self.estimate(clusters, partner_clusters).mean(-1)

        # Batch normalisation needs two; of a batch of one row its view is decoded as well.
        decoded = max(2, round(self.weights.decoded_share * len(batch.rows)))
        posterior = self.encoder.code(features[:decoded])
        mean, variance, code = posterior.mean, posterior.variance, draw(posterior, batch.generator)
        # q(c|x'); a view's partner is the row.
        given = torch.cat([partner, own])[:decoded, self.head].detach()
        self.prior.observe(mean.detach(), variance.detach(), given)
        reconstruction = self.decoder(code).log_prob(both[:decoded])
        latent_kl = (given * self.prior.components.divergence(mean, variance)).sum(-1)
        agreement = (given * self.prior.joint_log_prob(code).log_softmax(-1)).sum(-1)
        loss = (
            latent_kl.mean()
            - reconstruction.mean()
            - self.weights.information * information.mean()
            - self.weights.agreement * agreement.mean()
        )
        return TwoViewsTerms(loss, clusters[:, self.head], information, reconstruction, latent_kl, agreement)


def groups_of(groupings: Sequence[NDArray[np.intp]], clusters: int) -> Tensor:
    """1 where a component belongs to a cluster, from each head's (components,): (heads, components, clusters)."""
    one_hot = torch.eye(clusters, dtype=torch.float32, device="cpu")
    return torch.stack([one_hot[torch.from_numpy(cluster_of)] for cluster_of in groupings])
