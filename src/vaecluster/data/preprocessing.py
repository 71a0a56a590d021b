"""From rows as users have them to tensors as the likelihood expects them, and back."""

from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.errors import DataError

Array = NDArray[Any]
Scaling = Literal["columns", "common"]
Weights = NDArray[np.float64] | None


@final
@dataclass(frozen=True)
class Preprocessing:
    """An affine map per entry, (x - offset) / scale, with the layout of one row and its type.

    `offset` and `scale` broadcast against one row in the user's layout: scalars for images, one value per column
    for vectors. `row_shape` is the user's, (columns,), (H, W) or (H, W, C); `data_shape` is the model's, (columns,)
    or (C, H, W). `dtype` is what `restore` returns: whole numbers are rounded and clipped to their type's range.
    """

    row_shape: tuple[int, ...]
    dtype: str
    offset: Array
    scale: Array

    @property
    def data_shape(self) -> tuple[int, ...]:
        """The shape of one row inside the model: channels first for images."""
        match self.row_shape:
            case (height, width):
                return (1, height, width)
            case (height, width, channels):
                return (channels, height, width)
            case _:
                return self.row_shape

    @property
    def is_image(self) -> bool:
        """Whether rows are images; vectors otherwise."""
        return len(self.row_shape) > 1

    @property
    def kind(self) -> Literal["images", "vectors"]:
        """What rows are."""
        return "images" if self.is_image else "vectors"

    def apply(self, rows: Array) -> Tensor:
        """(rows, *row_shape) in the user's units to (rows, *data_shape) in the model's, float32."""
        # The subtraction is done in double precision: a column of 1e9 + small changes would lose them in float32.
        # Bytes and other 16-bit numbers are exact in float32, at half the memory traffic.
        working = np.float32 if rows.dtype.itemsize <= 2 else np.float64
        scaled = (rows.astype(working) - self.offset.astype(working)) / self.scale.astype(working)
        scaled = scaled.astype(np.float32, copy=False)
        tensor = torch.from_numpy(scaled)
        return tensor.movedim(-1, 1) if len(self.row_shape) == 3 else tensor.reshape(-1, *self.data_shape)

    def restore(self, tensor: Tensor) -> Array:
        """The way back: (rows, *data_shape) to (rows, *row_shape) in the user's units and type."""
        array = tensor.detach().cpu().double()
        array = array.movedim(1, -1) if len(self.row_shape) == 3 else array.reshape(-1, *self.row_shape)
        rows: Array = array.numpy() * self.scale + self.offset
        dtype = np.dtype(self.dtype)
        if dtype.kind in "iu":
            limits = np.iinfo(dtype)
            # The largest 64-bit number is not a double; the next double above it would overflow.
            top = np.nextafter(float(limits.max), 0) if dtype.itemsize == 8 else limits.max
            rows = rows.round().clip(limits.min, top)
        if dtype.kind == "b":
            return rows >= 0.5
        return rows.astype(dtype)


def pixel_preprocessing(images: Array, *, keep_unit: bool) -> Preprocessing:
    """Scale pixels to [0, 1]: by 255 for uint8, else by the smallest and largest value of the whole stack.

    A constant stack keeps its scale.

    With `keep_unit`, float images that already lie in [0, 1] stay as they are (the Bernoulli likelihood reads
    them as probabilities).
    """
    if images.dtype == np.uint8:
        low, high = 0.0, 255.0
    else:
        low, high = float(images.min()), float(images.max())
        if keep_unit and low >= 0 and high <= 1:
            low, high = 0.0, 1.0
    if not np.isfinite(high - low):
        raise DataError(
            f"The pixels range from {low:g} to {high:g}, and the difference is more than a double holds. Scale them."
        )
    return Preprocessing(images.shape[1:], images.dtype.str, np.asarray(low), np.asarray((high - low) or 1.0))


def standard_preprocessing(vectors: Array, weights: Weights = None) -> Preprocessing:
    """Bring every column to mean 0 and standard deviation 1; a constant column keeps scale 1."""
    mean, deviation = _moments(vectors, weights)
    return Preprocessing(vectors.shape[1:], vectors.dtype.str, mean, _without_zeros(mean, deviation))


def common_preprocessing(vectors: Array, weights: Weights = None) -> Preprocessing:
    """Bring every column to mean 0 and all of them together to variance 1, so that their proportions stay.

    For columns in one unit, such as principal components or embeddings, where a wide column says more.
    """
    mean, deviation = _moments(vectors, weights)
    largest = deviation.max()
    spread = largest * np.sqrt(np.square(deviation / (largest or 1.0)).mean())
    scale = np.where(deviation == 0, _without_zeros(mean, deviation), spread)
    return Preprocessing(vectors.shape[1:], vectors.dtype.str, mean, np.maximum(scale, spread))


def _moments(vectors: Array, weights: Weights) -> tuple[Array, Array]:
    """Mean and standard deviation of every column, in double precision: (columns,) twice.

    The deviation is 0 where it is only rounding error of a constant column, which must not be blown up to 1.
    """
    # Sums are taken in the order of memory; rows that are laid out otherwise are the same rows.
    values = vectors.astype(np.float64, order="C")
    # Squares of values beyond these are not in double precision any more; a division by 1 changes nothing.
    largest = np.abs(values).max(0)
    unit = np.where((largest > 1e150) | ((largest < 1e-150) & (largest > 0)), largest, 1.0)
    values = values / unit
    if weights is None:
        mean, deviation = values.mean(0), values.std(0)
    else:
        mean = np.average(values, 0, weights)
        deviation = np.sqrt(np.average(np.square(values - mean), 0, weights))
    constant = deviation <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    return mean * unit, np.where(constant, 0.0, deviation * unit)


def _without_zeros(mean: Array, deviation: Array) -> Array:
    """Scales for columns: the deviation, or 1 for a constant one, and more if its rounding error is of that size."""
    return np.where(deviation == 0, np.maximum(1.0, 1e-9 * np.abs(mean)), deviation)


def unit_preprocessing(vectors: Array) -> Preprocessing:
    """Leave the columns as they are; for the Bernoulli likelihood, whose rows must lie in [0, 1]."""
    columns = vectors.shape[1:]
    return Preprocessing(columns, vectors.dtype.str, np.zeros(columns), np.ones(columns))


def choose_preprocessing(
    rows: Array, likelihood: str, scaling: Scaling = "columns", weights: Weights = None
) -> Preprocessing:
    """The map for a whole data set: by its layout (images or vectors) and by what the likelihood can hold.

    `scaling` is for vectors: each column by its own spread, or all by a common one; `weights` (rows,) says how much
    each row counts for it.
    """
    bernoulli = likelihood == "bernoulli"
    if rows.ndim > 2:
        return pixel_preprocessing(rows, keep_unit=bernoulli)
    if bernoulli:
        return unit_preprocessing(rows)
    scaled = standard_preprocessing if scaling == "columns" else common_preprocessing
    return scaled(rows, weights)
