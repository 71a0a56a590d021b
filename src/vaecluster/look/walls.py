"""Rows as pixels: a wall of image tiles, or a heat-map where the rows are plain vectors."""

from dataclasses import dataclass
from typing import final

import matplotlib
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from vaecluster.errors import DataError
from vaecluster.look import WALL_ROWS
from vaecluster.look.encode import picture
from vaecluster.look.shown import Shown

TILE = 56  # pixels a side that small images are enlarged to: 8x8 seven times, 28x28 twice
LARGEST_TILE = 96  # pixels; larger images are averaged down, or a report of photographs grows to many MB
GAP = 2  # pixels between tiles

# Both let the page shine through, so that a wall sits well on light and on dark paper.
CLEAR = (0, 0, 0, 0)
EMPTY = (128, 134, 144, 48)

Values = NDArray[np.generic]
Limit = float | Values | None


@final
@dataclass(frozen=True, eq=False)
class Wall(Shown):
    """Up to 64 rows to be shown together, in display order.

    `rows` has shape (n, H, W) or (n, H, W, C) for images and (n, columns) for plain vectors; n may be 0.
    `low` and `high` are the values drawn darkest and brightest: one number, or one per column or channel;
    None takes the smallest or largest value of these rows. Two walls can only be compared by eye when both
    were given the same bounds.

    >>> Wall(np.zeros((3, 8, 8))).is_heat_map
    False
    >>> Wall(np.zeros((3, 13)), low=np.zeros(13), high=np.ones(13)).is_heat_map
    True
    """

    rows: Values
    low: Limit = None
    high: Limit = None

    def __post_init__(self) -> None:
        if self.rows.ndim not in (2, 3, 4) or 0 in self.rows.shape[1:]:
            raise DataError(
                f"A wall shows rows of shape (n, H, W), (n, H, W, C) or (n, columns), but got "
                f"{self.rows.shape}. Reshape the rows to one of these."
            )
        if len(self.rows) > WALL_ROWS:
            raise DataError(f"A wall shows at most {WALL_ROWS} rows, but got {len(self.rows)}. Pass fewer.")

    def __len__(self) -> int:
        return len(self.rows)

    def html(self, words: str) -> Markup:
        """The whole wall as a picture inside the page."""
        return picture(self.image(), f"{len(self)} {words}")

    def image(self) -> Image.Image:
        """With room for 64 rows, eight in a line; places without a row are a neutral light tone.

        >>> Wall(np.zeros((10, 28, 28))).image().size
        (462, 462)
        """
        return self.strip(8, WALL_ROWS // 8)

    def strip(self, columns: int, lines: int = 1) -> Image.Image:
        """An RGBA picture with room for so many rows.

        Images become tiles of about 56 pixels, with clear gaps of two, row k in line k // columns and column
        k % columns. One channel is drawn grey, three as RGB, four as RGBA; any other number as the grey mean of the
        channels. Plain vectors become a heat-map of the size of such tiles: one line per row, one column per feature,
        dark for low and bright for high, and neighbouring features averaged where there are more than pixels.
        """
        draw = _heat_map if self.is_heat_map else _tiles
        return draw(_brightness(self), lines, columns)

    @property
    def is_heat_map(self) -> bool:
        """Whether a row is a plain vector, not an image."""
        return self.rows.ndim == 2


def _brightness(wall: Wall) -> NDArray[np.float64]:
    """The rows with `low` moved to 0 and `high` to 1; values outside are clipped, nan counts as low."""
    rows = np.asarray(wall.rows, dtype=np.float64)
    finite = rows[np.isfinite(rows)]
    if finite.size == 0:
        return np.zeros_like(rows)
    low = np.asarray(finite.min() if wall.low is None else wall.low, dtype=np.float64)
    high = np.asarray(finite.max() if wall.high is None else wall.high, dtype=np.float64)
    span = high - low
    # A range of no width has nothing to stretch: what lies above it is bright, all else dark.
    scaled = np.where(span > 0, (rows - low) / np.where(span > 0, span, 1.0), rows > high)
    brightness: NDArray[np.float64] = np.nan_to_num(scaled, nan=0.0, posinf=1.0, neginf=0.0)
    return brightness.clip(0.0, 1.0)


def _tiles(brightness: NDArray[np.float64], lines: int, columns: int) -> Image.Image:
    height, width = brightness.shape[1:3]
    scale, shrink = max(1, round(TILE / max(height, width))), -(-max(height, width) // LARGEST_TILE)
    size = (-(-width // shrink) * scale, -(-height // shrink) * scale)
    empty = Image.new("RGBA", size, EMPTY)
    step_x, step_y = size[0] + GAP, size[1] + GAP

    picture = Image.new("RGBA", (columns * step_x - GAP, lines * step_y - GAP), CLEAR)
    colours = _colours(brightness[: lines * columns])
    for place in range(lines * columns):
        if place < len(colours):
            tile = Image.fromarray(colours[place]).reduce(shrink).resize(size, Image.Resampling.NEAREST)
        else:
            tile = empty
        picture.paste(tile, (place % columns * step_x, place // columns * step_y))
    return picture


def _colours(brightness: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Images (n, H, W) or (n, H, W, C) as RGBA bytes (n, H, W, 4)."""
    channels = brightness[..., None] if brightness.ndim == 3 else brightness
    if channels.shape[-1] not in (3, 4):
        channels = np.repeat(channels.mean(axis=-1, keepdims=True), 3, axis=-1)
    if channels.shape[-1] == 3:
        channels = np.concatenate([channels, np.ones_like(channels[..., :1])], axis=-1)
    return np.rint(255 * channels).astype(np.uint8)


def _heat_map(brightness: NDArray[np.float64], lines: int, columns: int) -> Image.Image:
    features = brightness.shape[1]
    # The size that a wall of tiles would have.
    width, height = columns * (TILE + GAP) - GAP, lines * (TILE + GAP) - GAP
    brightness = _averaged_features(brightness, at_most=width)
    cell = (max(1, width // features), max(1, round(height / (lines * columns))))
    size = (brightness.shape[1] * cell[0], lines * columns * cell[1])
    picture = Image.new("RGBA", size, EMPTY)
    rows = brightness[: lines * columns]
    if len(rows):
        heat = Image.fromarray(matplotlib.colormaps["viridis"](rows, bytes=True))
        picture.paste(heat.resize((size[0], len(rows) * cell[1]), Image.Resampling.NEAREST))
    return picture


def _averaged_features(brightness: NDArray[np.float64], at_most: int) -> NDArray[np.float64]:
    features = brightness.shape[1]
    if features <= at_most:
        return brightness
    edges = np.linspace(0, features, at_most + 1).astype(int)
    sums: NDArray[np.float64] = np.add.reduceat(brightness, edges[:-1], axis=1)
    return sums / np.diff(edges)
