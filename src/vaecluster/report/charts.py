"""What all charts share: their colours and their look."""

from dataclasses import dataclass
from typing import final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.typing import ColorType

from vaecluster.data.blocks.drawing import COLOURS
from vaecluster.look import TURNING

# The marks of clusters, a new one where all colours were used, so that no two of forty look alike; the first four are
# those of the map's script. What is in no cluster is grey.
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
NONE = "#8a8f98"


@final
@dataclass(frozen=True)
class Palette:
    """The colours of a chart: `ink` for words, `faint` for lines that only guide the eye, `mark` for data."""

    ink: str
    faint: str
    mark: str
    paper: str


LIGHT = Palette(ink="#3d4551", faint="#dfe3e8", mark="#0f766e", paper="#ffffff")
DARK = Palette(ink="#c3cad4", faint="#333b46", mark="#2dd4bf", paper="#171b21")


def mark_of(cluster: int) -> tuple[str, str]:
    """The colour and the marker of a cluster."""
    return COLOURS[cluster % len(COLOURS)], MARKERS[cluster // len(COLOURS) % len(MARKERS)]


def plain(text: object) -> str:
    r"""A text as it stands: a dollar sign in it must not start a formula, nor a mark turn its direction.

    >>> print(plain("$a$"))
    \$a\$
    """
    return str(text).replace("$", r"\$").translate(TURNING)


def luminance(colour: ColorType) -> float:
    """How bright a colour is, from 0 to 1, as WCAG 2 defines it."""
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def entitle(axes: Axes, title: str, palette: Palette, pad: float = 6) -> None:
    """What a chart shows, above it on the left, so many points away; a dollar sign in it starts no formula."""
    axes.set_title(title, loc="left", color=palette.ink, fontsize=10, weight="bold", pad=pad, parse_math=False)


def dress(axes: Axes, palette: Palette) -> None:
    """The look that all charts share."""
    axes.set_facecolor("none")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(palette.faint)
    axes.tick_params(colors=palette.ink, labelsize=8, length=0)
    axes.grid(axis="y", color=palette.faint, linewidth=0.8)
    axes.set_axisbelow(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(color=palette.ink, fontsize=8.5)
