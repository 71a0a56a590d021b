import numpy as np
import pytest

from vaecluster.errors import DataError
from vaecluster.inference.doubt import MOST_SCORES, Calibration, doubted, held_out_rows


@pytest.mark.parametrize("fraction", [0.01, 0.05, 0.2])
def test_of_rows_like_those_held_out_at_most_the_fraction_are_outliers(fraction: float) -> None:
    # Over many draws of both: the promise is about the mean, and exact but for the noise of 400 draws.
    random, shares = np.random.default_rng(0), []
    for _ in range(400):
        calibration = Calibration.of(random.normal(size=held_out_rows(10_000, fraction)), held_out=True)
        bounds = random.normal(size=200)
        zeros = np.zeros(200, dtype=int)
        labels = doubted(zeros, np.ones(200), calibration.outlier_score(bounds), 0.0, fraction)
        shares.append((labels == -1).mean())
    error = np.std(shares) / np.sqrt(len(shares))
    assert np.mean(shares) <= fraction + 3 * error
    assert np.mean(shares) >= 0.8 * fraction


def test_the_less_likely_a_row_the_higher_its_score() -> None:
    random = np.random.default_rng(0)
    calibration = Calibration.of(random.normal(size=99), held_out=True)
    bounds = np.sort(random.normal(size=50))
    scores = calibration.outlier_score(bounds)
    assert (np.diff(scores) <= 0).all()
    assert scores.min() >= 0
    assert scores.max() < 1
    assert calibration.outlier_score(np.array([-1e300]))[0] == 0.99


def test_a_row_exactly_as_sure_as_asked_keeps_its_cluster() -> None:
    labels = doubted(np.array([0, 1, 2]), np.array([0.4, 0.5, 0.6]), None, 0.5, 0.0)
    assert labels.tolist() == [-1, 1, 2]


@pytest.mark.parametrize("number", [19, 20, 99, 999])
@pytest.mark.parametrize("fraction", [0.05, 0.1, 1 / 3])
def test_the_unlikeliest_row_is_an_outlier_where_there_are_rows_enough_to_tell(number: int, fraction: float) -> None:
    calibration = Calibration.of(np.arange(number, dtype=float), held_out=True)
    scores = calibration.outlier_score(np.array([-1.0]))
    assert doubted(np.array([4]), np.ones(1), scores, 0.0, fraction).tolist() == [-1]


@pytest.mark.parametrize("rows", [150, 1_000, 60_000, 10**9])
@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.5])
def test_enough_rows_are_held_out_and_not_too_many(rows: int, fraction: float) -> None:
    number = held_out_rows(rows, fraction)
    assert 1 / (number + 1) <= fraction
    assert number <= 0.2 * rows
    assert number <= MOST_SCORES


def test_a_small_fraction_of_few_rows_is_refused_with_what_would_do() -> None:
    with pytest.raises(
        DataError, match=r"needs 100 rows held out, but of 300 rows at most 60 are\. Give at least 500"
    ):
        held_out_rows(300, 0.01)
    assert held_out_rows(500, 0.01) == 100
