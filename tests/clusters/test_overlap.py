import numpy as np
import pytest
from scipy.special import ndtr

from vaecluster.clusters.boundary import APART, Null
from vaecluster.clusters.joint import Matrix
from vaecluster.clusters.overlap import bounded, discriminants, mixture_posterior

RANDOM = np.random.default_rng(0)
# With it no two clusters are apart.
CROSSED = Null(1e-9, 1.0)


def pair(distance: float, rows: int = 4000, share: float = 0.5) -> tuple[Matrix, np.ndarray]:
    """Two Gaussians of variance 1 in three columns, their means so far apart, and which one each row is of."""
    truth = (RANDOM.random(rows) >= share).astype(int)
    points = RANDOM.normal(size=(rows, 3))
    points[:, 0] += distance * truth
    return points, truth


def one_hot(clusters: np.ndarray, number: int = 2) -> Matrix:
    return np.eye(number)[clusters]


@pytest.mark.parametrize("distance", [1.5, 2.0, 3.0, 6.0])
def test_a_cut_between_two_gaussians_is_as_unsure_as_it_is_wrong(distance: float) -> None:
    points, truth = pair(distance)
    clusters = (points[:, 0] > distance / 2).astype(int)
    posterior = mixture_posterior(discriminants(points, clusters, 2), one_hot(clusters))
    confidence = posterior[np.arange(len(points)), clusters]
    assert confidence.mean() == pytest.approx((clusters == truth).mean(), abs=0.03)
    assert confidence.mean() == pytest.approx(ndtr(distance / 2), abs=0.03)


def test_clusters_of_unequal_sizes_are_as_unsure_as_they_are_wrong() -> None:
    points, truth = pair(2.5, share=0.85)
    clusters = (points[:, 0] > 1.25).astype(int)
    posterior = mixture_posterior(discriminants(points, clusters, 2), one_hot(clusters))
    assert posterior[np.arange(len(points)), clusters].mean() == pytest.approx((clusters == truth).mean(), abs=0.03)


def test_neither_units_nor_directions_of_columns_matter() -> None:
    points, _ = pair(2.0, rows=500)
    clusters = (points[:, 0] > 1).astype(int)
    turned = points @ RANDOM.normal(size=(3, 3)) * 7 + 5
    one, other = (mixture_posterior(discriminants(rows, clusters, 2), one_hot(clusters)) for rows in (points, turned))
    np.testing.assert_allclose(one, other, atol=0.02)


def test_an_empty_cluster_and_rows_that_are_all_the_same_give_probabilities() -> None:
    same, clusters = np.ones((20, 2)), np.zeros(20, dtype=int)
    for points in (same, RANDOM.normal(size=(20, 2))):
        posterior = mixture_posterior(discriminants(points, clusters, 3), one_hot(clusters, 3))
        np.testing.assert_allclose(posterior.sum(1), 1)


def test_clusters_that_no_pair_crosses_do_not_overlap() -> None:
    clusters = np.repeat([0, 1], 50)
    near = np.where(clusters[:, None] == 0, RANDOM.integers(0, 50, (100, 5)), RANDOM.integers(50, 100, (100, 5)))
    unsure = np.full((100, 2), 0.5)
    np.testing.assert_allclose(bounded(unsure, clusters, near, CROSSED), one_hot(clusters), atol=1e-6)


def test_the_overlap_of_clusters_that_are_not_apart_stays() -> None:
    clusters = np.repeat([0, 1], 50)
    near = RANDOM.integers(0, 100, (100, 5))
    unsure = np.full((100, 2), 0.5)
    np.testing.assert_allclose(bounded(unsure, clusters, near, CROSSED), unsure)


def test_clusters_that_are_apart_overlap_as_much_as_gaussians_with_such_a_boundary() -> None:
    rows, density = 100_000, 0.1
    clusters = np.repeat([0, 1], rows // 2)
    # Pairs that cross by a tenth of what they would by chance, which is what this null expects.
    crosses = RANDOM.random((rows, 5)) < density / 2
    near = np.where((clusters[:, None] == 1) != crosses, rows - 1, 0)
    found = bounded(np.full((rows, 2), 0.5), clusters, near, Null(1.0, 1.0))
    assert density < APART
    # A density of phi(d) / phi(0) at the boundary leaves an error of Phi(-d).
    assert 1 - found[np.arange(rows), clusters].mean() == pytest.approx(ndtr(-np.sqrt(-2 * np.log(density))), rel=0.1)
