"""Which rows would this code produce: the likelihood p(x|z)."""

from typing import final

from torch import Tensor, nn
from torch.distributions import Distribution

from vaecluster.model.likelihood import Likelihood


@final
class Decoder(nn.Module):
    """A network from codes to numbers, and the likelihood that reads them."""

    def __init__(self, network: nn.Module, likelihood: Likelihood) -> None:
        super().__init__()
        self.network = network
        self.likelihood = likelihood

    def forward(self, code: Tensor) -> Distribution:  # rows latent
        """p(x|z): batch (rows,), event (*data)."""
        distribution: Distribution = self.likelihood(self.network(code))
        return distribution

    def expected(self, code: Tensor) -> Tensor:
        """The row that a code stands for, (rows, latent) to (rows, *data): the mean of p(x|z) where there is one."""
        return self.likelihood.expected(self.network(code))
