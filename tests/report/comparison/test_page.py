"""The page of a comparison, for every kind of rows."""

import re

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure

from builders import frame, images, quiet, tiny, vectors
from vaecluster import VAEClustering
from vaecluster.comparison import compare, rows_of
from vaecluster.errors import IgnoredColumnsWarning
from vaecluster.look.encode import png_bytes, svg_text
from vaecluster.report.charts import DARK
from vaecluster.report.comparison.chart import agreement_figure
from vaecluster.report.comparison.collect import collect
from vaecluster.report.page import render_html

pytestmark = quiet
WINDOWS = np.sin(np.arange(16) * (1 + np.arange(60) % 3)[:, None] / 3)
KINDS = {
    "vectors": (vectors(60), {}),
    "images": (images(60), {}),
    "table": (pa.Table.from_pandas(frame(60)), {}),
    "windows": (WINDOWS, {"rows": "windows"}),
}


def page(X, seeds=2, y=None, methods=("kmeans", "gaussian-mixture"), **parameters):
    found = compare(X, list(methods), seeds, y, n_clusters=3, **parameters)
    given, seen = rows_of(VAEClustering(**parameters), X)
    return found, render_html(collect(found, "folder/rows <b>.npz", X, given, seen.schema))


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_rows_has_a_page_that_needs_nothing_else(kind):
    rows, parameters = KINDS[kind]
    found, html = page(rows, **parameters)
    assert "rows &lt;b&gt;.npz" in html
    assert "folder/" not in html
    assert not re.search(r"(src|href)=\"(?!data:|#)", html)
    lines = {number for labels in found.labels.values() for number in labels.tolist()}
    assert html.count('id="line-') == len(lines)
    for method in found.methods:
        assert html.count(f"<b>{method.name}</b>") == len(lines)
    assert ("excerpt" in html.split("<body>")[1]) == (kind == "table")
    # What seeds mean stands once, however many measures and methods there are.
    assert html.count("finds the same again") == 1
    # A mixture of windows or pictures needs no words for what sets a cluster apart.
    assert ("in all rows" in html) == (kind == "table")


def test_scores_stand_apart_and_only_where_there_are_labels():
    groups = np.arange(60) % 3
    assert 'id="scores"' not in page(vectors(60))[1]
    assert "no method, nothing above" in page(vectors(60), y=groups)[1]


def test_what_several_methods_warn_of_stands_once():
    rows = pa.Table.from_pandas(frame(60).assign(same=1))
    with pytest.warns(IgnoredColumnsWarning):
        html = page(rows, methods=[tiny("dec"), tiny("idec")], seeds=1)[1]
    assert html.count("one value alone") == 1
    assert "dec, idec: Columns" in html


def test_one_method_or_one_seed_has_a_page():
    html = page(vectors(60), seeds=1, methods=["kmeans"])[1]
    assert 'id="agreement"' not in html
    assert "One fit of each method" in html


def test_the_picture_holds_each_pair_and_is_the_same_each_time():
    found, _ = page(vectors(60))
    figure = agreement_figure(found)
    assert isinstance(figure, Figure)
    assert len(figure.axes[0].texts) == 4
    assert png_bytes(figure).startswith(b"\x89PNG")
    assert svg_text(agreement_figure(found)) == svg_text(agreement_figure(found))
    assert svg_text(agreement_figure(found)) != svg_text(agreement_figure(found, DARK))
