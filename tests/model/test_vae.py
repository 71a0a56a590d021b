from dataclasses import replace
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vaecluster.model.grouping import Grouping
from vaecluster.model.objective import elbo_terms
from vaecluster.model.prior import Components, FixedScaleComponents, LearnedScaleComponents
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.build import build_model, build_objective
from vaecluster.training.settings import Settings

quick = hypothesis_settings(max_examples=10, deadline=None)
SMALL = Settings(
    network="dense",
    latent=3,
    likelihood="gaussian",
    precision=2.5,
    epochs=1,
    batch_size=8,
    learning_rate=1e-3,
    hidden=(32, 16),
)
CLUSTERS = 3
LIKELIHOODS = ["gaussian", "gaussian-learned", "bernoulli"]
SCALES = [1.0, 0.5, "learned"]
WEIGHTS = ["uniform", "learned", (0.2, 0.3, 0.5)]
POSTERIORS = ["code", "features", "bayes"]
KL_WEIGHTS = [1.0, 0.0]
PARTS = list(product(LIKELIHOODS, SCALES, WEIGHTS, POSTERIORS, KL_WEIGHTS))


def build(data_shape: tuple[int, ...], **choices: object) -> ClusteringVAE:
    torch.manual_seed(0)
    return build_model(replace(SMALL, **choices), data_shape, CLUSTERS)


def has_no_gradient_at_the_start(name: str, posterior: str, kl_weight: float) -> bool:
    """Where equation (1) itself gives zero.

    Without its third term p(y) appears nowhere but in the answer by Bayes' rule; and a network for q(y|.) is
    pulled by nothing as long as the components are equal, which they are at the very start: then
    sum_y q(y|.) log p(z|y) is the same for every q. The components part by themselves, as a random q(y|.) gives
    them unequal pulls.
    """
    if kl_weight > 0 or posterior == "bayes":
        return False
    return name.startswith(("prior.weights", "cluster_posterior"))


def check_gradients(data_shape: tuple[int, ...], settings: Settings) -> None:
    torch.manual_seed(0)
    model, objective = build_model(settings, data_shape, CLUSTERS), build_objective(settings)
    terms = objective.terms(model, torch.rand(8, *data_shape))
    objective.loss(terms).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        largest = parameter.grad.abs().max().item()
        if has_no_gradient_at_the_start(name, settings.cluster_posterior, settings.cluster_kl_weight):
            assert largest < 1e-6, name
        else:
            assert largest > 1e-6, name


@pytest.mark.parametrize(("likelihood", "scale", "weights", "posterior", "kl_weight"), PARTS)
def test_every_parameter_gets_a_gradient_whatever_the_parts(
    likelihood: str, scale: float | str, weights: object, posterior: str, kl_weight: float
) -> None:
    settings = replace(
        SMALL,
        likelihood=likelihood,
        component_scale=scale,
        cluster_weights=weights,
        cluster_posterior=posterior,
        cluster_kl_weight=kl_weight,
    )
    settings.resolve(CLUSTERS)
    check_gradients((6,), settings)


@pytest.mark.parametrize("network", ["conv", "dense"])
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("posterior", POSTERIORS)
def test_every_parameter_gets_a_gradient_from_images(network: str, likelihood: str, posterior: str) -> None:
    settings = replace(SMALL, network=network, likelihood=likelihood, cluster_posterior=posterior)
    check_gradients((1, 6, 5), settings)


@pytest.mark.parametrize("scale", [1.0, "learned"])
def test_without_the_cluster_term_the_assignment_learns_as_soon_as_the_components_differ(
    scale: float | str,
) -> None:
    model, objective = build((6,), component_scale=scale), build_objective(replace(SMALL, cluster_kl_weight=0.0))
    torch.nn.init.normal_(model.prior.components.means)
    objective.loss(objective.terms(model, torch.rand(8, 6))).mean().backward()
    for parameter in model.cluster_posterior.parameters():
        assert parameter.grad.abs().max() > 1e-6


