"""A table of numbers from 0 to 1 as a picture: how far each agrees with each."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.typing import ColorType
from numpy.typing import NDArray

from vaecluster.report.charts import Palette, dress, luminance


def draw_matrix(
    axes: Axes, table: NDArray[np.float64], names: Sequence[str], palette: Palette, most_numbered: int
) -> None:
    """Draw a table (names, names), a cell the darker the nearer to 1; nan is a cell without a number.

    With more than `most_numbered` names, there are colours alone, and not every name.
    """
    dress(axes, palette)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    scale = LinearSegmentedColormap.from_list("agreement", [palette.paper, palette.mark])
    colours = scale.with_extremes(bad=palette.faint)
    # The whole range that there can be, so that low values look low.
    axes.imshow(table, cmap=colours, vmin=0, vmax=1)
    if len(names) <= most_numbered:
        for (row, column), value in np.ndenumerate(table):
            if not np.isnan(value):
                colour = clearest(colours(float(np.clip(value, 0, 1))))
                axes.text(column, row, two_digits(value), color=colour, fontsize=8, ha="center", va="center")
    ticks = ticks_of(len(names), most_numbered)
    axes.set_xticks(ticks, [names[tick] for tick in ticks])
    axes.set_yticks(ticks, [names[tick] for tick in ticks])
    # Thin gaps, or equal cells would run together.
    axes.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(names) - 1) + 0.5, minor=True)
    axes.grid(visible=True, which="minor", color=palette.paper, linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    axes.set_axisbelow(False)


def ticks_of(number: int, most: int) -> list[int]:
    """All places if there is room, or every so many."""
    return list(range(0, number, ceil(number / most)))


def two_digits(value: float) -> str:
    """Two digits, with a minus sign as wide as a digit and none before 0.00.

    >>> two_digits(-0.001), two_digits(0.5)
    ('0.00', '0.50')
    """
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")


def clearest(colour: ColorType) -> str:
    """Black or white, whichever has more contrast on that colour: 4.5 or more, as WCAG 2 asks of words."""
    # The luminance on which both have the same, the square root of 1.05 times 0.05, less the 0.05 of the definition.
    return "black" if luminance(colour) > (1.05 * 0.05) ** 0.5 - 0.05 else "white"
