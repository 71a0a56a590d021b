"""How large groups of rows are, where these are small and clearly apart (docs/decisions/0093)."""

from math import inf
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vaecluster.clusters.boundary import Null, regions
from vaecluster.clusters.joint import joint_of
from vaecluster.views.neighbours import intrinsic_dimension

# A group has at least three rows, since in any rows many two are each other's nearest, and at most so many.
LEAST, MOST = 3, 15
# From the last row of a group to the next row, distances grow at least by so much, and most of all there.
GROWTH = 1.25
# Kinds of groups are looked for among rows as far apart as so many groups are large.
TOGETHER = 5


def are_few(rows: int, groups: int) -> bool:
    """Whether rows can be so many small groups, or fewer."""
    return LEAST < rows <= MOST * groups


def small_group(points: NDArray[np.float32], groups: int) -> float:
    """How many rows a small group has, a smaller one if they differ; inf if rows are in no such groups.

    `points` (rows, columns) are what distances are taken between. The nearest others of a row, as far as the distance
    to the next one grows most, are a group with it if each of them has the same. Rows are in small groups if most are
    in one, if there are at most so many `groups`, and if these are of no larger kinds that are apart as well.

    >>> points = np.array([[0.0], [1], [2], [20], [21], [22], [40], [41], [42], [43]], dtype=np.float32)
    >>> small_group(points, 10)
    3.0
    """
    rows = len(points)
    if not are_few(rows, groups):
        return inf
    given = torch.from_numpy(np.ascontiguousarray(points)).double()
    # By products copies would be a little apart.
    distances = torch.cdist(given, given, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(inf)
    near, others = map(np.asarray, distances.topk(rows - 1, largest=False))
    sizes = _sizes(near[:, :MOST], others[:, :MOST])
    if len(sizes) < rows / 2:
        return inf
    size = float(np.quantile(sizes, 0.25))
    return inf if rows > groups * size or _are_of_kinds(points, near, others, int(size)) else size


def _sizes(near: NDArray[np.float64], others: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many rows the group of each row has that is in one, from its nearest others and their distances."""
    rows = len(near)
    # How far rows are from their copies tells nothing.
    apart = np.where(near > 0, near, np.nan)
    growth = np.nan_to_num(apart[:, 1:] / apart[:, :-1])
    last = np.where(growth.max(1) >= GROWTH, growth.argmax(1), -1)
    own = np.eye(rows, dtype=bool)
    own[np.arange(rows)[:, None], others] |= np.arange(others.shape[1]) <= last[:, None]
    # Whoever has a set is in it, so a set is a group if as many rows have it as are in it.
    _, which, having = np.unique(own, axis=0, return_inverse=True, return_counts=True)
    sizes = own.sum(1)
    found: NDArray[np.intp] = sizes[(having[which.ravel()] == sizes) & (sizes >= LEAST)]
    return found


def _are_of_kinds(points: NDArray[np.float32], near: Any, others: NDArray[np.intp], size: int) -> bool:
    """Whether there are boundaries between cells of several groups, by pairs of rows of different groups."""
    # Few fits get here, and it takes long to load.
    from sklearn.cluster import KMeans

    rows = len(points)
    reach = min(TOGETHER * size, rows // 2)
    if reach < size:
        return False
    cells = rows // reach
    cell = KMeans(cells, n_init=1, random_state=0).fit_predict(points)
    joint = joint_of(cell, cell[others[:, size - 1 : reach]], cells)
    rank = 2 * reach // 3
    dimension = intrinsic_dimension(np.square(near[:, [rank - 1, reach - 1]]), rank, reach)
    null = Null.of_neighbours(rows, (size + reach) / 2, dimension)
    return bool(regions(joint, null).any())
