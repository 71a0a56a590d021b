"""Mutual information of the assignments of two views, equation (2)."""

import torch
from torch import Tensor

# A cell with less than this is one that no pair of rows has reached; its logarithm must stay finite.
SMALLEST = 1e-8


def joint_table(assignment: Tensor, partner: Tensor) -> Tensor:
    """P = mean q(c|x) q(c'|x')^T, made symmetric; two (rows, heads, components) to (heads, components, components).

    >>> sure = torch.eye(3).view(3, 1, 3)
    >>> joint_table(sure, sure)[0].diagonal()
    tensor([0.3333, 0.3333, 0.3333])
    """
    table = torch.einsum("nhc,nhd->hcd", assignment, partner) / len(assignment)
    return (table + table.transpose(-1, -2)) / 2


def log_ratio(table: Tensor) -> Tensor:
    """log P(c,c') - log P(c) - log P(c'), the information that a pair of assignments carries, in nats."""
    safe = table.clamp_min(SMALLEST)
    safe = safe / safe.sum((-1, -2), keepdim=True)
    return safe.log() - safe.sum(-1, keepdim=True).log() - safe.sum(-2, keepdim=True).log()


def mutual_information(table: Tensor) -> Tensor:
    """I(c;c') of joint tables (..., components, components), in nats: (...)."""
    return (table * log_ratio(table)).sum((-1, -2))


def shared_information(assignment: Tensor, partner: Tensor) -> Tensor:
    """What each pair of rows adds to (2), in nats; its mean over the rows is I: (rows, heads).

    The joint table's log-ratio is held constant. The gradient is that of (2) all the same: what is left out,
    sum dP * 1 - sum dP(c) * 1 - sum dP(c') * 1, vanishes because the cells of P always add up to 1.
    """
    ratio = log_ratio(joint_table(assignment, partner).detach())
    return (torch.einsum("nhc,hcd->nhd", assignment, ratio) * partner).sum(-1)
