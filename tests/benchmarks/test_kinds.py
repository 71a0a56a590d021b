from dataclasses import replace

import numpy as np
import pytest

from benchmarks.kinds import KIND_OF_NAME, KINDS, LogShares, kind_of, prepare
from vaecluster.data.dataset import DataSet
from vaecluster.errors import SettingError
from vaecluster.views.presets import views_of

PREPARED = [name for name, kind in KINDS.items() if kind.preparation is not None]


def some_counts(seed: int = 0) -> DataSet:
    random = np.random.default_rng(seed)
    counts = random.poisson(random.gamma(1.0, 3.0, (80, 60))).astype(np.uint16)
    counts[:, 7] = 0
    return DataSet("counts", counts[:60], None, counts[60:], None)


def test_every_named_data_set_has_a_kind_and_every_kind_has_views() -> None:
    assert set(KIND_OF_NAME.values()) <= set(KINDS)
    for kind in KINDS.values():
        views_of(kind.views, "images" if kind.name in ("images", "digits", "clothes") else "vectors")


def test_an_unknown_data_set_is_images_or_vectors_by_its_layout() -> None:
    assert kind_of(DataSet("mine", np.zeros((5, 3)))).name == "vectors"
    assert kind_of(DataSet("mine", np.zeros((5, 3, 3)))).name == "images"
    assert kind_of(DataSet("pendigits", np.zeros((5, 3))), "counts").name == "counts"


def test_an_unknown_kind_is_named_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match=r"'genes'.*counts"):
        kind_of(DataSet("mine", np.zeros((5, 3))), "genes")


@pytest.mark.parametrize("name", ["images", "digits", "vectors", "embeddings"])
def test_rows_of_the_other_kinds_stay_as_they_are(name: str) -> None:
    data = some_counts()
    assert prepare(data, KINDS[name]) is data


@pytest.mark.parametrize("name", PREPARED)
def test_prepared_training_rows_do_not_depend_on_held_out_rows(name: str) -> None:
    data, other = some_counts(), some_counts(1)
    assert data.x_test is not None
    whole = prepare(data, KINDS[name])
    np.testing.assert_array_equal(whole.x_train, prepare(replace(data, x_test=None), KINDS[name]).x_train)
    np.testing.assert_array_equal(whole.x_train, prepare(replace(data, x_test=other.x_test), KINDS[name]).x_train)
    one = prepare(replace(data, x_test=data.x_test[3:4]), KINDS[name])
    assert whole.x_test is not None
    assert one.x_test is not None
    np.testing.assert_allclose(one.x_test, whole.x_test[3:4], atol=1e-5)


@pytest.mark.parametrize("name", PREPARED)
def test_a_held_out_row_is_prepared_as_the_same_row_of_the_fit(name: str) -> None:
    data = some_counts()
    prepared = prepare(replace(data, x_test=data.x_train), KINDS[name])
    assert prepared.x_test is not None
    np.testing.assert_allclose(prepared.x_test, prepared.x_train, atol=1e-4)


@pytest.mark.parametrize("name", PREPARED)
def test_prepared_rows_are_the_same_each_time_and_labels_stay(name: str) -> None:
    data = replace(some_counts(), y_train=np.arange(60) % 3)
    first, again = prepare(data, KINDS[name]), prepare(data, KINDS[name])
    np.testing.assert_array_equal(first.x_train, again.x_train)
    assert first.y_train is data.y_train
    assert len(first.x_train) == len(data.x_train)


def test_counts_become_as_many_components_as_there_can_be_but_at_most_50() -> None:
    data = some_counts()
    assert prepare(data, KINDS["counts"]).x_train.shape == (60, 50)
    assert prepare(replace(data, x_train=data.x_train[:20]), KINDS["counts"]).x_train.shape == (20, 20)


@pytest.mark.parametrize("factor", [2, 7])
def test_how_deeply_a_row_was_counted_does_not_matter(factor: int) -> None:
    counts = some_counts().x_train
    shares = LogShares().fit(counts)
    np.testing.assert_allclose(shares.transform(factor * counts[:5]), shares.transform(counts[:5]), rtol=1e-5)


def test_the_logarithms_are_of_counts_at_the_median_total() -> None:
    counts = np.array([[1, 0, 1], [4, 0, 4], [9, 0, 0]])
    expected = np.log1p([[4, 4], [4, 4], [8, 0]])
    np.testing.assert_allclose(LogShares().fit_transform(counts), expected, rtol=1e-6)


def test_a_row_without_counts_stays_zero() -> None:
    shares = LogShares().fit(some_counts().x_train)
    assert (shares.transform(np.zeros((1, 60), np.uint16)) == 0).all()


def test_columns_without_counts_in_the_fit_change_nothing() -> None:
    counts = some_counts().x_train
    np.testing.assert_array_equal(
        LogShares().fit_transform(counts), LogShares().fit_transform(np.delete(counts, 7, axis=1))
    )


def test_prepared_text_has_unit_length() -> None:
    prepared = prepare(some_counts(), KINDS["text"])
    assert prepared.x_test is not None
    for rows in (prepared.x_train, prepared.x_test):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)


def test_images_cannot_be_counts() -> None:
    with pytest.raises(SettingError, match="images"):
        prepare(DataSet("mine", np.zeros((5, 3, 3))), KINDS["counts"])
