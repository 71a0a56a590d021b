from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator

import builders
from builders import quiet
from vaecluster import VAEClustering
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.given import given_rows
from vaecluster.data.room import NO_LIMIT, Room
from vaecluster.errors import DataError
from vaecluster.inference.profile import ENTRY, MOST, Difference, named_profile, profile

LABELS = np.array([0] * 10 + [1] * 30)
NOISE = np.arange(40) % 2


def of(frame: Any, labels: np.ndarray = LABELS, clusters: int = 2) -> list[list[Difference]]:
    return profile(given_rows(BaseEstimator(), frame), labels, clusters)


def test_numbers_differ_by_their_means_in_standard_deviations() -> None:
    income = np.where(LABELS == 0, 73_000.0, 30_000.0) + 1000 * NOISE
    (first,), (second,) = of(pl.DataFrame({"income": income.tolist(), "noise": NOISE.tolist()}))
    assert (first.column, first.value) == ("income", None)
    assert (first.inside, first.overall) == pytest.approx((73_500, 41_250))
    assert first.effect == pytest.approx((73_500 - 41_250) / income.std())
    assert first.words == "income: 73,500 against 41,200 in all rows"
    assert (second.column, second.effect < 0) == ("income", True)


def test_a_mean_of_0_is_said_as_0() -> None:
    visits = np.where(LABELS == 0, 0.0, 0.3 + np.arange(40) / 7)
    first = of(pl.DataFrame({"visits": visits.tolist(), "noise": NOISE.tolist()}))[0][0]
    assert (first.inside, first.words) == (0, "visits: 0 against 2.85 in all rows")


def test_categories_differ_by_their_shares() -> None:
    city = np.where(LABELS == 0, "Ulm", np.where(NOISE, "Ulm", "Köln")).tolist()
    (first,), (second,) = of(pl.DataFrame({"city": city, "noise": NOISE.tolist()}))
    assert (first.value, first.inside, first.overall) == ("Ulm", 1.0, 0.625)
    assert first.effect == pytest.approx(0.375 / (0.625 * 0.375) ** 0.5)
    assert first.words == "city: Ulm in 100 % of its rows against 62 % of all rows"
    assert second.value == "Köln"


def test_dates_are_said_as_dates() -> None:
    days = [date(2020, 1, 1) + timedelta(400 * int(label)) for label in LABELS]
    words = of(pl.DataFrame({"since": days}))[0][0].words
    assert words == "since: 2020-01-01 against 2020-10-27 in all rows"


def test_missing_values_and_rows_without_a_cluster_are_left_out() -> None:
    income = [5.0] * 10 + [1.0] * 20 + [None] * 10
    labels = np.where(np.arange(40) == 0, -1, LABELS)
    first = of(pl.DataFrame({"income": income}), labels)[0][0]
    assert (first.inside, first.overall) == pytest.approx((5, 70 / 30))


def test_an_empty_cluster_and_one_like_all_have_nothing_to_say() -> None:
    found = of(pl.DataFrame({"noise": NOISE.tolist(), "other": (1 - NOISE).tolist()}), clusters=3)
    assert found == [[], [], []]


def test_the_largest_differences_are_named_first_and_no_more_than_a_few() -> None:
    steps = {f"c{n}": (LABELS * (n + 1) + 4 * NOISE).tolist() for n in range(8)}
    found = of(pl.DataFrame(steps))[0]
    assert len(found) == MOST
    assert [one.column for one in found] == ["c7", "c6", "c5", "c4", "c3"]


def test_arrays_have_numbers_for_names_and_images_have_no_columns() -> None:
    assert [one.column for some in of(np.column_stack([NOISE, LABELS]).astype(float)) for one in some] == ["1", "1"]
    with pytest.raises(DataError, match="images, which have no columns"):
        of(np.zeros((40, 3, 3)))


def test_sparse_rows_differ_as_dense_ones_do() -> None:
    values = np.stack([LABELS * 3.0, NOISE * 1.0, np.zeros(40)], 1)
    assert of(csr_array(values)) == of(values)
    assert [one.column for some in of(csr_array(values)) for one in some] == ["0", "0"]


def test_of_more_rows_than_there_is_room_for_a_sample_says_what_sets_clusters_apart() -> None:
    labels = np.arange(1000) % 2
    given = given_rows(BaseEstimator(), pl.DataFrame({"age": labels * 5, "job": np.where(labels, "cook", "baker")}))
    schema = given.source.schema(Reading("gaussian", "columns"))
    whole = named_profile(given, schema, labels, 2, NO_LIMIT)
    sampled = named_profile(given, schema, labels, 2, Room(100 * 4 * 2 * ENTRY))
    assert whole == profile(given, labels, 2)
    assert sampled is not None
    assert sampled != whole
    assert [{one.column for one in some} for some in sampled] == [{"age", "job"}] * 2


@quiet
@pytest.mark.parametrize("X", [builders.frame(), builders.number_frame()], ids=["mixed", "numbers"])
def test_a_fit_keeps_what_sets_clusters_apart_in_its_rows(X: Any, tmp_path: Path) -> None:
    model = builders.estimator().fit(X)
    model.save(tmp_path / "model")
    assert model.fitted_.profile == model.profile(X)
    assert VAEClustering.load(tmp_path / "model").fitted_.profile == model.fitted_.profile
    assert model.cut(2).fitted_.profile is None
    assert model.cut(2, X).fitted_.profile == model.cut(2).profile(X)


@quiet
@pytest.mark.parametrize("X", [builders.vectors(), builders.images()], ids=["array", "images"])
def test_of_columns_without_names_a_fit_keeps_nothing(X: Any) -> None:
    assert builders.estimator().fit(X).fitted_.profile is None
