"""Missing values filled from the nearest rows that have them, and values hidden, so that their lack is learned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from vaecluster.data.raw import row_slices
from vaecluster.data.rows import sent

# A value is filled from so many of the nearest among so many rows.
DONORS, AMONG = 5, 2000
# The encoder does not see this share of the values that may be missing.
HIDDEN = 0.2


def hidden(rows: Tensor, gaps: Sequence[bool], generator: Generator) -> Tensor | None:
    """The rows (rows, columns) without some of their values, in the columns whose values may be missing.

    They are asked for by the likelihood, as what is missing will be (Vincent et al. 2008, "Extracting and composing
    robust features with denoising autoencoders"). None if nothing can be missing.
    """
    if not any(gaps):
        return None
    drawn = torch.rand(rows.shape, generator=generator, dtype=rows.dtype, device=rows.device)
    share = sent(HIDDEN * torch.tensor(gaps, dtype=rows.dtype, device="cpu"), rows.device)
    return rows.masked_fill(drawn < share, torch.nan)


@final
@dataclass(frozen=True)
class Filling:
    """Fills points (rows, entries): each NaN becomes a mean over the nearest of the donors that have a value there.

    Troyanskaya et al. (2001), with expected distances: where one of two points lacks a value they are as far apart as
    any two are on average. `donors` (some, entries) are a random sample of the points, in double precision.
    """

    donors: Tensor

    @classmethod
    def of(cls, rows: int, points: Callable[[NDArray[np.intp]], Tensor]) -> Self:
        """With donors among so many rows, always the same ones; `points` gives those of some row numbers."""
        return cls(points(np.sort(np.random.default_rng(0).choice(rows, min(AMONG, rows), replace=False))).double())

    @cached_property
    def known(self) -> tuple[Tensor, Tensor, Tensor]:
        """The parts of the donors, and the variance of each entry among those that have it."""
        has, known = _parts(self.donors)
        number = has.sum(0).clamp(1)
        return has, known, (has * (known - known.sum(0) / number) ** 2).sum(0) / number

    def __call__(self, points: Tensor) -> Tensor:
        """The points with nothing missing; what no donor has is 0."""
        has, known, variance = self.known
        made = points.clone()
        gaps = np.flatnonzero(points.isnan().any(1).numpy())
        for block in row_slices(len(gaps), AMONG):
            rows = torch.from_numpy(gaps[block])
            there, values = _parts(points[rows].double())
            apart = values**2 @ has.T + there @ (known**2).T - 2 * values @ known.T
            distances = apart - 2 * (there * variance) @ has.T
            for entry in np.flatnonzero((there < 1).any(0).numpy()):
                lacking, having = there[:, entry] < 1, has[:, entry] > 0
                number = min(DONORS, int(having.sum()))
                nearest = distances[lacking][:, having].topk(number, largest=False).indices
                made[rows[lacking], entry] = known[having, entry][nearest].mean(1).float()
        return made.nan_to_num(0)


def _parts(points: Tensor) -> tuple[Tensor, Tensor]:
    """Where values are there, as 1, and the values, as 0 where they are not."""
    there = ~points.isnan()
    return there.double(), points.nan_to_num(0)
