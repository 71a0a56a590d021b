"""How large groups of rows are, where these are small and clearly apart (docs/decisions/0093)."""

from math import inf

import numpy as np
import torch
from numpy.typing import NDArray

# A group has at least three rows, since in any rows many two are each other's nearest, and at most so many.
LEAST, MOST = 3, 15
# From the last row of a group to the next row, distances grow at least by so much, and most of all there.
GROWTH = 1.25


def are_few(rows: int, groups: int) -> bool:
    """Whether rows can be so many small groups, or fewer."""
    return LEAST < rows <= MOST * groups


def small_group(points: NDArray[np.float32], groups: int) -> float:
    """How many rows a small group has, or inf if most rows are in none, or there are more than so many `groups`.

    `points` (rows, columns) are what distances are taken between. The nearest others of a row, as far as the distance
    to the next one grows most, are a group with it if each of them has the same. The number is that below which a
    quarter of the groups' rows are.

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
    near, others = map(np.asarray, distances.topk(min(MOST, rows - 1), largest=False))
    # How far rows are from their copies tells nothing.
    near[near == 0] = np.nan
    growth = np.nan_to_num(near[:, 1:] / near[:, :-1])
    grows = growth.max(1) >= GROWTH
    last = np.where(grows, growth.argmax(1), -1)
    own = np.eye(rows, dtype=bool)
    own[np.arange(rows)[:, None], others] |= np.arange(others.shape[1]) <= last[:, None]
    # Whoever has a set is in it, so a set is a group if as many rows have it as are in it.
    _, which, having = np.unique(own, axis=0, return_inverse=True, return_counts=True)
    sizes = own.sum(1)
    sizes = sizes[(having[which.ravel()] == sizes) & (sizes >= LEAST)]
    if len(sizes) < rows / 2:
        return inf
    size = float(np.quantile(sizes, 0.25))
    return size if rows <= groups * size else inf
