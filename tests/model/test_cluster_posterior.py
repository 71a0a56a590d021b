import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vaecluster.model.cluster_posterior import (
    BayesPosterior,
    ClusterPosterior,
    CodePosterior,
    FeaturePosterior,
    StudentPosterior,
)
from vaecluster.model.networks.initial import start_
from vaecluster.model.prior import FixedScaleComponents, GivenWeights, LearnedScaleComponents, MixturePrior

quick = settings(max_examples=10, deadline=None)
LATENT, FEATURES, CLUSTERS = 2, 5, 3


def started(posterior: ClusterPosterior) -> ClusterPosterior:
    start_(posterior, torch.Generator().manual_seed(0))
    return posterior


def around(centres: Tensor) -> StudentPosterior:
    posterior = StudentPosterior(centres.shape[1], len(centres))
    posterior.centres.data.copy_(centres)
    return posterior


everyone = pytest.mark.parametrize(
    "posterior",
    [
        started(CodePosterior(LATENT, CLUSTERS, hidden=4)),
        started(FeaturePosterior(FEATURES, CLUSTERS, hidden=4)),
        BayesPosterior(),
        around(torch.tensor([[0.0, 1.0], [2.0, 0.0], [-1.0, 3.0]])),
    ],
    ids=lambda posterior: type(posterior).__name__,
)


def prior(shares: tuple[float, ...] = (1.0, 2.0, 3.0), scale: float = 1.0) -> MixturePrior:
    means = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    return MixturePrior(FixedScaleComponents(means, scale), GivenWeights(torch.tensor(shares)))


def rows(number: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(number, FEATURES, generator=generator), torch.randn(number, LATENT, generator=generator)


@everyone
@given(number=st.integers(1, 9), seed=st.integers(0, 99))
@quick
def test_every_row_gets_chances_that_sum_to_one(posterior: ClusterPosterior, number: int, seed: int) -> None:
    cluster = posterior(*rows(number, seed), prior())
    assert cluster.probs.shape == (number, CLUSTERS)
    assert (cluster.probs >= 0).all()
    torch.testing.assert_close(cluster.probs.sum(-1), torch.ones(number))
    torch.testing.assert_close(cluster.logits.exp(), cluster.probs)


@everyone
def test_the_answer_reads_the_code_or_the_features_but_not_both(posterior: ClusterPosterior) -> None:
    features, code = rows(6)
    answer = posterior(features, code, prior()).logits
    reads_code = not torch.equal(answer, posterior(features, code + 1, prior()).logits)
    reads_features = not torch.equal(answer, posterior(features + 1, code, prior()).logits)
    assert reads_features == isinstance(posterior, FeaturePosterior)
    assert reads_code != reads_features


@pytest.mark.parametrize("learned_scales", [False, True])
@given(seed=st.integers(0, 99))
@quick
def test_bayes_rule_divides_the_joint_by_its_sum(learned_scales: bool, seed: int) -> None:
    model = prior()
    if learned_scales:
        model.components = LearnedScaleComponents(rows(CLUSTERS, seed + 1)[1])
    features, code = rows(5, seed)
    joint = model.component_log_prob(code).exp() * model.weights().probs
    expected = joint / joint.sum(-1, keepdim=True)
    torch.testing.assert_close(BayesPosterior()(features, code, model).probs, expected)


def test_by_bayes_rule_a_code_far_from_all_other_clusters_is_certain() -> None:
    code = torch.tensor([[0.0, 0.0], [200.0, 0.0], [0.0, 300.0]])
    far = MixturePrior(FixedScaleComponents(code), GivenWeights(torch.ones(3)))
    torch.testing.assert_close(BayesPosterior()(torch.zeros(3, FEATURES), code, far).probs, torch.eye(3))


def test_by_bayes_rule_equal_components_leave_the_shares_of_the_prior() -> None:
    model = MixturePrior(FixedScaleComponents(torch.zeros(3, LATENT)), GivenWeights(torch.tensor([1.0, 2.0, 5.0])))
    probs = BayesPosterior()(*rows(4), model).probs
    torch.testing.assert_close(probs, torch.tensor([0.125, 0.25, 0.625]).expand(4, 3))


def test_the_networks_have_256_hidden_units_by_default_and_bayes_rule_no_weights_of_its_own() -> None:
    assert CodePosterior(LATENT, CLUSTERS).network[0].out_features == 256
    assert FeaturePosterior(FEATURES, CLUSTERS).network[0].out_features == 256
    assert list(BayesPosterior().parameters()) == []


def test_a_kernel_falls_with_the_squared_distance_as_students_t_does() -> None:
    posterior = around(torch.tensor([[0.0, 0.0], [3.0, 0.0]]))
    # One away from the first centre and two from the second: 1/2 and 1/5.
    probs = posterior(torch.zeros(1, FEATURES), torch.tensor([[1.0, 0.0]]), prior()).probs
    torch.testing.assert_close(probs, torch.tensor([[5 / 7, 2 / 7]]))


@given(seed=st.integers(0, 99))
@quick
def test_the_likeliest_kernel_is_that_of_the_nearest_centre(seed: int) -> None:
    features, code = rows(9, seed)
    centres = rows(CLUSTERS, seed + 1)[1]
    nearest = torch.cdist(code, centres).argmin(-1)
    assert torch.equal(around(centres)(features, code, prior()).probs.argmax(-1), nearest)
