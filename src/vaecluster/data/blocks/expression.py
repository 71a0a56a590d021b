"""Counts of genes in cells."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from vaecluster.data.blocks.base import Block
from vaecluster.data.counts import (
    MOST_DEVIATIONS,
    MOST_DISPERSION,
    Passes,
    dispersions_of,
    leading_components,
    moments_of_logs,
    of_total,
    standardised,
    unlogged,
    variable_genes,
    weighted_median,
    with_values,
)
from vaecluster.data.raw import Array, Doubles
from vaecluster.errors import DataError
from vaecluster.model.expression import NegativeBinomialCounts
from vaecluster.model.likelihood import Likelihood

# What scanpy and Seurat take by default.
VARIABLE_GENES = 2_000
# Where all genes are chosen there are no others, whose logarithm must be finite.
LEAST_SHARE = 1e-8


@final
@dataclass(frozen=True, eq=False)
class Expression(Block):
    """Counts of the most variable genes, and in one entry more the counts of all others.

    They are read as scanpy does: log1p of what a cell of `total` counts would have, each gene by its own `mean` and
    `deviation` (chosen,), and of all genes the leading principal components: `directions` (chosen, components) and
    `centre` (components,), divided by one number, so that all components together have variance 1.

    The likelihood of counts starts at the `shares` and `dispersions` (chosen + 1,) of all cells together.

    `chosen` are places of genes among all of them, and `others` (genes,) the shares of the rest in its entry. Where
    values came `logged` they are log1p of counts of cells that are of one total already.
    """

    chosen: NDArray[np.int64]
    others: Doubles
    total: float
    shares: Doubles
    dispersions: Doubles
    mean: Doubles
    deviation: Doubles
    directions: Doubles
    centre: Doubles
    logged: bool = False
    columns: tuple[str, ...] = ()
    missing: bool = False

    @classmethod
    def of(cls, passes: Passes, genes: int, *, logged: bool = False) -> Self:
        """The block for these cells; `total` is the median of theirs."""
        if logged:
            given = passes

            def passes() -> Iterator[tuple[csr_array, Doubles]]:
                return ((unlogged(cells), weights) for cells, weights in given())

        totals, weights = (np.concatenate(parts) for parts in zip(*((c.sum(1), w) for c, w in passes()), strict=True))
        total = weighted_median(totals[totals > 0], weights[totals > 0]) if totals.any() else 1.0

        sums, squares, counts = np.zeros(genes), np.zeros(genes), np.zeros(genes)
        for cells, own in passes():
            counts += own @ cells
            shares = of_total(cells, None if logged else total)
            sums += own @ shares
            squares += own @ with_values(shares, np.square(shares.data))
        rows = weights.sum()
        chosen = variable_genes(sums / rows, squares / rows, VARIABLE_GENES)
        if not len(chosen):
            raise DataError(
                "No gene varies between cells of the same total, so there is nothing to tell apart. Check the counts."
            )
        rest = np.delete(np.arange(genes), chosen)
        others = np.zeros(genes)
        others[rest] = counts[rest] / (counts[rest].sum() or 1.0)

        # The entry of all others varies little.
        shares = np.append(sums[chosen], sums[rest].sum()) / sums.sum()
        dispersions = np.append(dispersions_of(sums[chosen] / rows, squares[chosen] / rows), MOST_DISPERSION)

        def logs() -> Iterator[tuple[Doubles, Doubles]]:
            for cells, own in passes():
                yield np.log1p(of_total(cells, None if logged else total)[:, chosen].toarray()), own

        mean, deviation = moments_of_logs(logs, len(chosen), rows)
        directions, centre = leading_components(
            lambda: ((standardised(x, mean, deviation), own) for x, own in logs()), rows
        )
        return cls(
            chosen,
            others,
            total,
            np.maximum(shares, LEAST_SHARE),
            dispersions,
            mean,
            deviation,
            directions,
            centre,
            logged,
        )

    def normalised(self, cells: csr_array) -> csr_array:
        """Counts that cells (rows, genes) would have with `total` of them; undone logarithms where values are such."""
        return unlogged(cells) if self.logged else of_total(cells, self.total)

    @property
    def given_shape(self) -> tuple[int, ...]:
        """All genes."""
        return self.others.shape

    @property
    def shape(self) -> tuple[int, ...]:
        """The chosen genes and the rest."""
        return (len(self.chosen) + 1,)

    @property
    def embedded(self) -> tuple[int, ...]:
        """The components."""
        return (self.directions.shape[1],)

    def encode(self, values: Any) -> NDArray[np.float32]:
        """Counts, sparse or not, (rows, genes) to (rows, chosen + 1)."""
        cells = csr_array(values)
        if self.logged:
            cells = unlogged(cells)
        rows, width = cells.shape[0], self.shape[0]
        place = np.full(len(self.others), width - 1)
        place[self.chosen] = np.arange(width - 1)
        row = np.repeat(np.arange(rows), np.diff(cells.indptr))
        found = np.bincount(row * width + place[cells.indices], cells.data, rows * width)
        return found.reshape(rows, width).astype(np.float32)

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """Counts of all genes, those of the rest as in the fit: (rows, genes), float32."""
        counts = rows[:, -1:] * self.others.astype(np.float32)
        counts[:, self.chosen] = rows[:, :-1]
        return np.log1p(counts) if self.logged else counts

    def embedding(self) -> nn.Module:
        """Principal components of logarithms."""
        return LogComponents(self)

    def coordinates(self) -> nn.Module:
        """The same."""
        return self.embedding()

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """Negative binomial counts; name and precision are for numbers and have no meaning here."""
        return NegativeBinomialCounts(self.shares.tolist(), self.dispersions.tolist(), self.total)

    def check(self) -> None:
        """Places among the genes, and finite numbers for each of them."""
        genes, width = len(self.others), len(self.chosen)
        if not width or len(set(self.chosen.tolist())) < width or min(self.chosen) < 0 or max(self.chosen) >= genes:
            raise ValueError("its genes are not among those of a cell")
        if self.mean.shape != (width,) or self.deviation.shape != (width,) or self.others.ndim != 1:
            raise ValueError("its genes have moments of other genes")
        if self.directions.ndim != 2 or self.directions.shape != (width, len(self.centre)) or not len(self.centre):
            raise ValueError("its components are those of other genes")
        if self.shares.shape != self.shape or self.dispersions.shape != self.shape:
            raise ValueError("its shares are those of other genes")
        positive = np.concatenate([self.deviation, self.shares, self.dispersions, [self.total]])
        numbers = np.concatenate([positive, self.others, self.mean, self.directions.ravel(), self.centre])
        if not np.isfinite(numbers).all() or (positive <= 0).any() or (self.others < 0).any():
            raise ValueError("its genes have numbers that no cells have")


@final
class LogComponents(nn.Module):
    """Counts (rows, chosen + 1) as principal components of their logarithms: (rows, components)."""

    mean: Tensor
    deviation: Tensor
    directions: Tensor
    centre: Tensor

    def __init__(self, block: Expression) -> None:
        super().__init__()
        self.total = None if block.logged else block.total
        for name in ("mean", "deviation", "directions", "centre"):
            self.register_buffer(name, torch.from_numpy(getattr(block, name)).float())

    def forward(self, rows: Tensor) -> Tensor:
        """(rows, chosen + 1) to (rows, components)."""
        # Random changes may make a count less than nothing.
        counts = rows.clamp(min=0)
        if self.total is not None:
            counts = counts * (self.total / counts.sum(-1, keepdim=True).clamp(min=1))
        standard = (counts[..., :-1].log1p() - self.mean) / self.deviation
        return standard.clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS) @ self.directions - self.centre
