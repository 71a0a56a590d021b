"""Charts on light and on dark paper."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from vaecluster.clusters.hierarchy import merge_components
from vaecluster.clusters.reliability import reliability
from vaecluster.look.encode import svg_text
from vaecluster.look.walls import Wall
from vaecluster.report.charts import DARK, LIGHT, Palette, plain
from vaecluster.report.html import darkened
from vaecluster.report.page import Report, render_html
from vaecluster.report.run import ShownCluster
from vaecluster.report.sections.curves import Curve, curves_figure
from vaecluster.report.sections.number_charts import cluster_tree, number_figure, tree_figure
from vaecluster.report.sections.reliability import reliability_figure
from vaecluster.report.sections.sizes import sizes_figure

DENSITY = np.linspace(0, 1.2, 11)
TREE = merge_components(np.random.default_rng(0).random((12, 12)))
CLUSTERS = [
    ShownCluster(number, 5, 0.1, 0.9, Wall(np.zeros((0, 4, 4))), Wall(np.zeros((0, 4, 4)))) for number in range(3)
]
BELIEVED = reliability(np.random.default_rng(0).dirichlet(np.ones(3), 60), np.arange(60) % 3)
CHARTS: dict[str, Callable[[Palette], Figure]] = {
    "curves": lambda palette: curves_figure([Curve("bound", (3.0, np.nan, 1.5), "nats")], palette),
    "no curve": lambda palette: curves_figure([Curve("bound", (), "nats")], palette),
    "sizes": lambda palette: sizes_figure(CLUSTERS, palette),
    "number": lambda palette: number_figure(DENSITY, DENSITY / 2, 3, 5, (2, 4), palette),
    "tree": lambda palette: tree_figure(cluster_tree(TREE, TREE.cut(4)), palette),
    "reliability": lambda palette: reliability_figure({"bayes": BELIEVED}, palette),
}


def without_names(svg: str) -> str:
    """Without what matplotlib calls shapes that are used again: that depends on their colours."""
    return re.sub(r"\b[mpC][0-9a-f_]{6,}", "", svg)


@pytest.mark.parametrize("name", CHARTS)
def test_a_darkened_chart_is_the_one_drawn_for_dark_paper(name: str) -> None:
    light, dark = (svg_text(CHARTS[name](palette)) for palette in (LIGHT, DARK))
    assert light != dark
    assert without_names(darkened(light)) == without_names(dark)


def test_marks_that_turn_text_are_shown_and_turn_nothing() -> None:
    turned, ordinary = "photo\u202egpj.exe\u2066", "\u05d0\u200f!\u200e\u061c"
    page = render_html(Report(title=turned, warnings=(turned, ordinary)))
    assert page.count("photo\ufffdgpj.exe\ufffd") >= 2
    assert not set("\u202e\u2066") & set(page)
    assert plain(turned) == "photo\ufffdgpj.exe\ufffd"
    # These are ordinary where text runs from right to left.
    assert ordinary in page
    assert plain(ordinary) == ordinary
