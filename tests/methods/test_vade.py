import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from builders import learned, learned_on, rows_of, tiny, vectors
from vaecluster.inference.answers import assignments, codes
from vaecluster.methods.autoencoder import Autoencoder
from vaecluster.methods.base import Fitted
from vaecluster.methods.vade import start_at_mixture
from vaecluster.model.cluster_posterior import BayesPosterior
from vaecluster.model.objective import Batch
from vaecluster.model.prior import LearnedScaleComponents, LearnedWeights
from vaecluster.training.state import tensors_of

ENOUGH = tiny("vade", warm_epochs=40, epochs=40, batch_size=50, learning_rate=1e-2, latent=4, hidden=(32,))
NUMBER = 300
GROUP = np.arange(NUMBER) % 4


def groups() -> np.ndarray:
    return vectors(NUMBER, groups=4)


def labels(fitted: Fitted, array: np.ndarray) -> np.ndarray:
    return assignments(fitted.model, rows_of(array, fitted.method)).argmax(1)


def test_it_finds_separate_groups() -> None:
    fitted = learned(ENOUGH, groups(), 4)
    assert adjusted_rand_score(GROUP, labels(fitted, groups())) > 0.9
    shares = fitted.model.prior.weights().probs
    torch.testing.assert_close(shares, torch.full((4,), 0.25), atol=0.05, rtol=0)
    # And holds them when it goes on.
    after = learned_on(fitted, vectors(NUMBER, groups=4, seed=1), epochs=3)
    assert (labels(after, groups()) == labels(fitted, groups())).mean() > 0.95


def test_the_bound_has_the_exact_posterior_and_a_learned_prior() -> None:
    model = learned(tiny("vade"), vectors()).model
    assert isinstance(model.cluster_posterior, BayesPosterior)
    assert isinstance(model.prior.components, LearnedScaleComponents)
    assert isinstance(model.prior.weights, LearnedWeights)


@pytest.mark.parametrize(("warm", "names"), [(2, ["reconstruction"]), (0, [])])
def test_an_autoencoder_comes_first_unless_it_is_left_out(warm: int, names: list[str]) -> None:
    history = learned(tiny("vade", warm_epochs=warm, epochs=3), vectors()).history
    assert [epoch.epoch for epoch in history.epochs] == list(range(1, warm + 4))
    assert [list(epoch.terms) for epoch in history.epochs[:warm]] == [names] * warm
    assert {"bound", "latent_kl", "cluster_kl"} <= set(history.epochs[-1].terms)
    # One pass of the schedule in each stage.
    rates = [epoch.learning_rate for epoch in history.epochs]
    assert rates[-1] < 1e-3 * max(rates)


def test_the_autoencoder_reconstructs_from_the_mean_code() -> None:
    method = tiny("vade")
    model = learned(method, vectors()).model
    rows = rows_of(vectors(), method)[:]
    terms = Autoencoder(model)(Batch(rows, torch.Generator()))
    expected = model.decoder(model.encoder(rows).mean).log_prob(rows)
    torch.testing.assert_close(terms.reconstruction, expected)
    assert float(terms.loss.detach()) == pytest.approx(-float(expected.detach().mean()), rel=1e-6)
    before = learned(tiny("vade", warm_epochs=20, learning_rate=1e-2), vectors()).history.epochs
    assert before[19].terms["reconstruction"] > before[0].terms["reconstruction"]


def test_the_prior_starts_where_a_mixture_finds_the_codes() -> None:
    method = tiny("vade", warm_epochs=0)
    model, rows = learned(method, vectors()).model, rows_of(vectors(), method)
    before = tensors_of(model.encoder)["mean.weight"].clone()
    start_at_mixture(model, rows, seed=5)
    points = codes(model, rows).astype(np.float64)
    mixture = GaussianMixture(3, covariance_type="full", n_init=3, reg_covar=1e-4, random_state=5).fit(points)
    found = model.prior.components().base_dist
    np.testing.assert_allclose(found.mean.detach().numpy(), mixture.means_, rtol=1e-4, atol=1e-5)
    variances = np.diagonal(mixture.covariances_, axis1=1, axis2=2)
    np.testing.assert_allclose(found.variance.detach().numpy(), variances, rtol=1e-4)
    np.testing.assert_allclose(model.prior.weights().probs.detach().numpy(), mixture.weights_, rtol=1e-4)
    assert torch.equal(tensors_of(model.encoder)["mean.weight"], before)
