"""Reports on models that were fitted in Python."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError
from torch.utils.data import TensorDataset

from builders import estimator, frame, quiet, vectors
from h5ad_files import cells, counts_of_groups
from vaecluster import TwoViews, VAEClustering, write_report
from vaecluster.errors import DataError

pytestmark = quiet

# Pages on what is in files are those with and without names.
TEXTS = ["the rain fell on wheat and barley", "the bank gave a loan and money"] * 20
ROWS: dict[str, Callable[[], Any]] = {
    "a frame of pandas": frame,
    "a frame of polars": lambda: pl.from_pandas(frame()),
    "a dataset": lambda: TensorDataset(torch.from_numpy(vectors())),
    "a sparse matrix": lambda: csr_array(np.maximum(vectors(), 0)),
    "texts": lambda: TEXTS,
}


@pytest.mark.parametrize("name", ROWS)
def test_there_is_a_page_on_rows_of_every_kind(name: str, tmp_path: Path) -> None:
    X = ROWS[name]()
    write_report(estimator().fit(X), X, tmp_path / "page.html", title=f"kinds of {name}")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert f"kinds of {name}" in page
    assert "Cluster 0" in page
    # A model does not know what its processors did.
    assert "Processor time" not in page
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_a_path_is_rows_also_where_there_is_little_memory(tmp_path: Path) -> None:
    frame(300).to_csv(tmp_path / "t.csv", index=False)
    model = estimator(memory="5kB").fit(tmp_path / "t.csv")
    write_report(model, tmp_path / "t.csv", tmp_path / "page.html")
    assert "Cluster 0" in (tmp_path / "page.html").read_text(encoding="utf-8")
    frame(301).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match="other rows"):
        write_report(model, tmp_path / "t.csv", tmp_path / "page.html")


def test_other_rows_than_those_of_the_fit_are_refused(tmp_path: Path) -> None:
    model = estimator().fit(vectors())
    for other in (vectors()[:20], vectors() + 1):
        with pytest.raises(DataError, match=r"X holds other rows than those of the fit\. Give the rows"):
            write_report(model, other, tmp_path / "page.html")
    with pytest.raises(NotFittedError, match="not fitted yet"):
        write_report(estimator(), vectors(), tmp_path / "page.html")
    model.save(tmp_path / "model")
    with pytest.raises(AttributeError, match="labels_"):
        write_report(VAEClustering.load(tmp_path / "model"), vectors(), tmp_path / "page.html")
    counted = cells(csr_array(counts_of_groups()[0]))
    with pytest.raises(DataError, match="AnnData object"):
        write_report(estimator().fit(counted), counted, tmp_path / "page.html")


def test_a_model_reports_with_what_to_type_in_python_and_how_stable_its_clusters_are(tmp_path: Path) -> None:
    X, place = vectors(60), tmp_path / "page.html"
    model = VAEClustering(3, method=TwoViews(epochs=60, hidden=(16,)), random_state=0, device="cpu").fit(X)
    model.report(X, place)
    page = place.read_text(encoding="utf-8")
    for typed in ("model.stability(X)", f"model.cut({model.n_clusters_ + 1}, X)", "model.name_clusters("):
        assert typed in page
    assert "vaecluster stability" not in page
    assert "nor whether other seeds would find them" in page
    found = model.stability(X, n_runs=2)
    model.report(X, place, stability=found)
    page = place.read_text(encoding="utf-8")
    assert "Made 1 more time with other seeds, the fit found" in page
    assert "model.stability(X)" not in page
    others = replace(found, labels=found.labels[:, ::-1])
    with pytest.raises(DataError, match="other clusters"):
        model.report(X, place, stability=others)
