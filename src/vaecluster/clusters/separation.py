"""How far clusters lie apart, without labels: by how dense rows are across their borders, against inside."""

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.boundary import Null
from vaecluster.clusters.contingency import contingency
from vaecluster.clusters.joint import Matrix, symmetric
from vaecluster.clusters.scores import UNASSIGNED


def separation(labels: NDArray[np.intp], near: NDArray[np.integer], null: Null) -> float | None:
    """1 if rows are rare along the borders of clusters, 0 if they are as dense there as inside; None for one cluster.

    Of each cluster counts the border where rows are densest, by equation (24), and clusters count by their rows. No
    shape is assumed: two rings are as far apart as the gap between them is empty. `near` (rows, number) holds
    neighbours of each row, and `null` how often they cross a cut through one cluster. Rows of no cluster play no part.

    >>> near = np.array([[1], [0], [3], [2]])
    >>> separation(np.array([0, 0, 1, 1]), near, Null(0.1, 2.0)), separation(np.array([0, 1, 0, 1]), near, Null(1, 2))
    (1.0, 0.0)
    """
    # Names of clusters may leave numbers out.
    clusters, places = np.unique(labels[labels != UNASSIGNED], return_inverse=True)
    if len(clusters) < 2:
        return None
    place = np.full(len(labels), UNASSIGNED)
    place[labels != UNASSIGNED] = places
    density = densities_between(place, len(clusters), near, null)
    if density is None:
        return None
    shares = np.bincount(places) / len(places)
    # Shares add up to 1 but for rounding.
    return max(0.0, float(1 - shares @ np.clip(density.max(1), 0, 1)))


def densities_between(labels: NDArray[np.intp], clusters: int, near: NDArray[np.integer], null: Null) -> Matrix | None:
    """How dense rows are between each pair of clusters, against inside, by (24): (clusters, clusters), 0 for itself.

    `near` and `null` are those of `separation`. None where no two near rows are both in a cluster.

    >>> near = np.array([[1], [0], [3], [2]])
    >>> densities_between(np.array([0, 1, 0, 1]), 2, near, Null(1.0, 2.0)).tolist()
    [[0.0, 2.0], [2.0, 0.0]]
    """
    one, other = np.repeat(labels, near.shape[1]), labels[np.asarray(near).ravel()]
    pairs = contingency(one, other, (clusters, clusters)).astype(np.float64)
    if not pairs.any():
        return None
    pairs = symmetric(pairs)
    density = null.density_between(pairs, pairs.sum(1))
    np.fill_diagonal(density, 0.0)
    return density
