"""Rows as pixels: a wall of image tiles, or a heat-map where the rows are plain vectors."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vaecluster.report.content import ClusterPage, Wall
from vaecluster.runs.folder import WALL_ROWS

TILE = 56  # pixels a side that small images are enlarged to: 8x8 seven times, 28x28 twice
LARGEST_TILE = 96  # pixels; larger images are averaged down, or a report of photographs grows to many MB
GAP = 2  # pixels between tiles
OVERVIEW_ROWS = 12

# Both let the page shine through, so that a wall sits well on light and on dark paper.
CLEAR = (0, 0, 0, 0)
EMPTY = (128, 134, 144, 48)
LABEL = (117, 117, 117, 255)  # readable on white and on black: at least 4 : 1 on either


def wall_image(wall: Wall, columns: int = 8, scale: int | None = None) -> Image.Image:
    """The wall as an RGBA picture with room for 64 rows; places without a row are a neutral light tone.

    Images become tiles, row k in line k // columns and column k % columns, with clear gaps of two pixels.
    One channel is drawn grey, three as RGB, four as RGBA; any other number as the grey mean of the channels.
    Each pixel is enlarged `scale` times. None picks the factor that gives tiles of about 56 pixels, and
    averages images of more than 96 pixels a side down.

    Plain vectors become a heat-map: one line per row, one column per feature, dark for low and bright for
    high. A cell is `scale` pixels square; None gives the heat-map the size of a wall of tiles, and averages
    neighbouring features where there are more features than pixels.

    >>> from vaecluster.report.content import Wall
    >>> wall_image(Wall(np.zeros((10, 28, 28)))).size
    (462, 462)
    """
    return _grid(wall, lines=-(-WALL_ROWS // columns), columns=columns, scale=scale)


def overview_image(clusters: Sequence[ClusterPage]) -> Image.Image:
    """One line per cluster: its number, its first 12 rows, then the first 12 generated from it.

    >>> from vaecluster.report.content import ClusterPage, Wall
    >>> wall = Wall(np.zeros((12, 8, 8)))
    >>> overview_image([ClusterPage(0, 12, 1.0, 0.9, wall, wall)]).mode
    'RGBA'
    """
    strips = [(_strip(page.rows), _strip(page.generated)) for page in clusters]
    width = max(strip.width for pair in strips for strip in pair)
    height = max(strip.height for pair in strips for strip in pair)
    number = ImageFont.load_default(size=26)
    heading = ImageFont.load_default(size=22)
    margin = int(max(number.getlength(str(page.cluster)) for page in clusters)) + 20
    top, between, step = 36, 28, height + 5

    size = (margin + 2 * width + between, top + step * len(strips))
    picture = Image.new("RGBA", size, CLEAR)
    pen = ImageDraw.Draw(picture)
    pen.text((margin, top - 10), "its rows", fill=LABEL, font=heading, anchor="ls")
    pen.text((margin + width + between, top - 10), "generated", fill=LABEL, font=heading, anchor="ls")
    for line, (page, (rows, generated)) in enumerate(zip(clusters, strips, strict=True)):
        y = top + line * step
        pen.text((margin - 14, y + height / 2), str(page.cluster), fill=LABEL, font=number, anchor="rm")
        picture.paste(rows, (margin, y))
        picture.paste(generated, (margin + width + between, y))
    return picture


def _strip(wall: Wall) -> Image.Image:
    return _grid(wall, lines=1, columns=OVERVIEW_ROWS, scale=None)


def _grid(wall: Wall, lines: int, columns: int, scale: int | None) -> Image.Image:
    draw = _tiles if wall.holds_images else _heat_map
    return draw(_brightness(wall), lines, columns, scale)


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


def _tiles(brightness: NDArray[np.float64], lines: int, columns: int, scale: int | None) -> Image.Image:
    height, width = brightness.shape[1:3]
    if scale is None:
        scale = max(1, round(TILE / max(height, width)))
        shrink = -(-max(height, width) // LARGEST_TILE)
    else:
        shrink = 1
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


def _heat_map(brightness: NDArray[np.float64], lines: int, columns: int, scale: int | None) -> Image.Image:
    features = brightness.shape[1]
    if scale is None:
        # The size that a wall of tiles would have.
        width, height = columns * (TILE + GAP) - GAP, lines * (TILE + GAP) - GAP
        brightness = _averaged_features(brightness, at_most=width)
        cell = (max(1, width // features), max(1, round(height / (lines * columns))))
    else:
        cell = (scale, scale)
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
