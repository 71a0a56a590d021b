"""Counts of genes in cells."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from vaecluster.data.blocks.base import Block
from vaecluster.data.blocks.log_components import LogComponents
from vaecluster.data.blocks.traced import Traced
from vaecluster.data.counts import (
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
from vaecluster.errors import DataError, SettingError
from vaecluster.model.expression import NegativeBinomialCounts
from vaecluster.model.likelihood import Likelihood

# Counts of some cells (rows, genes), their weights (rows,), and these again in the batch of each (rows, batches).
Parts = Iterator[tuple[csr_array, Doubles, Doubles]]

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

    With `batches`, values of the column `batch`, the row ends in an entry for each, 1 in that of the cell. Each batch
    has its own mean of logarithms, `batch_means` (batches, chosen) away from that of all, and its own shares to start
    from, `batch_shares` (batches, chosen + 1) in logarithms. A cell of no known batch has only 0 there, and is read as
    one between them.

    `chosen` are places of genes among all of them, and `others` (genes,) the shares of the rest in its entry. Where
    values came `logged` they are log1p of counts of cells that are of one total already.
    """

    sparse: ClassVar[bool] = True

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
    batch: str = ""
    batches: tuple[str, ...] = ()
    batch_means: Doubles = field(default_factory=lambda: np.zeros(0))
    batch_shares: Doubles = field(default_factory=lambda: np.zeros(0))
    columns: tuple[str, ...] = ()
    missing: bool = False

    @classmethod
    def of(
        cls, rows: Passes, genes: int, *, logged: bool = False, batch: str = "", batches: tuple[str, ...] = ()
    ) -> Self:
        """The block for these cells, followed by a column for each batch; `total` is the median of theirs."""

        def passes() -> Parts:
            for cells, own in rows():
                counts, batch_of = _apart(cells, genes)
                yield unlogged(counts) if logged else counts, own, batch_of * own[:, None]

        total = _median_total(passes())
        sums = _Sums.of(passes(), genes, len(batches), None if logged else total)
        chosen = sums.most_variable()
        rest = np.delete(np.arange(genes), chosen)
        others = np.zeros(genes)
        others[rest] = sums.counts[rest] / (sums.counts[rest].sum() or 1.0)
        shares = np.append(sums.shares[chosen], sums.shares[rest].sum()) / sums.shares.sum()
        # The entry of all others varies little.
        spread = dispersions_of(sums.shares[chosen] / sums.cells, sums.squares[chosen] / sums.cells)

        batch_means = np.zeros((len(batches), len(chosen)))

        def logs() -> Iterator[tuple[Doubles, Doubles, Doubles]]:
            for cells, own, batch_of in passes():
                values = np.log1p(of_total(cells, None if logged else total)[:, chosen].toarray())
                yield values - (batch_of > 0) @ batch_means, own, batch_of

        mean, deviation = moments_of_logs(lambda: ((x, own) for x, own, _ in logs()), len(chosen), sums.cells)
        if batches:
            batch_means = sum(batch_of.T @ x for x, _, batch_of in logs()) / sums.batch_sizes - mean
            mean, deviation = moments_of_logs(lambda: ((x, own) for x, own, _ in logs()), len(chosen), sums.cells)
        directions, centre = leading_components(
            lambda: ((standardised(x, mean, deviation), own) for x, own, _ in logs()), sums.cells
        )
        return cls(
            chosen,
            others,
            total,
            np.maximum(shares, LEAST_SHARE),
            np.append(spread, MOST_DISPERSION),
            mean,
            deviation,
            directions,
            centre,
            logged,
            batch,
            batches,
            batch_means,
            sums.batches_apart(chosen, rest, shares),
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
        """The chosen genes, the rest, and the batches."""
        return (len(self.chosen) + 1 + len(self.batches),)

    @property
    def embedded(self) -> tuple[int, ...]:
        """The components."""
        return (self.directions.shape[1],)

    def encode(self, values: Any) -> NDArray[np.float32]:
        """Counts, sparse or not, and behind them batches, if there are some: (rows, genes) to (rows, *shape)."""
        cells, batch_of = _apart(csr_array(values), len(self.others))
        if self.logged:
            cells = unlogged(cells)
        rows, width = cells.shape[0], len(self.chosen) + 1
        place = np.full(len(self.others), width - 1)
        place[self.chosen] = np.arange(width - 1)
        row = np.repeat(np.arange(rows), np.diff(cells.indptr))
        found = np.bincount(row * width + place[cells.indices], cells.data, rows * width)
        known = np.zeros((rows, len(self.batches)))
        known[:, : batch_of.shape[1]] = batch_of
        return np.hstack([found.reshape(rows, width), known]).astype(np.float32)

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """Counts of all genes, those of the rest as in the fit: (rows, genes), float32."""
        width = len(self.chosen)
        counts = rows[:, width : width + 1] * self.others.astype(np.float32)
        counts[:, self.chosen] = rows[:, :width]
        return np.log1p(counts) if self.logged else counts

    def traced(self) -> Traced:
        """Of counts that are not sparse, (rows, genes), float32."""
        if self.batches:
            raise SettingError(
                f"The model is told the batch of each cell, from the column {self.batch!r} of obs, and an exported "
                "program is not. Serve it by `vaecluster predict`, or fit without --batch."
            )
        return Traced(torch.float32, Chosen(self.chosen, logged=self.logged), Spread(self))

    def embedding(self) -> nn.Module:
        """Principal components of logarithms."""
        total = None if self.logged else self.total
        means = self.batch_means.reshape(-1, len(self.chosen))
        return LogComponents(total, self.mean, self.deviation, self.directions, self.centre, means)

    def coordinates(self) -> nn.Module:
        """The same."""
        return self.embedding()

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """Negative binomial counts; name and precision are for numbers and have no meaning here."""
        shifts = self.batch_shares.reshape(-1, len(self.shares))
        return NegativeBinomialCounts(self.shares.tolist(), self.dispersions.tolist(), self.total, shifts.tolist())

    def check(self) -> None:
        """Places among the genes, and finite numbers for each of them."""
        genes, width = len(self.others), len(self.chosen)
        if not width or len(set(self.chosen.tolist())) < width or min(self.chosen) < 0 or max(self.chosen) >= genes:
            raise ValueError("its genes are not among those of a cell")
        if self.mean.shape != (width,) or self.deviation.shape != (width,) or self.others.ndim != 1:
            raise ValueError("its genes have moments of other genes")
        if self.directions.ndim != 2 or self.directions.shape != (width, len(self.centre)) or not len(self.centre):
            raise ValueError("its components are those of other genes")
        if self.shares.shape != (width + 1,) or self.dispersions.shape != (width + 1,):
            raise ValueError("its shares are those of other genes")
        number = len(self.batches)
        if (self.batch_means.size, self.batch_shares.size) != (number * width, number * (width + 1)):
            raise ValueError("its batches have moments of other genes")
        positive = np.concatenate([self.deviation, self.shares, self.dispersions, [self.total]])
        parts = (self.directions, self.batch_means, self.batch_shares)
        numbers = np.concatenate([positive, self.others, self.mean, self.centre, *map(np.ravel, parts)])
        if not np.isfinite(numbers).all() or (positive <= 0).any() or (self.others < 0).any():
            raise ValueError("its genes have numbers that no cells have")


@final
@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over all cells, by their weights: of `counts`, of `shares` and of the `squares` of shares, (genes,).

    Shares are counts of cells of one total. `by_batch` (batches, genes) are those of each batch, and squares are
    without what batches differ by. `cells` and `batch_cells` (batches,) are sums of weights.
    """

    counts: Doubles
    shares: Doubles
    squares: Doubles
    by_batch: Doubles
    batch_cells: Doubles
    cells: float

    @classmethod
    def of(cls, parts: Parts, genes: int, batches: int, total: float | None) -> Self:
        """Those of all parts, of cells that come with `total` counts each, or are of one already."""
        counts, sums, squares = np.zeros((3, genes))
        by_batch, batch_cells, number = np.zeros((batches, genes)), np.zeros(batches), 0.0
        for cells, own, batch_of in parts:
            shares = of_total(cells, total)
            counts += own @ cells
            sums += own @ shares
            squares += own @ with_values(shares, np.square(shares.data))
            by_batch += batch_of.T @ shares
            batch_cells += batch_of.sum(0)
            number += own.sum()
        found = cls(counts, sums, squares, by_batch, batch_cells, number)
        away = by_batch / found.batch_sizes - sums / number
        return replace(found, squares=squares - batch_cells @ np.square(away))

    @property
    def batch_sizes(self) -> Doubles:
        """How many cells each batch has, never 0: (batches, 1)."""
        return np.maximum(self.batch_cells, 1e-12)[:, None]

    def most_variable(self) -> NDArray[np.int64]:
        """The places of the genes that vary most; `DataError` if none does."""
        chosen = variable_genes(self.shares / self.cells, self.squares / self.cells, VARIABLE_GENES)
        if not len(chosen):
            raise DataError(
                "No gene varies between cells of the same total, so there is nothing to tell apart. Check the counts."
            )
        return chosen

    def batches_apart(self, chosen: NDArray[np.int64], rest: NDArray[np.int64], shares: Doubles) -> Doubles:
        """The shares in each batch against these of all, in logarithms: (batches, chosen + 1)."""
        own = np.hstack([self.by_batch[:, chosen], self.by_batch[:, rest].sum(1, keepdims=True)])
        own /= np.maximum(own.sum(1, keepdims=True), 1e-12)
        apart: Doubles = np.log(np.maximum(own, LEAST_SHARE)) - np.log(np.maximum(shares, LEAST_SHARE))
        return apart


def _median_total(parts: Parts) -> float:
    """The median count of the cells that have any, by their weights."""
    totals, weights = (np.concatenate(of) for of in zip(*((c.sum(1), w) for c, w, _ in parts), strict=True))
    return weighted_median(totals[totals > 0], weights[totals > 0]) if totals.any() else 1.0


@final
class Chosen(nn.Module):
    """Counts of all genes (rows, genes) as those of the chosen ones and of the rest together, float32."""

    chosen: Tensor

    def __init__(self, chosen: NDArray[np.int64], *, logged: bool) -> None:
        super().__init__()
        self.register_buffer("chosen", torch.from_numpy(chosen))
        self.logged = logged

    def forward(self, values: Tensor) -> Tensor:
        """(rows, chosen + 1)."""
        counts = values.double().expm1() if self.logged else values.double()
        own = counts[:, self.chosen]
        rest = counts.sum(-1, keepdim=True) - own.sum(-1, keepdim=True)
        return torch.cat([own, rest], -1).float()


@final
class Spread(nn.Module):
    """The way back, as `Expression.restore`."""

    place: Tensor
    share: Tensor

    def __init__(self, block: Expression) -> None:
        super().__init__()
        place, share = np.full(len(block.others), len(block.chosen)), block.others.copy()
        place[block.chosen], share[block.chosen] = np.arange(len(block.chosen)), 1.0
        self.register_buffer("place", torch.from_numpy(place))
        self.register_buffer("share", torch.from_numpy(share).float())
        self.logged = block.logged

    def forward(self, rows: Tensor) -> Tensor:
        """(rows, chosen + 1) to (rows, genes)."""
        counts = rows[:, self.place] * self.share
        return counts.log1p() if self.logged else counts


def _apart(cells: csr_array, genes: int) -> tuple[csr_array, Doubles]:
    """Counts of genes, (rows, genes), and what follows them, (rows, batches)."""
    if cells.shape[1] == genes:
        return cells, np.zeros((cells.shape[0], 0))
    return cells[:, :genes], cells[:, genes:].toarray()
