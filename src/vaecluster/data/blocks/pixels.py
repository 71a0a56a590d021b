"""Images."""

from dataclasses import dataclass
from typing import Self, final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from vaecluster.data.blocks.base import Block, as_type, scaled
from vaecluster.data.blocks.drawing import Drawing
from vaecluster.data.blocks.numbers import check_affine
from vaecluster.data.blocks.scaling import Passes
from vaecluster.data.blocks.traced import Moved, Scaled, Traced, Unscaled, type_of
from vaecluster.data.raw import Array, Doubles
from vaecluster.errors import DataError
from vaecluster.model.likelihood import OF_NUMBERS, Likelihood
from vaecluster.row_kind import RowKind

# Channels have units of their own if one of them covers less than this part of the range of all.
SHARE_OF_RANGE = 0.1
# One image in so many may be broken: it reaches further beyond the others than this many times their range.
IMAGES_PER_BROKEN, REACH = 100, 3.0


@final
@dataclass(frozen=True, eq=False)
class Pixels(Block):
    """Images (H, W) or (H, W, C), scaled to [0, 1], channels first in the model.

    `offset` and `scale` are numbers, (), or have an entry for each of the last axis where these are measured in units
    of their own: (C,), or (W,) for windows of W features.
    """

    kind = RowKind.IMAGES
    missing = False

    row_shape: tuple[int, ...]
    dtype: str
    offset: Doubles
    scale: Doubles
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, passes: Passes, row_shape: tuple[int, ...], dtype: np.dtype[np.generic], likelihood: str) -> Self:
        """By 255 for uint8, else by the smallest and largest value; images of one value keep their scale.

        Float images that already lie in [0, 1] stay as they are where the likelihood reads them as probabilities.
        """
        low, high = (np.array(0.0), np.array(255.0)) if dtype == np.uint8 else _limits(passes)
        if OF_NUMBERS[likelihood].unit and dtype != np.uint8 and low.min() >= 0 and high.max() <= 1:
            low, high = np.array(0.0), np.array(1.0)
        with np.errstate(over="ignore"):
            span = high - low
        if not np.isfinite(span).all():
            raise DataError(
                f"The pixels range from {low.min():g} to {high.max():g}, and the difference is more than a double "
                "holds. Scale them."
            )
        return cls(row_shape, dtype.str, low, np.where(span == 0, 1.0, span))

    @property
    def given_shape(self) -> tuple[int, ...]:
        """(H, W) or (H, W, C)."""
        return self.row_shape

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, H, W)."""
        height, width, *channels = self.row_shape
        return (channels[0] if channels else 1, height, width)

    def encode(self, values: Array) -> NDArray[np.float32]:
        """(rows, *row_shape) to (rows, C, H, W); what is broken in an image is cut off."""
        images = scaled(values, self.offset, self.scale)
        np.clip(images, -REACH, 1 + REACH, out=images)
        return np.moveaxis(images, -1, 1) if len(self.row_shape) == 3 else images[:, None]

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """(rows, C, H, W) to (rows, *row_shape) in the user's units and type."""
        images = np.moveaxis(rows, 1, -1) if len(self.row_shape) == 3 else rows[:, 0]
        return as_type(images.astype(np.float64) * self.scale + self.offset, np.dtype(self.dtype))

    def traced(self) -> Traced:
        """In the type of the pixels."""
        scaled, unscaled = (
            Scaled(self.offset, self.scale, -REACH, 1 + REACH),
            Unscaled(self.offset, self.scale, self.dtype),
        )
        first: nn.Module = Moved(-1, 1) if len(self.row_shape) == 3 else nn.Unflatten(1, (1, self.row_shape[0]))
        last: nn.Module = Moved(1, -1) if len(self.row_shape) == 3 else nn.Flatten(1, 2)
        return Traced(type_of(np.dtype(self.dtype)), nn.Sequential(scaled, first), nn.Sequential(last, unscaled))

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """The one of that name; the mean of a pixel lies in [0, 1]."""
        return OF_NUMBERS[name](self.shape, precision, bounded=True)

    def drawing(self, rows: Array) -> Drawing:
        """As they are."""
        return Drawing(self.offset, self.offset + self.scale)

    def check(self) -> None:
        """Two or three sizes, a finite offset and a positive scale."""
        if len(self.row_shape) not in (2, 3) or not all(size >= 1 for size in self.row_shape):
            raise ValueError(f"row_shape is {self.row_shape}; expected two or three sizes")
        check_affine(self.offset, self.scale, self.dtype)
        if self.offset.shape not in ((), self.row_shape[-1:]):
            raise ValueError("its offset has another shape than a pixel")


def _limits(passes: Passes) -> tuple[Doubles, Doubles]:
    """The smallest and the largest value, (), or (last axis,) where its entries are measured in units of their own."""
    least, most, lows, highs = np.array(np.inf), np.array(-np.inf), [], []
    for images, _ in passes():
        low, high = (np.asarray(find(1), dtype=np.float64) for find in (images.min, images.max))
        if images.ndim == 4:
            low, high = low.min(1), high.max(1)
        least, most = np.minimum(least, low.min(0)), np.maximum(most, high.max(0))
        # Of each image and, if it has several, of each channel.
        grey = images.ndim == 3
        lows.append(low.min(1, keepdims=True) if grey else low)
        highs.append(high.max(1, keepdims=True) if grey else high)
    of_images = np.concatenate(lows), np.concatenate(highs)
    varied = least < most
    # Columns of many images have values in common, but for margins of one value. These are times by features.
    if grey and varied.any() and len(of_images[0]) >= IMAGES_PER_BROKEN and least[varied].max() > most[varied].min():
        return least, most
    least, most = _unbroken(*of_images)
    with np.errstate(over="ignore"):
        own, common = most - least, most.max() - least.min()
    if (own[own > 0] >= SHARE_OF_RANGE * common).all():
        return least.min(), most.max()
    return least, most


def _unbroken(lows: Doubles, highs: Doubles) -> tuple[Doubles, Doubles]:
    """The range of each channel, (C,), from those of each image, (images, C); broken images are left out."""
    few = len(lows) // IMAGES_PER_BROKEN
    low, high = np.sort(lows, axis=0)[few], np.sort(highs, axis=0)[-1 - few]
    with np.errstate(over="ignore"):
        # Where nearly all images are of one value, the others are not broken.
        reach = np.where(high > low, REACH * (high - low), np.inf)
        near_low, near_high = lows >= low - reach, highs <= high + reach
    return np.where(near_low, lows, np.inf).min(0), np.where(near_high, highs, -np.inf).max(0)
