"""The curves of the objective's terms over the epochs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self, final

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vaecluster.look.encode import Picture
from vaecluster.report.charts import LIGHT, Palette, dress, entitle
from vaecluster.report.html import chart, fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section
from vaecluster.training.listeners.history import History

UNITS = {"populated_clusters": "clusters", "mean_confidence": "probability", "learning_rate": ""}
# What is said of each to those who do not know the equations.
MEANINGS = {
    "bound": "How likely rows are to the model, at least",
    "held_out_bound": "The same of rows that the model did not learn from",
    "neighbour_bound": "The same of rows by the codes of their neighbours",
    "reconstruction": "How likely a row is when it is given back from its code: more is better",
    "latent_kl": "How far codes lie from where their clusters expect them",
    "cluster_kl": "How far clusters of rows are from what was expected before",
    "information": "What the cluster of one view of a row tells of the cluster of the other",
    "agreement": "How well a row's code fits the cluster of its other view",
    "label_cross_entropy": "How unlikely known labels are to the model",
    "target_kl": "How far clusters are from sharper ones",
    "log_likelihood": "How likely codes are to the mixture of clusters",
    "populated_clusters": "Clusters that hold rows",
    "mean_confidence": "The largest probability of a row, before it is made to say how often a cluster is right",
    "learning_rate": "How large the steps are",
}
CURVES_PER_LINE = 3


@final
@dataclass(frozen=True)
class Curve:
    """One term of the objective: a value per epoch, the first epoch first. Values need not be finite."""

    name: str
    values: tuple[float, ...]
    unit: str
    meaning: str = ""


@final
@dataclass(frozen=True)
class Curves(Section):
    """What training has reported of each epoch."""

    anchor = "objective"
    heading = "How the fit went"

    curves: tuple[Curve, ...]

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of a run with a history."""
        curves = tuple(curves_of(run.model.history_).values())
        return cls(curves) if curves else None

    def html(self) -> Markup:
        """A chart per curve."""
        return fill("sections/curves.html.j2", charts=[(_chart(curve), curve.meaning) for curve in self.curves])

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`curves.png`."""
        yield "curves.png", curves_figure(self.curves)


def curves_of(history: History) -> dict[str, Curve]:
    """What training has reported of each epoch, by the name that the history has for it."""
    return {
        name: Curve(name.replace("_", " "), tuple(values), UNITS.get(name, "nats per row"), MEANINGS.get(name, ""))
        for name, values in history.curves().items()
        if name != "seconds"
    }


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


def _chart(curve: Curve) -> Markup:
    finite = [value for value in curve.values if math.isfinite(value)]
    course = f"from {finite[0]:.4g} to {finite[-1]:.4g} {curve.unit}" if finite else "no finite value"
    alt = f"{curve.name}, epochs 1 to {len(curve.values)}: {course}"
    return chart(lambda palette: curves_figure([curve], palette), alt)


def _draw_curve(axes: Axes, curve: Curve, palette: Palette) -> None:
    entitle(axes, curve.name, palette)
    axes.set_xlabel("epoch")
    last = draw_line(axes, curve.values, palette)
    if last is not None:
        label = f"{last:.4g} {curve.unit}".rstrip().replace("-", "\N{MINUS SIGN}", 1)
        axes.set_title(label, loc="right", color=palette.ink, fontsize=9, parse_math=False)


def draw_line(axes: Axes, values: Sequence[float], palette: Palette) -> float | None:
    """Draw a value per epoch, and return the last finite one; None if there is none, which is then said."""
    known = np.flatnonzero(np.isfinite(values))
    epochs = np.arange(1, len(values) + 1)
    # The locator alone would add an epoch 0, which never was.
    ticks = MaxNLocator(nbins=5, integer=True).tick_values(1, max(1, len(values)))
    axes.set_xticks([tick for tick in ticks if 1 <= tick <= len(values)])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    if known.size == 0:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no finite value", color=palette.ink, ha="center", transform=axes.transAxes)
        return None
    last = known[-1]
    whole = np.where(np.isfinite(values), values, np.nan)
    axes.plot(epochs, whole, color=palette.mark, linewidth=1.8, solid_capstyle="round")
    # The dot marks the last value, and is all there is to see of a fit of one epoch.
    axes.plot(epochs[last], values[last], marker="o", markersize=4.5, color=palette.mark)
    return float(values[last])
