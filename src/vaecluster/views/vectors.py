"""Random changes of any rows: vectors in scaled columns, or images. Every entry gets its own draw."""

from typing import Annotated, final

import torch
from torch import Generator, Tensor

from vaecluster.settings import Number, settings
from vaecluster.views.change import Change


@final
@settings
class GaussianNoise(Change):
    """Add noise to every entry.

    Columns are scaled to standard deviation 1, pixels to [0, 1]; noisy pixels are cut off there.

    >>> import torch
    >>> from vaecluster.views import GaussianNoise
    >>> GaussianNoise(0.1)(torch.zeros(2, 5), torch.Generator()).shape
    torch.Size([2, 5])
    """

    scale: Annotated[float, Number(0), "standard deviation, in units of the scaled columns"] = 0.1

    def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
        """The changed batch, (rows, *data), of the same shape."""
        noise = torch.randn(batch.shape, generator=generator, dtype=batch.dtype, device=batch.device)
        noisy = batch + self.scale * noise
        return noisy.clamp(0, 1) if batch.ndim == 4 else noisy


@final
@settings
class FeatureDropout(Change):
    """Set a random share of each row's entries to 0: the column's mean, once it is scaled, and black in images.

    >>> import torch
    >>> from vaecluster.views import FeatureDropout
    >>> FeatureDropout(share=1)(torch.ones(1, 3), torch.Generator()).tolist()
    [[0.0, 0.0, 0.0]]
    """

    share: Annotated[float, Number(0, 1), "share of the entries"] = 0.1

    def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
        """The changed batch, (rows, *data), of the same shape."""
        drawn = torch.rand(batch.shape, generator=generator, dtype=batch.dtype, device=batch.device)
        return batch.masked_fill(drawn < self.share, 0)
