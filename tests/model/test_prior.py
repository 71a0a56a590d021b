from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor, nn
from torch.distributions import MultivariateNormal, kl_divergence

from vaecluster.model.encoder import Encoder
from vaecluster.model.full_covariance import LearnedCovarianceComponents, MomentComponents, MomentWeights
from vaecluster.model.networks.initial import start_
from vaecluster.model.prior import (
    ClusterWeights,
    Components,
    FixedScaleComponents,
    GivenWeights,
    LearnedScaleComponents,
    LearnedWeights,
    MixturePrior,
    RawWeights,
    StandardNormal,
)
from vaecluster.model.vamp import VampComponents

quick = settings(max_examples=10, deadline=None)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


def learned(means: Tensor) -> Components:
    components = LearnedScaleComponents(means)
    nn.init.uniform_(components.log_scales, -1, 0.4, generator=Generator().manual_seed(0))
    return components


def full(means: Tensor) -> Components:
    components = LearnedCovarianceComponents(means)
    nn.init.uniform_(components.factors, -0.7, 0.4, generator=Generator().manual_seed(0))
    return components


def moments(means: Tensor) -> Components:
    """Around the means, with covariances that are not diagonal."""
    components = MomentComponents(*means.shape).double()
    codes = means.repeat(20, 1) + normal(20 * len(means), means.shape[1]).cumsum(1)
    assignment = torch.eye(len(means), dtype=torch.float64).repeat(20, 1)
    components.observe(codes, torch.full_like(codes, 0.1), assignment)
    return components


def vamp(means: Tensor) -> Components:
    encoder = Encoder(nn.Identity(), nn.Identity(), 2, means.shape[1])
    start_(encoder, Generator().manual_seed(0))
    components = VampComponents(encoder, len(means), (2,)).double()
    components.start_at(normal(len(means), 2))
    return components


FAMILIES: dict[str, Callable[[Tensor], Components]] = {
    "fixed": lambda means: FixedScaleComponents(means, 0.8),
    "learned": learned,
    "full": full,
    "moments": moments,
    "vamp": vamp,
    "standard normal": lambda means: StandardNormal(means.shape[1]),
}
WEIGHTS: dict[str, Callable[[int], ClusterWeights]] = {
    "given": lambda clusters: GivenWeights(torch.arange(1.0, clusters + 1)),
    "learned": lambda clusters: LearnedWeights(clusters, 1.7),
    "moments": MomentWeights,
    "raw": RawWeights,
}
families = pytest.mark.parametrize("family", FAMILIES)
all_weights = pytest.mark.parametrize("weigh", WEIGHTS)


def components_of(family: str, means: Tensor | None = None) -> Components:
    return FAMILIES[family](normal(3, 2, seed=1) if means is None else means).double()


def weights_of(weigh: str, clusters: int = 3) -> ClusterWeights:
    weights = WEIGHTS[weigh](clusters).double()
    if isinstance(weights, LearnedWeights):
        nn.init.uniform_(weights.logits, -1, 2, generator=Generator().manual_seed(0))
    return weights


def grid(dims: int) -> tuple[Tensor, float]:
    axis = torch.linspace(-18, 18, 361, dtype=torch.float64)
    return torch.cartesian_prod(*[axis] * dims).view(-1, dims), 0.1**dims


@st.composite
def means_of_clusters(draw: st.DrawFn) -> Tensor:
    clusters, latent = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    numbers = draw(st.lists(st.floats(-4, 4), min_size=clusters * latent, max_size=clusters * latent))
    return torch.tensor(numbers, dtype=torch.float64).view(clusters, latent)


# Every family of components


@families
@given(means=means_of_clusters())
@quick
def test_every_component_integrates_to_one(family: str, means: Tensor) -> None:
    codes, cell = grid(means.shape[1])
    log_prob = components_of(family, means)().log_prob(codes.unsqueeze(1))
    assert log_prob.shape == (len(codes), 1 if family == "standard normal" else len(means))
    density = log_prob.exp().sum(0) * cell
    torch.testing.assert_close(density, torch.ones_like(density), atol=1e-6, rtol=0)


@families
@given(seed=st.integers(0, 999))
@quick
def test_the_divergence_is_torchs_between_the_two_normals(family: str, seed: int) -> None:
    components = components_of(family)
    mean, variance = 2 * normal(7, 2, seed=seed), normal(7, 2, seed=seed + 1).exp()
    distribution = components()
    spread = getattr(distribution, "covariance_matrix", None)
    spread = torch.diag_embed(distribution.variance) if spread is None else spread
    posterior = MultivariateNormal(mean.unsqueeze(1), torch.diag_embed(variance).unsqueeze(1))
    divergence = components.divergence(mean, variance)
    torch.testing.assert_close(divergence, kl_divergence(posterior, MultivariateNormal(distribution.mean, spread)))
    assert (divergence >= 0).all()


