from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vaecluster.model.prior import (
    ClusterWeights,
    Components,
    FixedScaleComponents,
    GivenWeights,
    LearnedScaleComponents,
    LearnedWeights,
    MixturePrior,
)

quick = settings(max_examples=10, deadline=None)


def fixed(means: Tensor) -> Components:
    return FixedScaleComponents(means, 0.8).double()


def learned(means: Tensor) -> Components:
    components = LearnedScaleComponents(means).double()
    with torch.no_grad():
        components.log_scales.copy_(torch.linspace(-1, 0.4, means.numel()).view_as(means))
    return components


def given_weights(clusters: int) -> ClusterWeights:
    return GivenWeights(torch.arange(1.0, clusters + 1)).double()


def learned_weights(clusters: int) -> ClusterWeights:
    weights = LearnedWeights(clusters, temperature=1.7).double()
    with torch.no_grad():
        weights.logits.copy_(torch.linspace(-1, 2, clusters))
    return weights


families = pytest.mark.parametrize("family", [fixed, learned])
all_weights = pytest.mark.parametrize("weigh", [given_weights, learned_weights])


def grid(dims: int) -> tuple[Tensor, float]:
    axis = torch.linspace(-12, 12, 241, dtype=torch.float64)
    return torch.cartesian_prod(*[axis] * dims).view(-1, dims), 0.1**dims


@st.composite
def means_of_clusters(draw: st.DrawFn) -> Tensor:
    clusters, latent = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    numbers = draw(st.lists(st.floats(-4, 4), min_size=clusters * latent, max_size=clusters * latent))
    return torch.tensor(numbers, dtype=torch.float64).view(clusters, latent)


@families
@given(means=means_of_clusters())
@quick
def test_every_component_integrates_to_one(family: Callable[[Tensor], Components], means: Tensor) -> None:
    codes, cell = grid(means.shape[1])
    density = family(means)().log_prob(codes.unsqueeze(1)).exp()  # codes clusters
    torch.testing.assert_close(density.sum(0) * cell, torch.ones(len(means), dtype=torch.float64))


@families
@all_weights
@given(means=means_of_clusters())
@quick
def test_the_prior_integrates_to_one_and_is_the_sum_of_its_joint(
    family: Callable[[Tensor], Components], weigh: Callable[[int], ClusterWeights], means: Tensor
) -> None:
    prior = MixturePrior(family(means), weigh(len(means)))
    codes, cell = grid(means.shape[1])
    density = prior().log_prob(codes).exp()
    assert density.sum().item() * cell == pytest.approx(1, abs=1e-7)
    torch.testing.assert_close(prior.joint_log_prob(codes).exp().sum(-1), density)


@families
@all_weights
def test_the_joint_is_the_components_density_times_their_share(
    family: Callable[[Tensor], Components], weigh: Callable[[int], ClusterWeights]
) -> None:
    prior = MixturePrior(family(torch.randn(3, 2)), weigh(3))
    codes = torch.randn(5, 2, dtype=torch.float64)
    joint = prior.component_log_prob(codes).exp() * prior.weights().probs
    torch.testing.assert_close(prior.joint_log_prob(codes).exp(), joint)
    assert joint.shape == (5, 3)


def test_given_shares_are_brought_to_sum_one() -> None:
    torch.testing.assert_close(GivenWeights(torch.tensor([2.0, 1.0, 1.0]))().probs, torch.tensor([0.5, 0.25, 0.25]))


def test_given_shares_are_saved_with_the_model_and_never_learned() -> None:
    weights = GivenWeights(torch.ones(3))
    assert list(weights.parameters()) == []
    assert "logits" in weights.state_dict()


def test_learned_shares_start_uniform() -> None:
    torch.testing.assert_close(LearnedWeights(4)().probs, torch.full((4,), 0.25))


def test_a_higher_temperature_brings_learned_shares_closer_to_uniform() -> None:
    largest = []
    for temperature in (0.5, 1.0, 2.0, 8.0):
        weights = LearnedWeights(3, temperature)
        with torch.no_grad():
            weights.logits.copy_(torch.tensor([0.0, 1.0, 2.0]))
        largest.append(weights().probs.max().item())
    assert largest == sorted(largest, reverse=True)
    assert largest[-1] > 1 / 3


@families
def test_the_means_given_are_copied(family: Callable[[Tensor], Components]) -> None:
    means = torch.zeros(2, 2, dtype=torch.float64)
    components = family(means)
    means += 1
    assert (components().mean == 0).all()


def test_learned_variances_start_at_one() -> None:
    assert (LearnedScaleComponents(torch.zeros(2, 3))().variance == 1).all()
