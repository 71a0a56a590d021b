"""Charts of the fit: the curves of the objective's terms, and the sizes of the clusters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from vaecluster.report.content import ClusterPage, Curve

CURVES_PER_LINE = 3


@dataclass(frozen=True)
class Palette:
    """The colours of a chart: `ink` for words, `faint` for lines that only guide the eye, `mark` for data."""

    ink: str
    faint: str
    mark: str
    paper: str


LIGHT = Palette(ink="#3d4551", faint="#dfe3e8", mark="#0f766e", paper="#ffffff")
DARK = Palette(ink="#c3cad4", faint="#333b46", mark="#2dd4bf", paper="#171b21")


def curves_figure(curves: Sequence[Curve], palette: Palette = LIGHT) -> Figure:
    """One small chart per curve over the epochs, with the last value written beside the name.

    Values that are not finite leave a hole in the line.

    >>> len(curves_figure([Curve("reconstruction", (120.0, 90.0, 84.5), "nats")]).axes)
    1
    """
    columns = max(1, min(CURVES_PER_LINE, len(curves)))
    lines = max(1, math.ceil(len(curves) / columns))
    figure = Figure(figsize=(3.5 * columns, 2.2 * lines), layout="constrained", facecolor=palette.paper)
    for place, curve in enumerate(curves, start=1):
        axes = figure.add_subplot(lines, columns, place)
        dress(axes, palette)
        _draw_curve(axes, curve, palette)
    return figure


def sizes_figure(clusters: Sequence[ClusterPage], palette: Palette = LIGHT) -> Figure:
    """The number of rows in each cluster as bars, in the order of the clusters' numbers."""
    pages = sorted(clusters, key=lambda page: page.cluster)
    width = min(11.0, max(3.5, 1.2 + 0.3 * len(pages)))
    figure = Figure(figsize=(width, 2.4), layout="constrained", facecolor=palette.paper)
    axes = figure.add_subplot()
    dress(axes, palette)
    numbers = [page.cluster for page in pages]
    axes.bar(numbers, [page.size for page in pages], color=palette.mark, width=0.72)
    if len(pages) <= 36:  # more numbers than that would run into each other
        axes.set_xticks(numbers)
    axes.margins(x=0.4 / len(pages))
    axes.set_xlabel("cluster", color=palette.ink, fontsize=8.5)
    axes.set_ylabel("rows", color=palette.ink, fontsize=8.5)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    return figure


def dress(axes: Axes, palette: Palette) -> None:
    """The look that all charts share."""
    axes.set_facecolor("none")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(palette.faint)
    axes.tick_params(colors=palette.ink, labelsize=8, length=0)
    axes.grid(axis="y", color=palette.faint, linewidth=0.8)
    axes.set_axisbelow(True)


def _draw_curve(axes: Axes, curve: Curve, palette: Palette) -> None:
    values = np.asarray(curve.values, dtype=np.float64)
    values = np.where(np.isfinite(values), values, np.nan)
    epochs = np.arange(1, len(values) + 1)
    # A name is text as it stands: a dollar sign in it must not start a formula.
    axes.set_title(curve.name, loc="left", color=palette.ink, fontsize=10, weight="bold", parse_math=False)
    axes.set_xlabel("epoch", color=palette.ink, fontsize=8.5)
    # The locator alone would add an epoch 0, which never was.
    ticks = MaxNLocator(nbins=5, integer=True).tick_values(1, max(1, len(values)))
    axes.set_xticks([tick for tick in ticks if 1 <= tick <= len(values)])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))

    known = np.flatnonzero(np.isfinite(values))
    if known.size == 0:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no finite value", color=palette.ink, ha="center", transform=axes.transAxes)
        return
    last = known[-1]
    axes.plot(epochs, values, color=palette.mark, linewidth=1.8, solid_capstyle="round")
    # The dot marks the last value, and is all there is to see of a fit of one epoch.
    axes.plot(epochs[last], values[last], marker="o", markersize=4.5, color=palette.mark)
    label = f"{values[last]:.4g} {curve.unit}".rstrip().replace("-", "\N{MINUS SIGN}", 1)
    axes.set_title(label, loc="right", color=palette.ink, fontsize=9, parse_math=False)
