import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from vaecluster import Bound, TwoViews, VAEClustering
from vaecluster.data.dataset import DataSet
from vaecluster.errors import EmptyClustersWarning
from vaecluster.methods import Method
from vaecluster.report.collect import collect
from vaecluster.report.page import render_html
from vaecluster.report.sections import SECTIONS
from vaecluster.runs.folder import RunFolder

SCORES = {"train": {"rows": 60.0, "nmi": 1.0}}


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(60, 3)) + 20 * np.eye(3)[np.arange(60) % 3]


@pytest.mark.parametrize(
    ("method", "scores", "left_out"),
    [
        (TwoViews(epochs=1, hidden=(16,), components=12), SCORES, set()),
        (Bound(epochs=1, hidden=(16,)), {}, {"How many clusters", "Scores"}),
    ],
)
def test_the_sections_stand_in_their_order_without_those_that_have_nothing_to_say(
    method: Method, scores: Mapping[str, Mapping[str, float]], left_out: set[str], rows: np.ndarray, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    with warnings.catch_warnings():
        # One epoch need not fill every cluster.
        warnings.simplefilter("ignore", EmptyClustersWarning)
        model = VAEClustering(3, method=method, random_state=0, device="cpu").fit(rows)
    folder.write(model, DataSet("rows", rows), source="Rows", seconds=1, cpu_seconds=1, scores=scores)
    page = render_html(collect(folder))
    # Of columns with names, of genes, of texts, and of groups too small for these rows.
    others = {
        "What sets clusters apart",
        "Marker genes",
        "Words and texts",
        "Dense groups inside clusters",
        "Reliability",
        "Labels of clusters",
        "Stability",
    }
    said = [kind for kind in SECTIONS if kind.heading not in left_out | others]
    places = [page.index(f'<h2 id="{kind.anchor}">{kind.heading}</h2>') for kind in said]
    assert places == sorted(places)
    assert page.count("<section") == len(said)


def test_no_two_sections_have_the_same_anchor() -> None:
    assert len({kind.anchor for kind in SECTIONS}) == len(SECTIONS)


def test_the_report_begins_with_what_was_found_and_names_no_folder(
    rows: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = TwoViews(epochs=40, hidden=(16,), heads=2, components=12, learning_rate=2e-2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmptyClustersWarning)
        model = VAEClustering(3, method=method, random_state=0, device="cpu").fit(rows)
    data, source = DataSet("rows", rows), "/home/me/private/rows.csv"
    folder = RunFolder(tmp_path)
    folder.write(model, data, source=source, seconds=1, cpu_seconds=1, scores={})
    found = collect(folder)
    largest, smallest = model.cluster_sizes_.max(), model.cluster_sizes_.min()
    assert found.title == "rows.csv"
    assert collect(folder, names=False).title == "rows"
    assert found.summary[0] == f"60 rows in 3 clusters: the largest holds {largest}, the smallest {smallest}."
    assert "By its own estimate" in found.summary[1]
    assert "1.000" not in " ".join(found.summary)
    assert [line.partition(":")[0] for line in found.advice][-4:] == [
        "vaecluster stability RUN",
        "vaecluster cut RUN 4",
        "vaecluster name RUN 0=NAME",
        "vaecluster explore RUN",
    ]
    # Whoever has no server for it is told how to get one.
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert collect(folder).advice[-1].startswith("pip install 'vaecluster[explore]', then vaecluster explore RUN: ")
    model.name_clusters({1: "cats"}).save(folder.model_file)
    again = collect(folder)
    assert "vaecluster name" not in " ".join(again.advice)
    assert "Cluster 1 · cats" in render_html(again)
    assert "private" not in render_html(again)
