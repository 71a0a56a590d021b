"""Random changes of windows of time: (rows, features, times)."""

from typing import Annotated, final

import torch
from torch import Generator, Tensor

from vaecluster.row_kind import RowKind
from vaecluster.settings import Number, settings
from vaecluster.views.change import Change, uniform


@final
@settings
class TimeShift(Change):
    """Shift each window in time; all its features alike.

    >>> import torch
    >>> from vaecluster.views import TimeShift
    >>> TimeShift(0.1)(torch.ones(2, 3, 24), torch.Generator()).shape
    torch.Size([2, 3, 24])
    """

    kind = RowKind.WINDOWS

    share: Annotated[float, Number(0, 1), "largest shift either way, as a share of the times"] = 0.1

    def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
        """The changed batch, of the same shape; what comes in from outside is the first or last value repeated."""
        times = batch.shape[-1]
        steps = (times * uniform(-self.share, self.share, batch, generator)).round().long()
        read = torch.arange(times, dtype=torch.int64, device=batch.device) - steps[:, None]
        return batch.gather(-1, read.clamp(0, times - 1)[:, None].expand_as(batch))


@final
@settings
class Amplitude(Change):
    """Make each feature of each window larger or smaller around the feature's mean, by a random factor near 1.

    >>> import torch
    >>> from vaecluster.views import Amplitude
    >>> Amplitude(0.1)(torch.ones(2, 3, 24), torch.Generator()).shape
    torch.Size([2, 3, 24])
    """

    kind = RowKind.WINDOWS

    strength: Annotated[float, Number(0, 1), "largest share by which it changes"] = 0.1

    def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
        """The changed batch, of the same shape."""
        drawn = torch.rand(batch.shape[:2], generator=generator, dtype=batch.dtype, device=batch.device)
        return batch * (1 + self.strength * (2 * drawn - 1))[..., None]
