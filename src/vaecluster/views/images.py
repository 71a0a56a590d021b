"""Random changes of images that leave what is shown the same.

A batch is (rows, channels, height, width) with values in [0, 1], and so is what comes out. Every row gets its own
draw, from torch's global random state on the batch's device; the batch itself is not written to.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, final, get_args

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from vaecluster.errors import SettingError
from vaecluster.views.ranges import check_range, uniform

Padding = Literal["zeros", "border"]


class ImageChange(ABC):
    """A change that only makes sense for images; see the top of the file."""

    @abstractmethod
    def __call__(self, batch: Tensor) -> Tensor:
        """The changed batch, of the same shape."""


@final
@dataclass(frozen=True)
class RandomAffine(ImageChange):
    """Turn, move, resize and slant each image by a small random amount.

    `rotation` is in degrees, either way; `shift` is a share of the height and of the width; `scale` makes things
    up to that share larger or smaller; `shear` moves rows sideways by up to that many pixels for each pixel up.
    What comes in from outside is black with `padding="zeros"` and the image's edge repeated with "border".
    """

    rotation: float = 15.0
    shift: float = 0.1
    scale: float = 0.1
    shear: float = 0.2
    padding: Padding = "zeros"

    def __post_init__(self) -> None:
        check_range(self, "rotation", 0, 180)
        check_range(self, "shift", 0, 1)
        check_range(self, "scale", 0, 0.99)
        check_range(self, "shear", 0)
        if self.padding not in get_args(Padding):
            raise SettingError(f"RandomAffine(padding={self.padding!r}) is unknown; use 'zeros' or 'border'.")

    def __call__(self, batch: Tensor) -> Tensor:
        """The changed batch, of the same shape."""
        height, width = batch.shape[-2:]
        angle = math.radians(1) * uniform(-self.rotation, self.rotation, batch)
        size = uniform(1 - self.scale, 1 + self.scale, batch)
        shear = uniform(-self.shear, self.shear, batch)
        right = width * uniform(-self.shift, self.shift, batch)
        down = height * uniform(-self.shift, self.shift, batch)
        matrix = reading_matrix(angle, size, shear)
        # The image's middle lands `shift` away from the output's: centre + matrix @ shift = 0.
        centre = -(matrix @ torch.stack([right, down], -1)[..., None]).squeeze(-1)
        return warp(batch, matrix, centre, self.padding)


@final
@dataclass(frozen=True)
class RandomCrop(ImageChange):
    """Cut out a part of each image, at a random place, and blow it up to the full size.

    The sides of the part are a random share of the image's, from `smallest` to 1.
    """

    smallest: float = 0.5

    def __post_init__(self) -> None:
        check_range(self, "smallest", 0.01, 1)

    def __call__(self, batch: Tensor) -> Tensor:
        """The changed batch, of the same shape."""
        height, width = batch.shape[-2:]
        side = uniform(self.smallest, 1, batch)
        room = (1 - side) / 2
        centre = torch.stack([width * room * uniform(-1, 1, batch), height * room * uniform(-1, 1, batch)], -1)
        matrix = side[:, None, None] * torch.eye(2, dtype=batch.dtype, device=batch.device)
        # "border" because a crop at the edge reads up to half a pixel beyond the outermost pixels' middles.
        return warp(batch, matrix, centre, "border")


@final
@dataclass(frozen=True)
class HorizontalFlip(ImageChange):
    """Swap left and right in a random part of the images."""

    probability: float = 0.5

    def __post_init__(self) -> None:
        check_range(self, "probability", 0, 1)

    def __call__(self, batch: Tensor) -> Tensor:
        """The changed batch, of the same shape."""
        flipped = uniform(0, 1, batch) < self.probability
        return torch.where(flipped[:, None, None, None], batch.flip(-1), batch)


@final
@dataclass(frozen=True)
class ColourJitter(ImageChange):
    """Change the brightness, the contrast and the saturation of each image by a random factor.

    Each factor lies within 1 - strength and 1 + strength. Saturation needs three channels, read as red, green and
    blue; images with another number of channels keep theirs.
    """

    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation"):
            check_range(self, name, 0, 1)

    def __call__(self, batch: Tensor) -> Tensor:
        """The changed batch, of the same shape."""
        batch = _blend(batch, torch.zeros_like(batch), self.brightness)
        batch = _blend(batch, batch.mean((1, 2, 3), keepdim=True), self.contrast)
        if batch.shape[1] == 3:
            red, green, blue = batch[:, 0:1], batch[:, 1:2], batch[:, 2:3]
            # How much each counts for what looks bright (Rec. 601).
            grey = 0.299 * red + 0.587 * green + 0.114 * blue
            batch = _blend(batch, grey, self.saturation)
        return batch


def reading_matrix(angle: Tensor, size: Tensor, shear: Tensor) -> Tensor:
    """The inverse of: slant, turn clockwise by `angle` (radians), resize; from (rows,) each to (rows, 2, 2).

    For (x, y) in pixels, x to the right and y down. It is what `warp` reads by, so that the image itself is
    slanted, turned and resized.
    """
    cos, sin, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    turn_back = torch.stack([cos, sin, -sin, cos], -1).view(-1, 2, 2)
    slant_back = torch.stack([one, shear, zero, one], -1).view(-1, 2, 2)
    matrix: Tensor = slant_back @ turn_back / size[:, None, None]
    return matrix


def warp(batch: Tensor, matrix: Tensor, centre: Tensor, padding: Padding) -> Tensor:
    """Images whose place p shows the given images' place `centre + matrix @ p`, read bilinearly.

    Places are (x, y) in pixels from the middle of the image, x to the right and y down, so that angles are right
    for images that are not square. `matrix` is (rows, 2, 2), `centre` (rows, 2).
    """
    height, width = batch.shape[-2:]
    across = torch.arange(width, dtype=batch.dtype, device=batch.device) - (width - 1) / 2
    down = torch.arange(height, dtype=batch.dtype, device=batch.device) - (height - 1) / 2
    places = torch.stack(torch.meshgrid(across, down, indexing="xy"), -1).flatten(0, 1)
    read = places @ matrix.mT + centre[:, None]
    # grid_sample counts from -1 at one outer edge to 1 at the other.
    grid = torch.stack([read[..., 0] * (2 / width), read[..., 1] * (2 / height)], -1).view(-1, height, width, 2)
    warped = grid_sample(batch, grid, mode="bilinear", padding_mode=padding, align_corners=False)
    # Rounding can take a mean of values in [0, 1] just outside.
    return warped.clamp(0, 1)


def _blend(batch: Tensor, other: Tensor, strength: float) -> Tensor:
    """Move each image away from `other` by a factor near 1, or towards it."""
    if strength == 0:
        return batch
    factor = uniform(1 - strength, 1 + strength, batch)[:, None, None, None]
    return torch.lerp(other.expand_as(batch), batch, factor).clamp(0, 1)
