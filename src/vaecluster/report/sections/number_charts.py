"""Charts of the number section: what speaks for each number of clusters, and the tree of those that are used."""

from collections.abc import Callable
from functools import partial
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy.cluster.hierarchy import dendrogram

from vaecluster.clusters.boundary import APART
from vaecluster.clusters.hierarchy import Hierarchy
from vaecluster.clusters.joint import Matrix
from vaecluster.report.charts import LIGHT, Palette, dress, entitle

# Draws what is known of each number of clusters, with the used one marked.
Drawer = Callable[[Axes, Matrix, int, Palette], None]

# The numbers that are drawn: as far as this many times the used one, and at least to the other.
TIMES_USED, AT_LEAST = 3, 15
# Two clusters make no tree worth a look, and the numbers of many run into each other.
FEWEST_IN_TREE, MOST_IN_TREE = 3, 30


def number_figure(
    density: Matrix,
    agreement: Matrix | None,
    used: int,
    found: int,
    spread: tuple[int, int],
    palette: Palette = LIGHT,
    *,
    apart: float = APART,
) -> Figure:
    """How dense rows are between two clusters and how far the heads agree, over the number of clusters.

    Densities above 1 are drawn as 1, and filled where they are of a boundary, below `apart`. The used number is
    marked, the found one where it is another, and the `spread` of what heads find where they differ. Values that are
    not finite leave a hole in their line; without agreement there is one panel.

    >>> density = np.array([0.0, 0.1, 0.9, 1.1])
    >>> len(number_figure(density, density / 2, used=3, found=3, spread=(3, 3)).axes)
    2
    """
    marks = _marks(used, found)
    panels: list[tuple[str, str, Matrix, Drawer]] = [
        ("how dense rows are between", "1: as dense as inside, or more", density, partial(draw_density, apart=apart))
    ]
    if agreement is not None:
        panels.append(("agreement of the parts", "adjusted Rand index", agreement, draw_agreement))
    figure = Figure(figsize=(5.6, 0.7 + 1.55 * len(panels)), layout="constrained", facecolor=palette.paper)
    all_axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, (name, unit, values, draw) in zip(all_axes, panels, strict=True):
        dress(axes, palette)
        draw_numbers(axes, draw, values, used, found, spread, palette)
        # The names of the marks stand right above the upper panel, so its own stands one line higher.
        pad = 18 if axes is all_axes[0] and marks else 6
        entitle(axes, name, palette, pad)
        axes.set_title(unit, loc="right", color=palette.ink, fontsize=8.5, pad=pad)
    name_marks(all_axes[0], used, found, palette)
    all_axes[-1].set_xlabel("number of clusters")
    return figure


def draw_numbers(
    axes: Axes, draw: Drawer, values: Matrix, used: int, found: int, spread: tuple[int, int], palette: Palette
) -> None:
    """Draw one of both panels of `number_figure` by `draw_density` or `draw_agreement`, without its words."""
    last = min(len(values) + 1, max(AT_LEAST, TIMES_USED * max(used, found)))
    draw(axes, values[: last - 1], used, palette)
    if spread[0] < spread[1]:
        axes.axvspan(spread[0] - 0.5, spread[1] + 0.5, color=palette.faint, alpha=0.6, linewidth=0, zorder=0)
    for number in _marks(used, found):
        style = "-" if number == used else ":"
        axes.axvline(number, color=palette.ink, linewidth=1, linestyle=style, zorder=1)
    axes.set_xticks(_ticks(last))
    axes.set_xlim(1.5, last + 0.5)


def cluster_tree(tree: Hierarchy, cluster_of: NDArray[np.intp]) -> Matrix:
    """scipy's linkage of the tree's clusters, numbered as in `cluster_of` (components,), nothing lost before them."""
    linkage, clusters = tree.linkage(), int(cluster_of.max()) + 1
    inside = tree.components - clusters  # merges within clusters

    def cluster_or_merge(node: int) -> int:
        if node >= tree.components + inside:
            return node - tree.components - inside + clusters
        while node >= tree.components:  # down to a leaf, all of which lie in one cluster
            node = int(linkage[node - tree.components, 0])
        return int(cluster_of[node])

    lost = linkage[inside - 1, 2] if inside else 0.0
    rows, sizes = np.empty((clusters - 1, 4)), np.ones(2 * clusters - 1)
    for step, (one, other, height, _) in enumerate(linkage[inside:]):
        pair = sorted((cluster_or_merge(int(one)), cluster_or_merge(int(other))))
        sizes[clusters + step] = sizes[pair].sum()
        rows[step] = *pair, height - lost, sizes[clusters + step]
    return rows


