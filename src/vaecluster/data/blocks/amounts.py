"""Columns of amounts, such as incomes and prices, of which a few are many times the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from vaecluster.data.blocks.numbers import Numbers
from vaecluster.data.blocks.of_logarithms import OfLogarithms
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.blocks.traced import OfRatios, Ratios, Traced
from vaecluster.data.raw import Array, Coded, Doubles, Table
from vaecluster.errors import DataError
from vaecluster.model.likelihood import Likelihood

# No amount of a fit is exp of this times its unit, and a double holds what that is.
MOST_LOG = 200.0


@final
@dataclass(frozen=True, eq=False)
class Amounts(OfLogarithms):
    """Numbers of 0 and more, read as y = log(1 + x / unit): small ones as they are, large ones by ratios.

    `unit` (columns,) is `unit_of` each column. `numbers` is what reads y; amounts that are given back are never
    negative.
    """

    kinds: ClassVar = {"amount": ("numbers",)}

    columns: tuple[str, ...]
    unit: NDArray[np.float64]
    numbers: Numbers

    @classmethod
    def of_columns(cls, columns: Table, reading: Reading) -> Sequence[Self]:
        """One block for all of them; `DataError` for a negative amount."""
        arrays: dict[str, Array] = dict(columns)  # type: ignore[arg-type]
        units = []
        for name, values in arrays.items():
            if np.nanmin(values) < 0:
                raise DataError(
                    f"Column {name!r} is to be read as amount, but holds {np.nanmin(values):g}; expected numbers of 0 "
                    "or more. Read it as number."
                )
            units.append(unit_of(values))
        unit = np.array(units)
        logs: dict[str, Array | Coded] = {
            name: np.log1p(values / one) for (name, values), one in zip(arrays.items(), unit, strict=True)
        }
        return [cls(tuple(arrays), unit, numbers) for numbers in Numbers.of_columns(logs, reading)]

    def encode(self, values: Array) -> NDArray[np.float32]:
        """Of new rows also negative ones are read, as 0 is."""
        return self.numbers.encode(np.log1p(np.maximum(values, 0) / self.unit))

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """(rows, columns) in the user's units."""
        logs = np.clip(self.numbers.restore(rows), 0, MOST_LOG)
        amounts: Array = np.expm1(logs) * self.unit
        return amounts

    def traced(self) -> Traced:
        """By the logarithms of numbers."""
        logs = self.numbers.traced()
        encode = nn.Sequential(Ratios(self.unit), logs.encode)
        return Traced(logs.dtype, encode, nn.Sequential(logs.restore, OfRatios(self.unit, MOST_LOG)))

    def deviations(self, rows: NDArray[np.float32], deviations: Doubles) -> Array:
        """Those of log-normal amounts whose median is at the rows, counted from -unit."""
        # Beyond 10 a deviation says nothing any more, and its square would leave the range of a double.
        variances = np.square(np.minimum(self.numbers.deviations(rows, deviations), 10))
        found: Array = (self.restore(rows) + self.unit) * np.exp(variances / 2) * np.sqrt(np.expm1(variances))
        return found

    def embedding(self) -> nn.Module:
        """As that of numbers."""
        return self.numbers.embedding()

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """That of numbers, on y."""
        return self.numbers.likelihood(name, precision)

    def check(self) -> None:
        """A positive unit for each column."""
        self.numbers.check()
        if self.unit.shape != self.numbers.shape or not (np.isfinite(self.unit) & (self.unit > 0)).all():
            raise ValueError("its units are not one positive number for each column")
        if self.numbers.columns != self.columns:
            raise ValueError("its numbers are those of other columns")


def unit_of(amounts: Array) -> float:
    """The amount that a tenth of those above 0 do not reach: larger ones are told apart by their ratios.

    >>> unit_of(np.array([0.0, 10.0, 20.0])), unit_of(np.zeros(2))
    (11.0, 1.0)
    """
    above = amounts[amounts > 0]
    # Not so small that the largest divided by it is more than a double holds.
    return float(max(np.quantile(above, 0.1), above.max() * 1e-300)) if len(above) else 1.0
