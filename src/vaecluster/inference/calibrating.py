"""Confidence without labels: how far the rows of clusters overlap, and how far several heads agree."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from vaecluster.clusters.overlap import overlapping
from vaecluster.data.rows import Rows
from vaecluster.inference.answers import evidence, in_blocks
from vaecluster.inference.confidence import Confidence
from vaecluster.model.vae import ClusteringVAE
from vaecluster.views.neighbours import Neighbours

# Rows that the confidence is learned from, at most.
MOST_ROWS = 5000
# With more clusters there would be few of these rows for each, and more weights than rows.
MOST_CLUSTERS = 256


def confidence_of(
    model: ClusteringVAE, rows: Rows, heads: Callable[[Tensor], Tensor] | None = None
) -> Confidence | None:
    """What makes a model's probabilities as large as its clusters are right, from its rows alone: equation (33).

    `heads` gives the clusters of every head for a batch of rows, (rows, heads, clusters); without it the model's own
    are the only ones. Rows count alike. None for a single cluster, for more than `MOST_CLUSTERS`, and for too few rows
    to be told apart.
    """
    cluster_of, clusters = model.grouping.cluster_of.cpu().numpy(), model.grouping.clusters
    if clusters == 1 or clusters > MOST_CLUSTERS or min(len(rows), MOST_ROWS) <= clusters:
        return None
    some = rows.drawn(MOST_ROWS)
    components, codes = evidence(model, some)
    own = components @ np.eye(clusters)[cluster_of]
    votes = [own] if heads is None else list(np.concatenate(list(in_blocks(model, some, heads))).swapaxes(0, 1))
    read, near = Neighbours().searched(some)
    points, pairs = read(slice(None)).astype(np.float64), near.pairs[:]
    found = [overlapping(points, _numbered(vote, own), pairs, near.null) for vote in votes]
    return Confidence.fitted(components, codes, np.mean(found, 0), cluster_of)


def _numbered(vote: NDArray[np.floating], own: NDArray[np.float64]) -> NDArray[np.float64]:
    """A head's assignments (rows, clusters) with its clusters in the order of those that share most rows with them."""
    sure = vote.astype(np.float64) / vote.sum(1, dtype=np.float64, keepdims=True)
    order = linear_sum_assignment(-own.T @ sure)[1]
    numbered: NDArray[np.float64] = sure[:, order]
    return numbered
