"""Joint tables of two views' assignments: at random, in blocks that share nothing, and of homogeneous clusters."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from vaecluster.clusters.boundary import Null, halved
from vaecluster.clusters.joint import Matrix


def random_table(seed: int, size: int, empty: Sequence[int] = ()) -> Matrix:
    """A symmetric joint table with cells of very different sizes, and some components without rows."""
    cells = np.exp(2 * np.random.default_rng(seed).normal(size=(size, size)))
    cells += cells.T
    cells[list(empty)] = cells[:, list(empty)] = 0
    return cells / cells.sum()


def blocks(seed: int, groups: Sequence[int], shares: Sequence[float] | None = None) -> Matrix:
    """Components share information inside their group only; within a group they tell nothing of each other.

    Groups have these shares of the rows, or equal ones.
    """
    random = np.random.default_rng(seed)
    table = np.zeros((len(groups), len(groups)))
    for group in set(groups):
        own = np.flatnonzero(np.equal(groups, group))
        parts = random.dirichlet(5 * np.ones(len(own)))
        table[np.ix_(own, own)] = np.outer(parts, parts) * (1 if shares is None else shares[group])
    return table / table.sum()


def homogeneous(shares: Matrix, near: NDArray[np.bool_], null: Null, between: Matrix | float = 1.0) -> Matrix:
    """Components of these shares, of which near ones cross as often as a cut through one homogeneous cluster is.

    Or so many times less often, where rows `between` them are less dense; others never cross.
    """
    one, other = np.nonzero(np.triu(near, 1))
    rate = (null.rate(halved(shares[:, None], shares)) * between)[one, other]
    crossing = np.zeros(len(one))
    for _ in range(200):
        inside = shares - np.bincount(one, crossing, len(shares)) - np.bincount(other, crossing, len(shares))
        # The root of rate = x (a + b + 2 x) / ((a + x) (b + x)) for the crossing x of two that keep a and b inside.
        both = (1 - rate) * (inside[one] + inside[other])
        root = np.sqrt(both**2 + 4 * (2 - rate) * rate * inside[one] * inside[other])
        crossing += 0.3 * ((root - both) / (2 * (2 - rate)) - crossing)
    table = np.zeros_like(near, dtype=np.float64)
    table[one, other] = table[other, one] = crossing
    return table + np.diag(shares - table.sum(1))


def lattices(number: int, side: int, dimension: int) -> NDArray[np.bool_]:
    """Which components are near in so many lattices, which are not near each other."""
    places = np.array(list(product(range(side), repeat=dimension)))
    near = np.abs(places[:, None] - places).sum(-1) == 1
    return np.asarray(block_diag(*[near] * number), dtype=bool)


def row_of_lattices(number: int, side: int, dimension: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The same, side by side in a row: which components are near within, and which between two lattices."""
    within, size, face = lattices(number, side, dimension), side**dimension, side ** (dimension - 1)
    between = np.zeros_like(within)
    for start in range(size, len(within), size):
        last, first = np.arange(start - face, start), np.arange(start, start + face)
        between[last, first] = between[first, last] = True
    return within, between


def information(table: Matrix) -> float:
    independent = table.sum(1, keepdims=True) * table.sum(0, keepdims=True)
    some = table > 0
    return float((table[some] * np.log(table[some] / independent[some])).sum())


def merged(table: Matrix, cluster_of: NDArray[np.intp]) -> Matrix:
    members = np.eye(cluster_of.max() + 1)[cluster_of]
    return members.T @ table @ members


def pair_merged(size: int, one: int, other: int) -> NDArray[np.intp]:
    """The cluster of each of so many components when one pair is merged, numbered by their first component."""
    cluster_of = np.arange(size)
    cluster_of[max(one, other)] = min(one, other)
    return np.unique(cluster_of, return_inverse=True)[1]


def same_partition(first: NDArray[np.intp], second: NDArray[np.intp]) -> bool:
    return bool(((first[:, None] == first) == (second[:, None] == second)).all())
