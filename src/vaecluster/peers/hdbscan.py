"""UMAP, then dense regions of its map."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from sklearn.cluster import HDBSCAN

from vaecluster.peers.base import Partition, Peer, Points
from vaecluster.peers.umap import umap_of


@final
@dataclass(frozen=True)
class UmapHdbscan(Peer):
    """UMAP, then HDBSCAN, which finds the number of clusters; a cluster has at least `least_share` of the rows.

    Points that HDBSCAN calls noise stay in no cluster.
    """

    neighbours: int = 10
    dimensions: int = 10
    min_samples: int = 10
    least_share: float = 1 / 140
    least_rows: int = 15

    name: ClassVar[str] = "umap-hdbscan"
    finds_number: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("umap",)

    def fit(self, points: Points, clusters: int, seed: int) -> Partition:
        """The dense region of each point; `clusters` is not heeded."""
        places = umap_of(points, self.neighbours, self.dimensions, seed)
        least = max(self.least_rows, round(self.least_share * len(points)))
        samples = min(self.min_samples, len(points))
        model = HDBSCAN(min_cluster_size=least, min_samples=samples, copy=True)
        return Partition(model.fit_predict(places).astype(np.intp))
