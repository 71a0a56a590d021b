"""Bayes' rule against densities that are known in closed form."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Normal

from builders import estimator, quiet, rows_of, vectors
from vaecluster.data.rows import Rows
from vaecluster.errors import SettingError
from vaecluster.inference import bayes
from vaecluster.inference.answers import bounds
from vaecluster.inference.bayes import by_bayes, log_likelihoods
from vaecluster.model.cluster_posterior import BayesPosterior
from vaecluster.model.decoder import Decoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.full_covariance import LearnedCovarianceComponents
from vaecluster.model.grouping import Grouping
from vaecluster.model.likelihood import Gaussian
from vaecluster.model.prior import Components, FixedScaleComponents, GivenWeights, LearnedScaleComponents, MixturePrior
from vaecluster.model.vae import ClusteringVAE

SHARES, MEANS, PRECISION = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([[-1.0], [0.2], [1.5]]), 4.0
GROUPINGS = pytest.mark.parametrize("cluster_of", [[0, 1, 2], [0, 1, 0], [0, 0, 0]])
# p(z|c) is N(mean_c, 1) whatever the shape is called.
SHAPES = {"fixed": FixedScaleComponents, "learned": LearnedScaleComponents, "full": LearnedCovarianceComponents}


def layer(weight: float, bias: float) -> nn.Linear:
    made = nn.Linear(1, 1)
    nn.init.constant_(made.weight, weight)
    nn.init.constant_(made.bias, bias)
    return made


def model_of(cluster_of: list[int], components: Components | None = None) -> ClusteringVAE:
    """p(x|c) = N(mean_c, 1 + 1 / precision), with a q(z|x) that is a little off and a little too wide."""
    encoder = Encoder(nn.Identity(), nn.Identity(), 1, 1)
    encoder.mean, encoder.log_variance = layer(0.7, 0.1), layer(0.0, float(np.log(0.3)))
    prior = MixturePrior(components or FixedScaleComponents(MEANS), GivenWeights(SHARES))
    decoder = Decoder(layer(1.0, 0.0), Gaussian((1,), PRECISION))
    grouping = Grouping(torch.tensor(cluster_of), max(cluster_of) + 1)
    return ClusteringVAE(encoder, decoder, prior, BayesPosterior(), grouping)


def points() -> Rows:
    return rows_of(np.linspace(-4, 5, 40)[:, None])


def exact(cluster_of: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """log p(x|y) and p(y|x) of the points: (rows, clusters) each."""
    rows = points()[slice(None)].double()
    joint = Normal(MEANS.T.double(), (1 + 1 / PRECISION) ** 0.5).log_prob(rows) + SHARES.log()
    members = torch.eye(max(cluster_of) + 1, dtype=torch.float64)[cluster_of]
    together = (joint.exp() @ members).numpy()
    return np.log(together / (SHARES.double() @ members).numpy()), together / together.sum(1, keepdims=True)


@GROUPINGS
@pytest.mark.parametrize("shape", SHAPES)
def test_likelihoods_and_probabilities_are_the_exact_ones(
    cluster_of: list[int], shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bayes, "DRAWS", 500)
    model = model_of(cluster_of, SHAPES[shape](MEANS))
    likelihoods, probabilities = exact(cluster_of)
    np.testing.assert_allclose(log_likelihoods(model, points()), likelihoods, atol=0.08)
    np.testing.assert_allclose(by_bayes(model, points()), probabilities, atol=0.02)


def test_the_usual_draws_are_near_the_exact_probabilities_and_on_average_not_above_the_evidence() -> None:
    likelihoods, probabilities = exact([0, 1, 2])
    found = log_likelihoods(model_of([0, 1, 2]), points())
    assert (found - likelihoods).mean() < 0.02
    assert np.abs(by_bayes(model_of([0, 1, 2]), points()) - probabilities).max() < 0.1


def test_the_estimate_of_the_evidence_is_above_the_bound() -> None:
    model = model_of([0, 1, 2])
    evidence = np.log(np.exp(log_likelihoods(model, points())) @ SHARES.numpy())
    assert (evidence - bounds(model, points())).mean() > 0


@quiet
@pytest.mark.parametrize("method", ["two-views", "su2018", "vade", "dgg", "dec", "stepwise"])
def test_every_method_can_be_asked_by_bayes_rule_whatever_rows_come_with_a_row(method: str) -> None:
    model = estimator(method).fit(vectors())
    found = model.predict_proba(vectors(), by="bayes")
    assert found.shape == (40, 3)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-12)
    np.testing.assert_array_equal(model.predict_proba(vectors()[7:9], by="bayes"), found[7:9])
    posterior = model.predict_proba(vectors(), by="posterior")
    np.testing.assert_array_equal(posterior.argmax(1), model.predict(vectors()))


@quiet
def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(SettingError, match=r"by is 'labels'; expected one of 'confidence', 'posterior', 'bayes'\."):
        estimator().fit(vectors()).predict_proba(vectors(), by="labels")
