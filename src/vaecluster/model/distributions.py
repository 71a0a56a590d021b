"""Constructors for the distributions that the parts return, and draws from them by a given generator."""

import torch
from torch import Generator, Tensor
from torch.distributions import Categorical, Distribution, Independent, MultivariateNormal, Normal

from vaecluster import ranks

# A network may ask for any spread; beyond exp(-10) and exp(10) densities leave what single precision holds.
MOST_LOG_SCALE = 10.0


def scale_of(log_scale: Tensor) -> Tensor:
    """A standard deviation from its logarithm, kept where densities are finite.

    >>> scale_of(torch.tensor([0.0, -1000.0, 1000.0])).log()
    tensor([  0., -10.,  10.])
    """
    return log_scale.clamp(-MOST_LOG_SCALE, MOST_LOG_SCALE).exp()


def diag_normal(mean: Tensor, scale: Tensor) -> Distribution:
    """Normal with independent entries, the last axis being one event.

    >>> diag_normal(torch.zeros(5, 2), torch.ones(2)).log_prob(torch.zeros(5, 2)).shape
    torch.Size([5])
    """
    # Validation reads every value back from the device at every step; the run checks the loss instead.
    return Independent(Normal(mean, scale, validate_args=False), 1, validate_args=False)


def draw(distribution: Distribution, generator: Generator, number: int | None = None) -> Tensor:
    """One draw for each entry of the batch, or `number` of them; gradients flow to mean and spread.

    Torch's distributions draw from its global random state alone, which belongs to the caller's program. Normal
    distributions and categorical ones can be drawn from here.

    >>> draw(diag_normal(torch.zeros(5, 2), torch.ones(2)), torch.Generator().manual_seed(0), 3).shape
    torch.Size([3, 5, 2])
    """
    if isinstance(distribution, Categorical):
        assert number is not None
        return torch.multinomial(distribution.probs, number, replacement=True, generator=generator)
    mean = distribution.mean
    shape = mean.shape if number is None else (number, *mean.shape)
    return _at(distribution, torch.randn(shape, generator=generator, dtype=mean.dtype, device=mean.device))


def draw_share(distribution: Distribution, generator: Generator) -> Tensor:
    """One draw for each row of a normal distribution of this rank's share of a batch: (rows, entries).

    All ranks draw for all rows by the same generator, so that a row's draw is the same however many ranks there are.
    """
    mean = distribution.mean
    shape = ranks.count(len(mean)), *mean.shape[1:]
    noise = torch.randn(shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return _at(distribution, ranks.share(noise))


def _at(distribution: Distribution, noise: Tensor) -> Tensor:
    """Where standard normal noise lies in a normal distribution."""
    mean = distribution.mean
    if isinstance(distribution, MultivariateNormal):
        return mean + (distribution.scale_tril @ noise.unsqueeze(-1)).squeeze(-1)
    return mean + distribution.stddev * noise
