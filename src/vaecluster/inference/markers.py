"""Marker genes: those that a cluster's cells have more of than all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import ttest_ind_from_stats

from vaecluster.data.blocks import Expression
from vaecluster.data.cells import CellSource
from vaecluster.data.given import Given
from vaecluster.data.raw import row_slices
from vaecluster.data.schema import Schema


@final
@dataclass(frozen=True)
class Marker:
    """A gene of a cluster: Welch's t of its logarithms against all other cells, and how many times it is expressed.

    `log2_fold_change` is that of mean normalised counts. `share` and `other_share` are shares of cells with a count.
    """

    gene: str
    t: float
    log2_fold_change: float
    share: float
    other_share: float


def marker_genes(
    given: Given, schema: Schema, labels: NDArray[np.intp], clusters: int, number: int = 10
) -> list[list[Marker]] | None:
    """The genes of largest t of each cluster against the rest; none for one that has fewer than two cells.

    None for rows that are no counts of genes.

    Labels (rows,) are -1 for cells of no cluster, which count among the rest. What is held are moments of each gene
    and cluster, from one pass over the cells.
    """
    block, source = schema.blocks[0], given.source
    if not isinstance(block, Expression) or not isinstance(source, CellSource):
        return None
    # Those of an array are called by their numbers.
    genes = given.names or tuple(map(str, range(source.genes)))
    # Cells of no cluster are the last group.
    groups = labels % (clusters + 1)
    sums, squares, linear, there = (np.zeros((clusters + 1, len(genes))) for _ in range(4))
    for some in row_slices(len(source), source.row_entries):
        shares = block.normalised(source.counts(some))
        logs = np.log1p(shares.data)
        own = groups[some]
        of = csr_array((np.ones(len(own)), (own, np.arange(len(own)))), shape=(clusters + 1, len(own)))
        for total, values in ((sums, logs), (squares, np.square(logs)), (linear, shares.data), (there, logs > 0)):
            total += (of @ csr_array((values.astype(float), shares.indices, shares.indptr), shares.shape)).toarray()
    sizes = np.bincount(groups, minlength=clusters + 1)
    return [
        _markers(cluster, sizes, (sums, squares, linear, there), genes, number)
        if 2 <= sizes[cluster] <= sizes.sum() - 2
        else []
        for cluster in range(clusters)
    ]


def _markers(
    cluster: int, sizes: NDArray[np.intp], totals: tuple[NDArray[np.float64], ...], genes: Sequence[str], number: int
) -> list[Marker]:
    inside, rest = int(sizes[cluster]), int(sizes.sum() - sizes[cluster])
    own = [total[cluster] / inside for total in totals]
    other = [(total.sum(0) - total[cluster]) / rest for total in totals]
    spreads = [
        np.sqrt(np.maximum(square - mean**2, 0) * size / (size - 1))
        for (mean, square, *_), size in ((own, inside), (other, rest))
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = ttest_ind_from_stats(own[0], spreads[0], inside, other[0], spreads[1], rest, equal_var=False).statistic
    t = np.nan_to_num(t, posinf=np.finfo(float).max, neginf=np.finfo(float).min)
    # A gene that no cell has must not divide by 0; so little is far below one count.
    change = np.log2((own[2] + 1e-9) / (other[2] + 1e-9))
    best = np.argsort(-t, kind="stable")[:number]
    return [
        Marker(genes[gene], float(t[gene]), float(change[gene]), float(own[3][gene]), float(other[3][gene]))
        for gene in best
        if t[gene] > 0
    ]
