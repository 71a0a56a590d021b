"""Leiden on a graph of nearest neighbours, by scikit-network."""

import ctypes
import os
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from scipy.sparse import csr_matrix, triu

from vaecluster.peers.base import Partition, Peer, Points
from vaecluster.views.neighbours import Neighbours


@final
@dataclass(frozen=True)
class Leiden(Peer):
    """Modularity by Leiden (Traag et al. 2019) on the graph of nearest neighbours; it finds the number of clusters.

    An edge weighs as much as the neighbourhoods of its two rows overlap (Levine et al. 2015, PhenoGraph). With a
    higher `resolution` there are more clusters.
    """

    neighbours: int = 15
    resolution: float = 1.0

    name: ClassVar[str] = "leiden"
    finds_number: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("sknetwork",)

    def fit(self, points: Points, clusters: int, seed: int) -> Partition:
        """The community of each point; `clusters` is not heeded."""
        from sknetwork.clustering import Leiden as Model

        pairs = overlaps(points, self.neighbours)
        # Its core draws by the C library's rand as well, which the seed does not reach.
        ctypes.CDLL(None if os.name == "posix" else "msvcrt").srand(seed % 2**32)
        # In the order of the rows, communities would follow it.
        model = Model(resolution=self.resolution, shuffle_nodes=True, random_state=seed)
        found = model.fit_predict((pairs + pairs.T).tocsr())
        # Numbered by their first rows: it numbers them by their sizes, and those of one size in any order.
        _, first, community = np.unique(found, return_index=True, return_inverse=True)
        return Partition(np.argsort(np.argsort(first))[community].astype(np.intp))


def overlaps(points: Points, neighbours: int) -> Any:
    """Of each pair of neighbours the Jaccard overlap of what is near to one and to the other: sparse, pairs once."""
    rows = len(points)
    near = np.asarray(Neighbours(neighbours).among(lambda some: points[some], rows).rows)
    number = near.shape[1]
    # A row is near to itself, so that two neighbours have something in common.
    members = np.column_stack([np.arange(rows), near]).ravel()
    around = csr_matrix((np.ones(len(members)), members, np.arange(rows + 1) * (number + 1)), shape=(rows, rows))
    ends = csr_matrix((np.ones(near.size), near.ravel(), np.arange(rows + 1) * number), shape=(rows, rows))
    pairs = triu(ends.maximum(ends.T), 1).tocoo()
    blocks = np.array_split(np.arange(pairs.nnz), max(1, pairs.nnz // 2**18))
    shared = [np.asarray(around[pairs.row[some]].multiply(around[pairs.col[some]]).sum(1)).ravel() for some in blocks]
    common = np.concatenate(shared)
    pairs.data = common / (2 * (number + 1) - common)
    return pairs
