"""How rows are drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vaecluster.data.raw import Array, Doubles

# The size of a picture, and how many times larger it is drawn, so that lines are smooth.
WIDTH, HEIGHT, FINER = 96, 64, 3
# Colours of features, again from the first after the last; told apart also by who sees few colours (Okabe and Ito
# 2008), and on light and on dark paper.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
PAPER = (128, 134, 144, 28)


@final
@dataclass(frozen=True)
class Drawing:
    """The values drawn darkest and brightest, one or one for each of the last axis, and rows as what is drawn.

    That is images (n, H, W) or (n, H, W, C), or plain vectors (n, columns), which become a heat-map.
    """

    low: Doubles | float
    high: Doubles | float
    of: Callable[[Array], Array] = lambda rows: rows


def middle(rows: Array, features: int, far: float) -> Doubles:
    """The least and the largest value of each feature (2, features), but for a percentage at either end.

    >>> middle(np.arange(101.0), 1, far=2).ravel().tolist()
    [2.0, 98.0]
    """
    found: Doubles = np.percentile(rows.astype(float).reshape(-1, features), [far, 100 - far], axis=0)
    return found


def as_lines(windows: Array, low: Array, high: Array) -> NDArray[np.uint8]:
    """Windows (n, times) or (n, times, features) as pictures (n, H, W, 4), a line for each feature.

    `low` and `high` (features,) are the values drawn at the bottom and at the top; lines are cut off there.

    >>> as_lines(np.zeros((2, 5, 3)), np.zeros(3), np.ones(3)).shape
    (2, 64, 96, 4)
    """
    windows = np.asarray(windows, dtype=np.float64)
    windows = windows if windows.ndim == 3 else windows[..., None]
    span = np.where(high > low, high - low, 1.0)
    heights = ((windows - low) / span).clip(0, 1)
    return np.stack([_picture(one) for one in heights]) if len(heights) else np.zeros((0, HEIGHT, WIDTH, 4), np.uint8)


def _picture(heights: NDArray[np.float64]) -> NDArray[np.uint8]:
    """One window (times, features) of heights from 0 to 1."""
    width, height = WIDTH * FINER, HEIGHT * FINER
    image = Image.new("RGBA", (width, height), PAPER)
    pen = ImageDraw.Draw(image)
    margin = 2 * FINER
    across = np.linspace(margin, width - margin, max(2, len(heights)))
    for feature, values in enumerate(heights.T):
        down = height - margin - values * (height - 2 * margin)
        # One time alone is a level line.
        points: list[Any] = list(zip(across, np.resize(down, len(across)), strict=True))
        pen.line(points, fill=COLOURS[feature % len(COLOURS)], width=FINER, joint="curve")
    return np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.BOX))
