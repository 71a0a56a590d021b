"""Images."""

from dataclasses import dataclass
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.blocks.base import Block, as_type, scaled
from vaecluster.data.blocks.numbers import check_affine
from vaecluster.data.blocks.scaling import Passes
from vaecluster.data.raw import Array
from vaecluster.errors import DataError
from vaecluster.model.likelihood import OF_NUMBERS, Likelihood


@final
@dataclass(frozen=True, eq=False)
class Pixels(Block):
    """Images (H, W) or (H, W, C), scaled to [0, 1] by one offset and one scale, channels first in the model."""

    missing = False

    row_shape: tuple[int, ...]
    dtype: str
    offset: float
    scale: float
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, passes: Passes, row_shape: tuple[int, ...], dtype: np.dtype[np.generic], likelihood: str) -> Self:
        """By 255 for uint8, else by the smallest and largest value of all images; constant images keep their scale.

        Float images that already lie in [0, 1] stay as they are where the likelihood reads them as probabilities.
        """
        if dtype == np.uint8:
            low, high = 0.0, 255.0
        else:
            ranges = [(float(images.min()), float(images.max())) for images, _ in passes()]
            low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
            if OF_NUMBERS[likelihood].unit and low >= 0 and high <= 1:
                low, high = 0.0, 1.0
        if not np.isfinite(high - low):
            raise DataError(
                f"The pixels range from {low:g} to {high:g}, and the difference is more than a double holds. Scale "
                "them."
            )
        return cls(row_shape, dtype.str, low, (high - low) or 1.0)

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, H, W)."""
        height, width, *channels = self.row_shape
        return (channels[0] if channels else 1, height, width)

    def encode(self, values: Array) -> NDArray[np.float32]:
        """(rows, *row_shape) to (rows, C, H, W)."""
        images = scaled(values, self.offset, self.scale)
        return np.moveaxis(images, -1, 1) if len(self.row_shape) == 3 else images[:, None]

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """(rows, C, H, W) to (rows, *row_shape) in the user's units and type."""
        images = np.moveaxis(rows, 1, -1) if len(self.row_shape) == 3 else rows[:, 0]
        return as_type(images.astype(np.float64) * self.scale + self.offset, np.dtype(self.dtype))

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """The one of that name; the mean of a pixel lies in [0, 1]."""
        return OF_NUMBERS[name](self.shape, precision, bounded=True)

    def check(self) -> None:
        """Two or three sizes, a finite offset and a positive scale."""
        if len(self.row_shape) not in (2, 3) or not all(size >= 1 for size in self.row_shape):
            raise ValueError(f"row_shape is {self.row_shape}; expected two or three sizes")
        check_affine(np.asarray(self.offset), np.asarray(self.scale), self.dtype)
