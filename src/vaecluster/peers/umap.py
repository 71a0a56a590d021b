"""UMAP, then a mixture of Gaussians in its map."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from vaecluster.hearing import unheard
from vaecluster.peers.base import Partition, Peer, Points


@final
@dataclass(frozen=True)
class UmapMixture(Peer):
    """UMAP, then a Gaussian mixture of full covariances; of `restarts` the one of best likelihood."""

    neighbours: int = 10
    dimensions: int = 10
    restarts: int = 5

    name: ClassVar[str] = "umap-mixture"
    needs: ClassVar[tuple[str, ...]] = ("umap",)

    def fit(self, points: Points, clusters: int, seed: int) -> Partition:
        """The likeliest component of each point."""
        places = umap_of(points, self.neighbours, self.dimensions, seed).astype(np.float64)
        mixture = GaussianMixture(clusters, n_init=self.restarts, random_state=seed)
        return Partition(mixture.fit_predict(places).astype(np.intp))


def umap_of(points: NDArray[np.floating], neighbours: int, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Places in the map, (rows, dimensions), as UMAP's authors advise for clustering: no least distance."""
    # It warns of a part of it that we do not use.
    with unheard(ImportWarning):
        from umap import UMAP
    # Its first layout is by eigenvectors, of which there are fewer than points.
    number = max(1, min(dimensions, len(points) - 2))
    # With a seed UMAP uses one thread.
    model = UMAP(
        n_neighbors=max(2, min(neighbours, len(points) - 1)),
        min_dist=0.0,
        n_components=number,
        random_state=seed,
        n_jobs=1,
    )
    places: NDArray[np.float32] = model.fit_transform(points)
    return places
