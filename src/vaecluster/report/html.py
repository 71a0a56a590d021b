"""The report as one HTML file that needs nothing else: no network, no script, no font."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure
from PIL import Image

from vaecluster.report.charts import DARK, LIGHT, Palette, curves_figure, sizes_figure
from vaecluster.report.content import ClusterPage, Curve, NumberPage, ReportContent, Wall
from vaecluster.report.encode import data_uri, png_bytes, svg_text
from vaecluster.report.number_charts import number_figure, tree_figure, tree_is_readable
from vaecluster.report.number_words import verdict
from vaecluster.report.walls import OVERVIEW_ROWS, overview_image, wall_image

UNKNOWN = "\N{EN DASH}"

SCORE_NAMES = {
    "majority_accuracy": ("Majority accuracy", "every cluster stands for its most frequent label"),
    "hungarian_accuracy": ("Hungarian accuracy", "clusters and labels are matched one to one"),
    "nmi": ("NMI", "normalised mutual information of clusters and labels; 1 is a perfect match"),
    "ari": ("ARI", "adjusted Rand index; 0 is what chance gives, 1 a perfect match"),
}


@dataclass(frozen=True)
class Picture:
    """A picture inside the page: the address that holds it, its size in pixels, and what it shows."""

    address: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Chart:
    """A chart inside the page, drawn once for light and once for dark paper."""

    light: str
    dark: str
    alt: str


@dataclass(frozen=True)
class Card:
    """One cluster as the page shows it; `rows` is None for a cluster without rows."""

    page: ClusterPage
    rows: Picture | None
    generated: Picture


@dataclass(frozen=True)
class NumberCard:
    """How many clusters, as the page shows it; `tree` is None where it could not be read."""

    verdict: str
    weighed: Chart
    tree: Chart | None


@dataclass(frozen=True)
class ScoreTable:
    """Scores as words: the headings, a line of cells for every set of rows, and what the headings mean."""

    headings: list[str]
    lines: list[tuple[str, list[str]]]
    meanings: list[tuple[str, str]]


def render_html(content: ReportContent) -> str:
    """The report as the text of one HTML file that works without a network.

    Titles, facts, names and warnings are shown as they stand: markup in them is escaped.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"count": _count, "percent": _percent, "decimal": _decimal}
    source = resources.files("vaecluster.report").joinpath("template.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        content=content,
        has_vectors=any(not page.rows.holds_images for page in content.clusters),
        overview=_overview(content) if content.clusters else None,
        sizes=_sizes_chart(content) if content.clusters else None,
        number=_number_card(content.number) if content.number else None,
        cards=[_card(page) for page in content.clusters],
        charts=[_curve_chart(curve) for curve in content.curves],
        scores=_score_table(content.scores) if content.scores else None,
    )


def _picture(image: Image.Image, alt: str) -> Picture:
    return Picture(data_uri(png_bytes(image), "image/png"), image.width, image.height, alt)


def _chart(draw: Callable[[Palette], Figure], alt: str) -> Chart:
    light, dark = (data_uri(svg_text(draw(palette)).encode(), "image/svg+xml") for palette in (LIGHT, DARK))
    return Chart(light, dark, alt)


def _overview(content: ReportContent) -> Picture:
    alt = (
        f"{len(content.clusters)} lines, one per cluster: up to {OVERVIEW_ROWS} of its rows on the left, "
        f"up to {OVERVIEW_ROWS} rows generated from it on the right"
    )
    return _picture(overview_image(content.clusters), alt)


def _sizes_chart(content: ReportContent) -> Chart:
    smallest = min(content.clusters, key=lambda page: page.size)
    largest = max(content.clusters, key=lambda page: page.size)
    alt = (
        f"Bar chart of the cluster sizes, from {_count(smallest.size)} rows (cluster {smallest.cluster}) "
        f"to {_count(largest.size)} rows (cluster {largest.cluster})"
    )
    return _chart(lambda palette: sizes_figure(content.clusters, palette), alt)


def _number_card(page: NumberPage) -> NumberCard:
    agreement = "" if page.agreement is None else " and the agreement of the heads"
    alt = f"For each number of clusters, the information lost by merging on{agreement}; {page.used} are used"
    tree = None
    if tree_is_readable(page):
        words = f"Tree of the {page.used} clusters: where two join, the information that is lost up to there"
        tree = _chart(lambda palette: tree_figure(page, palette), words)
    return NumberCard(verdict(page), _chart(lambda palette: number_figure(page, palette), alt), tree)


def _curve_chart(curve: Curve) -> Chart:
    finite = [value for value in curve.values if math.isfinite(value)]
    course = f"from {finite[0]:.4g} to {finite[-1]:.4g} {curve.unit}" if finite else "no finite value"
    alt = f"{curve.name}, epochs 1 to {len(curve.values)}: {course}"
    return _chart(lambda palette: curves_figure([curve], palette), alt)


def _card(page: ClusterPage) -> Card:
    return Card(
        page,
        rows=_wall(page.rows, f"{len(page.rows.rows)} rows of cluster {page.cluster}") if page.size else None,
        generated=_wall(page.generated, f"{len(page.generated.rows)} rows generated from cluster {page.cluster}"),
    )


def _wall(wall: Wall, alt: str) -> Picture:
    return _picture(wall_image(wall), alt)


def _score_table(scores: Mapping[str, Mapping[str, float]]) -> ScoreTable:
    # A dict keeps the order of first appearance, which a set would lose.
    names = list(dict.fromkeys(name for values in scores.values() for name in values))
    return ScoreTable(
        headings=[
            SCORE_NAMES[name][0] if name in SCORE_NAMES else name.replace("_", " ").capitalize() for name in names
        ],
        lines=[(rows, [_score(name, values) for name in names]) for rows, values in scores.items()],
        meanings=[SCORE_NAMES[name] for name in names if name in SCORE_NAMES],
    )


def _score(name: str, values: Mapping[str, float]) -> str:
    if name not in values:
        return UNKNOWN
    return _count(values[name]) if name == "rows" else _decimal(values[name])


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %" if math.isfinite(value) else UNKNOWN


def _decimal(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else UNKNOWN
