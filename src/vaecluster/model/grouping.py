"""Which cluster each component of the prior belongs to."""

from typing import final

import torch
from torch import Tensor, nn


@final
class Grouping(nn.Module):
    """Clusters as groups of components: p(y) -> p(c|y) -> p(z|c). The identity where each component is a cluster."""

    cluster_of: Tensor

    def __init__(self, cluster_of: Tensor, clusters: int) -> None:  # components
        super().__init__()
        self.register_buffer("cluster_of", cluster_of.long())
        self.clusters = clusters

    @classmethod
    def identity(cls, clusters: int) -> "Grouping":
        """Every component is a cluster of its own."""
        return cls(torch.arange(clusters, dtype=torch.int64, device="cpu"), clusters)

    def sum(self, probabilities: Tensor) -> Tensor:
        """Probabilities of the clusters from those of their components: (..., components) to (..., clusters)."""
        shape = (*probabilities.shape[:-1], self.clusters)
        return probabilities.new_zeros(shape).index_add(-1, self.cluster_of, probabilities)
