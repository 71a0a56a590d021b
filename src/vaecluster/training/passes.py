"""Passes over the rows in which nothing is learned: what the heads share, and the moments of their codes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.rows import one_pass
from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.heads import HeadedVAE
from vaecluster.model.information import joint_table
from vaecluster.training.pairs import Pairs

# Rows whose pairs make the joint table that is merged: its 6,400 cells are then known to a few per cent.
MERGED_ROWS = 20_000
BLOCK_ROWS = 1024


@final
@dataclass(frozen=True)
class ComponentTables:
    """What the heads' components share, as shares of rows.

    `joint` (heads, components, components) is each head's table of a row and its view; `overlap` (heads, heads,
    components, components) that of two heads on the same row.
    """

    joint: NDArray[np.float64]
    overlap: NDArray[np.float64]


@torch.no_grad()
def component_tables(model: HeadedVAE, pairs: Pairs) -> ComponentTables:
    """The tables on fresh views of up to `MERGED_ROWS` rows."""
    model.eval()
    heads, size, rows = model.heads.heads, model.heads.components, 0
    joint, overlap = np.zeros((heads, size, size)), np.zeros((heads, heads, size, size))
    for indices in _blocks(one_pass(len(pairs), pairs.rows.weights)[:MERGED_ROWS]):
        own, partner = model.heads(model.encoder.features(pairs[indices].both)).chunk(2)
        joint += joint_table(own, partner).double().cpu().numpy() * len(indices)
        overlap += torch.einsum("nhc,ngd->hgcd", own, own).double().cpu().numpy()
        rows += len(indices)
    return ComponentTables(joint / rows, overlap / rows)


def empty_moments(model: HeadedVAE) -> tuple[MomentComponents, MomentWeights]:
    """A prior for one head's components that has seen no codes yet."""
    device = device_of(model)
    components = MomentComponents(model.heads.components, model.encoder.mean.out_features)
    return components.to(device), MomentWeights(model.heads.components).to(device)


@torch.no_grad()
def moments_of(model: HeadedVAE, pairs: Pairs, head: int) -> tuple[MomentComponents, MomentWeights]:
    """The prior of one head's components: the moments of all rows as they are, with the weights as they are now."""
    model.eval()
    components, shares = empty_moments(model)
    weights = pairs.rows.weights

    def observations() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for indices in _blocks(np.arange(len(pairs))):
            features = model.encoder.features(pairs.rows[indices])
            posterior = model.encoder.code(features)
            assignment = model.heads(features)[:, head]
            if weights is not None:
                assignment = assignment * torch.from_numpy(weights[indices]).to(assignment)[:, None]
            yield posterior.mean, posterior.variance, assignment

    components.observe_all(observations())
    shares.follow(components)
    return components, shares


def _blocks(indices: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    return (indices[start : start + BLOCK_ROWS] for start in range(0, len(indices), BLOCK_ROWS))


def device_of(model: HeadedVAE) -> torch.device:
    """Where the model computes."""
    return model.encoder.mean.weight.device
