"""Constructors for the distributions that the parts return."""

from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, Normal

# A network may ask for any spread; beyond exp(-10) and exp(10) densities leave what single precision holds.
MOST_LOG_SCALE = 10.0


def scale_of(log_scale: Tensor) -> Tensor:
    """A standard deviation from its logarithm, kept where densities are finite.

    >>> import torch
    >>> scale_of(torch.tensor([0.0, -1000.0, 1000.0])).log()
    tensor([  0., -10.,  10.])
    """
    return log_scale.clamp(-MOST_LOG_SCALE, MOST_LOG_SCALE).exp()


def diag_normal(mean: Tensor, scale: Tensor, event_dims: int = 1) -> Distribution:
    """Normal with independent entries, the last `event_dims` axes being one event.

    >>> import torch
    >>> diag_normal(torch.zeros(5, 2), torch.ones(2)).log_prob(torch.zeros(5, 2)).shape
    torch.Size([5])
    """
    # Validation reads every value back from the device at every step; the loop checks the terms instead.
    return Independent(Normal(mean, scale, validate_args=False), event_dims, validate_args=False)


def bernoulli(logits: Tensor, event_dims: int = 1) -> Distribution:
    """Independent coin flips by their logits, the last `event_dims` axes being one event."""
    return Independent(Bernoulli(logits=logits, validate_args=False), event_dims, validate_args=False)
