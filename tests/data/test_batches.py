"""Cells of several batches, which clusters must not follow."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import adjusted_rand_score

from builders import estimator, quiet
from h5ad_files import cells, write_h5ad
from vaecluster import VAEClustering
from vaecluster.data.batches import MOST_BATCHES
from vaecluster.data.h5ad import StoredCells
from vaecluster.errors import DataError, SettingError, UnseenCategoriesWarning

pytestmark = quiet
ROWS, GENES = 240, 150
SMALL = {"epochs": 60, "batch_size": 60, "hidden": (64,), "latent": 4, "heads": 2, "components": 20}


def made() -> tuple[Any, Any, Any]:
    """Counts of three kinds of cells in two batches of other library sizes and gene means, the kinds, the batches."""
    draws = np.random.default_rng(0)
    kinds, batches = draws.integers(0, 3, ROWS), draws.integers(0, 2, ROWS)
    rates = draws.gamma(1, size=GENES) * np.where(draws.random((3, GENES)) < 0.15, 6.0, 1.0)[kinds]
    rates = rates * np.exp(draws.normal(0, 0.8, (2, GENES)))[batches]
    totals = np.array([400, 1600])[batches] * draws.uniform(0.5, 2, ROWS)
    return draws.poisson(rates / rates.sum(1, keepdims=True) * totals[:, None]).astype(np.float32), kinds, batches


COUNTS, KINDS, BATCHES = made()
NAMES = np.array(["north", "south"])[BATCHES]
CELLS = cells(csr_array(COUNTS), obs={"site": NAMES})


@pytest.fixture(scope="module")
def model() -> VAEClustering:
    return estimator(batch="site", **SMALL).fit(CELLS)


def test_clusters_follow_the_kinds_and_not_the_batches_that_are_told(model: VAEClustering) -> None:
    without = estimator(**SMALL).fit(CELLS)
    assert adjusted_rand_score(KINDS, model.labels_) > 0.95
    assert abs(adjusted_rand_score(BATCHES, model.labels_)) < 0.05
    assert adjusted_rand_score(KINDS, without.labels_) < 0.8
    assert adjusted_rand_score(BATCHES, without.labels_) > 0.1


def test_a_model_of_batches_comes_back_and_answers_for_cells_of_each(model: VAEClustering, tmp_path: Path) -> None:
    model.save(tmp_path / "m.vaecluster")
    back = VAEClustering.load(tmp_path / "m.vaecluster")
    assert back.batch == "site"
    np.testing.assert_array_equal(back.predict(CELLS), model.labels_)
    np.testing.assert_array_equal(back.score_samples(CELLS), model.score_samples(CELLS))
    some = BATCHES == 1
    alone = cells(COUNTS[some], obs=pd.DataFrame({"site": pd.Categorical(NAMES[some])}))
    np.testing.assert_array_equal(model.predict(alone), model.labels_[some])
    assert model.sample(5).shape == (5, GENES)
    assert len(model.marker_genes(CELLS)[0]) == 10


UNKNOWN = {
    "another batch": (cells(COUNTS, obs={"site": np.where(NAMES == "south", "west", NAMES)}), "a batch 'west'"),
    "none": (cells(COUNTS, obs={"site": [None, *NAMES[1:]]}), "1 of 240 cells are of no batch"),
    "an array": (COUNTS, "X has no obs"),
}


@pytest.mark.parametrize(("given", "words"), UNKNOWN.values(), ids=UNKNOWN)
def test_batches_that_the_fit_does_not_know_are_told(given: Any, words: str, model: VAEClustering) -> None:
    with pytest.warns(UnseenCategoriesWarning, match=f"{words}.*the fit knew 'north', 'south'"):
        labels = model.predict(given)
    assert labels.shape == (ROWS,)


REFUSED: dict[str, tuple[Any, Any, type[Exception], str]] = {
    "no such column": (CELLS, "sight", DataError, "no column obs.'sight'.; there are 'site'"),
    "gaps": (cells(COUNTS, obs={"site": [None, np.nan, *NAMES[2:]]}), "site", DataError, "missing for 2 of 240 cells"),
    "an identifier": (cells(COUNTS, obs={"site": range(ROWS)}), "site", DataError, f"at most {MOST_BATCHES} batches"),
    "a batch for each of few cells": (
        cells(COUNTS[:50], obs={"site": range(50)}),
        "site",
        DataError,
        "two cells in each on average",
    ),
    "an array": (COUNTS, "site", SettingError, "for counts of cells, but X is an array"),
    "no counts": (cells(COUNTS - 3, obs={"site": NAMES}), "site", SettingError, "X holds no counts of cells"),
    "no name": (CELLS, 3, SettingError, "batch is 3; expected the name of a column"),
}


@pytest.mark.parametrize(("given", "batch", "problem", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_column_of_batches_is_refused(given: Any, batch: Any, problem: type[Exception], words: str) -> None:
    with pytest.raises(problem, match=words):
        estimator(batch=batch, **SMALL).fit(given)


def test_batches_are_read_from_a_file(tmp_path: Path) -> None:
    obs = {"site": [None, *NAMES[1:]], "day": np.arange(ROWS) % 3.0}
    stored = StoredCells(write_h5ad(tmp_path / "c.h5ad", cells(COUNTS, obs=obs)))
    assert list(stored.obs.keys()) == ["site", "day"]
    assert stored.obs["site"].tolist() == obs["site"]
    assert stored.obs["day"].tolist() == obs["day"].tolist()


def test_whole_numbers_are_the_same_batch_whatever_their_type() -> None:
    small = SMALL | {"epochs": 1}
    found = estimator(batch="day", **small).fit(cells(COUNTS, obs={"day": BATCHES}))
    as_floats = cells(COUNTS, obs={"day": BATCHES.astype(float)})
    np.testing.assert_array_equal(found.predict(as_floats), found.labels_)
