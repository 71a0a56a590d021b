"""Clusters named by the known labels of some rows."""

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.dataset import Array
from vaecluster.evaluation.scores import Label, matched_names


def named_in_order(
    labels: Array, assigned: NDArray[np.intp], clusters: int
) -> tuple[NDArray[np.intp], dict[int, Label]]:
    """All clusters, those with a name first, in the order of their names: (clusters,); and the names by cluster.

    `labels` and `assigned` (known rows,) are known labels and the clusters of the same rows. Each label goes to a
    cluster of its own, so that most of these rows are named right; a cluster with none of them has no name.

    >>> named_in_order(np.array(["b", "b", "a"]), np.array([0, 0, 2]), 3)
    (array([2, 0, 1]), {2: 'a', 0: 'b'})
    """
    matched = matched_names(labels, assigned)
    held = set(zip(assigned.tolist(), labels.tolist(), strict=True))
    pairs = sorted(((name, cluster) for cluster, name in matched.items() if (cluster, name) in held))
    named = [cluster for _, cluster in pairs]
    rest = [cluster for cluster in range(clusters) if cluster not in named]
    return np.array([*named, *rest], dtype=np.intp), {cluster: name for name, cluster in pairs}
