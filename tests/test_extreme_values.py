"""Numbers that break careless code: a fit on them ends, and all that it says is finite."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from vaecluster import VAEClustering
from vaecluster.errors import VaeclusterError

ROWS = make_blobs(120, n_features=4, centers=3, random_state=0)[0]
IMAGES = np.random.default_rng(0).random((60, 6, 6))
SMALL = {"epochs": 3, "hidden": (16,), "latent": 2, "random_state": 0}


def with_column(value):
    rows = ROWS.copy()
    rows[:, 1] = value
    return rows


def with_outlier(value):
    rows = ROWS.copy()
    rows[7, 2] = value
    return rows


CASES = {
    "tiny values": ROWS * 1e-30,
    "huge values": ROWS * 1e30,
    "values whose squares leave double precision": ROWS * 1e200,
    "the smallest numbers there are": ROWS * 1e-308,
    "huge values in single precision": (ROWS * 1e30).astype(np.float32),
    "tiny values in single precision": (ROWS * 1e-30).astype(np.float32),
    "columns of very different size": ROWS * np.array([1e-30, 1.0, 1e30, 1e5]),
    "a constant column": with_column(7.0),
    "a constant column of huge values": with_column(1e30),
    "a column that is constant but for rounding": with_column(1e9) + np.spacing(1e9) * (np.arange(120) % 2)[:, None],
    "all columns but one constant": np.column_stack([np.ones((120, 3)), ROWS[:, 0]]),
    "one huge outlier": with_outlier(1e30),
    "one outlier beyond all squares": with_outlier(1e300),
    "a far offset": ROWS + 1e12,
    "every row ten times": np.repeat(ROWS[:12], 10, axis=0),
    "two different rows": np.repeat(ROWS[:2], 60, axis=0),
    "half precision": ROWS.astype(np.float16),
    "64-bit whole numbers": (ROWS * 1e17).astype(np.int64),
    "truth values": ROWS.mean(0) < ROWS,
    "images of huge values": IMAGES * 1e30,
    "images of tiny values": IMAGES * 1e-30,
    "images over the whole range of doubles": (IMAGES - 0.5) * 1.7e308,
    "images with one huge pixel": np.where(np.arange(60)[:, None, None] == 3, 1e30, IMAGES),
    "images that are all black but one": np.where(np.arange(60)[:, None, None] == 3, IMAGES, 0.0),
}


@pytest.mark.parametrize("preset", ["shared", "su2018"])
@pytest.mark.parametrize("name", CASES)
def test_a_fit_on_hard_numbers_ends_and_says_finite_things(name: str, preset: str) -> None:
    X = CASES[name]
    with warnings.catch_warnings():
        # Clusters may well be empty here; numbers that overflow are not what is warned of.
        warnings.filterwarnings("ignore", category=UserWarning)
        model = VAEClustering(3, preset=preset, **SMALL).fit(X)
        probabilities = model.predict_proba(X)
        codes, bounds, scores = model.transform(X), model.score_samples(X), model.outlier_score(X)
        new = model.sample(5)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    for values in (probabilities, codes, bounds, scores, new):
        assert np.isfinite(values).all()
    assert new.dtype == X.dtype
    assert np.array_equal(model.labels_, model.predict(X))
    assert not model.history_.rolled_back


@pytest.mark.parametrize("scaling", ["columns", "common"])
@pytest.mark.parametrize("likelihood", ["gaussian", "gaussian-learned"])
@pytest.mark.parametrize("name", ["huge values", "tiny values", "one huge outlier", "a far offset"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_so_it_does_with_other_parts(name: str, likelihood: str, scaling: str) -> None:
    X = CASES[name]
    try:
        model = VAEClustering(3, likelihood=likelihood, scaling=scaling, **SMALL).fit(X)
    except VaeclusterError as error:
        raise AssertionError(str(error)) from None
    assert np.isfinite(model.score_samples(X)).all()
    assert np.isfinite(model.sample(5)).all()
