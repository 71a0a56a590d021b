"""What the default method minimises: equation (20) of `docs/model.md`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from vaecluster import ranks
from vaecluster.methods.two_views.heads import ComponentHeads
from vaecluster.methods.two_views.information import SMALLEST, InformationEstimate, PointwiseInformation
from vaecluster.model.decoder import Decoder
from vaecluster.model.distributions import draw_share
from vaecluster.model.encoder import Encoder
from vaecluster.model.objective import Batch, Objective, Terms
from vaecluster.model.prior import GivenWeights, MixturePrior, StandardNormal


@final
@dataclass(frozen=True)
class TwoViewsTerms(Terms):
    """One value per row, in nats; all but `information` of the rows that were decoded.

    `information` is (2) of the clusters, mean over heads; `agreement` is log p(c|z) averaged over the partner's
    assignment; `label_cross_entropy` is that of labelled rows and of their views, mean over heads, where there are
    some. `assignment` is that of the head whose components have the prior.
    """

    information: Tensor
    reconstruction: Tensor
    latent_kl: Tensor
    agreement: Tensor
    label_cross_entropy: Tensor | None = None


@final
@dataclass(frozen=True)
class Weights:
    """Weights of the terms against the bound in nats, and the share of a batch that is decoded."""

    information: float
    agreement: float
    balance: float
    decoded_share: float
    labels: float = 0.0


@final
class TwoViewsObjective(Objective):
    """Every head's clusters share as much between views as they can; codes, prior and decoder follow.

    Minimises  - information weight * mean over heads of I(y;y') - E[ log p(x|z) ]
               + sum_c q(c|x') KL( q(z|x) || p(z|c) ) - agreement weight * E[ sum_c q(c|x') log p(c|z) ]
               - label weight * mean over labelled rows, views and heads of log q(y|x).
    Assignments are constants in the last two terms: a prior that does not fit yet must not move the partition.
    `groups` (heads, components) holds the cluster of each component; the prior is that of `head`. Where they are not
    `grouped`, each component is its own cluster.
    """

    groups: Tensor

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        heads: ComponentHeads,
        prior: MixturePrior,
        groups: Tensor,
        estimate: InformationEstimate | PointwiseInformation,
        weights: Weights,
        head: int = 0,
        *,
        grouped: bool = True,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder, self.heads, self.prior = encoder, decoder, heads, prior
        self.register_buffer("groups", groups)
        self.number = int(groups.max()) + 1
        self.estimate, self.weights, self.head, self.grouped = estimate, weights, head, grouped

    @classmethod
    def of_components(
        cls, encoder: Encoder, decoder: Decoder, heads: ComponentHeads, weights: Weights, *, pointwise: bool = False
    ) -> Self:
        """The first stage: every component is its own cluster, and p(z) is a standard normal.

        What views share is measured pointwise, by (16b), or by (2).
        """
        prior = MixturePrior(StandardNormal(encoder.latent), GivenWeights.equal(1))
        estimate = (
            PointwiseInformation()
            if pointwise
            else InformationEstimate(heads.heads, heads.components, balance=weights.balance)
        )
        groups = torch.arange(heads.components, device="cpu").repeat(heads.heads, 1)
        return cls(encoder, decoder, heads, prior, groups, estimate, weights, grouped=False)

    @classmethod
    def of_groups(
        cls,
        encoder: Encoder,
        decoder: Decoder,
        heads: ComponentHeads,
        prior: MixturePrior,
        groups: Tensor,
        target: Tensor,
        weights: Weights,
        head: int = 0,
    ) -> Self:
        """Clusters are groups of components, which are to have the shares `target` (heads, clusters)."""
        estimate = InformationEstimate(*target.shape, target=target, balance=weights.balance)
        return cls(encoder, decoder, heads, prior, groups, estimate, weights, head)

    def of_clusters(
        self, groupings: Sequence[NDArray[np.intp]], target: Tensor, head: int, prior: MixturePrior
    ) -> "TwoViewsObjective":
        """The second stage: clusters are groups of components, and those of `head` have the prior."""
        groups, device = torch.from_numpy(np.array(groupings)), self.heads.linear.weight.device
        parts = self.encoder, self.decoder, self.heads, prior
        return self.of_groups(*parts, groups, target, self.weights, head).to(device)

    def clusters(self, rows: Tensor) -> Tensor:
        """q(y|x) of every head for rows (rows, *data): (rows, heads, clusters)."""
        return self._clusters(self.heads(self.encoder.features(rows)))

    def forward(self, batch: Batch) -> TwoViewsTerms:
        """The terms for a batch of rows and their views; the prior takes the batch in first."""
        assert batch.view is not None
        both, rows = _both_views(batch), len(batch.rows)
        # In one pass: batch normalisation is to see the labelled rows as a part of the others.
        labelled = [] if batch.labelled is None else _both_views(batch.labelled)
        features = self.encoder.features(torch.cat([*both, *labelled]))
        assigned = self.heads(features)  # rows heads components
        parts = [rows, rows, len(assigned) - 2 * rows]
        own, partner, _ = torch.split(assigned, parts)
        clusters, partner_clusters, known = torch.split(self._clusters(assigned), parts)
        information = self.estimate(clusters, partner_clusters).mean(-1)

        # Batch normalisation needs two; of a batch of one row its view is decoded as well.
        in_all = max(2, round(self.weights.decoded_share * ranks.count(rows)))
        decoded = len(ranks.share(range(in_all)))
        posterior = self.encoder.code(features[:decoded])
        mean, variance, code = posterior.mean, posterior.variance, draw_share(posterior, batch.generator)
        # q(c|x'); a view's partner is the row.
        given = _beginning(partner.detach(), own.detach(), decoded)[:, self.head]
        self.prior.observe(mean.detach(), variance.detach(), given)
        reconstruction = self.decoder(code).log_prob(_beginning(batch.rows, batch.view, decoded))
        latent_kl = (given * self.prior.components.divergence(mean, variance)).sum(-1)
        agreement = (given * self.prior.joint_log_prob(code).log_softmax(-1)).sum(-1)
        loss = (
            ranks.mean(latent_kl)
            - ranks.mean(reconstruction)
            - self.weights.information * ranks.mean(information)
            - self.weights.agreement * ranks.mean(agreement)
        )
        terms = TwoViewsTerms(loss, clusters[:, self.head], information, reconstruction, latent_kl, agreement)
        if batch.labelled is None:
            return terms
        cross_entropy = self._cross_entropy(known, batch.labelled)
        return replace(
            terms, loss=loss + self.weights.labels * ranks.mean(cross_entropy), label_cross_entropy=cross_entropy
        )

    def _cross_entropy(self, clusters: Tensor, labelled: Batch) -> Tensor:
        """-log q(y|x) of known clusters, of rows and their views (rows, heads, clusters): (rows,)."""
        assert labelled.labels is not None
        labels = labelled.labels.repeat(2)[:, None, None].expand(-1, self.heads.heads, 1)
        likely = clusters.gather(-1, labels).squeeze(-1)
        return -likely.clamp_min(SMALLEST).log().mean(-1)

    def _clusters(self, assignment: Tensor) -> Tensor:
        """q(y|x) of every head, equation (19): (rows, heads, components) to (rows, heads, clusters)."""
        if not self.grouped:
            return assignment
        # On a GPU the order of a scattered sum is not the same each time, and dense products cost little.
        if assignment.is_cuda:
            members = one_hot(self.groups, self.number).to(assignment)
            return torch.einsum("nhc,hck->nhk", assignment, members)
        empty = assignment.new_zeros(len(assignment), len(self.groups), self.number)
        return empty.scatter_add(-1, self.groups.expand(len(assignment), -1, -1), assignment)


def _both_views(batch: Batch) -> list[Tensor]:
    """The rows as the encoder reads them, and their views: (rows, *data) each."""
    assert batch.view is not None
    return [batch.rows if batch.seen is None else batch.seen, batch.view]


def _beginning(one: Tensor, other: Tensor, number: int) -> Tensor:
    """The first so many rows of two tensors, one below the other."""
    return torch.cat([one[:number], other[: max(0, number - len(one))]])
