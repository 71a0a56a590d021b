"""k-means, by scikit-learn."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from sklearn.cluster import KMeans as Model

from vaecluster.peers.base import Labels, Partition, Peer, Points


@final
@dataclass(frozen=True)
class KMeans(Peer):
    """k-means by Lloyd's steps from k-means++ centres; of `restarts` the one of least inertia.

    >>> import numpy as np
    >>> from vaecluster.peers import KMeans
    >>> points = np.array([[0.0], [0.1], [5.0], [5.2]], dtype=np.float32)
    >>> found = KMeans().fit(points, 2, seed=0)
    >>> sorted(np.bincount(found.labels).tolist()), bool(found.predict(points)[0] == found.labels[0])
    ([2, 2], True)
    """

    restarts: int = 10

    name: ClassVar[str] = "kmeans"

    def fit(self, points: Points, clusters: int, seed: int) -> Partition:
        """The nearest centre of each point."""
        model = Model(clusters, n_init=self.restarts, random_state=seed).fit(points)

        def predict(some: Points) -> Labels:
            labels: Labels = model.predict(some).astype(np.intp)
            return labels

        return Partition(predict(points), predict, {"inertia": float(model.inertia_)})
