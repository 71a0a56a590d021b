"""Windows of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from vaecluster.data.blocks.base import Block, as_type, scaled
from vaecluster.data.blocks.drawing import Drawing, as_lines, middle
from vaecluster.data.blocks.numbers import check_affine, check_unit
from vaecluster.data.blocks.scaling import Passes, moments_of, own_scales
from vaecluster.data.blocks.traced import Moved, Scaled, Traced, Unscaled, type_of
from vaecluster.data.raw import Array, Doubles
from vaecluster.model.likelihood import OF_NUMBERS, Likelihood
from vaecluster.row_kind import RowKind


@final
@dataclass(frozen=True, eq=False)
class Windows(Block):
    """Windows (times,) or (times, features) as (x - offset) / scale, features first in the model.

    `offset` and `scale` are those of each feature over all times of all windows: (features,).
    """

    kind = RowKind.WINDOWS
    missing = False

    row_shape: tuple[int, ...]
    dtype: str
    offset: Doubles
    scale: Doubles
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, passes: Passes, row_shape: tuple[int, ...], dtype: np.dtype[np.generic], likelihood: str) -> Self:
        """By the mean and the deviation of each feature.

        Where the likelihood reads entries as probabilities they stay as they are; `DataError` if they lie outside.
        """
        features = row_shape[1] if len(row_shape) > 1 else 1

        def times() -> Iterator[tuple[Array, Doubles | None]]:
            for windows, weights in passes():
                each = None if weights is None else np.repeat(weights, row_shape[0])
                yield windows.reshape(-1, features), each

        moments = moments_of(times)
        if OF_NUMBERS[likelihood].unit:
            check_unit(moments.low, moments.high, None)
            return cls(row_shape, dtype.str, np.zeros(features), np.ones(features))
        return cls(row_shape, dtype.str, *own_scales(moments))

    @property
    def given_shape(self) -> tuple[int, ...]:
        """(times,) or (times, features)."""
        return self.row_shape

    @property
    def shape(self) -> tuple[int, ...]:
        """(features, times)."""
        return (len(self.offset), self.row_shape[0])

    def encode(self, values: Array) -> NDArray[np.float32]:
        """(rows, *row_shape) to (rows, features, times)."""
        windows = values.reshape(len(values), self.row_shape[0], -1)
        return np.ascontiguousarray(np.moveaxis(scaled(windows, self.offset, self.scale), 2, 1))

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """(rows, features, times) to (rows, *row_shape) in the user's units and type."""
        windows = np.moveaxis(rows, 1, 2).astype(np.float64) * self.scale + self.offset
        return as_type(windows.reshape(len(rows), *self.row_shape), np.dtype(self.dtype))

    def traced(self) -> Traced:
        """In the type of the windows."""
        scaled, unscaled = Scaled(self.offset, self.scale), Unscaled(self.offset, self.scale, self.dtype)
        first: nn.Module = Moved(2, 1) if len(self.row_shape) == 2 else nn.Unflatten(1, (1, self.row_shape[0]))
        last: nn.Module = Moved(1, 2) if len(self.row_shape) == 2 else nn.Flatten(1, 2)
        return Traced(type_of(np.dtype(self.dtype)), nn.Sequential(scaled, first), nn.Sequential(last, unscaled))

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """The one of that name."""
        return OF_NUMBERS[name](self.shape, precision)

    def drawing(self, rows: Array) -> Drawing:
        """As pictures of lines."""
        # Lines keep their peaks, which are short, and have room for few features.
        low, high = middle(rows, len(self.offset), far=0.5)
        return Drawing(0.0, 255.0, lambda windows: as_lines(windows, low, high))

    def check(self) -> None:
        """One or two sizes, a finite offset and a positive scale for each feature."""
        if len(self.row_shape) not in (1, 2) or not all(size >= 1 for size in self.row_shape):
            raise ValueError(f"row_shape is {self.row_shape}; expected one or two sizes")
        check_affine(self.offset, self.scale, self.dtype)
        if self.offset.shape != (self.row_shape[1] if len(self.row_shape) > 1 else 1,):
            raise ValueError("its offset is not one number for each feature")