def tree_is_readable(used: int) -> bool:
    """Whether the tree of the used clusters is worth drawing."""
    return FEWEST_IN_TREE <= used <= MOST_IN_TREE


def tree_figure(tree: Matrix, palette: Palette = LIGHT) -> Figure:
    """How the used clusters would be merged further; a join is as high as the information lost up to it."""
    drawn, used = dendrogram(tree, no_plot=True), len(tree) + 1
    figure = Figure(figsize=(5.6, 3.8), layout="constrained", facecolor=palette.paper)
    axes = figure.add_subplot()
    dress(axes, palette)
    for x, y in zip(drawn["icoord"], drawn["dcoord"], strict=True):
        axes.plot(x, y, color=palette.mark, linewidth=1.6, solid_joinstyle="round", clip_on=False, zorder=3)
    # scipy puts leaf i at 10 i + 5.
    axes.set_xticks([10 * place + 5 for place in range(used)], drawn["ivl"])
    if used > 20:
        axes.tick_params(axis="x", labelsize=6.5)
    axes.set_xlim(0, 10 * used)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    entitle(axes, "tree of the clusters", palette)
    axes.set_title("lost, nats per row", loc="right", color=palette.ink, fontsize=8.5)
    axes.set_xlabel("cluster")
    return figure


def draw_density(axes: Axes, density: Matrix, used: int, palette: Palette, *, apart: float) -> None:
    """Densities above 1 as 1, filled where they are of a boundary, and the line below which there is one."""
    _draw_line(axes, np.minimum(density, 1), used, density < apart, palette)
    axes.axhline(apart, color=palette.ink, linewidth=0.8, linestyle="--", zorder=2)
    # Beside the panel, where no value can lie.
    axes.annotate(
        f"below {apart:g}:\na boundary",
        (1, apart),
        xycoords=axes.get_yaxis_transform(),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=palette.ink,
    )
    axes.set_ylim(0, 1.08)
    axes.set_yticks((0, 0.5, 1))


def draw_agreement(axes: Axes, agreement: Matrix, used: int, palette: Palette) -> None:
    """How far the heads agree, from 0 or less to 1."""
    _draw_line(axes, agreement, used, np.ones(len(agreement), dtype=bool), palette)
    # The whole range that there can be, so that low values look low.
    known = agreement[np.isfinite(agreement)]
    axes.set_ylim(min(0.0, known.min(initial=0.0)), 1.08)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 5, 10]))


def _draw_line(axes: Axes, values: Matrix, used: int, filled: NDArray[np.bool_], palette: Palette) -> None:
    """A point per number of clusters from 2, that of the used number larger, and a line through them."""
    values = np.where(np.isfinite(values), values, np.nan)
    numbers = np.arange(2, len(values) + 2)
    axes.plot(numbers, values, linewidth=1.6, color=palette.mark, clip_on=False, zorder=3)
    axes.scatter(
        numbers,
        values,
        s=np.where(numbers == used, 42, 14),
        c=[palette.mark if full else palette.paper for full in filled],
        edgecolors=palette.mark,
        linewidths=1.2,
        # In front of the edge of the panel, where much of the line may lie.
        clip_on=False,
        zorder=4,
    )


def _marks(used: int, found: int) -> dict[int, str]:
    """The numbers to be marked and what they are; 1 lies left of the drawing."""
    names = {found: f"{found} found", used: f"{used} used"}
    return {number: names[number] for number in sorted(names) if number > 1}


def name_marks(axes: Axes, used: int, found: int, palette: Palette) -> None:
    """Write over the lines what they are; two names part to either side, so that they never meet."""
    marks = _marks(used, found)
    sides = ["center"] if len(marks) == 1 else ["right", "left"]
    for (number, name), side in zip(marks.items(), sides, strict=False):
        axes.annotate(
            name,
            (number, 1),
            xycoords=axes.get_xaxis_transform(),
            xytext=({"center": 0, "right": -2, "left": 2}[side], 4),
            textcoords="offset points",
            ha=side,
            fontsize=8.5,
            weight="bold" if number == used else "normal",
            color=palette.ink,
        )


def _ticks(last: int) -> list[int]:
    """All numbers from 2 if there is room, or the multiples of a larger one."""
    step = ceil((last - 1) / 20)
    return list(range(max(2, step), last + 1, step))