@families
def test_the_generator_decides_the_codes_that_are_drawn(family: str) -> None:
    components = components_of(family)
    number = components().batch_shape[0]
    prior, chosen = MixturePrior(components, weights_of("given", number)), torch.arange(5) % number
    before = torch.get_rng_state()
    first, again, other = (prior.draw(chosen, Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert first.shape == (5, 2)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


@families
def test_codes_that_are_drawn_are_spread_as_their_component_is(family: str) -> None:
    components = components_of(family)
    number = components().batch_shape[0]
    prior = MixturePrior(components, weights_of("given", number))
    codes = prior.draw(torch.full((8000,), number - 1), Generator().manual_seed(0)).detach()
    torch.testing.assert_close(codes.mean(0), components().mean[-1].detach(), atol=0.1, rtol=0)
    torch.testing.assert_close(codes.std(0), components().variance[-1].sqrt().detach(), rtol=0.05, atol=0)


@pytest.mark.parametrize("family", ["fixed", "learned", "vamp"])
def test_gradients_reach_every_parameter(family: str) -> None:
    prior = MixturePrior(components_of(family), weights_of("learned"))
    prior().log_prob(normal(6, 2)).sum().backward()
    for name, parameter in prior.named_parameters():
        assert parameter.grad.any(), name


@families
@all_weights
@given(means=means_of_clusters())
@quick
def test_the_prior_integrates_to_one_and_is_the_sum_of_its_joint(family: str, weigh: str, means: Tensor) -> None:
    components = components_of(family, means)
    prior = MixturePrior(components, weights_of(weigh, components().batch_shape[0]))
    codes, cell = grid(means.shape[1])
    density = prior().log_prob(codes).exp()
    assert density.sum().item() * cell == pytest.approx(1, abs=1e-6)
    torch.testing.assert_close(prior.joint_log_prob(codes).exp().sum(-1), density)
    torch.testing.assert_close(
        prior.joint_log_prob(codes) - prior.component_log_prob(codes), prior.weights().logits.expand(len(codes), -1)
    )


# What is particular


@pytest.mark.parametrize("family", ["fixed", "learned"])
def test_the_means_given_are_copied(family: str) -> None:
    means = torch.zeros(2, 2, dtype=torch.float64)
    components = components_of(family, means)
    means += 1
    assert (components().mean == 0).all()


def test_a_given_size_is_saved_and_never_learned_and_learned_ones_start_at_one() -> None:
    fixed = FixedScaleComponents(torch.zeros(2, 3), 0.5)
    assert "scale" in fixed.state_dict()
    assert [name for name, _ in fixed.named_parameters()] == ["means"]
    assert (fixed().stddev == 0.5).all()
    assert (LearnedScaleComponents(torch.zeros(2, 3))().variance == 1).all()


def test_the_prior_of_a_plain_vae_has_nothing_to_learn() -> None:
    assert list(StandardNormal(4).parameters()) == []
    assert (StandardNormal(4)().mean == 0).all()
    assert (StandardNormal(4)().stddev == 1).all()


@all_weights
def test_shares_of_clusters_sum_to_one(weigh: str) -> None:
    probs = weights_of(weigh, 4)().probs
    assert probs.shape == (4,)
    torch.testing.assert_close(probs.sum(), torch.tensor(1.0, dtype=torch.float64))


@given(shares=st.lists(st.floats(0.1, 100), min_size=1, max_size=6))
@quick
def test_given_shares_are_kept_in_proportion_saved_and_never_learned(shares: list[float]) -> None:
    weights = GivenWeights(torch.tensor(shares))
    torch.testing.assert_close(weights().probs, torch.tensor(shares) / sum(shares))
    assert list(weights.parameters()) == []
    assert "logits" in weights.state_dict()


def test_equal_and_learned_shares_start_uniform() -> None:
    for weights in (GivenWeights.equal(4), LearnedWeights(4), LearnedWeights(4, 3.0), RawWeights(4)):
        torch.testing.assert_close(weights().probs, torch.full((4,), 0.25))


@pytest.mark.parametrize("values", [[1.0, 2.0, 1.0], [0.2, 0.0, -0.1]])
def test_raw_weights_are_shares_of_their_sum_whose_logarithm_is_their_excess(values: list[float]) -> None:
    weights, given_ = RawWeights(3), torch.tensor(values)
    with torch.no_grad():
        weights.weights.copy_(given_)
    used = given_.clamp_min(1e-12)
    torch.testing.assert_close(weights().probs, used / used.sum())
    torch.testing.assert_close(weights().logits + weights.excess(), used.log())
    assert all(other.excess() == 0 for other in (GivenWeights(used), LearnedWeights(3), MomentWeights(3)))


def test_a_higher_temperature_brings_learned_shares_closer_to_uniform() -> None:
    largest = []
    for temperature in (0.5, 1.0, 2.0, 8.0):
        weights = LearnedWeights(3, temperature)
        with torch.no_grad():
            weights.logits.copy_(torch.tensor([0.0, 1.0, 2.0]))
        largest.append(weights().probs.max().item())
    assert largest == sorted(largest, reverse=True)
    assert largest[-1] > 1 / 3
