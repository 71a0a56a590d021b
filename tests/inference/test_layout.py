"""Codes in the plane."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier

from vaecluster.errors import DataError
from vaecluster.files.container import read_content, write_content
from vaecluster.inference import layout as module
from vaecluster.inference.layout import Layout


def some_codes(rows=120, latent=6):
    return make_blobs(rows, n_features=latent, centers=4, random_state=0)


def test_the_same_codes_and_seed_give_the_same_layout_and_another_seed_another_one():
    codes, _ = some_codes()
    first, again, other = (Layout.learned(codes, seed)(codes) for seed in (0, 0, 1))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_a_place_does_not_depend_on_the_rows_beside_it():
    codes, _ = some_codes()
    layout = Layout.learned(codes)
    assert layout(codes)[7:9].tobytes() == layout(codes[7:9]).tobytes()
    assert layout(codes[:0]).shape == (0, 2)


def test_a_layout_from_a_file_places_as_before(tmp_path):
    codes, _ = some_codes()
    layout = Layout.learned(codes)
    write_content(tmp_path / "layout", layout.content())
    assert Layout.of(read_content(tmp_path / "layout"))(codes).tobytes() == layout(codes).tobytes()


def test_groups_stay_together_and_new_rows_find_theirs():
    codes, groups = some_codes(400)
    layout = Layout.learned(codes[:300])
    nearest = KNeighborsClassifier(5).fit(layout(codes[:300]), groups[:300])
    assert nearest.score(layout(codes[300:]), groups[300:]) == 1


def test_near_codes_are_near_in_the_plane_far_more_than_in_principal_components():
    codes = PCA(20, random_state=0).fit_transform(load_digits().data[:700])
    assert trustworthiness(codes, Layout.learned(codes)(codes)) > 0.94
    assert trustworthiness(codes, codes[:, :2]) < 0.85


def test_learned_from_a_sample_all_rows_have_a_place(monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 100)
    codes, groups = some_codes(300)
    places = Layout.learned(codes)(codes)
    assert KNeighborsClassifier(5).fit(places[:150], groups[:150]).score(places[150:], groups[150:]) > 0.95


@pytest.mark.parametrize(
    "codes",
    [
        np.zeros((1, 3)),
        np.eye(2),
        np.eye(3),
        np.zeros((50, 4)),
        np.arange(40.0)[:, None],
        np.repeat(np.eye(4), 10, axis=0),
        1e12 * np.random.default_rng(0).normal(size=(30, 5)),
    ],
    ids=["one row", "two", "three", "all equal", "one entry", "copies", "large"],
)
def test_odd_codes_have_finite_places_within_the_picture(codes):
    places = Layout.learned(codes)(codes)
    assert places.shape == (len(codes), 2)
    assert np.isfinite(places).all()
    assert np.abs(places).max() <= 1 + 1e-5


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros(4), r"shape \(4,\); expected \(rows, 4\)"),
        (np.zeros((2, 3)), r"shape \(2, 3\); expected \(rows, 4\)"),
        (np.full((2, 4), np.nan), "not finite"),
        ([["a"] * 4], "no number"),
    ],
)
def test_what_is_no_table_of_codes_is_refused(codes: Any, message: str) -> None:
    layout = Layout.learned(np.eye(4)[:3])
    with pytest.raises(DataError, match=message):
        layout(codes)
    with pytest.raises(DataError, match="no row"):
        Layout.learned(np.empty((0, 4)))
