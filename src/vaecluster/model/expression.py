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

    Rows may end in an entry for each batch, which is given, too: the decoder's numbers are shifted by those of the
    cell's batch. Shifts start at `batch_shifts` (batches, entries) and are learned, as in scVI, so that what differs
    between batches need not be in the code.
    """

    log_shares: Tensor
    total: Tensor

    def __init__(
        self,
        shares: Sequence[float],
        dispersions: Sequence[float],
        total: float,
        batch_shifts: Sequence[Sequence[float]] = (),
    ) -> None:
        super().__init__((len(shares),))
        self.register_buffer("log_shares", torch.tensor(shares, dtype=torch.float32, device="cpu").log())
        self.log_dispersion = nn.Parameter(torch.tensor(dispersions, dtype=torch.float32, device="cpu").log())
        shifts = torch.tensor(batch_shifts, dtype=torch.float32, device="cpu")
        self.batch_shifts = nn.Parameter(shifts.reshape(-1, len(shares)))
        self.register_buffer("total", torch.tensor(total, dtype=torch.float32, device="cpu"))

    def entries(self, numbers: Tensor) -> Distribution:
        """p(x_i|z, total, batch) = NB(mean total * share_i(z, batch), dispersion_i): batch (rows, entries)."""
        return CountsOfTotal(self.log_shares + numbers, self.log_dispersion, self.batch_shifts)

    def expected(self, numbers: Tensor) -> Tensor:
        """The mean in a typical cell, of no batch."""
        counts = self.total * (self.log_shares + numbers).softmax(-1)
        return torch.cat([counts, counts.new_zeros(len(counts), len(self.batch_shifts))], -1)


@final
class CountsOfTotal(Distribution):
    """Negative binomial counts, given their total and batch, which are read off the rows: batch (rows, entries).

    The variance is mean + mean^2 / dispersion.
    """

    arg_constraints: ClassVar = {}

    def __init__(self, logits: Tensor, log_dispersion: Tensor, batch_shifts: Tensor) -> None:
        self.logits, self.log_dispersion, self.batch_shifts = logits, log_dispersion, batch_shifts
        super().__init__(logits.shape, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """log p of each count in (rows, entries + batches); counts need not be whole."""
        value, batch_of = torch.split(value, [self.logits.shape[-1], len(self.batch_shifts)], -1)
        log_shares = (self.logits + batch_of @ self.batch_shifts).log_softmax(-1)
        # A cell without counts has a density too: as if it had one.
        log_total = value.sum(-1, keepdim=True).clamp(min=1).log()
        dispersion = scale_of(self.log_dispersion)
        logits = log_total + log_shares - dispersion.log()
        counts = NegativeBinomial(dispersion, logits=logits, validate_args=False)
        log_prob: Tensor = counts.log_prob(value)  # type: ignore[no-untyped-call]
        return log_prob
