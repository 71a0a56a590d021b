"""Constructors for the distributions that the parts return."""

from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, Normal


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
