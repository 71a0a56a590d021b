"""How counts of a row vary, each by itself: p(x|z) of visits, children or purchases."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, NegativeBinomial

from vaecluster.model.distributions import scale_of
from vaecluster.model.likelihood import Likelihood

# No mean is further from that of all rows than exp of this, so that what is shown stays finite.
FARTHEST_LOG = 20.0


@final
class Counts(Likelihood):
    """Negative binomial counts, with a dispersion for each column: the variance is mean + mean^2 / dispersion.

    Numbers of 0 stand for the `means` (columns,) of all rows, and dispersions are learned from those given.
    """

    log_means: Tensor

    def __init__(self, means: Sequence[float], dispersions: Sequence[float]) -> None:
        super().__init__((len(means),))
        self.register_buffer("log_means", torch.tensor(means, dtype=torch.float32, device="cpu").log())
        self.log_dispersion = nn.Parameter(torch.tensor(dispersions, dtype=torch.float32, device="cpu").log())

    def entries(self, numbers: Tensor) -> Distribution:
        """p(x_i|z) = NB(mean_i(z), dispersion_i): batch (rows, columns)."""
        dispersion = scale_of(self.log_dispersion)
        logits = self._log_means(numbers) - dispersion.log()
        return NegativeBinomial(dispersion, logits=logits, validate_args=False)

    def expected(self, numbers: Tensor) -> Tensor:
        """The mean."""
        return self._log_means(numbers).exp()

    def _log_means(self, numbers: Tensor) -> Tensor:
        return self.log_means + numbers.clamp(-FARTHEST_LOG, FARTHEST_LOG)
