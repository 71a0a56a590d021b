"""Numbers that break careless code: a fit on them ends, and all that it says is finite."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from builders import TINY, estimator, frame, vectors
from vaecluster import VAEClustering

# What empties clusters or overflows in rows that nobody has is not the point here.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
ROWS = vectors(60)
IMAGES = np.random.default_rng(0).random((60, 6, 6))
FIRST, THIRD = np.arange(4) == 0, np.arange(60)[:, None] == 3
MIXED = frame(60)

CASES: dict[str, Any] = {
    "tiny values": ROWS * 1e-30,
    "huge values": ROWS * 1e30,
    "values whose squares leave double precision": ROWS * 1e200,
    "the smallest numbers there are": ROWS * 1e-308,
    "huge values in single precision": (ROWS * 1e30).astype(np.float32),
    "tiny values in single precision": (ROWS * 1e-30).astype(np.float32),
    "columns of very different size": ROWS * np.array([1e-30, 1.0, 1e30, 1e5]),
    "a constant column": np.where(FIRST, 7.0, ROWS),
    "a constant column of huge values": np.where(FIRST, 1e30, ROWS),
    "constant but for rounding": np.where(FIRST, 1e9 + np.spacing(1e9) * (np.arange(60)[:, None] % 2), ROWS),
    "all columns but one constant": np.where(FIRST, ROWS, 1.0),
    "one huge outlier": np.where(FIRST & THIRD, 1e30, ROWS),
    "one outlier beyond all squares": np.where(FIRST & THIRD, 1e300, ROWS),
    "a far offset": ROWS + 1e12,
    "every row ten times": np.repeat(ROWS[:6], 10, axis=0),
    "two different rows": np.repeat(ROWS[:2], 30, axis=0),
    "half precision": ROWS.astype(np.float16),
    "64-bit whole numbers": (ROWS * 1e17).astype(np.int64),
    "truth values": ROWS.mean(0) < ROWS,
    "images of huge values": IMAGES * 1e30,
    "images of tiny values": IMAGES * 1e-30,
    "images over the whole range of doubles": (IMAGES - 0.5) * 1.7e308,
    "images with one huge pixel": np.where(THIRD[..., None] & FIRST[0], 1e30, IMAGES),
    "images that are all black but one": np.where(THIRD[..., None], IMAGES, 0.0),
    "a frame of huge values": MIXED.assign(height=1e200 * MIXED["height"]),
    "a frame that is nearly all gaps": MIXED.assign(width=MIXED["width"].where(MIXED.index < 2)),
    "a frame of one category": MIXED.assign(colour="red"),
}
PLAIN = {"vectors": ROWS, "images": IMAGES}
HARD = ("huge values", "tiny values", "one huge outlier", "a far offset")
READINGS = (("gaussian-learned", "columns"), ("gaussian", "common"), ("gaussian-learned", "common"))
# All methods read rows alike: the default one meets every case, each of the others every third in turn.
DEFAULTS = [
    (method, name, {})
    for turn, name in enumerate(CASES)
    for number, method in enumerate(TINY)
    if number == 0 or (turn + number) % 3 == 0
]
OTHERS = [
    (method, name, {"likelihood": likelihood, "scaling": scaling})
    for number, method in enumerate(TINY)
    for turn, name in enumerate(HARD)
    for place, (likelihood, scaling) in enumerate(READINGS)
    if number == 0 or (turn + number + place) % 3 == 0
]


@pytest.mark.parametrize(("method", "name", "choice"), DEFAULTS + OTHERS, ids=str)
def test_a_fit_on_hard_numbers_ends_and_says_finite_things(method: str, name: str, choice: dict[str, Any]) -> None:
    X = CASES[name]
    model = estimator(method, **choice).fit(X)
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    assert (model.labels_ == probabilities.argmax(1)).all()
    assert not model.history_.rolled_back
    new = model.sample(5)
    numbers = new.select_dtypes("number").to_numpy() if name.startswith("a frame") else new
    for values in (probabilities, model.transform(X), model.score_samples(X), model.outlier_score(X), numbers):
        assert np.isfinite(values).all()
    if isinstance(X, np.ndarray):
        assert new.dtype == X.dtype


@cache
def of_plain_rows(method: str, kind: str) -> VAEClustering:
    return estimator(method, outlier_fraction=0.1).fit(PLAIN[kind])


@pytest.mark.parametrize("method", TINY)
@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("far", [1e6, 1e20, 3.4e38, 1.7e308])
def test_rows_unlike_any_of_the_fit_get_probabilities_and_are_outliers(method: str, kind: str, far: float) -> None:
    model, shape = of_plain_rows(method, kind), PLAIN[kind].shape
    rows = far * np.random.default_rng(0).uniform(0.5, 1, shape) * np.where(np.arange(shape[-1]) % 2, 1, -1)
    probabilities = model.predict_proba(rows)
    assert ((probabilities >= 0) & (probabilities <= 1 + 1e-12)).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=0, atol=1e-12)
    assert (model.predict(rows, outlier_fraction=0) == probabilities.argmax(1)).all()
    assert (model.predict(rows) == -1).all()
    score, bound = model.outlier_score(rows), model.score_samples(rows)
    assert np.isfinite(bound).all()
    assert (score > 0.8).all()
    assert (score < 1).all()
    assert np.isfinite(model.transform(rows)).all()
