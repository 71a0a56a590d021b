"""How stable the clusters are between runs: a picture, and its reading in one sentence."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vaecluster.clusters.agreement import (
    HIGHLY_STABLE_FROM,
    TRUSTED_FROM,
    VALID_FROM,
    Stability,
)
from vaecluster.report.charts import LIGHT, Palette, dress, entitle
from vaecluster.report.matrix import draw_matrix, ticks_of, two_digits

MARKS = (TRUSTED_FROM, VALID_FROM, HIGHLY_STABLE_FROM)
# What a mean overlap below the first mark is called, between the marks, and from the last one on.
ZONES = ("unstable", "doubtful", "valid", "highly stable")
# Inches: a cell of the heat map, a bar with the room around it and the thickest bar alone, and how much the drawings
# measure at the least and at the most.
CELL, BAR = 0.42, 0.17
THICKEST_BAR = 0.3
LEAST_HEIGHT, MOST_HEIGHT = 1.9, 9.0
LEAST_MAP, MOST_MAP = 1.3, 4.2
BARS_WIDTH = 4.6
# More numbers than that do not fit into the cells or beside the bars.
MOST_NUMBERED_RUNS, MOST_NUMBERED_CLUSTERS = 10, 50


def stability_figure(stability: Stability, palette: Palette = LIGHT) -> Figure:
    """On the left how far each pair of runs agrees, on the right how well each cluster of the first run comes again.

    A bar is the mean overlap of a cluster with its best match in each other run, a dot that in one run.

    >>> from vaecluster.clusters.agreement import stability_of
    >>> len(stability_figure(stability_of([[0, 0, 1, 1], [1, 1, 0, 0]])).axes)
    2
    """
    map_side = min(MOST_MAP, max(LEAST_MAP, CELL * len(stability.ari)))
    height = min(MOST_HEIGHT, max(LEAST_HEIGHT, map_side, BAR * len(stability.clusters)))
    width = map_side + BARS_WIDTH + 1.2
    figure = Figure(figsize=(width, height + 1.4), layout="constrained", facecolor=palette.paper)
    left, right = figure.subplots(1, 2, width_ratios=(map_side, BARS_WIDTH))
    _draw_map(left, stability, palette)
    _draw_bars(right, stability, min(0.66, THICKEST_BAR * len(stability.clusters) / height), palette)
    # A letter of 9 points is about a fifteenth of an inch wide.
    lines = textwrap.wrap(reading(stability), int(15 * width))
    figure.supxlabel("\n".join(lines), x=0.02, ha="left", color=palette.ink, fontsize=9)
    return figure


def reading(stability: Stability) -> str:
    """What the picture shows, in one sentence.

    >>> from vaecluster.clusters.agreement import stability_of
    >>> reading(stability_of([[0, 1], [2, 0]])).partition("; ")[2]
    'both clusters of the first run are highly stable.'
    """
    runs, found = len(stability.labels), stability.clusters_found.tolist()
    if min(found) == max(found):
        number = "1 cluster each" if found[0] == 1 else f"{found[0]} clusters each"
    else:
        number = f"{min(found)} to {max(found)} clusters"
    index = two_digits(stability.mean_ari)
    if runs > 2:
        index += f" on average and {two_digits(stability.worst_ari)} in the worst pair"
    return (
        f"{runs} runs with {number} have an adjusted Rand index of {index}; "
        f"{_of_clusters([zone(mean) for mean in stability.mean_jaccard.tolist()])}."
    )


def lines_of(stability: Stability) -> list[tuple[int, int, float, float, str]]:
    """Of each cluster of the first run its number, rows, mean overlap, the least overlap, and what it is called.

    >>> from vaecluster.clusters.agreement import stability_of
    >>> lines_of(stability_of([[0, 1, 1], [2, 0, 0]]))
    [(0, 1, 1.0, 1.0, 'highly stable'), (1, 2, 1.0, 1.0, 'highly stable')]
    """
    of_clusters = (stability.clusters, stability.sizes, stability.mean_jaccard, stability.jaccard.min(0))
    lines = zip(*(column.tolist() for column in of_clusters), strict=True)
    return [(cluster, size, mean, worst, zone(mean)) for cluster, size, mean, worst in lines]


def zone(mean_jaccard: float) -> str:
    """What a cluster with that mean overlap is called.

    >>> zone(0.59), zone(0.6), zone(0.8), zone(0.85)
    ('unstable', 'doubtful', 'valid', 'highly stable')
    """
    return ZONES[int(np.searchsorted(MARKS, mean_jaccard, side="right"))]


def _of_clusters(named: Sequence[str]) -> str:
    counts = [(named.count(name), name) for name in reversed(ZONES) if name in named]
    if len(named) == 1:
        return f"the one cluster of the first run is {named[0]}"
    if len(counts) == 1:
        every = "both" if len(named) == 2 else f"all {len(named)}"
        return f"{every} clusters of the first run are {named[0]}"
    parts = [f"{count} {'is' if count == 1 else 'are'} {name}" for count, name in counts]
    return f"of the {len(named)} clusters of the first run, {', '.join(parts[:-1])} and {parts[-1]}"


def _draw_map(axes: Axes, stability: Stability, palette: Palette) -> None:
    runs = len(stability.ari)
    # A run agrees with itself: that means nothing and would be the most striking part.
    others = np.where(np.eye(runs, dtype=bool), np.nan, stability.ari)
    draw_matrix(axes, others, [str(run + 1) for run in range(runs)], palette, MOST_NUMBERED_RUNS)
    axes.set_anchor("N")
    entitle(axes, "agreement of runs", palette, 24)
    axes.annotate(
        "adjusted Rand index",
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, 8),
        textcoords="offset points",
        fontsize=8.5,
        color=palette.ink,
    )
    axes.set_xlabel("run")
    axes.set_ylabel("run")


def _draw_bars(axes: Axes, stability: Stability, thickness: float, palette: Palette) -> None:
    dress(axes, palette)
    axes.grid(visible=False)
    clusters = len(stability.clusters)
    places = np.arange(clusters)
    axes.barh(places, stability.mean_jaccard, height=thickness, color=palette.mark, alpha=0.45, zorder=2)
    for overlaps in stability.jaccard:
        axes.plot(overlaps, places, linestyle="", marker="o", markersize=2.6, color=palette.ink, clip_on=False)
    for mark in MARKS:
        axes.axvline(mark, color=palette.ink, linewidth=0.8, linestyle=":", zorder=3)
    edges = (0.0, *MARKS, 1.0)
    for name, start, end in zip(ZONES, edges, edges[1:], strict=False):
        axes.annotate(
            name.replace(" ", "\n"),
            ((start + end) / 2, 1),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7.5,
            color=palette.ink,
        )
    ticks = ticks_of(clusters, MOST_NUMBERED_CLUSTERS)
    axes.set_yticks(ticks, [str(stability.clusters[tick]) for tick in ticks])
    axes.set_ylim(clusters - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.set_xticks(edges, [f"{edge:g}" for edge in edges])
    entitle(axes, "clusters of run 1 in the others", palette, 24)
    axes.set_xlabel("Jaccard overlap with the best match: mean, and each other run")
    axes.set_ylabel("cluster")
