"""Passes over the rows in which nothing is learned: what the heads share, and the moments of their codes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from torch import Generator, Tensor

from vaecluster.clusters.joint import LEAST, symmetric
from vaecluster.data.draws import one_pass
from vaecluster.data.rows import Rows
from vaecluster.methods.moments import BLOCK_ROWS, empty_prior, observe_all
from vaecluster.methods.two_views.heads import FEW, ComponentHeads
from vaecluster.methods.two_views.information import joint_table
from vaecluster.methods.two_views.objective import TwoViewsObjective
from vaecluster.model.encoder import Encoder
from vaecluster.model.prior import MixturePrior
from vaecluster.views.pipeline import PreparedViews

# Pairs of views that make the joint table that is merged: its 6,400 cells are then known to a few per cent. Few rows
# are looked at several times, with another view each time.
PAIRS, MOST_LOOKS = 20_000, 10


# What a row gives to one of many components is left out if it gives another so many times as much: one row changes no
# merge by that, and of the pairs of components few are left.
NEGLIGIBLE = 1000

Assignments: TypeAlias = NDArray[np.float32] | csr_array


@final
@dataclass(frozen=True, eq=False)
class ComponentTables:
    """What the heads' components share, as shares of rows.

    `joint` (heads, components, components) is each head's table of a row and its view; `own` holds each head's
    assignment of the rows, (rows, components). `labels` (heads, components, classes) is each head's table of labelled
    rows and their labels, where some have one. `means` (heads, components, latent) are mean codes, where these count.
    """

    joint: NDArray[np.float64]
    own: list[Assignments]
    labels: NDArray[np.float64] | None = None
    means: NDArray[np.float64] | None = None

    def overlap(self, one: int, other: int) -> NDArray[np.float64]:
        """The table of two heads on the same row: (components, components)."""
        return _shared(self.own[one], self.own[other])

    def component_of(self, head: int) -> NDArray[np.intp]:
        """The component that each row is most of: (rows,)."""
        return np.asarray(self.own[head].argmax(1)).ravel()

    def labels_of(self, head: int) -> NDArray[np.float64] | None:
        """The table of a head's components and labels: (components, classes)."""
        return None if self.labels is None else self.labels[head]

    def means_of(self, head: int) -> NDArray[np.float64] | None:
        """The mean codes of a head's components: (components, latent)."""
        return None if self.means is None else self.means[head]


