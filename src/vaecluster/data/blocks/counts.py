"""Columns of counts, such as visits, children and purchases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vaecluster.data.blocks.base import FARTHEST
from vaecluster.data.blocks.numbers import Numbers
from vaecluster.data.blocks.of_logarithms import OfLogarithms
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.blocks.traced import Counted, Traced
from vaecluster.data.raw import Array, Coded, Doubles, Table
from vaecluster.errors import DataError
from vaecluster.model.counts import Counts as CountsLikelihood
from vaecluster.model.likelihood import Likelihood

# The most that counts vary beyond chance, and the least, with which a fit starts.
LEAST_DISPERSION, MOST_DISPERSION = 1e-2, 1e2


@final
@dataclass(frozen=True, eq=False)
class Counts(OfLogarithms):
    """Whole numbers of 0 and more; the model has them as they are, the encoder reads log(1 + count).

    `means` and `dispersions` (columns,) are those of all rows, and `numbers` is how logarithms are scaled.
    """

    kinds: ClassVar = {"count": ("numbers",)}

    columns: tuple[str, ...]
    means: Doubles
    dispersions: Doubles
    numbers: Numbers

    @classmethod
    def of_columns(cls, columns: Table, reading: Reading) -> Sequence[Self]:
        """One block for all of them; `DataError` for what is not counted."""
        arrays: dict[str, Array] = dict(columns)  # type: ignore[arg-type]
        means, dispersions = [], []
        for name, column in arrays.items():
            there = ~np.isnan(column) if column.dtype.kind == "f" else np.ones(len(column), dtype=np.bool_)
            values = column[there].astype(np.float64)
            wrong = values[(values < 0) | (values != np.floor(values))]
            if len(wrong):
                raise DataError(
                    f"Column {name!r} is to be read as count, but holds {wrong[0]:g}; expected whole numbers of 0 or "
                    "more. Read it as number or as amount."
                )
            weights = None if reading.weights is None else reading.weights[there]
            mean, dispersion = moments(values, weights) if len(values) else (1.0, 1.0)
            means.append(mean)
            dispersions.append(dispersion)
        logs: dict[str, Array | Coded] = {name: np.log1p(values) for name, values in arrays.items()}
        # Whatever likelihood numbers have, logarithms are only looked at, each by its own spread.
        own = replace(reading, likelihood="gaussian", scaling="columns")
        blocks = Numbers.of_columns(logs, own)
        return [cls(tuple(arrays), np.array(means), np.array(dispersions), numbers) for numbers in blocks]

    def encode(self, values: Array) -> NDArray[np.float32]:
        """The counts; of new rows also fractions and negative numbers are read, as the nearest counts."""
        return np.clip(values.astype(np.float64), 0, FARTHEST).round().astype(np.float32)

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """(rows, columns) as whole numbers, in double precision."""
        counts: Array = np.maximum(rows.astype(np.float64), 0).round()
        return counts

    def traced(self) -> Traced:
        """Rounded, in both directions."""
        return Traced(torch.float64, Counted(torch.float32, FARTHEST), Counted(torch.float64))

    def deviations(self, rows: NDArray[np.float32], deviations: Doubles) -> Array:
        """As they are."""
        return deviations

    def embedding(self) -> nn.Module:
        """Scaled logarithms; where counts may be missing, with a mark beside each."""
        return nn.Sequential(self.coordinates(), self.numbers.embedding())

    def coordinates(self) -> nn.Module:
        """Scaled logarithms."""
        return Logs(self.numbers)

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """Negative binomial counts; name and precision are for numbers and have no meaning here."""
        return CountsLikelihood(self.means.tolist(), self.dispersions.tolist())

    def check(self) -> None:
        """A positive mean and dispersion for each column."""
        self.numbers.check()
        for numbers in (self.means, self.dispersions):
            if numbers.shape != self.shape or not (np.isfinite(numbers) & (numbers > 0)).all():
                raise ValueError("its counts have no positive mean and dispersion for each column")
        if self.numbers.columns != self.columns:
            raise ValueError("its logarithms are those of other columns")


def moments(counts: Doubles, weights: Doubles | None = None) -> tuple[float, float]:
    """The mean and the dispersion of counts, by their variance, mean + mean^2 / dispersion.

    >>> moments(np.array([0.0, 0, 0, 4]))
    (1.0, 0.5)
    """
    mean = float(np.average(counts, weights=weights))
    beyond = float(np.average((counts - mean) ** 2, weights=weights)) - mean
    # Where nothing was counted, one count in all rows is as near as a logarithm comes.
    mean = max(mean, 1 / (1 + len(counts)))
    dispersion = mean**2 / beyond if beyond > 0 else MOST_DISPERSION
    return mean, min(max(dispersion, LEAST_DISPERSION), MOST_DISPERSION)


@final
class Logs(nn.Module):
    """Counts as scaled logarithms, NaN for NaN: (rows, columns) to the same."""

    offset: Tensor
    scale: Tensor

    def __init__(self, logs: Numbers) -> None:
        super().__init__()
        for name in ("offset", "scale"):
            self.register_buffer(name, torch.from_numpy(getattr(logs, name)).float())

    def forward(self, rows: Tensor) -> Tensor:
        """The same shape."""
        return (rows.clamp(min=0).log1p() - self.offset) / self.scale
