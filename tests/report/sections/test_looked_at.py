"""What a run keeps to be looked at: typical and unsure rows, outliers, clusters that touch, labels of clusters."""

import copy
import re
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from markupsafe import escape
from matplotlib.colors import to_rgb

from vaecluster import TwoViews, VAEClustering
from vaecluster.clusters.boundary import APART
from vaecluster.clusters.number import Evidence
from vaecluster.data.dataset import DataSet
from vaecluster.look.walls import Wall
from vaecluster.report.charts import DARK, LIGHT, Palette, luminance
from vaecluster.report.excerpt import ROWS, Excerpt
from vaecluster.report.run import FinishedRun
from vaecluster.report.sections.clusters import Clusters, tenths
from vaecluster.report.sections.labels import MOST_LABELS, SHADE, Labels
from vaecluster.report.sections.number import Number
from vaecluster.report.sections.outliers import Outliers
from vaecluster.report.sections.touching import Touching
from vaecluster.runs.folder import RunFolder

RANDOM = np.random.default_rng(0)
KINDS = np.arange(90) % 2
X = RANDOM.normal(size=(90, 4)) + 8 * KINDS[:, None]
X[7, 2] = 30.0
# Names of columns and labels as someone else may have chosen them.
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module", params=["array", "table"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    rows = X if request.param == "array" else pd.DataFrame(X, columns=[HOSTILE, "b", "c", "d"]).assign(e=KINDS == 1)
    model = VAEClustering(2, method=TwoViews(epochs=40, hidden=(16,), heads=1), random_state=0, device="cpu").fit(rows)
    model.name_clusters({0: HOSTILE})
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    stored = rows if isinstance(rows, np.ndarray) else pa.Table.from_pandas(rows)
    labels = np.array([HOSTILE, "b"])[KINDS]
    folder.write(model, DataSet("rows", stored, labels), source="rows", seconds=1, cpu_seconds=1, scores={})
    return FinishedRun.open(folder)


def test_the_row_that_is_like_no_other_comes_first(run: FinishedRun) -> None:
    section = Outliers.of(run)
    assert section is not None
    first = section.rows.rows[0] if isinstance(section.rows, Wall) else section.rows.rows.to_pylist()[0].values()
    assert max(value for value in first if not isinstance(value, bool)) == 30.0


def test_typical_rows_and_those_in_doubt_are_of_the_cluster(run: FinishedRun) -> None:
    for cluster in run.clusters:
        members = {tuple(row) for row in X[run.map.table.column("cluster").to_numpy() == cluster.number]}
        for shown in (cluster.typical, cluster.unsure, cluster.unusual):
            if isinstance(shown, Wall):
                assert {tuple(row) for row in shown.rows} <= members
        assert sum(cluster.confidence) == cluster.size


def test_a_card_says_what_sets_its_cluster_apart_and_counts_the_rows_that_it_shows(run: FinishedRun) -> None:
    page = str(Clusters.of(run).html())
    if isinstance(run.clusters[0].rows, Wall):
        assert "Set apart by" not in page
        return
    first = run.description["profile"][0][0]["words"]
    assert f"<b>Set apart by</b> {escape(first)}; " in page
    for cluster in run.clusters:
        assert f"{ROWS} of {cluster.size}" in page
    for section in page.split("<table")[1:]:
        assert section.count("<tr>") <= 1 + ROWS


def test_names_of_others_stay_text(run: FinishedRun) -> None:
    for kind in (Clusters, Touching, Outliers, Labels):
        section = kind.of(run)
        if section is not None:
            page = str(section.html())
            assert "<script" not in page
    assert "&lt;script" in str(Labels.of(run).html())


def test_each_row_counts_once_for_its_label(run: FinishedRun) -> None:
    section = Labels.of(run)
    assert section.table.counts.sum(0).tolist() == [45, 45]
    assert section.table.labels == [HOSTILE, "b"]


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_numbers_in_the_darkest_cell_can_be_read(palette: Palette) -> None:
    style = files("vaecluster.report").joinpath("page.css").read_text(encoding="utf-8")
    ((sheet, ink, accent),) = [
        found
        for found in re.findall(r"--sheet: (#\w+); --ink: (#\w+);.*?--accent: (#\w+)", style, re.DOTALL)
        if found[2] == palette.mark
    ]
    cell = SHADE / 100 * np.array(to_rgb(accent)) + (1 - SHADE / 100) * np.array(to_rgb(sheet))
    light, dark = sorted((luminance(tuple(cell)), luminance(ink)), reverse=True)
    # WCAG 2, success criterion 1.4.3.
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_of_many_labels_the_most_frequent_are_named(run: FinishedRun) -> None:
    names = [f"label {number}" for number in range(MOST_LABELS + 1)]
    counts = [list(range(MOST_LABELS + 1)), [0] * (MOST_LABELS + 1)]
    many = {**run.description, "contingency": {"labels": names, "counts": counts}}
    page = str(Labels.of(FinishedRun(many, run.model, run.examples, run.map)).html())
    assert "label 20 20 (9.5 %), label 19 19" in page
    assert "label 16" not in page
    assert "no row" in page


@pytest.mark.parametrize(
    ("density", "level", "boundary"),
    [(0.4, 0.5, True), (0.5, 0.5, False), (0.4, 0.35, False), (0.4, 0.3, False), (0.29, 0.3, True)],
)
def test_sections_agree_on_whether_there_is_a_boundary(
    run: FinishedRun, density: float, level: float, boundary: bool
) -> None:
    found = touching_at(run, density, replace(run.model.evidence_, apart=level))
    number, touching = Number.of(found), Touching.of(found)
    assert number.touching == (() if boundary else ((0, 1),))
    page = str(touching.html())
    assert ("There is a boundary between them." in page) == boundary
    assert f"Below {level} the two are apart" in page
    assert f"below {level} they are apart" in page


def test_without_a_level_of_the_fit_a_boundary_is_one_at_the_strictest(run: FinishedRun) -> None:
    for density in (0.29, 0.3):
        touching = Touching.of(touching_at(run, density, None))
        assert touching.apart == APART
        assert touching.pairs[0].has_boundary == (density < APART)


def touching_at(run: FinishedRun, density: float, evidence: Evidence | None) -> FinishedRun:
    """The run with rows of this density between its two clusters."""
    model = copy.copy(run.model)
    model.fitted_ = replace(model.fitted_, evidence=evidence)
    touches = [{"one": 0, "other": 1, "density": density, "doubtful": 3}]
    return replace(run, description=run.description | {"touching": touches}, model=model)


def test_tenths_without_rows_have_no_bar_and_few_rows_can_be_seen() -> None:
    page = str(tenths([0, 1, 0, 0, 0, 0, 0, 0, 0, 100_000]))
    assert page.count("<rect") == 2
    assert 'height="1.5"' in page
    assert "100,000 rows, 90 to 100 % sure" in page


def test_rows_of_tables_are_folded_up(run: FinishedRun) -> None:
    page = str(Clusters.of(run).html())
    assert ("<details" in page) == isinstance(run.clusters[0].rows, Excerpt)
