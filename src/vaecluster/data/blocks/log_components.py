"""How counts of genes are read: as components of their logarithms."""

from typing import final

import torch
from torch import Tensor, nn

from vaecluster.data.counts import MOST_DEVIATIONS
from vaecluster.data.raw import Doubles


@final
class LogComponents(nn.Module):
    """Counts and batches (rows, chosen + 1 + batches) as principal components of logarithms: (rows, components).

    The members are those of `Expression`; without a `total` counts are of one total already.
    """

    mean: Tensor
    deviation: Tensor
    directions: Tensor
    centre: Tensor
    batch_means: Tensor

    def __init__(
        self,
        total: float | None,
        mean: Doubles,
        deviation: Doubles,
        directions: Doubles,
        centre: Doubles,
        batch_means: Doubles,
    ) -> None:
        super().__init__()
        self.total = total
        parts = {"mean": mean, "deviation": deviation, "directions": directions, "centre": centre}
        for name, values in (parts | {"batch_means": batch_means}).items():
            self.register_buffer(name, torch.from_numpy(values).float())

    def forward(self, rows: Tensor) -> Tensor:
        """(rows, chosen + 1 + batches) to (rows, components)."""
        counts, batch_of = torch.split(rows, [len(self.mean) + 1, len(self.batch_means)], -1)
        # Random changes may make a count less than nothing.
        counts = counts.clamp(min=0)
        if self.total is not None:
            counts = counts * (self.total / counts.sum(-1, keepdim=True).clamp(min=1))
        standard = (counts[..., :-1].log1p() - self.mean - batch_of @ self.batch_means) / self.deviation
        components: Tensor = standard.clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS) @ self.directions - self.centre
        return components
