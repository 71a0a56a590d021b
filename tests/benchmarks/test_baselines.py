from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from benchmarks.baselines import (
    BASELINES,
    AutoencoderKMeansMethod,
    Baseline,
    GaussianMixtureMethod,
    KMeansMethod,
    as_vectors,
    choose_scaling,
)

Array = np.ndarray[Any, np.dtype[Any]]
QUICK: list[Baseline] = [KMeansMethod(), GaussianMixtureMethod(), AutoencoderKMeansMethod(epochs=30)]
every_baseline = pytest.mark.parametrize("method", QUICK, ids=lambda method: method.name)


def some_rows(number: int = 200, spread: float = 0.1) -> tuple[Array, Array]:
    """Three groups, (rows, 4), and which row is of which."""
    random = np.random.default_rng(0)
    groups = np.arange(number) % 3
    return 3 * np.eye(4)[groups] + random.normal(scale=spread, size=(number, 4)), groups


def some_images() -> tuple[Array, Array]:
    """Two groups of images in bytes, bright on the left or on the right: (60, 6, 6)."""
    groups = np.arange(60) % 2
    images = np.random.default_rng(0).integers(0, 60, (60, 6, 6))
    images[groups == 0, :, :3] += 150
    images[groups == 1, :, 3:] += 150
    return images.astype(np.uint8), groups


def test_the_tests_are_of_every_baseline() -> None:
    assert [method.name for method in QUICK] == list(BASELINES)


@every_baseline
@pytest.mark.parametrize("standardise", [True, False])
def test_clean_groups_are_found_again(method: Baseline, standardise: bool) -> None:
    rows, groups = some_rows()
    clustering = replace(method, standardise=standardise).fit(rows[:150], 3, seed=0).clustering
    assert adjusted_rand_score(groups[:150], clustering.labels_) > 0.95
    assert adjusted_rand_score(groups[150:], clustering.predict(rows[150:])) > 0.95


@every_baseline
def test_images_are_clustered_as_well(method: Baseline) -> None:
    images, groups = some_images()
    assert adjusted_rand_score(groups, method.fit(images, 2, seed=0).clustering.labels_) == 1


@every_baseline
def test_predicting_the_rows_of_the_fit_gives_their_labels(method: Baseline) -> None:
    rows, _ = some_rows(spread=1.0)
    clustering = method.fit(rows, 5, seed=0).clustering
    assert (clustering.predict(rows) == clustering.labels_).all()
    assert (clustering.predict(rows[::-1])[::-1] == clustering.labels_).all()


@every_baseline
def test_the_seed_decides_and_the_global_random_states_are_left_alone(method: Baseline) -> None:
    rows, _ = some_rows(spread=1.0)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    first, again = method.fit(rows, 5, seed=1), method.fit(rows, 5, seed=1)
    other = method.fit(rows, 5, seed=2)
    assert (first.clustering.labels_ == again.clustering.labels_).all()
    assert (first.clustering.labels_ != other.clustering.labels_).any()
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()


@pytest.mark.parametrize(
    ("method", "objective", "sign"),
    [
        (KMeansMethod(), "inertia", -1),
        (GaussianMixtureMethod(), "log_likelihood", 1),
        (AutoencoderKMeansMethod(epochs=2), "inertia", -1),
    ],
)
def test_more_restarts_never_have_a_worse_objective(method: Baseline, objective: str, sign: int) -> None:
    rows = np.random.default_rng(0).normal(size=(120, 3))

    def reached(restarts: int) -> Array:
        fits = [replace(method, restarts=restarts).fit(rows, 7, seed) for seed in range(3)]
        return np.array([sign * float(fit.facts[objective]) for fit in fits])

    one, three, ten = reached(1), reached(3), reached(10)
    assert ((one <= three) & (three <= ten)).all()
    assert (one < ten).any()


def test_units_of_columns_matter_only_where_they_are_shared() -> None:
    rows, groups = some_rows()
    rows = np.concatenate([rows, np.random.default_rng(1).normal(scale=1e4, size=(200, 1))], axis=1)
    found = {
        standardise: KMeansMethod(standardise=standardise).fit(rows, 3, seed=0).clustering.labels_
        for standardise in (True, False)
    }
    assert adjusted_rand_score(groups, found[True]) == 1
    assert adjusted_rand_score(groups, found[False]) < 0.2


def test_images_are_read_as_vectors_from_0_to_1() -> None:
    images, _ = some_images()
    for standardise in (True, False):
        vectors = as_vectors(images, choose_scaling(images, standardise=standardise))
        np.testing.assert_allclose(vectors, images.reshape(60, 36) / 255, rtol=1e-6)


def test_a_full_covariance_finds_groups_that_differ_only_in_direction() -> None:
    random = np.random.default_rng(0)
    groups = np.arange(600) % 2
    along = random.normal(size=600)
    rows = np.stack([along, np.where(groups == 0, along, -along)], axis=1) * 5 + random.normal(size=(600, 2)) * 0.1
    assert adjusted_rand_score(groups, GaussianMixtureMethod().fit(rows, 2, seed=0).clustering.labels_) > 0.85


@pytest.mark.parametrize(("number", "columns", "expected"), [(300, 4, 4), (300, 80, 50), (60, 80, 50), (10, 80, 10)])
def test_a_mixture_of_wide_rows_is_one_of_their_components(number: int, columns: int, expected: int) -> None:
    rows = np.random.default_rng(0).normal(size=(number, columns))
    outcome = GaussianMixtureMethod(restarts=1).fit(rows, 3, seed=0)
    assert outcome.settings["columns"] == expected
    assert outcome.clustering.predict(rows[:2]).shape == (2,)


def test_an_autoencoder_says_how_it_was_trained() -> None:
    rows, _ = some_rows()
    outcome = AutoencoderKMeansMethod(epochs=3).fit(rows, 3, seed=0)
    assert outcome.settings["epochs"] == 3
    assert len(outcome.facts["history"]["reconstruction"]) == 3
    assert outcome.facts["ending"] == "finished"
