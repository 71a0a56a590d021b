"""A fitted model in a notebook: how large its clusters are, and what they look like or what sets them apart."""

from collections.abc import Callable
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image

from vaecluster.errors import counted
from vaecluster.inference.profile import Difference
from vaecluster.look import cut
from vaecluster.look.encode import data_uri, png_bytes
from vaecluster.look.walls import Wall
from vaecluster.methods import Fitted
from vaecluster.row_kind import RowKind

# Clusters that have a line, the largest ones, and pictures or differences in one.
LINES, PICTURES, WORDS = 12, 8, 3
# Letters of a name, of a difference and of the parameters.
NAME, LENGTH, PARAMETERS = 40, 120, 2000
# Bytes of the pictures of a line, and how many times smaller they are made until they take no more. A notebook keeps
# what it has shown.
MOST_BYTES, SMALLER, COLOURS = 4500, (1, 2, 3, 4, 6, 8, 12), 128

# All styles are inline, since notebooks differ in what they leave of others; colours are seen on light and dark paper.
_BOX = Markup(
    '<div style="font-family: system-ui, sans-serif; max-width: 60em">'
    "<p><b>VAEClustering</b>, {method}: {clusters}{rows}{note}</p>"
    '<div style="overflow-x: auto"><table style="border-collapse: collapse; margin: 0">{lines}</table></div>{more}'
    '<details><summary>Parameters</summary><pre style="white-space: pre-wrap">{parameters}</pre></details>'
    "</div>"
)
_LINE = Markup(
    '<tr style="background: none"><th scope="row" style="text-align: left; padding: 2px 12px 2px 0">{name}</th>'
    '<td style="text-align: right; padding: 2px 8px 2px 0; font-variant-numeric: tabular-nums">{size}</td>'
    '<td style="padding: 2px 12px 2px 0"><div style="width: 6em"><div style="width: {share:.1f}%; height: 0.7em; '
    'background: #0d9488"></div></div></td><td style="text-align: left; padding: 2px 0">{says}</td></tr>'
)
_PICTURES = Markup('<img src="{}" alt="{}" style="height: 36px; max-width: none; image-rendering: pixelated">')


def box(fitted: Fitted, parameters: str, sample: Callable[[int, int], Any]) -> str:
    """Markup for a notebook, under 100 KB, that loads nothing; names and columns in it are text, whatever they hold.

    `sample` draws so many rows of a cluster, (number, cluster).
    """
    sizes = fitted.sizes
    order = np.arange(fitted.clusters) if sizes is None else np.argsort(-sizes, kind="stable")
    shown = sorted(order[:LINES].tolist())
    if fitted.schema.kind is not RowKind.VECTORS:
        says, note = _pictures(fitted, shown, sample), "; rows generated from each"
    elif fitted.profile is not None:
        says, note = _words(fitted.profile, shown), "; where each differs most from all"
    else:
        says, note = [Markup("")] * len(shown), ""
    names = fitted.names or {}
    lines = [
        _LINE.format(
            name=cut(names.get(cluster, cluster), NAME),
            size="" if sizes is None else f"{sizes[cluster]:,}",
            share=0.0 if sizes is None else 100 * sizes[cluster] / max(1, sizes.max()),
            says=told,
        )
        for cluster, told in zip(shown, says, strict=True)
    ]
    rest = fitted.clusters - len(shown)
    return str(
        _BOX.format(
            method=fitted.method.name,
            clusters=counted(fitted.clusters, "cluster"),
            rows="" if sizes is None else f" of {counted(int(sizes.sum()), 'row')}",
            note=note,
            lines=Markup("").join(lines),
            more=Markup("<p>and {} smaller ones</p>").format(f"{rest:,}") if rest else "",
            parameters=cut(parameters, PARAMETERS),
        )
    )


def _pictures(fitted: Fitted, clusters: list[int], sample: Callable[[int, int], Any]) -> list[Markup]:
    """Generated rows of each cluster, side by side."""
    rows = [sample(PICTURES, cluster) for cluster in clusters]
    drawing = fitted.schema.blocks[0].drawing(np.concatenate(rows))
    strips = [Wall(drawing.of(some), drawing.low, drawing.high).strip(PICTURES) for some in rows]
    for smaller in SMALLER:
        found = [_encoded(strip.reduce(smaller)) for strip in strips]
        if max(len(content) for content in found) <= MOST_BYTES:
            break
    return [
        _PICTURES.format(data_uri(content, "image/png"), f"{PICTURES} rows generated from cluster {cluster}")
        for cluster, content in zip(clusters, found, strict=True)
    ]


def _encoded(image: Image.Image) -> bytes:
    return png_bytes(image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE))


def _words(profile: list[list[Difference]], clusters: list[int]) -> list[Markup]:
    """What sets each cluster apart, as the fit has seen it."""
    return [Markup("<br>").join(cut(one.words, LENGTH) for one in profile[cluster][:WORDS]) for cluster in clusters]
