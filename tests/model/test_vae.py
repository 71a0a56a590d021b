from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from vaecluster import Bound
from vaecluster.data.blocks import Numbers, Pixels
from vaecluster.data.schema import Schema
from vaecluster.model.grouping import Grouping
from vaecluster.model.networks.initial import start_
from vaecluster.model.objective import Batch, BoundObjective, BoundTerms
from vaecluster.model.prior import Components, FixedScaleComponents, LearnedScaleComponents
from vaecluster.model.vae import ClusteringVAE

quick = settings(max_examples=10, deadline=None)
CLUSTERS = 3
LIKELIHOODS = ["gaussian", "gaussian-learned", "bernoulli"]
SCALES = [1.0, 0.5, "learned"]
WEIGHTS = ["uniform", "learned", (0.2, 0.3, 0.5)]
POSTERIORS = ["code", "features", "bayes"]
KL_WEIGHTS = [1.0, 0.0]


def schema_of(data_shape: tuple[int, ...]) -> Schema:
    if len(data_shape) == 1:
        return Schema((Numbers((), "<f4", np.zeros(data_shape), np.ones(data_shape)),))
    channels, height, width = data_shape
    return Schema((Pixels((height, width, channels), "<f4", np.array(0.0), np.array(1.0)),))


def build(data_shape: tuple[int, ...] = (6,), **choices: Any) -> ClusteringVAE:
    schema = schema_of(data_shape)
    method = Bound(**{"network": "dense", "latent": 3, "hidden": (32, 16), "precision": 2.5} | choices)
    model = method.completed(schema, 8, CLUSTERS).build(schema, CLUSTERS)
    start_(model, Generator().manual_seed(0))
    if choices.get("cluster_posterior") == "bayes":
        # As a fit does: equal components stay equal by Bayes' rule.
        torch.nn.init.normal_(model.prior.components.means, generator=Generator().manual_seed(0))
    return model


def some_rows(*shape: int) -> Tensor:
    return torch.rand(shape, generator=Generator().manual_seed(1))


def terms_of(model: ClusteringVAE, rows: Tensor, kl_weight: float = 1.0) -> BoundTerms:
    return BoundObjective(model, kl_weight)(Batch(rows, Generator().manual_seed(2)))


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


def check_gradients(data_shape: tuple[int, ...], posterior: str, kl_weight: float = 1.0, **choices: Any) -> None:
    model = build(data_shape, cluster_posterior=posterior, **choices)
    terms_of(model, some_rows(8, *data_shape), kl_weight).loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        largest = parameter.grad.abs().max().item()
        assert (largest < 1e-6) == has_no_gradient_at_the_start(name, posterior, kl_weight), name


@pytest.mark.parametrize(
    ("likelihood", "scale", "weights", "posterior", "kl_weight"),
    list(product(LIKELIHOODS, SCALES, WEIGHTS, POSTERIORS, KL_WEIGHTS)),
)
def test_every_parameter_gets_a_gradient_whatever_the_parts(
    likelihood: str, scale: float | str, weights: object, posterior: str, kl_weight: float
) -> None:
    choices = {"likelihood": likelihood, "component_scale": scale, "cluster_weights": weights}
    check_gradients((6,), posterior, kl_weight, **choices)


@pytest.mark.parametrize("network", ["conv", "dense"])
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("posterior", POSTERIORS)
def test_every_parameter_gets_a_gradient_from_images(network: str, likelihood: str, posterior: str) -> None:
    check_gradients((1, 6, 5), posterior, network=network, likelihood=likelihood)


@pytest.mark.parametrize("scale", [1.0, "learned"])
def test_without_the_cluster_term_the_assignment_learns_as_soon_as_the_components_differ(scale: float | str) -> None:
    model = build(component_scale=scale)
    torch.nn.init.normal_(model.prior.components.means, generator=Generator().manual_seed(0))
    terms_of(model, some_rows(8, 6), 0.0).loss.backward()
    assert all(parameter.grad.abs().max() > 1e-6 for parameter in model.cluster_posterior.parameters())


