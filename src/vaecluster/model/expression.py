"""How counts of genes in a cell vary: p(x|z) given how many counts the cell has."""

from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, NegativeBinomial

from vaecluster.model.distributions import scale_of
from vaecluster.model.likelihood import Likelihood


@final
class NegativeBinomialCounts(Likelihood):
    """Counts whose mean is the cell's total times shares, softmax(numbers); a learned dispersion for each entry.

    As in scVI (Lopez et al. 2018, "Deep generative modeling for single-cell transcriptomics") with the total that was
    counted. `total` is that of a typical cell, of which counts are shown.
    """

    total: Tensor

    def __init__(self, entries: int, total: float) -> None:
        super().__init__((entries,))
        self.log_dispersion = nn.Parameter(torch.zeros(entries, dtype=torch.float32, device="cpu"))
        self.register_buffer("total", torch.tensor(total, dtype=torch.float32, device="cpu"))

    def entries(self, numbers: Tensor) -> Distribution:
        """p(x_i|z, total) = NB(mean total * share_i(z), dispersion_i): batch (rows, entries)."""
        return CountsOfTotal(numbers.log_softmax(-1), self.log_dispersion)

    def expected(self, numbers: Tensor) -> Tensor:
        """The mean in a typical cell."""
        return self.total * numbers.softmax(-1)


@final
class CountsOfTotal(Distribution):
    """Negative binomial counts, given their total, which is read off the counts: batch (rows, entries).

    The variance is mean + mean^2 / dispersion.
    """

    arg_constraints: ClassVar = {}

    def __init__(self, log_shares: Tensor, log_dispersion: Tensor) -> None:
        self.log_shares, self.log_dispersion = log_shares, log_dispersion
        super().__init__(log_shares.shape, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """log p of each entry of counts (rows, entries), which need not be whole."""
        # A cell without counts has a density too: as if it had one.
        log_total = value.sum(-1, keepdim=True).clamp(min=1).log()
        dispersion = scale_of(self.log_dispersion)
        logits = log_total + self.log_shares - dispersion.log()
        counts = NegativeBinomial(dispersion, logits=logits, validate_args=False)
        log_prob: Tensor = counts.log_prob(value)  # type: ignore[no-untyped-call]
        return log_prob
