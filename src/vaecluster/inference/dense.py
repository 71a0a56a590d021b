"""Dense groups of rows inside clusters: what is too rare to have a cluster of its own.

Each cluster is looked at again by itself. Its rows are cut into small cells by k-means, and cells are merged across
no boundary, as components are in a fit: `docs/model.md`, equations (24), (29) and (30). No label takes part.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from vaecluster.clusters.boundary import APART, Null, regions
from vaecluster.clusters.joint import joint_of
from vaecluster.data.rows import Rows
from vaecluster.views.neighbours import Near, Neighbours, Points, intrinsic_dimension

# A cell for so many rows, so many cells at most, and so many steps of k-means.
ROWS_PER_CELL, MOST_CELLS, STEPS = 15, 400, 20
# A group has at least so many rows, and at most this share of its cluster: a larger one is a part, not a rarity.
LEAST_ROWS, MOST_SHARE = 20, 0.1


@final
@dataclass(frozen=True, eq=False)
class DenseGroup:
    """Rows of one cluster that lie together, apart from the rest of it.

    `rows` (rows of the group,) are their numbers, `density` is about how dense rows are between the group and the rest
    of its cluster, against inside: equation (24).
    """

    cluster: int
    rows: NDArray[np.intp]
    density: float


def dense_groups(
    rows: Rows, labels: NDArray[np.intp], searched: tuple[Points, Near] | None = None
) -> list[DenseGroup]:
    """The dense groups inside each cluster, where labels (rows,) say the cluster; largest first. -1 is no cluster.

    `searched` are the points of the rows and their neighbours, if they are known (`Neighbours.searched`).
    """
    enough = [cluster for cluster in np.unique(labels[labels >= 0]) if (labels == cluster).sum() >= 2 * LEAST_ROWS]
    if not enough:
        return []
    points, near = searched or Neighbours().searched(rows)
    groups = [group for cluster in enough for group in _inside(points, near, labels == cluster, int(cluster))]
    return sorted(groups, key=lambda group: -len(group.rows))


def _inside(points: Points, near: Near, members: NDArray[np.bool_], cluster: int) -> Iterator[DenseGroup]:
    rows = np.flatnonzero(members)
    own, partners = points(rows), np.column_stack([near.rows, near.unseen])[rows]
    distinct, cells = len(np.unique(own, axis=0)), min(MOST_CELLS, len(rows) // ROWS_PER_CELL)
    # Where most rows are copies, as in tables of a few categories, each kind of row would be a group.
    if cells < 2 or distinct < max(cells, len(rows) / 2) or not near.unseen.shape[1]:
        return
    cell = KMeans(cells, n_init=1, max_iter=STEPS, random_state=0).fit_predict(own)
    cell_of = np.full(len(members), -1)
    cell_of[rows] = cell
    joint = joint_of(cell, cell_of[partners], cells)
    if not joint.any():
        return
    null = Null.of_neighbours(len(rows), (partners.shape[1] + 1) / 2, _dimension(points, own, near, rows))
    region = regions(joint, null)
    for number in range(region.max() + 1):
        found = region[cell] == number
        if LEAST_ROWS <= found.sum() <= MOST_SHARE * len(rows):
            sides = np.eye(2)[(region == number).astype(np.intp)]
            two = sides.T @ joint @ sides
            density = float(null.density_between(two, two.sum(1))[0, 1])
            if density < APART:
                yield DenseGroup(cluster, rows[found], density)


def _dimension(points: Points, own: NDArray[np.float32], near: Near, rows: NDArray[np.intp]) -> float:
    """The intrinsic dimension of the cluster, which may have another than all rows together."""
    last = np.stack([near.rows[rows, -1], near.unseen[rows, -1]])
    squared = np.stack([np.square(own - points(one)).sum(1) for one in last], axis=1)
    return intrinsic_dimension(squared, near.rows.shape[1], near.rows.shape[1] + near.unseen.shape[1])