def components(family: str) -> Components:
    # The clusters' centres lie 1000 apart, so a draw says which cluster it came from.
    means = 1000.0 * torch.arange(CLUSTERS).unsqueeze(1).expand(CLUSTERS, 3)
    return FixedScaleComponents(means) if family == "fixed" else LearnedScaleComponents(means)


@pytest.mark.parametrize("family", ["fixed", "learned"])
@given(asked=st.lists(st.integers(0, CLUSTERS - 1), min_size=1, max_size=20))
@quick
def test_codes_are_drawn_from_the_cluster_asked_for(family: str, asked: list[int]) -> None:
    model = build((6,))
    model.prior.components = components(family)
    codes = model.draw_codes(torch.tensor(asked))
    assert codes.shape == (len(asked), 3)
    assert (codes / 1000).round().tolist() == [[float(cluster)] * 3 for cluster in asked]


def test_codes_of_one_cluster_spread_as_its_component_does() -> None:
    model = build((6,), component_scale=0.5)
    torch.manual_seed(0)
    codes = model.draw_codes(torch.zeros(4000, dtype=torch.long))
    torch.testing.assert_close(codes.mean(0), torch.zeros(3), atol=0.05, rtol=0)
    torch.testing.assert_close(codes.std(0), torch.full((3,), 0.5), atol=0.05, rtol=0)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize(
    ("network", "data_shape"), [("dense", (6,)), ("dense", (3, 4, 2)), ("conv", (1, 5, 6)), ("conv", (3, 4, 4))]
)
def test_the_mean_row_of_a_code_has_the_shape_of_a_row(
    network: str, data_shape: tuple[int, ...], likelihood: str
) -> None:
    means = build(data_shape, network=network, likelihood=likelihood).decode_mean(torch.randn(4, 3))
    assert means.shape == (4, *data_shape)
    if len(data_shape) == 3 or likelihood == "bernoulli":
        assert (means >= 0).all()
        assert (means <= 1).all()


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_codes_and_assignments_of_rows_hold_no_noise(posterior: str) -> None:
    model, rows = build((6,), cluster_posterior=posterior), torch.rand(5, 6)
    assert model.mean_code(rows).shape == (5, 3)
    assert model.assign(rows).probs.shape == (5, CLUSTERS)
    assert torch.equal(model.mean_code(rows), model.mean_code(rows))
    assert torch.equal(model.assign(rows).logits, model.assign(rows).logits)


def test_rows_are_assigned_at_the_mean_of_their_codes() -> None:
    model, rows = build((6,)), torch.rand(5, 6)
    expected = model.cluster_posterior(torch.empty(5, 0), model.mean_code(rows), model.prior).logits
    torch.testing.assert_close(model.assign(rows).logits, expected)


def test_the_variance_of_a_code_is_the_exponential_of_its_head() -> None:
    model, rows = build((6,)), torch.rand(5, 6)
    expected = model.encoder.log_variance(model.encoder.features(rows)).exp()
    torch.testing.assert_close(model.encoder(rows).variance, expected)


def test_regrouping_gives_other_clusters_of_the_same_parts() -> None:
    model, rows = build((6,)), torch.rand(5, 6)
    other = model.regrouped(Grouping(torch.tensor([0, 1, 0]), 2))
    for part in ("encoder", "decoder", "prior", "cluster_posterior"):
        assert getattr(other, part) is getattr(model, part)
    assert torch.equal(other.assign(rows).probs, model.assign(rows).probs)
    assert set(other.draw_components(100, 1).tolist()) == {1}
    assert set(other.draw_components(100, 0).tolist()) == {0, 2}
    assert model.grouping.clusters == CLUSTERS


def test_a_saved_state_gives_the_same_terms_in_another_model() -> None:
    first, second, rows = build((6,)), build((6,), likelihood="gaussian"), torch.rand(5, 6)
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(0.1)
    second.load_state_dict(first.state_dict())
    bounds = []
    for model in (first, second):
        torch.manual_seed(1)
        bounds.append(elbo_terms(model, rows).bound)
    assert torch.equal(*bounds)
