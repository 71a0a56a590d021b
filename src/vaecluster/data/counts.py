"""Statistics of counts of genes, from passes over blocks of cells; no copy of all cells is made."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import csr_array

from vaecluster.data.raw import Doubles

# Blocks of cells (rows, genes), the same at every call, and the weights of those rows.
Passes = Callable[[], Iterator[tuple[csr_array, Doubles]]]
# The same of arrays (rows, columns).
LogPasses = Callable[[], Iterator[tuple[Doubles, Doubles]]]

# What scanpy and Seurat take by default.
BINS, COMPONENTS = 20, 50
# No cell counts for more deviations of a gene than this.
MOST_DEVIATIONS = 10.0
# Negative binomials beyond this are as good as Poisson, and below their variance is all that there is.
LEAST_DISPERSION, MOST_DISPERSION = 1e-2, 1e2


def variable_genes(mean: Doubles, square: Doubles, number: int) -> NDArray[np.int64]:
    """The places of the most variable genes, in order, from means of normalised counts and of their squares: (genes,).

    Genes are sorted into bins by their mean, and those with the largest dispersion (variance / mean) for their bin are
    taken (Satija et al. 2015, "Spatial reconstruction of single-cell gene expression data"). With few genes all are
    taken that vary.
    """
    variance = np.maximum(square - np.square(mean), 0)
    varies = np.flatnonzero(variance > 1e-12 * square)
    if len(varies) <= number:
        return varies
    dispersion, level = np.log(variance[varies] / mean[varies]), np.log1p(mean[varies])
    edges = np.linspace(level.min(), level.max(), BINS + 1)
    bins = np.searchsorted(edges[1:-1], level)
    counts = np.maximum(np.bincount(bins, minlength=BINS), 1)
    centre = np.bincount(bins, dispersion, BINS) / counts
    squares = np.bincount(bins, np.square(dispersion - centre[bins]), BINS)
    # A gene that is alone in its bin is one deviation above it, as in Seurat.
    spread = np.sqrt(squares / np.maximum(counts - 1, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(counts[bins] == 1, 1.0, (dispersion - centre[bins]) / spread[bins])
    score = np.nan_to_num(score)
    return np.sort(varies[np.argsort(-score, kind="stable")[:number]])


def dispersions_of(mean: Doubles, square: Doubles) -> Doubles:
    """Those of negative binomial counts with these moments: mean^2 / (variance - mean)."""
    excess = np.maximum(square - np.square(mean) - mean, 1e-12)
    return np.clip(np.square(mean) / excess, LEAST_DISPERSION, MOST_DISPERSION)


def standardised(logs: Doubles, mean: Doubles, deviation: Doubles) -> Doubles:
    """Logarithms (rows, chosen) in deviations from the mean."""
    standard: Doubles = np.clip((logs - mean) / deviation, -MOST_DEVIATIONS, MOST_DEVIATIONS)
    return standard


def moments_of_logs(passes: LogPasses, width: int, rows: float) -> tuple[Doubles, Doubles]:
    """The mean of each column and its standard deviation, or 1 where that is 0."""
    sums, squares = np.zeros(width), np.zeros(width)
    for values, weights in passes():
        sums += weights @ values
        squares += weights @ np.square(values)
    mean = sums / rows
    deviation = np.sqrt(np.maximum(squares / rows - np.square(mean), 0))
    return mean, np.where(deviation > 0, deviation, 1.0)


def leading_components(passes: LogPasses, rows: float) -> tuple[Doubles, Doubles]:
    """Directions of largest variance, divided by its root, and the mean along them."""
    sums: Any = 0.0
    products: Any = 0.0
    for values, weights in passes():
        sums = sums + weights @ values
        products = products + values.T @ (weights[:, None] * values)
    mean = sums / rows
    width = len(mean)
    number = min(COMPONENTS, width)
    covariance = products / rows - np.outer(mean, mean)
    variances, directions = eigh(covariance, subset_by_index=(width - number, width - 1))
    spread = np.sqrt(max(variances.mean(), 0.0)) or 1.0
    directions = directions[:, ::-1] / spread
    return directions, mean @ directions


def of_total(cells: csr_array, total: float | None) -> csr_array:
    """Cells as if each had so many counts; as they are without a total."""
    if total is None:
        return cells
    own = cells.sum(1)
    factors = total / np.where(own > 0, own, 1.0)
    return with_values(cells, cells.data * np.repeat(factors, np.diff(cells.indptr)))


def unlogged(cells: csr_array) -> csr_array:
    """Counts of which these are log1p."""
    return with_values(cells, np.expm1(cells.data, dtype=np.float64))


def with_values(cells: csr_array, values: Doubles) -> csr_array:
    """Other values at the same places."""
    return csr_array((values, cells.indices, cells.indptr), cells.shape)


def weighted_median(values: Doubles, weights: Doubles) -> float:
    """The value up to which half of the weight lies.

    >>> weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0]))
    2.0
    """
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
