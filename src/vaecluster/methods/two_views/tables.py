"""Passes over the rows in which nothing is learned: what the heads share, and the moments of their codes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from vaecluster.data.draws import one_pass
from vaecluster.data.rows import Rows
from vaecluster.methods.two_views.heads import ComponentHeads
from vaecluster.methods.two_views.information import joint_table
from vaecluster.methods.two_views.objective import TwoViewsObjective
from vaecluster.model.encoder import Encoder
from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.prior import MixturePrior
from vaecluster.views.pipeline import PreparedViews

# Pairs of views that make the joint table that is merged: its 6,400 cells are then known to a few per cent. Few rows
# are looked at several times, with another view each time.
PAIRS, MOST_LOOKS = 20_000, 10
BLOCK_ROWS = 256


@final
@dataclass(frozen=True, eq=False)
class ComponentTables:
    """What the heads' components share, as shares of rows.

    `joint` (heads, components, components) is each head's table of a row and its view; `overlap` (heads, heads,
    components, components) that of two heads on the same row.
    """

    joint: NDArray[np.float64]
    overlap: NDArray[np.float64]


@torch.no_grad()
def component_tables(
    encoder: Encoder, heads: ComponentHeads, views: PreparedViews, generator: Generator, *, sharpness: float = 1.0
) -> ComponentTables:
    """The tables on up to `PAIRS` pairs of views that no step has seen; the generator is on the rows' device.

    Assignments count by their power `sharpness`.
    """
    encoder.eval()
    heads.eval()
    number, size, rows = heads.heads, heads.components, 0
    joint, overlap = np.zeros((number, size, size)), np.zeros((number, number, size, size))
    order = one_pass(len(views.rows), views.rows.weights, Generator().manual_seed(generator.initial_seed()))[:PAIRS]
    looks = min(MOST_LOOKS, max(1, PAIRS // len(order)))
    for indices in _blocks(order):
        batch = views.rows[indices]
        seen = [batch, *(views.unseen(indices, batch, generator) for _ in range(looks))]
        assigned = heads(encoder.features(torch.cat(seen))) ** sharpness
        own, *partners = (assigned / assigned.sum(-1, keepdim=True)).chunk(looks + 1)
        joint += joint_table(own, torch.stack(partners).mean(0)).double().cpu().numpy() * len(indices)
        overlap += torch.einsum("nhc,ngd->hgcd", own, own).double().cpu().numpy()
        rows += len(indices)
    return ComponentTables(joint / rows, overlap / rows)


def empty_prior(components: int, latent: int) -> MixturePrior:
    """A prior by moments that has seen no codes yet."""
    return MixturePrior(MomentComponents(components, latent), MomentWeights(components))


@torch.no_grad()
def prior_of(objective: TwoViewsObjective, head: int, rows: Rows) -> MixturePrior:
    """The prior of one head's components: the moments of all rows as they are, with the weights as they are now."""
    objective.eval()
    encoder, heads, weights = objective.encoder, objective.heads, rows.weights
    prior = empty_prior(heads.components, encoder.latent).to(rows.device)

    def observations() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for indices in _blocks(np.arange(len(rows))):
            features = encoder.features(rows[indices])
            posterior = encoder.code(features)
            assignment = heads(features)[:, head]
            if weights is not None:
                assignment = assignment * torch.from_numpy(weights[indices]).to(assignment)[:, None]
            yield posterior.mean, posterior.variance, assignment

    assert isinstance(prior.components, MomentComponents)
    prior.components.observe_all(observations())
    prior.weights.follow(prior.components)
    return prior


def _blocks(indices: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    return (indices[start : start + BLOCK_ROWS] for start in range(0, len(indices), BLOCK_ROWS))
