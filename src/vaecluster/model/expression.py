"""How counts of genes in a cell vary: p(x|z) given how many counts the cell has."""

from collections.abc import Sequence
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, NegativeBinomial

from vaecluster.model.distributions import scale_of
from vaecluster.model.likelihood import Likelihood


@final
class NegativeBinomialCounts(Likelihood):
    """Counts whose mean is the cell's total times softmax(log shares + numbers), with a dispersion for each entry.

    As in scVI (Lopez et al. 2018, "Deep generative modeling for single-cell transcriptomics"), with the total that was
    counted. Numbers of 0 stand for the `shares` (entries,) of all cells together, and dispersions are learned from
    those given: in a short fit the decoder has no steps to spare for them. `total` is that of a typical cell, of which
    counts are shown.
    """

    log_shares: Tensor
    total: Tensor

    def __init__(self, shares: Sequence[float], dispersions: Sequence[float], total: float) -> None:
        super().__init__((len(shares),))
        self.register_buffer("log_shares", torch.tensor(shares, dtype=torch.float32, device="cpu").log())
        self.log_dispersion = nn.Parameter(torch.tensor(dispersions, dtype=torch.float32, device="cpu").log())
        self.register_buffer("total", torch.tensor(total, dtype=torch.float32, device="cpu"))

    def entries(self, numbers: Tensor) -> Distribution:
        """p(x_i|z, total) = NB(mean total * share_i(z), dispersion_i): batch (rows, entries)."""
        return CountsOfTotal((self.log_shares + numbers).log_softmax(-1), self.log_dispersion)

    def expected(self, numbers: Tensor) -> Tensor:
        """The mean in a typical cell."""
        return self.total * (self.log_shares + numbers).softmax(-1)


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