@torch.no_grad()
def component_tables(
    encoder: Encoder,
    heads: ComponentHeads,
    views: PreparedViews,
    generator: Generator,
    *,
    sharpness: float = 1.0,
    telling: Callable[[Sequence[NDArray[np.intp]]], Iterator[NDArray[np.intp]]] = iter,
) -> ComponentTables:
    """The tables on up to `PAIRS` pairs of views that no step has seen; the generator draws on the host.

    Assignments count by their power `sharpness`. Blocks of rows are taken through `telling`.
    """
    encoder.eval()
    heads.eval()
    order = one_pass(len(views.rows), views.rows.weights, Generator().manual_seed(generator.initial_seed()))[:PAIRS]
    looks = min(MOST_LOOKS, max(1, PAIRS // len(order)))
    few = heads.components <= FEW

    def assignments() -> Iterator[tuple[Tensor, Tensor]]:
        for indices in telling(list(_blocks(order))):
            batch = views.rows[indices]
            seen = [batch, *(views.unseen(indices, batch, generator) for _ in range(looks))]
            assigned = heads(encoder.features(torch.cat(seen))) ** sharpness
            if not few:
                assigned = assigned * (assigned * NEGLIGIBLE >= assigned.amax(-1, keepdim=True))
            own, *partners = (assigned / assigned.sum(-1, keepdim=True)).chunk(looks + 1)
            yield own, torch.stack(partners).mean(0)

    if few:
        return _dense_tables(assignments(), np.empty((len(order), heads.heads, heads.components), np.float32))
    return _sparse_tables(assignments())


def _dense_tables(assignments: Iterator[tuple[Tensor, Tensor]], own_of: NDArray[np.float32]) -> ComponentTables:
    """Of dense assignments; those of the rows are put into `own_of` (rows, heads, components)."""
    joint: Any = 0.0
    start = 0
    # Small arrays kept between the large ones of the blocks would keep freed memory from being used again.
    for own, partner in assignments:
        joint = joint + joint_table(own, partner).double().cpu().numpy() * len(own)
        own_of[start : start + len(own)] = own.cpu().numpy()
        start += len(own)
    return ComponentTables(joint / len(own_of), list(own_of.swapaxes(0, 1)))


def _sparse_tables(assignments: Iterator[tuple[Tensor, Tensor]]) -> ComponentTables:
    blocks = [[_sparse(own), _sparse(partner)] for own, partner in assignments]
    # From blocks of both views of heads to heads.
    own, partner = (
        [vstack(parts, format="csr") for parts in zip(*view, strict=True)] for view in zip(*blocks, strict=True)
    )
    joint = np.stack([symmetric(_shared(*pair)) for pair in zip(own, partner, strict=True)])
    return ComponentTables(joint, own)


def _sparse(assigned: Tensor) -> list[csr_array]:
    """Of (rows, heads, components) a matrix (rows, components) for each head."""
    return [csr_array(head) for head in assigned.swapaxes(0, 1).cpu().numpy()]


def _shared(one: Assignments, other: Assignments) -> NDArray[np.float64]:
    """The mean over rows of the products of two assignments: (components, components)."""
    shared = one.T.astype(np.float64) @ other.astype(np.float64) / one.shape[0]
    return np.asarray(shared if isinstance(shared, np.ndarray) else shared.toarray())


@torch.no_grad()
def label_tables(
    encoder: Encoder, heads: ComponentHeads, rows: Rows, generator: Generator, *, sharpness: float = 1.0
) -> NDArray[np.float64] | None:
    """Each head's table of up to `PAIRS` labelled rows and their labels (heads, components, classes), summing to 1.

    None if no row has a label.
    """
    if not rows.classes:
        return None
    assert rows.labels is not None
    encoder.eval()
    heads.eval()
    order = np.random.default_rng(generator.initial_seed()).permutation(np.flatnonzero(rows.labels >= 0))[:PAIRS]
    classes = np.eye(rows.classes)
    tables = np.zeros((heads.heads, heads.components, len(classes)))
    for indices in _blocks(np.sort(order)):
        assigned = (heads(encoder.features(rows[indices])) ** sharpness).double().cpu().numpy()
        known = classes[rows.labels[indices]]
        if rows.weights is not None:
            known *= rows.weights[indices, None]
        tables += np.einsum("nhc,nk->hck", assigned / assigned.sum(-1, keepdims=True), known, optimize=True)
    shares: NDArray[np.float64] = tables / tables.sum((1, 2), keepdims=True)
    return shares


@torch.no_grad()
def code_means(
    encoder: Encoder, heads: ComponentHeads, rows: Rows, generator: Generator, *, sharpness: float = 1.0
) -> NDArray[np.float64]:
    """The mean code of each head's components, of up to `PAIRS` rows: (heads, components, latent)."""
    encoder.eval()
    heads.eval()
    order = one_pass(len(rows), rows.weights, Generator().manual_seed(generator.initial_seed()))[:PAIRS]
    sums = np.zeros((heads.heads, heads.components, encoder.latent))
    sizes = np.zeros(sums.shape[:2])
    for indices in _blocks(order):
        features = encoder.features(rows[indices])
        assigned = (heads(features) ** sharpness).double()
        assigned = assigned / assigned.sum(-1, keepdim=True)
        sums += torch.einsum("nhc,nd->hcd", assigned, encoder.code(features).mean.double()).cpu().numpy()
        sizes += assigned.sum(0).cpu().numpy()
    means: NDArray[np.float64] = sums / np.maximum(sizes, LEAST)[..., None]
    return means


@torch.no_grad()
def prior_of(
    objective: TwoViewsObjective, head: int, rows: Rows, telling: Callable[[Sequence[int]], Iterable[int]] = iter
) -> MixturePrior:
    """The prior of one head's components: the moments of all rows as they are, with the weights as they are now."""
    objective.eval()
    encoder, heads = objective.encoder, objective.heads
    prior = empty_prior(heads.components, encoder.latent).to(rows.device)

    def observation(batch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = encoder.features(batch)
        posterior = encoder.code(features)
        return posterior.mean, posterior.variance, heads(features)[:, head]

    observe_all(prior, rows, observation, telling)
    return prior


def _blocks(indices: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    return (indices[start : start + BLOCK_ROWS] for start in range(0, len(indices), BLOCK_ROWS))
