"""How far methods agree, as a picture."""

from matplotlib.figure import Figure

from vaecluster.comparison import Comparison
from vaecluster.report.charts import LIGHT, Palette
from vaecluster.report.matrix import draw_matrix

# Inches: a cell, and the room for names.
CELL, NAMES = 0.62, 1.35
MOST_NUMBERED = 20


def agreement_figure(comparison: Comparison, palette: Palette = LIGHT) -> Figure:
    """The adjusted Rand index of each pair of methods, and on the diagonal of the seeds of each."""
    names = [method.name for method in comparison.methods]
    side = CELL * len(names)
    figure = Figure(figsize=(side + NAMES, side + NAMES), layout="constrained", facecolor=palette.paper)
    axes = figure.add_subplot()
    draw_matrix(axes, comparison.between("ari"), names, palette, MOST_NUMBERED)
    axes.tick_params(axis="x", rotation=45)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
        label.set_rotation_mode("anchor")
    return figure
