"""k-means, by scikit-learn."""

from dataclasses import dataclass
from typing import ClassVar, final

from sklearn.cluster import KMeans as Model

from vaecluster.peers.base import Partition, Peer, Points


@final
@dataclass(frozen=True)
class KMeans(Peer):
    """k-means by Lloyd's steps from k-means++ centres; of `restarts` the one of least inertia.

    >>> import numpy as np
    >>> KMeans().fit(np.array([[0.0], [0.1], [5.0]], np.float32), 2, seed=0).predict(np.array([[4.0]], np.float32)).shape
    (1,)
    """

    restarts: int = 10

    name: ClassVar[str] = "kmeans"

    def fit(self, points: Points, clusters: int, seed: int) -> Partition:
        """The nearest centre of each point."""
        model = Model(clusters, n_init=self.restarts, random_state=seed).fit(points)
        return Partition(model.predict(points), model.predict, {"inertia": float(model.inertia_)})
