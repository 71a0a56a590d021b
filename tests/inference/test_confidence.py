import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from vaecluster.inference.confidence import Confidence, with_largest

ROWS, COMPONENTS, LATENT, CLUSTERS = 400, 6, 2, 3
RANDOM = np.random.default_rng(0)
CLUSTER_OF = np.array([0, 0, 1, 1, 1, 2])


def sums(components: NDArray[np.float64]) -> NDArray[np.float64]:
    return components @ np.eye(CLUSTERS)[CLUSTER_OF]


@pytest.fixture
def assigned() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    codes = RANDOM.normal(size=(ROWS, LATENT))
    return softmax(8 * codes @ RANDOM.normal(size=(LATENT, COMPONENTS)), 1), codes


def asked(confidence: Confidence, own: NDArray[np.float64], codes: NDArray[np.float64]) -> NDArray[np.float64]:
    return confidence.components(torch.from_numpy(own), torch.from_numpy(codes)).numpy()


def test_probabilities_that_are_a_softmax_of_the_code_are_learned(
    assigned: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    own, codes = assigned
    target = softmax(codes @ RANDOM.normal(size=(LATENT, CLUSTERS)), 1)
    found = asked(Confidence.fitted(own, codes, target, CLUSTER_OF), own, codes)
    np.testing.assert_allclose(sums(found), target, atol=0.03)


def test_components_share_what_their_cluster_has_as_before(
    assigned: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    own, codes = assigned
    found = asked(Confidence.fitted(own, codes, np.full((ROWS, CLUSTERS), 1 / 3), CLUSTER_OF), own, codes)
    np.testing.assert_allclose(sums(found), 1 / 3, atol=1e-3)
    np.testing.assert_allclose(found / sums(found)[:, CLUSTER_OF], own / sums(own)[:, CLUSTER_OF])


def test_a_component_without_any_probability_takes_none_from_the_others() -> None:
    own, codes = np.tile([1.0, 0, 0, 0, 0, 0], (ROWS, 1)), RANDOM.normal(size=(ROWS, LATENT))
    found = asked(Confidence.fitted(own, codes, np.tile([0.5, 0.3, 0.2], (ROWS, 1)), CLUSTER_OF), own, codes)
    np.testing.assert_allclose(sums(found), np.tile([0.5, 0.3, 0.2], (ROWS, 1)), atol=1e-3)


@pytest.mark.parametrize("clusters", [1, 2, 3, 10])
def test_the_cluster_stays_the_likeliest_whatever_is_said_of_it(clusters: int) -> None:
    said = RANDOM.dirichlet(np.full(clusters, 0.2), ROWS)
    said[:clusters] = np.eye(clusters)
    cluster = RANDOM.integers(0, clusters, ROWS)
    found = with_largest(torch.from_numpy(said), torch.from_numpy(cluster)).numpy()
    own = said[np.arange(ROWS), cluster]
    assert found.argmax(1).tolist() == cluster.tolist()
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(1), 1)
    np.testing.assert_allclose(found.max(1), np.maximum(own, 1 / clusters), atol=1e-6)
    right = said.argmax(1) == cluster
    np.testing.assert_allclose(found[right], said[right], atol=1e-8)
