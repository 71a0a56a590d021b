"""Clusters named by the known labels of some rows."""

from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np
import torch
from numpy.typing import NDArray

from vaecluster.clusters.scores import Label, matched_names
from vaecluster.data.raw import Array
from vaecluster.data.rows import Rows
from vaecluster.inference.answers import likeliest
from vaecluster.model.grouping import Grouping
from vaecluster.model.vae import ClusteringVAE


@final
@dataclass(frozen=True)
class Naming:
    """Names of clusters, by the known `labels` of rows and the clusters `assigned` to them: (known rows,) each."""

    labels: Array
    assigned: NDArray[np.intp]
    names: dict[int, Label]

    def complete(self, clusters: int) -> Self:
        """With the labels by which no cluster is named given to nameless clusters, in order; there are enough."""
        left = [label for label in np.unique(self.labels).tolist() if label not in self.names.values()]
        free = [cluster for cluster in range(clusters) if cluster not in self.names]
        return replace(self, names=self.names | dict(zip(free, left, strict=False)))

    def renumbered(self, model: ClusteringVAE) -> tuple[ClusteringVAE, dict[int, Label]]:
        """The model with its clusters in the order of their names, the nameless last, and the names then."""
        if not self.names:
            return model, {}
        clusters = model.grouping.clusters
        named = sorted(self.names, key=lambda cluster: self.names[cluster])
        order = [*named, *(cluster for cluster in range(clusters) if cluster not in self.names)]
        number = torch.from_numpy(np.argsort(order)).to(model.grouping.cluster_of.device)
        grouping = Grouping(number[model.grouping.cluster_of], clusters)
        return model.regrouped(grouping), {place: self.names[cluster] for place, cluster in enumerate(named)}


def name_by(model: ClusteringVAE, rows: Rows, labels: Array) -> Naming:
    """Names for the model's clusters from rows with known labels (known rows,); none where there are no such rows."""
    assigned = likeliest(model, rows).labels if len(rows) else np.empty(0, dtype=np.intp)
    return Naming(labels, assigned, names_of(labels, assigned))


def names_of(labels: Array, assigned: NDArray[np.intp]) -> dict[int, Label]:
    """The name of each cluster that has one, from known labels of rows and their clusters: (known rows,) each.

    Each label goes to a cluster of its own, so that most of these rows are named right; a cluster with no row of a
    label is not named by it.

    >>> names_of(np.array(["b", "b", "a"]), np.array([0, 0, 2]))
    {0: 'b', 2: 'a'}
    """
    if not len(labels):
        return {}
    held = set(zip(assigned.tolist(), labels.tolist(), strict=True))
    matched = sorted(matched_names(labels, assigned).items())
    return {cluster: name for cluster, name in matched if (cluster, name) in held}
