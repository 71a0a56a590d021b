"""The map: all rows, or a sample of very many, as points that near codes bring together."""

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self, final

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from PIL import Image

from vaecluster.data.blocks.drawing import COLOURS
from vaecluster.look import cut
from vaecluster.look.encode import Picture, data_uri, png_bytes, webp_bytes
from vaecluster.report.charts import DARK, LIGHT, NONE, Palette, mark_of, plain
from vaecluster.report.html import fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section
from vaecluster.runs.map import NAME, RowMap

# The largest number of 16 bits, which stands for what is missing.
MISSING = 65535
# Bytes of all that the script shows, packed, from which on columns are left out of a page.
MOST_BYTES = 7_500_000
# Bytes of all pictures of rows, from which on they are made smaller.
PICTURE_BYTES = 3_000_000
# How hard zlib tries, of 1 to 9, where only the size is wanted, and for the page: 9 takes six times as long as 6.
SWIFT, PATIENT = 1, 6
# The area of a point in square points, from few rows to many; letters of a name.
LARGEST, SMALLEST, INK = 24.0, 1.0, 12_000.0
LETTERS = 18


@final
@dataclass(frozen=True, eq=False)
class Map(Section):
    """The rows on the map, how many there are in all, and what clusters are called."""

    anchor = "map"
    heading = "Map"
    script = "map.js"

    rows: RowMap
    total: int
    clusters: tuple[str, ...]

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of every run."""
        clusters = tuple(one.title for one in run.clusters)
        return cls(run.map, run.description["rows"], clusters)

    def html(self) -> Markup:
        """The picture, which the script replaces, its controls, and the data."""
        light, dark = (
            data_uri(png_bytes(map_figure(self.rows, palette, self.clusters)), "image/png")
            for palette in (LIGHT, DARK)
        )
        packed, left_out = self._packed()
        return fill(
            "sections/map.html.j2",
            left_out=left_out,
            shown=self.rows.table.num_rows,
            total=self.total,
            pictured="picture" in self.rows.table.column_names,
            light=light,
            dark=dark,
            data=b64encode(packed).decode(),
        )

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`map.png`."""
        yield "map.png", map_figure(self.rows, LIGHT, self.clusters)

    def _packed(self) -> tuple[bytes, list[str]]:
        """All that the script shows, packed, and the columns for which a page has no room, by their order."""
        content = self._content()
        columns, kept, left_out = content["columns"], [], []
        room = MOST_BYTES - len(gzip.compress(_json(content | {"columns": []}), SWIFT))
        if room < 0 and content["names"] is not None:
            room += len(gzip.compress(_json(content["names"]), SWIFT))
            content["names"] = None
            left_out.append("names of rows")
        for column in columns:
            size = len(gzip.compress(_json(column), SWIFT))
            if size <= room:
                kept.append(column)
                room -= size
            else:
                left_out.append(column["name"])
        return gzip.compress(_json(content | {"columns": kept}), PATIENT, mtime=0), left_out

    def content(self) -> bytes:
        """All that the script shows, as JSON."""
        return _json(self._content())

    def _content(self) -> dict[str, Any]:
        table = self.rows.table
        x, y = (np.rint(in_unit(table.column(name).to_numpy()) * MISSING) for name in ("x", "y"))
        scored, named = "outlier_score" in table.column_names, NAME in table.column_names
        return {
            "total": self.total,
            "row": _text(table.column("row").to_numpy(), "<u4"),
            "x": _text(x, "<u2"),
            "y": _text(y, "<u2"),
            "cluster": _text(table.column("cluster").to_numpy(), "<i2"),
            "confidence": _shares(table.column("confidence").to_numpy()),
            "outlier": _shares(table.column("outlier_score").to_numpy()) if scored else None,
            "names": table.column(NAME).to_pylist() if named else None,
            "columns": [_column(name, values) for name, values in self.rows.values.items()],
            "clusters": self.clusters,
            "pictures": _pictures(self.rows),
            "colours": COLOURS,
            "ramp": [to_hex(colour) for colour in matplotlib.colormaps["viridis"](np.linspace(0, 1, 32))],
        }


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def in_unit(places: NDArray[Any]) -> NDArray[np.float64]:
    """Places of a layout, which lie within about -1 to 1, as the script has them, from 0 to 1."""
    return np.clip((places.astype(np.float64) + 1.1) / 2.2, 0, 1)


