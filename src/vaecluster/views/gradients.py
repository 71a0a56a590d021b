"""What images are compared by: where their brightness changes, and in which direction."""

from math import pi

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

# Orientations of gradients, and places along the longer side where they are counted.
ORIENTATIONS, PLACES = 8, 7
# Standard deviations of the Gaussians that gradients are taken of and counted in, as parts of the longer side.
FINE, COARSE = 1 / 40, 1 / 14
# How far pixels count beside them: they say what has no edge.
PIXELS = 0.6


class Gradients(nn.Module):
    """Histograms of oriented gradients of images (Dalal and Triggs 2005), and the pixels beside them.

    A change of brightness in a pixel goes to the two nearest of 8 orientations, and with Gaussian weights to places on
    a grid; roots of what is counted are brought to length 1, as pixels are to length 0.6. So images are near that are
    drawn alike, though their strokes lie a little apart: of handwritten digits the nearest others are rarely another
    digit. Of several channels the one that changes most in a pixel counts there.
    """

    rows_smooth: Tensor
    rows_slope: Tensor
    rows_counted: Tensor
    columns_smooth: Tensor
    columns_slope: Tensor
    columns_counted: Tensor
    orientations: Tensor

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        longer = max(height, width)
        for name, side in (("rows", height), ("columns", width)):
            smooth = gaussian(torch.arange(side), side, FINE * longer)
            places = torch.arange(max(1, round(min(PLACES, longer) * side / longer)), dtype=torch.float64)
            counted = gaussian((places + 0.5) * side / len(places) - 0.5, side, COARSE * longer)
            for role, matrix in (("smooth", smooth), ("slope", slopes(side) @ smooth), ("counted", counted)):
                self.register_buffer(f"{name}_{role}", matrix.float(), persistent=False)
        self.register_buffer("orientations", torch.arange(ORIENTATIONS, dtype=torch.float32), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """(rows, channels, height, width) to (rows, entries)."""
        down = self.rows_slope @ images @ self.columns_smooth.T
        right = self.rows_smooth @ images @ self.columns_slope.T
        steepness, channel = torch.hypot(down, right).max(1)
        angle = torch.atan2(down, right).gather(1, channel[:, None]) * (ORIENTATIONS / (2 * pi))
        half = ORIENTATIONS / 2
        apart = ((angle - self.orientations[:, None, None] + half) % ORIENTATIONS - half).abs()
        votes = (1 - apart).clamp(min=0) * steepness[:, None]
        histograms = self.rows_counted @ votes @ self.columns_counted.T
        return torch.cat([normalize(histograms.sqrt().flatten(1)), PIXELS * normalize(images.flatten(1))], 1)


def gaussian(places: Tensor, side: int, deviation: float) -> Tensor:
    """Gaussian weights of pixels along a side around places, which add up to 1: (places, side)."""
    apart = places[:, None] - torch.arange(side, dtype=torch.float64)
    return torch.softmax(-((apart / deviation) ** 2) / 2, 1)


def slopes(side: int) -> Tensor:
    """Half the difference of the next pixel and the one before; at an end that to the only one: (side, side)."""
    place = torch.arange(side)
    after, before = (place + 1).clamp(max=side - 1), (place - 1).clamp(min=0)
    unit = torch.eye(side, dtype=torch.float64)
    return (unit[after] - unit[before]) / (after - before).clamp(min=1)[:, None]
