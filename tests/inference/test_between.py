import numpy as np
import pytest
import torch

from builders import CLUSTERS, images, learned, quiet, tiny, vectors
from vaecluster.inference.answers import decode
from vaecluster.inference.between import along, between, centres

pytestmark = quiet


@pytest.mark.parametrize("method", ["two-views", "su2018", "vade"])
def test_the_middle_of_a_cluster_is_that_of_its_likeliest_component(method: str) -> None:
    model = learned(tiny(method), vectors()).model
    means, weights = model.prior.components().mean, model.prior.weights().probs
    for cluster, middle in enumerate(centres(model)):
        own = torch.nonzero(model.grouping.cluster_of == cluster)[:, 0]
        assert torch.equal(middle, means[own[weights[own].argmax()]])


@pytest.mark.parametrize("rows", [vectors(), images()], ids=["vectors", "images"])
def test_the_way_begins_and_ends_in_the_middles_and_is_the_same_both_ways(rows: np.ndarray) -> None:
    fitted = learned(tiny("two-views"), rows)
    parts = fitted.model, fitted.schema, fitted.confidence
    there, back = between(*parts, 0, 2, 5), between(*parts, 2, 0, 5)
    ends = fitted.schema.restore(decode(fitted.model, centres(fitted.model)[[0, 2]]))
    np.testing.assert_allclose(there.rows[[0, -1]], ends, atol=1)
    np.testing.assert_allclose(there.rows, back.rows[::-1], atol=1)
    assert there.probabilities.shape == (5, CLUSTERS)
    np.testing.assert_allclose(there.probabilities.sum(1), 1)


@pytest.mark.parametrize("rows", [vectors(), images()], ids=["vectors", "images"])
@pytest.mark.parametrize("method", ["two-views", "su2018"])
def test_along_a_cluster_rows_are_the_same_each_time_with_the_mean_of_its_codes_in_the_middle(
    method: str, rows: np.ndarray
) -> None:
    fitted = learned(tiny(method), rows)
    parts = fitted.model, fitted.schema, fitted.confidence
    found = along(*parts, 1, 5).rows.astype(float)
    np.testing.assert_array_equal(found, along(*parts, 1, 5).rows)
    own = fitted.model.grouping.cluster_of == 1
    weights = fitted.model.prior.weights().probs * own
    middle = (weights / weights.sum()) @ fitted.model.prior.components().mean
    wanted = fitted.schema.restore(decode(fitted.model, middle[None]))
    spread = np.abs(found[-1] - found[0]).max()
    assert spread > 0
    assert np.abs(found[2] - wanted[0]).max() < max(1.0, spread)
