"""Random changes of images: (rows, channels, height, width) with values in [0, 1]."""

import math
from typing import Annotated, final

import torch
from torch import Generator, Tensor
from torch.nn.functional import grid_sample

from vaecluster.settings import Number, OneOf, settings
from vaecluster.views.change import ImageChange, uniform


@final
@settings
class RandomAffine(ImageChange):
    """Rotate, shift, resize and shear each image by a small random amount.

    >>> import torch
    >>> from vaecluster.views import RandomAffine
    >>> RandomAffine(rotation=10)(torch.ones(2, 1, 8, 8), torch.Generator()).shape
    torch.Size([2, 1, 8, 8])
    """

    rotation: Annotated[float, Number(0, 180), "largest angle in degrees, either way"] = 15.0
    shift: Annotated[float, Number(0, 1), "largest shift, as a share of height and width"] = 0.1
    scale: Annotated[float, Number(0, 0.99), "largest share by which things become larger or smaller"] = 0.1
    shear: Annotated[float, Number(0), "most pixels that a row moves sideways for each pixel up"] = 0.2
    padding: Annotated[
        str, OneOf("zeros", "border"), "what comes in from outside: black, or the image's edge repeated"
    ] = "zeros"

    def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
        """The changed batch, of the same shape."""
        height, width = batch.shape[-2:]
        angle = math.radians(1) * uniform(-self.rotation, self.rotation, batch, generator)
        size = uniform(1 - self.scale, 1 + self.scale, batch, generator)
        shear = uniform(-self.shear, self.shear, batch, generator)
        right = width * uniform(-self.shift, self.shift, batch, generator)
        down = height * uniform(-self.shift, self.shift, batch, generator)
        matrix = reading_matrix(angle, size, shear)
        # The image's middle lands `shift` away from the output's: centre + matrix @ shift = 0.
        centre = -(matrix @ torch.stack([right, down], -1)[..., None]).squeeze(-1)
        return warp(batch, matrix, centre, self.padding)


@final
@settings
class RandomCrop(ImageChange):
    """Cut out a part of each image, at a random place, and enlarge it to the full size.

    >>> import torch
    >>> from vaecluster.views import RandomCrop
    >>> RandomCrop(0.5)(torch.ones(2, 1, 8, 8), torch.Generator()).shape
    torch.Size([2, 1, 8, 8])
    """

    smallest: Annotated[float, Number(0.01, 1), "smallest side of the part, as a share of the image's"] = 0.5

    def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
        """The changed batch, of the same shape."""
        height, width = batch.shape[-2:]
        side = uniform(self.smallest, 1, batch, generator)
        room = (1 - side) / 2
        right, down = (room * length * uniform(-1, 1, batch, generator) for length in (width, height))
        centre = torch.stack([right, down], -1)
        matrix = side[:, None, None] * torch.eye(2, dtype=batch.dtype, device=batch.device)
        # "border" because a crop at the edge reads up to half a pixel beyond the outermost pixels' middles.
        return warp(batch, matrix, centre, "border")


@final
@settings
class HorizontalFlip(ImageChange):
    """Swap left and right in a random part of the images.

    >>> import torch
    >>> from vaecluster.views import HorizontalFlip
    >>> HorizontalFlip(probability=1)(torch.tensor([[[[0.0, 1.0]]]]), torch.Generator()).tolist()
    [[[[1.0, 0.0]]]]
    """

    probability: Annotated[float, Number(0, 1), "share of the images that are flipped"] = 0.5

    def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
        """The changed batch, of the same shape."""
        flipped = uniform(0, 1, batch, generator) < self.probability
        return torch.where(flipped[:, None, None, None], batch.flip(-1), batch)


@final
@settings
class ColourJitter(ImageChange):
    """Change the brightness, the contrast and the saturation of each image by a random factor.

    A factor lies within 1 - strength and 1 + strength. Saturation needs three channels, read as red, green and blue;
    images with another number of channels keep theirs.

    >>> import torch
    >>> from vaecluster.views import ColourJitter
    >>> ColourJitter(brightness=0.2)(torch.ones(2, 3, 8, 8), torch.Generator()).shape
    torch.Size([2, 3, 8, 8])
    """

    brightness: Annotated[float, Number(0, 1), "strength of the change of brightness"] = 0.4
    contrast: Annotated[float, Number(0, 1), "strength of the change of contrast"] = 0.4
    saturation: Annotated[float, Number(0, 1), "strength of the change of saturation"] = 0.0

    def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
        """The changed batch, of the same shape."""
        batch = _blend(batch, torch.zeros_like(batch), self.brightness, generator)
        batch = _blend(batch, batch.mean((1, 2, 3), keepdim=True), self.contrast, generator)
        if batch.shape[1] == 3:
            red, green, blue = batch[:, 0:1], batch[:, 1:2], batch[:, 2:3]
            # How much each counts for what looks bright (Rec. 601).
            grey = 0.299 * red + 0.587 * green + 0.114 * blue
            batch = _blend(batch, grey, self.saturation, generator)
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


def warp(batch: Tensor, matrix: Tensor, centre: Tensor, padding: str) -> Tensor:
    """Images whose place p shows the given images' place `centre + matrix @ p`, read bilinearly.

    Places are (x, y) in pixels from the middle of the image, x to the right and y down, so that angles are right
    for images that are not square. `matrix` is (rows, 2, 2), `centre` (rows, 2).
    """
    height, width = batch.shape[-2:]
    across = torch.arange(width, dtype=batch.dtype, device=batch.device) - (width - 1) / 2
    down = torch.arange(height, dtype=batch.dtype, device=batch.device) - (height - 1) / 2
    right, below = across.repeat(height), down.repeat_interleave(width)
    # grid_sample counts from -1 at one outer edge to 1 at the other.
    to_x, to_y = torch.cat([matrix, centre[..., None]], -1).unbind(1)
    reading = torch.stack([to_x * (2 / width), to_y * (2 / height)], 1)
    # One product for all images: many small ones are slow.
    read = reading.flatten(0, 1) @ torch.stack([right, below, torch.ones_like(right)])
    grid = read.view(-1, 2, height, width).permute(0, 2, 3, 1)
    warped = grid_sample(batch, grid, mode="bilinear", padding_mode=padding, align_corners=False)
    # Rounding can take a mean of values in [0, 1] just outside.
    return warped.clamp_(0, 1)


def _blend(batch: Tensor, other: Tensor, strength: float, generator: Generator) -> Tensor:
    """Move each image away from `other` by a factor near 1, or towards it."""
    if strength == 0:
        return batch
    factor = uniform(1 - strength, 1 + strength, batch, generator)[:, None, None, None]
    return torch.lerp(other.expand_as(batch), batch, factor).clamp(0, 1)
