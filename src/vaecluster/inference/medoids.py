"""The row that stands for each cluster best."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def medoids(codes: NDArray[Any], labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """The medoid of each cluster that holds rows, by the codes (rows, latent); labels (rows,), where -1 is no cluster.

    The squared distances from a row to all of its cluster add up to those from their mean, plus the cluster's size
    times its own squared distance from the mean. So the medoid is the row nearest to the mean; of equals the first.

    >>> medoids(np.array([[0.0], [1.0], [5.0], [9.0]]), np.array([0, 0, 0, -1])).tolist()
    [1]
    """
    found = []
    for cluster in np.unique(labels[labels >= 0]):
        rows = np.flatnonzero(labels == cluster)
        own = codes[rows].astype(np.float64)
        found.append(rows[np.square(own - own.mean(0)).sum(1).argmin()])
    return np.array(found, dtype=np.intp)
