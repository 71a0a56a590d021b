from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from builders import estimator, frame, quiet, vectors
from vaecluster import TwoViews, VAEClustering
from vaecluster.data.frames import FrameSource
from vaecluster.data.rows import Rows
from vaecluster.inference.imputing import MOST_COLUMNS, _regressed, filled

pytestmark = quiet

NUMBERS = ("height", "income", "visits", "day")
CATEGORIES = ("colour", "grade")


def test_missing_values_are_those_of_the_row_that_the_code_stands_for() -> None:
    rows = frame()
    model = estimator().fit(rows)
    given = Rows(FrameSource(rows), model.fitted_.schema, torch.device("cpu"))
    found, expected = filled(model.model_, given, None), model.inverse_transform(model.transform(rows))
    gaps = rows["width"].isna()
    assert gaps.any()
    assert found["width"][gaps].tolist() == expected["width"][gaps].tolist()
    assert found["width"][~gaps].tolist() == rows["width"][~gaps].tolist()


def simulated(rows: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of three kinds with a column of each kind, and the same without a fifth of their values."""
    random = np.random.default_rng(seed)
    kind = random.integers(0, 3, rows)
    noise = random.normal(size=(rows, 3))
    colours = np.array(["red", "green", "blue"])
    grades = np.clip(kind + random.integers(-1, 2, rows), 0, 3)
    whole = pd.DataFrame(
        {
            "height": 4.0 * kind + noise[:, 0],
            "income": np.exp(np.array([10, 11, 9.5])[kind] + 0.5 * noise[:, 1]),
            "visits": random.poisson(np.array([0.5, 3, 8])[kind]).astype(np.float64),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta((100 * kind + 20 * noise[:, 2]).round(), unit="D"),
            "colour": np.where(random.random(rows) < 0.7, colours[kind], colours[random.integers(0, 3, rows)]),
            "grade": pd.Categorical.from_codes(grades, list("abcd"), ordered=True),
        }
    )
    return whole, whole.mask(random.random(whole.shape) < 0.2)


@cache
def fitted() -> VAEClustering:
    kinds, method = {"income": "amount", "visits": "count"}, TwoViews(epochs=60)
    return VAEClustering(3, columns=kinds, method=method, random_state=0, device="cpu").fit(simulated(800, 0)[1])


def off(found: pd.Series, true: pd.Series) -> np.ndarray:
    """By how much, of dates in seconds, as deviations are."""
    apart = found - true
    return (apart.dt.total_seconds() if apart.dtype.kind == "m" else apart).abs().to_numpy(np.float64)


def test_new_values_are_within_two_deviations_and_categories_right_as_often_as_is_said() -> None:
    whole, holed = simulated(600, 1)
    found = fitted().imputed(holed)
    assert (set(found.deviation), set(found.probability)) == (set(NUMBERS), set(CATEGORIES))
    for name in NUMBERS:
        gone = holed[name].isna().to_numpy()
        within = (off(found.rows[name], whole[name]) < 2 * found.deviation[name])[gone].mean()
        assert 0.88 <= within <= 0.99, (name, within)
    for name in CATEGORIES:
        gone = holed[name].isna().to_numpy()
        right = (found.rows[name].astype(str) == whole[name].astype(str))[gone].mean()
        assert abs(found.probability[name][gone].mean() - right) < 0.1, (name, right)


def test_what_was_there_is_exact_and_the_rows_are_those_of_impute() -> None:
    holed = simulated(60, 2)[1]
    found = fitted().imputed(holed)
    assert found.rows.equals(fitted().impute(holed))
    for doubt, exact in ((found.deviation, 0), (found.probability, 1)):
        for name, values in doubt.items():
            there = ~holed[name].isna().to_numpy()
            assert (values[there] == exact).all()
            assert (values[~there] != exact).all()
            assert np.isfinite(values).all()


def test_a_row_is_as_sure_alone_as_among_others_and_in_an_opened_model(tmp_path: Path) -> None:
    holed = simulated(200, 3)[1]
    fitted().save(tmp_path / "model")
    opened = VAEClustering.load(tmp_path / "model", device="cpu")
    among, alone = fitted().imputed(holed), opened.imputed(holed[150:151])
    for all_, one in ((among.deviation, alone.deviation), (among.probability, alone.probability)):
        assert {name: values[150] for name, values in all_.items()} == {
            name: values[0] for name, values in one.items()
        }


@pytest.mark.parametrize("method", ["su2018", "vade"])
def test_every_method_says_it(method: str) -> None:
    found = estimator(method).fit(frame()).imputed(frame())
    gone = frame()["width"].isna().to_numpy()
    assert (found.deviation["width"][gone] > 0).all()
    assert (found.deviation["height"] == 0).all()


def test_a_category_that_the_fit_has_not_seen_is_there() -> None:
    new = frame().assign(colour=["violet", None, "red", None] * 10)
    probability = estimator().fit(frame()).imputed(new).probability["colour"]
    assert (probability[::2] == 1).all()
    assert ((probability[1::2] > 0) & (probability[1::2] < 1)).all()


def test_nothing_is_missing_in_an_array() -> None:
    found = estimator().fit(vectors()).imputed(vectors())
    assert (found.deviation, found.probability) == ({}, {})
    np.testing.assert_array_equal(found.rows, vectors())


def test_going_on_learns_the_errors_anew_only_where_the_rows_are_other_ones() -> None:
    model = estimator().fit(frame())
    first = model.fitted_.errors
    assert first is not None
    assert (first.spread.shape, bool((first.spread >= 0).all())) == ((3,), True)
    model.partial_fit(frame(seed=1))
    assert model.fitted_.errors is first
    model.set_params(warm_start=True).fit(frame(seed=1))
    assert model.fitted_.errors is not first


def test_errors_that_go_together_are_found_and_those_that_do_not_say_nothing() -> None:
    random = np.random.default_rng(0)
    seen = np.array([1.0, 30, 0]) * random.normal(size=(400, 3))
    hidden = np.full((400, 3), np.nan)
    hidden[:, 0] = seen[:, 1] / 10 + 0.1 * random.normal(size=400)
    hidden[:5, 1] = 1
    found = _regressed(seen, hidden)
    assert found is not None
    np.testing.assert_allclose(found, [[0, 0, 0], [0.1, 0, 0], [0, 0, 0]], atol=2e-3)
    assert _regressed(np.zeros((2, MOST_COLUMNS + 1)), np.zeros((2, MOST_COLUMNS + 1))) is None


def test_what_goes_together_within_clusters_is_filled_in_nearer_than_the_code_says() -> None:
    random = np.random.default_rng(0)
    kind, own = random.integers(0, 2, (400, 1)), random.normal(size=(400, 1))
    # All of a row are too large, or too small, by the same.
    whole = pd.DataFrame(8.0 * kind + own + 0.1 * random.normal(size=(400, 6)))
    holed = whole.mask(random.random(whole.shape) < 0.2)
    model = VAEClustering(2, method=TwoViews(epochs=20, latent=2), random_state=0, device="cpu").fit(holed[:300])
    rows, gone = model._given(holed[300:]), holed[300:].isna().to_numpy()
    without, found = (
        np.square(filled(model.model_, rows, errors).to_numpy() - whole[300:].to_numpy())[gone].mean()
        for errors in (None, model.fitted_.errors)
    )
    assert found < 0.8 * without
