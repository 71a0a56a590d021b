"""Random changes of any rows: vectors in scaled columns, or images.

Every entry gets its own draw, from torch's global random state on the batch's device; the batch itself is not
written to.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from vaecluster.views.ranges import check_range


@final
@dataclass(frozen=True)
class GaussianNoise:
    """Add noise to every entry; `scale` is its standard deviation, in units of the scaled columns.

    Columns are scaled to standard deviation 1, pixels to [0, 1]; noisy pixels are cut off there.
    """

    scale: float = 0.1

    def __post_init__(self) -> None:
        check_range(self, "scale", 0)

    def __call__(self, batch: Tensor) -> Tensor:
        """The changed batch, (rows, *data), of the same shape."""
        noisy = batch + self.scale * torch.randn_like(batch)
        return noisy.clamp(0, 1) if batch.ndim == 4 else noisy


@final
@dataclass(frozen=True)
class FeatureDropout:
    """Set a random share of each row's entries to 0: the column's mean, once it is scaled, and black in images."""

    share: float = 0.1

    def __post_init__(self) -> None:
        check_range(self, "share", 0, 1)

    def __call__(self, batch: Tensor) -> Tensor:
        """The changed batch, (rows, *data), of the same shape."""
        return batch.masked_fill(torch.rand_like(batch) < self.share, 0)
