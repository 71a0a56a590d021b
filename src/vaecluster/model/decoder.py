"""Which rows would this code produce: the likelihood p(x|z)."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from vaecluster.model.distributions import bernoulli, diag_normal, scale_of


class Decoder(nn.Module, ABC):
    """The likelihood p(x|z); to add one, write a class with this `forward`."""

    @abstractmethod
    def forward(self, code: Tensor) -> Distribution:  # rows latent
        """p(x|z): batch (rows,), event (*data)."""


@final
class GaussianDecoder(Decoder):
    """Rows around a mean with one fixed spread: squared error in the bound's own units.

    `precision` is 1 / variance. The article's weight 2.5 on half the squared error is precision 2.5.
    """

    scale: Tensor

    def __init__(self, network: nn.Module, precision: float, data_dims: int) -> None:
        super().__init__()
        self.network = network
        self.data_dims = data_dims
        self.register_buffer("scale", torch.tensor(precision**-0.5))

    def forward(self, code: Tensor) -> Distribution:  # rows latent
        """p(x|z) = N(mean(z), 1/precision)."""
        return diag_normal(self.network(code), self.scale, self.data_dims)


@final
class LearnedScaleDecoder(Decoder):
    """Rows around a mean with one spread for all entries, learned by the bound itself.

    At the bound's optimum the variance is the mean squared error, so no weight has to be chosen.
    """

    def __init__(self, network: nn.Module, precision: float, data_dims: int) -> None:
        super().__init__()
        self.network = network
        self.data_dims = data_dims
        self.log_scale = nn.Parameter(-0.5 * torch.tensor(precision).log())

    def forward(self, code: Tensor) -> Distribution:  # rows latent
        """p(x|z) = N(mean(z), scale^2)."""
        return diag_normal(self.network(code), scale_of(self.log_scale), self.data_dims)


@final
class BernoulliDecoder(Decoder):
    """Entries as coin flips; for rows in [0, 1], where a value between is read as a probability."""

    def __init__(self, network: nn.Module, data_dims: int) -> None:
        super().__init__()
        self.network = network
        self.data_dims = data_dims

    def forward(self, code: Tensor) -> Distribution:  # rows latent
        """p(x|z) = Bernoulli(sigmoid(network(z)))."""
        return bernoulli(self.network(code), self.data_dims)
