"""The most typical rows of each cluster."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def typical_rows(
    codes: NDArray[np.floating[Any]],
    labels: NDArray[np.intp],
    clusters: int,
    number: int,
    confidence: NDArray[np.float64] | None = None,
) -> list[NDArray[np.intp]]:
    """For each cluster the numbers of rows whose codes (rows, latent) lie nearest to the mean of its codes.

    At most so many, the nearest first; with `confidence` (rows,) those of the surer half of the cluster's rows. Labels
    (rows,) are -1 for rows of no cluster.

    >>> codes = np.array([[0.0], [1.0], [2.1], [9.0]], dtype=np.float32)
    >>> [rows.tolist() for rows in typical_rows(codes, np.array([0, 0, 0, 1]), 3, 2, np.array([0.9, 0.9, 0.5, 1]))]
    [[1, 0], [3], []]
    """
    found = []
    for cluster in range(clusters):
        own = np.flatnonzero(labels == cluster)
        if len(own):
            centre = codes[own].mean(0, dtype=np.float64)
            if confidence is not None:
                own = own[confidence[own] >= np.median(confidence[own])]
            own = own[np.argsort(np.square(codes[own] - centre).sum(1), kind="stable")[:number]]
        found.append(own)
    return found
