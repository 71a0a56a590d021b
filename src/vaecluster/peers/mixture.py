"""A mixture of Gaussians, by scikit-learn."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture as Model

from vaecluster.peers.base import Labels, Partition, Peer, Points


@final
@dataclass(frozen=True)
class GaussianMixture(Peer):
    """A Gaussian per cluster with a full covariance, by EM from k-means; of `restarts` the one of best likelihood.

    A covariance of d columns has d (d + 1) / 2 numbers, so wider rows are first reduced to `most_columns` principal
    components. `ridge`, in mean variances of a column, is added to each variance: a cluster may have fewer rows than
    columns.

    >>> import numpy as np
    >>> from vaecluster.peers import GaussianMixture
    >>> points = np.array([[0.0], [0.1], [5.0], [5.2]], dtype=np.float32)
    >>> sorted(np.bincount(GaussianMixture().fit(points, 2, seed=0).labels).tolist())
    [2, 2]
    """

    restarts: int = 10
    most_columns: int = 50
    ridge: float = 1e-3
    most_steps: int = 1000

    name: ClassVar[str] = "gaussian-mixture"

    def fit(self, points: Points, clusters: int, seed: int) -> Partition:
        """The likeliest component of each point."""
        # Double precision: the covariance of a narrow cluster is lost in single.
        vectors = points.astype(np.float64)
        columns = min(self.most_columns, *vectors.shape)
        # All of the components are a rotation, which a full covariance does not notice.
        components = PCA(columns, random_state=0).fit(vectors)
        reduced = components.transform(vectors)
        mixture = Model(
            clusters,
            n_init=self.restarts,
            max_iter=self.most_steps,
            reg_covar=self.ridge * float(reduced.var(0).mean()),
            random_state=seed,
        ).fit(reduced)

        def predict(some: Points) -> Labels:
            labels: Labels = mixture.predict(components.transform(some.astype(np.float64)))
            return labels

        facts = {"log_likelihood": float(mixture.lower_bound_), "em_steps": int(mixture.n_iter_), "columns": columns}
        return Partition(predict(points), predict, facts)
