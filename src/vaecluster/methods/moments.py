"""Priors by moments of all rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor

from vaecluster import ranks
from vaecluster.data.rows import Rows
from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.prior import MixturePrior
from vaecluster.model.vae import ClusteringVAE

BLOCK_ROWS = 256
# Of rows (rows, *data): mean and variance of q(z|x), (rows, latent) each, and q(c|x), (rows, components).
Observation = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]


def empty_prior(components: int, latent: int) -> MixturePrior:
    """A prior by moments that has seen no codes yet."""
    return MixturePrior(MomentComponents(components, latent), MomentWeights(components))


@torch.no_grad()
def observe_all(
    prior: MixturePrior,
    rows: Rows,
    observation: Observation,
    telling: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> None:
    """Give a prior by moments those of all rows, (21), in place of what it had; rows count by their weights."""
    components, weights = moment_components(prior), rows.weights

    def observations() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for start in telling(ranks.share(range(0, len(rows), BLOCK_ROWS))):
            indices = slice(start, start + BLOCK_ROWS)
            mean, variance, assignment = observation(rows[indices])
            if weights is not None:
                assignment = assignment * torch.from_numpy(weights[indices]).to(assignment)[:, None]
            yield mean, variance, assignment

    components.observe_all(observations())
    prior.weights.follow(components)


def follow_codes(model: ClusteringVAE, rows: Rows, *, spread: bool = False) -> None:
    """Give the prior the moments of the codes that the model puts into each of its components.

    They are those of the mean codes, or with `spread` those of q(z|x).
    """

    def observation(batch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = model.encoder.features(batch)
        posterior = model.encoder.code(features)
        mean: Tensor = posterior.mean
        cluster = model.cluster_posterior(features, mean, model.prior)
        return mean, posterior.variance if spread else torch.zeros_like(mean), cluster.probs

    model.eval()
    observe_all(model.prior, rows, observation)


def moment_components(prior: MixturePrior) -> MomentComponents:
    """The components of a prior by moments."""
    assert isinstance(prior.components, MomentComponents)
    return prior.components
