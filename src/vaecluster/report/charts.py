"""What all charts share: their colours and their look."""

from dataclasses import dataclass
from typing import final

from matplotlib.axes import Axes


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


def dress(axes: Axes, palette: Palette) -> None:
    """The look that all charts share."""
    axes.set_facecolor("none")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(palette.faint)
    axes.tick_params(colors=palette.ink, labelsize=8, length=0)
    axes.grid(axis="y", color=palette.faint, linewidth=0.8)
    axes.set_axisbelow(True)
