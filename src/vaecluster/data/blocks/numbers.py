"""Columns of numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vaecluster.data.blocks.base import Block, as_type, scaled
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.blocks.scaling import Passes, Scaling, common_scale, in_one_unit, moments_of, own_scales
from vaecluster.data.blocks.traced import Scaled, Traced, Unscaled, type_of
from vaecluster.data.columns import Column
from vaecluster.data.dates import seconds_of
from vaecluster.data.raw import Array, Doubles, Table, row_slices
from vaecluster.errors import DataError
from vaecluster.model.likelihood import OF_NUMBERS, Likelihood


@final
@dataclass(frozen=True, eq=False)
class Numbers(Block):
    """Columns as (x - offset) / scale; `offset` and `scale` are (columns,).

    `dtype` is what `restore` gives: whole numbers are rounded and clipped to their type's range. Where values may be
    `missing`, the encoder reads 0 (the mean) and a mark beside it, and the likelihood leaves them out.
    """

    kinds: ClassVar = {"number": ("numbers",), "date": ("dates", "durations")}
    # Embeddings have classes in directions of little variance: docs/decisions/0086.
    axes: ClassVar[int] = 128

    columns: tuple[str, ...]
    dtype: str
    offset: NDArray[np.float64]
    scale: NDArray[np.float64]
    missing: bool = False

    @classmethod
    def read(cls, column: Column) -> Array:
        """The numbers in their own type, or as floats where some are missing; of dates and durations, their seconds.

        Raises `DataError` for infinite ones.
        """
        numbers = _numbers_of(column)
        if np.isinf(numbers).any():
            raise DataError(f"Column {column.name!r} holds infinite values; expected numbers. Leave those rows out.")
        return numbers

    @classmethod
    def of_columns(cls, columns: Table, reading: Reading) -> Sequence[Self]:
        """One block for all of them."""
        arrays: dict[str, Array] = dict(columns)  # type: ignore[arg-type]
        rows, weights = len(next(iter(arrays.values()))), reading.weights

        def passes() -> Iterator[tuple[Array, NDArray[np.float64] | None]]:
            for block in row_slices(rows, len(arrays)):
                some = [column[block] for column in arrays.values()]
                yield np.column_stack(some), None if weights is None else weights[block]

        given: dict[str, Any] = {"likelihood": reading.likelihood, "scaling": reading.scaling}
        return [cls.of(passes, np.dtype(np.float64), columns=tuple(arrays), **given)]

    @classmethod
    def of(
        cls,
        passes: Passes,
        dtype: np.dtype[np.generic],
        *,
        likelihood: str,
        scaling: Scaling,
        columns: Sequence[str] = (),
        names: Sequence[str] | None = None,
    ) -> Self:
        """The block for these rows; `names` are those of columns for messages.

        Columns are scaled each by its own spread, or all by one ("common"); "auto" looks which is right. Where the
        likelihood reads entries as probabilities they stay as they are, and `DataError` is raised unless they lie in
        [0, 1].
        """
        moments = moments_of(passes)
        if not moments.present.all():
            empty = columns[int(moments.present.argmin())]
            raise DataError(f"Column {empty!r} holds no value at all. Leave it out.")
        if OF_NUMBERS[likelihood].unit:
            check_unit(moments.low, moments.high, names or columns or None)
            offset, scale = np.zeros_like(moments.mean), np.ones_like(moments.mean)
        else:
            common = scaling == "common" or (scaling == "auto" and in_one_unit(passes, moments))
            offset, scale = (common_scale if common else own_scales)(moments)
        return cls(tuple(columns), dtype.str, offset, scale, bool((moments.present < moments.rows).any()))

    @property
    def shape(self) -> tuple[int, ...]:
        """(columns,)."""
        return self.offset.shape

    @property
    def scaled(self) -> str:
        """By one spread or by several."""
        return "all by one spread" if (self.scale == self.scale[0]).all() else "each by its own spread"

    @property
    def embedded(self) -> tuple[int, ...]:
        """A second entry for each column where values may be missing."""
        return (2 * self.shape[0],) if self.missing else self.shape

    def encode(self, values: Array) -> NDArray[np.float32]:
        """(x - offset) / scale."""
        return scaled(values, self.offset, self.scale)

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """(rows, columns) in the user's units and type."""
        return as_type(rows.astype(np.float64) * self.scale + self.offset, np.dtype(self.dtype))

    def traced(self) -> Traced:
        """In the type of the numbers."""
        restore = Unscaled(self.offset, self.scale, self.dtype)
        return Traced(type_of(np.dtype(self.dtype)), Scaled(self.offset, self.scale), restore)

    def deviations(self, rows: NDArray[np.float32], deviations: Doubles) -> Array:
        """By the scale of each column; of dates in seconds."""
        return deviations * self.scale

    def embedding(self) -> nn.Module:
        """The numbers themselves; where some may be missing, with a mark beside each."""
        return MissingMarked() if self.missing else nn.Identity()

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """The one of that name."""
        return OF_NUMBERS[name](self.shape, precision)

    def check(self) -> None:
        """Finite offsets and positive scales."""
        check_affine(self.offset, self.scale, self.dtype)
        if self.offset.ndim != 1 or len(self.columns) not in (0, len(self.offset)):
            raise ValueError("its numbers have another shape than a row")


@final
class MissingMarked(nn.Module):
    """Numbers with 0 for missing ones, and beside them 1 where one is missing: (rows, columns) to twice as many."""

    def forward(self, rows: Tensor) -> Tensor:
        """(rows, columns) to (rows, 2 columns)."""
        missing = rows.isnan()
        return torch.cat([rows.masked_fill(missing, 0), missing.to(rows.dtype)], -1)


def _numbers_of(column: Column) -> Array:
    series, missing = column.series, column.missing
    if missing.all():
        return np.full(len(missing), np.nan)
    if column.holds in ("dates", "durations"):
        return seconds_of(series)
    if column.type.lower() == "object":
        try:
            return np.where(missing, np.nan, series.to_numpy()).astype(np.float64)
        except OverflowError:
            raise DataError(
                f"Column {column.name!r} holds numbers that are larger than a double holds. Scale them."
            ) from None
    # Whole numbers are floats where some are missing.
    return series.to_numpy()


def check_affine(offset: NDArray[np.float64], scale: NDArray[np.float64], dtype: str) -> None:
    """Raise `ValueError` unless some rows of numbers could have these."""
    if np.dtype(dtype).kind not in "biuf":
        raise ValueError(f"dtype is {dtype!r}; expected a type of numbers")
    if offset.shape != scale.shape:
        raise ValueError("the offset and the scale of rows have different shapes")
    if not np.isfinite(offset).all() or not np.isfinite(scale).all() or not (scale > 0).all():
        raise ValueError("the offset or scale of rows holds values that no rows have")


def check_unit(low: Array, high: Array, names: Sequence[str] | None) -> None:
    """Raise `DataError` for columns of which a value lies outside [0, 1]."""
    outside = np.flatnonzero((low < 0) | (high > 1))
    if not len(outside):
        return
    index = int(outside[0])
    name = repr(names[index]) if names is not None else str(index)
    raise DataError(
        f"The Bernoulli likelihood needs values in [0, 1], but column {name} ranges from {low[index]:g} to "
        f"{high[index]:g}. Scale it, or use likelihood='gaussian'."
    )