def map_figure(rows: RowMap, palette: Palette, clusters: Sequence[str]) -> Figure:
    """The map as a picture, coloured by clusters, each with its name."""
    x, y, labels = (rows.table.column(name).to_numpy() for name in ("x", "y", "cluster"))
    figure = Figure(figsize=(7, 5.4), layout="constrained", facecolor=palette.paper)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_aspect("equal")
    draw_map(axes, np.stack([x, y], 1), labels, [plain(cut(name, LETTERS)) for name in clusters], palette)
    return figure


def draw_map(
    axes: Axes,
    places: NDArray[Any],
    labels: NDArray[Any],
    names: Sequence[str],
    palette: Palette,
    values: NDArray[np.float64] | None = None,
) -> None:
    """Draw rows at their places (rows, 2) as their clusters are marked, or by values (rows,), and clusters' names."""
    size = float(np.clip(INK / len(labels), SMALLEST, LARGEST))

    def points(some: NDArray[np.bool_], **look: Any) -> None:
        # As shapes, a hundred thousand points make a file that no program opens with ease.
        axes.scatter(places[some, 0], places[some, 1], s=size, linewidths=0, rasterized=True, **look)

    if values is not None:
        points(np.ones(len(labels), dtype=np.bool_), c=values, cmap="viridis")
    elif (labels < 0).any():
        points(labels < 0, color=NONE, label="in no cluster")
    for cluster, name in enumerate(names):
        own = labels == cluster
        if own.any():
            colour, marker = mark_of(cluster)
            if values is None:
                points(own, color=colour, marker=marker, label=name)
            halo = withStroke(linewidth=3, foreground=palette.paper)
            middle = np.median(places[own], axis=0)
            look: dict[str, Any] = {"color": palette.ink, "weight": "bold", "path_effects": [halo], "zorder": 4}
            # Above the middle, so that a small cluster is not under its name.
            axes.annotate(
                name, middle, (0, 4), size="small", textcoords="offset points", ha="center", va="bottom", **look
            )


def _column(name: str, values: Any) -> dict[str, Any]:
    from pyarrow import types

    if types.is_floating(values.type):
        return {"name": name, "numbers": _text(values.to_numpy(), "<f4")}
    coded = values.combine_chunks().dictionary_encode()
    codes = coded.indices.fill_null(MISSING).to_numpy(zero_copy_only=False)
    return {"name": name, "codes": _text(codes, "<u2"), "words": coded.dictionary.to_pylist()}


def _pictures(rows: RowMap) -> dict[str, Any] | None:
    """All pictures as one, side by side in lines."""
    found = rows.pictures()
    if found is None:
        return None
    lines, pictures = found
    number, height, width, channels = pictures.shape
    across = max(1, round(float(np.sqrt(number * height / width))))
    down = -(-number // across)
    sheet = np.zeros((down * across, height, width, channels), np.uint8)
    sheet[:number] = pictures
    sheet = sheet.reshape(down, across, height, width, channels).swapaxes(1, 2).reshape(down * height, -1, channels)
    image = Image.fromarray(sheet[..., 0] if channels == 1 else sheet)
    exact = channels != 3
    content, smaller = webp_bytes(image, lossless=exact), 1
    while len(content) > PICTURE_BYTES:
        smaller += 1
        size = (across * max(1, width // smaller), down * max(1, height // smaller))
        content = webp_bytes(image.resize(size, Image.Resampling.BOX), lossless=exact)
    return {
        "source": data_uri(content, "image/webp"),
        "width": max(1, width // smaller),
        "height": max(1, height // smaller),
        "across": across,
        "lines": _text(lines, "<u4"),
    }


def _shares(shares: NDArray[Any]) -> str:
    """Shares of 1 as whole numbers below `MISSING`, which stands for what is not a number."""
    whole = np.rint((MISSING - 1) * shares.astype(np.float64).clip(0, 1))
    return _text(np.where(np.isnan(whole), MISSING, whole), "<u2")


def _text(values: NDArray[Any], kind: str) -> str:
    return b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()