def components(family: str) -> Components:
    # The clusters' centres lie 1000 apart, so a draw says which cluster it came from.
    means = 1000.0 * torch.arange(CLUSTERS).unsqueeze(1).expand(CLUSTERS, 3)
    return FixedScaleComponents(means) if family == "fixed" else LearnedScaleComponents(means)


@pytest.mark.parametrize("family", ["fixed", "learned"])
@given(asked=st.lists(st.integers(0, CLUSTERS - 1), min_size=1, max_size=20))
@quick
def test_codes_are_drawn_from_the_component_asked_for(family: str, asked: list[int]) -> None:
    prior = build().prior
    prior.components = components(family)
    codes = prior.draw(torch.tensor(asked), Generator().manual_seed(0))
    assert codes.shape == (len(asked), 3)
    assert (codes / 1000).round().tolist() == [[float(cluster)] * 3 for cluster in asked]


def test_clusters_and_their_components_are_drawn_as_often_as_they_are_common() -> None:
    model = build(cluster_weights=(0.2, 0.3, 0.5)).regrouped(Grouping(torch.tensor([0, 1, 0]), 2))
    clusters = model.draw_clusters(10_000, Generator().manual_seed(0))
    torch.testing.assert_close(clusters.bincount() / 10_000, torch.tensor([0.7, 0.3]), atol=0.02, rtol=0)
    drawn = model.draw_components(clusters, Generator().manual_seed(1))
    assert torch.equal(drawn, model.draw_components(clusters, Generator().manual_seed(1)))
    assert torch.equal(model.grouping.cluster_of[drawn], clusters)
    shares = drawn.bincount(minlength=3) / 10_000
    torch.testing.assert_close(shares, torch.tensor([0.2, 0.3, 0.5]), atol=0.02, rtol=0)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize(
    ("network", "data_shape"), [("dense", (6,)), ("dense", (3, 4, 2)), ("conv", (1, 5, 6)), ("conv", (3, 4, 4))]
)
def test_the_row_of_a_code_has_the_shape_of_a_row(network: str, data_shape: tuple[int, ...], likelihood: str) -> None:
    model = build(data_shape, network=network, likelihood=likelihood)
    rows = model.decoder.expected(3 * some_rows(4, 3) - 1.5)
    assert rows.shape == (4, *data_shape)
    if len(data_shape) == 3 or likelihood == "bernoulli":
        assert (rows >= 0).all()
        assert (rows <= 1).all()


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_codes_and_assignments_of_rows_hold_no_noise_and_are_those_of_the_mean_code(posterior: str) -> None:
    model, rows = build(cluster_posterior=posterior), some_rows(5, 6)
    code, assigned = model.mean_code(rows), model.assign(rows)
    assert code.shape == (5, 3)
    assert assigned.probs.shape == (5, CLUSTERS)
    assert torch.equal(model.mean_code(rows), code)
    assert torch.equal(model.assign(rows).logits, assigned.logits)
    expected = model.cluster_posterior(model.encoder.features(rows), code, model.prior).logits
    torch.testing.assert_close(assigned.logits, expected)


def test_regrouping_gives_other_clusters_of_the_same_parts() -> None:
    model, rows = build(), some_rows(5, 6)
    other = model.regrouped(Grouping(torch.tensor([0, 1, 0]), 2))
    for part in ("encoder", "decoder", "prior", "cluster_posterior"):
        assert getattr(other, part) is getattr(model, part)
    assert torch.equal(other.assign(rows).probs, model.assign(rows).probs)
    assert (model.grouping.clusters, other.grouping.clusters) == (CLUSTERS, 2)


def test_a_saved_state_gives_the_same_terms_in_another_model() -> None:
    first, second, rows = build(), build(), some_rows(5, 6)
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(0.1)
    second.load_state_dict(first.state_dict())
    assert torch.equal(terms_of(first, rows).bound, terms_of(second, rows).bound)
