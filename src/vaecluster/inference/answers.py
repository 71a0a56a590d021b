"""A trained model's answers for rows, in blocks of one fixed size.

Matrix libraries choose their kernels by the shape of the batch, and other kernels round differently. Every block
here has the same shape, the last one filled up, so a row's answer does not depend on the rows around it nor on
how many there are.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from vaecluster import ranks
from vaecluster.clusters.scores import UNASSIGNED
from vaecluster.data.given import source_of
from vaecluster.data.raw import RowNames
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.data.telling import Telling, in_silence
from vaecluster.inference.confidence import Confidence, with_largest
from vaecluster.model.objective import bound_at
from vaecluster.model.vae import ClusteringVAE

BLOCK = 128
# Draws of the code per row for the bound; their noise is one table for all rows, from this seed.
DRAWS = 16
NOISE_SEED = 0
# A row that the model puts into another cluster than its own is drawn again, until it was drawn so many times. Where
# one draw in three falls back, ten leave fewer than two rows in a hundred astray.
MOST_TRIES = 10


def assignments(model: ClusteringVAE, rows: Rows, confidence: Confidence | None = None) -> NDArray[np.float64]:
    """q(y|.) at the mean code: (rows, clusters), each row summing to 1 in double precision.

    With a confidence, as calibrated by it; the largest entry is the same cluster's.
    """
    return np.concatenate(list(_assigned(model, rows, confidence)))


@final
@dataclass(frozen=True, eq=False)
class Assigned:
    """Where each row belongs, (rows,) each: the likeliest cluster, its probability, and the second likeliest.

    `labels` are the likeliest clusters, -1 for rows in no cluster; `second` is -1 where there is one cluster.
    `outlier_score` is there if it was asked for, and `row_names` if rows have some.
    """

    labels: NDArray[np.intp]
    likeliest: NDArray[np.intp]
    confidence: NDArray[np.float64]
    second: NDArray[np.intp]
    outlier_score: NDArray[np.float64] | None = None
    row_names: RowNames | None = None

    def some(self, rows: slice, row_names: RowNames | None) -> Self:
        """A part of the rows, with their names."""
        own = (self.labels[rows], self.likeliest[rows], self.confidence[rows], self.second[rows])
        return type(self)(*own, None if self.outlier_score is None else self.outlier_score[rows], row_names)

    def decided(self, labels: NDArray[np.intp], where: NDArray[np.bool_]) -> Self:
        """The same with other labels `where` a user gave them, (rows,) each; such a cluster is sure.

        There the second is the likeliest cluster of the model, if that is another. `likeliest` stays the model's.
        """
        other = where & (labels != UNASSIGNED)
        second = np.where(other & (labels != self.likeliest), self.likeliest, self.second)
        return replace(
            self,
            labels=np.where(where, labels, self.labels),
            confidence=np.where(other, 1.0, self.confidence),
            second=second,
        )

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """The rows of all parts, one after the other."""
        some = list(parts)
        if len(some) == 1:
            return some[0]
        scores = [one.outlier_score for one in some if one.outlier_score is not None]
        names = [one.row_names for one in some if one.row_names is not None]
        return cls(
            np.concatenate([one.labels for one in some]),
            np.concatenate([one.likeliest for one in some]),
            np.concatenate([one.confidence for one in some]),
            np.concatenate([one.second for one in some]),
            np.concatenate(scores) if scores else None,
            RowNames(names[0].called, [name for one in names for name in one.names]) if names else None,
        )


def likeliest(
    model: ClusteringVAE, rows: Rows, confidence: Confidence | None = None, telling: Telling = in_silence
) -> Assigned:
    """Each row's cluster by its probabilities, as `assignments` has them; none is in no cluster.

    Memory holds the probabilities of one block of rows at a time.
    """
    clusters, second, probabilities = np.empty(len(rows), np.intp), np.full(len(rows), -1), np.empty(len(rows))
    start = 0
    # Small arrays kept between the large ones of the blocks would keep freed memory from being used again.
    for block in _assigned(model, rows, confidence, telling):
        some = slice(start, start + len(block))
        clusters[some], probabilities[some] = block.argmax(1), block.max(1)
        if block.shape[1] > 1:
            block[np.arange(len(block)), clusters[some]] = -1
            second[some] = block.argmax(1)
        start = some.stop
    return Assigned(clusters, clusters, probabilities, second)


def evidence(model: ClusteringVAE, rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """q(c|.) of the model itself, (rows, components), and the mean codes, (rows, latent)."""

    def both(batch: Tensor) -> Tensor:
        return torch.cat(_components(model, batch), -1)

    found = np.concatenate(list(in_blocks(model, rows, both)))
    components, latent = np.split(found, [len(model.grouping.cluster_of)], 1)
    return components, latent


def codes(model: ClusteringVAE, rows: Rows) -> NDArray[np.float32]:
    """The mean of q(z|x): (rows, latent)."""
    return np.concatenate(list(in_blocks(model, rows, model.mean_code)))


def bounds(model: ClusteringVAE, rows: Rows) -> NDArray[np.float64]:
    """Equation (1) for each row, in nats, averaged over `DRAWS` codes: (rows,)."""
    noise = noise_of(model, rows.device)

    def bound(batch: Tensor) -> Tensor:
        features = model.encoder.features(batch)
        posterior = model.encoder.code(features)
        total = torch.zeros(len(batch), dtype=torch.float64, device=batch.device)
        for draw in noise:
            code = posterior.mean + posterior.stddev * draw
            total += bound_at(model, batch, features, posterior, code).bound
        return total / DRAWS

    return np.concatenate(list(in_blocks(model, rows, bound)))


def noise_of(model: ClusteringVAE, device: torch.device) -> Tensor:
    """Of the codes that are drawn for a row, the same of each row: (DRAWS, 1, latent)."""
    generator = Generator().manual_seed(NOISE_SEED)
    shape = (DRAWS, 1, model.encoder.latent)
    return torch.randn(shape, generator=generator, dtype=torch.float32, device="cpu").to(device)


def mean_bound(model: ClusteringVAE, rows: Rows) -> float:
    """The mean of equation (1) over the rows, in nats per row."""
    return float(bounds(model, rows).mean())


@torch.no_grad()
def draw_rows(model: ClusteringVAE, schema: Schema, number: int, cluster: int | None, generator: Generator) -> Tensor:
    """New rows (number, *data) of one cluster, or of clusters drawn from p(y); on the CPU.

    A row counts if the model, given it in the user's units and type, puts it into the cluster it was drawn for:
    equation (34). Others are drawn again, at most `MOST_TRIES` times in all; then the last draw stays.
    """
    model.eval()
    device = generator.device
    if cluster is None:
        clusters = model.draw_clusters(number, generator).cpu()
    else:
        clusters = torch.full((number,), cluster, dtype=torch.int64, device="cpu")
    rows = torch.empty(number, *schema.data_shape, dtype=torch.float32, device="cpu")
    astray = torch.arange(number, dtype=torch.int64, device="cpu")
    for _ in range(MOST_TRIES):
        for some in torch.split(astray, BLOCK):
            components = model.draw_components(clusters[some].to(device), generator)
            rows[some] = decode(model, model.prior.draw(components, generator))
        # As the user gets them: whole numbers are rounded, and that may put a row into another cluster.
        drawn = Rows(source_of(schema.restore(rows[astray]), schema), schema, device)
        astray = astray[torch.from_numpy(likeliest(model, drawn).labels) != clusters[astray]]
        if not len(astray):
            break
    return rows


@torch.no_grad()
def decode(model: ClusteringVAE, code: Tensor) -> Tensor:
    """The rows that codes (rows, latent) stand for: (rows, *data), on the CPU."""
    model.eval()
    blocks = torch.split(code, BLOCK)
    return torch.cat([model.decoder.expected(_filled(block))[: len(block)].cpu() for block in blocks])


def _assigned(
    model: ClusteringVAE, rows: Rows, confidence: Confidence | None, telling: Telling = in_silence
) -> Iterator[NDArray[np.float64]]:
    return in_blocks(model, rows, lambda batch: assigned_with_code(model, batch, confidence)[1], telling)


def assigned_with_code(
    model: ClusteringVAE, batch: Tensor, confidence: Confidence | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Of a batch (rows, *data): likeliest clusters (rows,), `assignments` (rows, clusters), mean codes (rows, latent).

    A program that this is exported to may round so that another probability is the largest by a hair.
    """
    components, code = _components(model, batch)
    own = model.grouping.sum(components)
    cluster = own.argmax(-1)
    if confidence is None:
        return cluster, own, code
    return cluster, with_largest(model.grouping.sum(confidence.components(components, code)), cluster), code


def _components(model: ClusteringVAE, batch: Tensor) -> tuple[Tensor, Tensor]:
    assignment, code = model.assign_with_code(batch)
    return assignment.logits.double().softmax(-1), code.double()


def in_blocks(
    model: ClusteringVAE, rows: Rows, answer: Callable[[Tensor], Tensor], telling: Telling = in_silence
) -> Iterator[NDArray[Any]]:
    """What a function of a batch of `BLOCK` rows answers for each row, a block at a time; the model is in use."""
    model.eval()

    def answered(start: int) -> NDArray[Any]:
        batch = rows[start : start + BLOCK]
        with torch.no_grad():
            found: NDArray[Any] = answer(_filled(batch))[: len(batch)].cpu().numpy()
        return found

    return ranks.each(answered, telling("labelling rows", range(0, len(rows), BLOCK)))


def _filled(block: Tensor) -> Tensor:
    """The block with its last row repeated until it is full."""
    missing = BLOCK - len(block)
    return torch.cat([block, block[-1:].expand(missing, *block.shape[1:])]) if missing else block
