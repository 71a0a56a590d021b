"""Mutual information of the assignments of two views, equation (2)."""

from typing import final

import torch
from torch import Tensor, nn

from vaecluster import ranks

# A cell with less than this is one that no pair of rows has reached; its logarithm must stay finite.
SMALLEST = 1e-8


def joint_table(assignment: Tensor, partner: Tensor) -> Tensor:
    """P = mean q(c|x) q(c'|x')^T, made symmetric; two (rows, heads, components) to (heads, components, components).

    >>> sure = torch.eye(3).view(3, 1, 3)
    >>> joint_table(sure, sure)[0].diagonal()
    tensor([0.3333, 0.3333, 0.3333])
    """
    return symmetric(pairs_of(assignment, partner) / len(assignment))


def pairs_of(assignment: Tensor, partner: Tensor) -> Tensor:
    """The sum over rows of q(c|x) q(c'|x')^T: (heads, components, components)."""
    return torch.einsum("nhc,nhd->hcd", assignment, partner)


def symmetric(table: Tensor) -> Tensor:
    """The mean of a table and its transpose."""
    return (table + table.transpose(-1, -2)) / 2


@final
class InformationEstimate(nn.Module):
    """Equation (2) from batches too small to fill the joint table, with a target for the sizes: (2b).

    The cells come from a running average of the batches' tables, the sizes P(c) from the batch itself: if imbalance
    is felt late, it grows until all rows are in one component (docs/decisions/0016). `target` (heads, components)
    holds the wanted shares, equal ones without; `balance` weighs the divergence from them. With equal shares and
    balance 1 this estimates (2).
    """

    table: Tensor
    target: Tensor

    def __init__(
        self, heads: int, components: int, *, target: Tensor | None = None, balance: float = 1.0, decay: float = 0.9
    ) -> None:
        super().__init__()
        self.balance, self.decay = balance, decay
        equal = torch.full((heads, components), 1 / components, dtype=torch.float32, device="cpu")
        self.register_buffer("target", equal if target is None else target)
        self.register_buffer("table", torch.zeros(heads, components, components, dtype=torch.float32, device="cpu"))

    def forward(self, own: Tensor, partner: Tensor) -> Tensor:
        """What each pair of rows adds, in nats: two (rows, heads, components) to (rows, heads); the mean is (2b).

        The ratio is held constant. Without the running average the gradient is that of (2b) all the same: what is
        left out, sum dP * 1 - sum dP(c) * 1 - sum dP(c') * 1, vanishes because the cells of P always add up to 1.
        """
        (pairs,), rows = ranks.totals(pairs_of(own, partner)), ranks.count(len(own))
        ratio = self._ratio(symmetric(pairs / rows).detach())
        return (torch.einsum("nhc,hcd->nhd", own, ratio) * partner).sum(-1)

    def _ratio(self, batch: Tensor) -> Tensor:
        seen = self.table.sum((-1, -2), keepdim=True) > 0
        self.table.copy_(torch.where(seen, self.decay * self.table + (1 - self.decay) * batch, batch))
        # log P(c,c') - log P(c) / 2 - log P(c') / 2: how surely the views agree.
        cells = _safe(self.table)
        agreement = cells.log() - _both_sides(cells.sum(-1).log() / 2)
        # log target(c) - log P(c), and the same of c': what is too large is pushed down.
        target = _safe(self.target, 1)
        push = _both_sides((target.log() - _safe(batch).sum(-1).log()) / 2)
        entropy = -(target * target.log()).sum(-1)[:, None, None]
        return agreement + self.balance * push + entropy


@final
class PointwiseInformation(nn.Module):
    """What one pair of views says of the other by their component alone, in nats: equation (16b).

    log sum_c (q(c|x) q(c|x'))^softness / P(c), with P(c) of the batch. With softness 1 its mean is a lower bound of
    I(x;x'): the likelihood ratio of a latent class model of pairs. Below 1 no component wins all, so all stay in use.
    Adaloglou, Michels, Kalisch and Kollmann (2023), "Exploring the limits of deep image clustering using pretrained
    models".
    """

    def __init__(self, softness: float = 0.6) -> None:
        super().__init__()
        self.softness = softness

    def forward(self, own: Tensor, partner: Tensor) -> Tensor:
        """What each pair of rows adds: two (rows, heads, components) to (rows, heads)."""
        rows = ranks.count(len(own))
        share = (ranks.total(((own + partner) / 2).sum(0)) / rows).clamp_min(SMALLEST)
        both = (own * partner).clamp_min(SMALLEST**2)
        return torch.logsumexp(self.softness * both.log() - share.log(), -1)


def _both_sides(values: Tensor) -> Tensor:
    """The sum over both views: (heads, components) to (heads, components, components)."""
    return values.unsqueeze(-1) + values.unsqueeze(-2)


def _safe(shares: Tensor, axes: int = 2) -> Tensor:
    """Shares with a logarithm, adding up to 1 over the last axes."""
    clamped = shares.clamp_min(SMALLEST)
    return clamped / clamped.sum(tuple(range(-axes, 0)), keepdim=True)
