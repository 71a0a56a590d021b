import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor
from torch.distributions import MultivariateNormal

from vaecluster.model.distributions import draw
from vaecluster.model.full_covariance import (
    RIDGE,
    SHRINKAGE,
    LearnedCovarianceComponents,
    MomentComponents,
    MomentWeights,
)
from vaecluster.model.prior import Components, MixturePrior

quick = settings(max_examples=15, deadline=None)
Batch = tuple[Tensor, Tensor, Tensor]  # mean, variance, assignment


def components_of(components: int, latent: int, **options: float) -> MomentComponents:
    return MomentComponents(components, latent, **options).double()


def random_codes(seed: int, rows: int = 60, latent: int = 3, components: int = 4, *, hard: bool = False) -> Batch:
    random = torch.Generator().manual_seed(seed)
    mean = torch.randn(rows, latent, generator=random, dtype=torch.float64) @ torch.randn(
        latent, latent, generator=random, dtype=torch.float64
    )
    variance = torch.rand(rows, latent, generator=random, dtype=torch.float64) + 0.1
    assignment = (2 * torch.randn(rows, components, generator=random, dtype=torch.float64)).softmax(-1)
    if hard:
        # Every component has rows: the first few are dealt out.
        chosen = torch.cat([torch.arange(components), assignment[components:].argmax(-1)])
        assignment = torch.nn.functional.one_hot(chosen, components).double()
    return mean, variance, assignment


def same_moments(first: MomentComponents, second: MomentComponents) -> None:
    for name, values in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], values, msg=name)


@given(seed=st.integers(0, 999))
@quick
def test_with_sure_assignments_a_component_has_the_mean_and_shrunk_covariance_of_its_own_codes(seed: int) -> None:
    mean, variance, assignment = random_codes(seed, hard=True)
    seen = components_of(4, 3)
    seen.observe_all([(mean, variance, assignment)])
    groups = [assignment[:, component].bool().numpy() for component in range(4)]
    shares = [group.mean() for group in groups]
    # Codes are spread twice: around each other, and each by its own variance.
    own = [np.cov(mean.numpy()[group].T, bias=True) + np.diag(variance.numpy()[group].mean(0)) for group in groups]
    common = sum(share * covariance for share, covariance in zip(shares, own, strict=True))
    ridge = RIDGE * np.diag(common).mean() * np.eye(3)
    for component, (group, share) in enumerate(zip(groups, shares, strict=True)):
        shrunk = (share * own[component] + SHRINKAGE * common) / (share + SHRINKAGE) + ridge
        np.testing.assert_allclose(seen.means[component], mean.numpy()[group].mean(0), atol=1e-9)
        np.testing.assert_allclose(seen().covariance_matrix[component], shrunk, atol=1e-9)


def test_with_many_rows_the_components_are_those_that_the_codes_were_drawn_from() -> None:
    drawn = MultivariateNormal(
        torch.tensor([[2.0, 0.0], [-2.0, 1.0]]), torch.tensor([[[1.0, 0.5], [0.5, 1.0]], [[0.5, 0.0], [0.0, 2.0]]])
    )
    codes = draw(drawn, torch.Generator().manual_seed(0), 20_000).flatten(0, 1)
    seen = MomentComponents(2, 2)
    seen.observe_all([(codes, torch.full_like(codes, 1e-6), torch.eye(2).repeat(20_000, 1))])
    torch.testing.assert_close(seen.means, drawn.mean, atol=0.05, rtol=0)
    torch.testing.assert_close(seen().covariance_matrix, drawn.covariance_matrix, atol=0.1, rtol=0)


@given(seed=st.integers(0, 999))
@quick
def test_the_first_batch_is_taken_as_it_is(seed: int) -> None:
    batch = random_codes(seed)
    first, whole = components_of(4, 3), components_of(4, 3)
    first.observe(*batch)
    whole.observe_all([batch])
    same_moments(first, whole)


@given(seed=st.integers(0, 999), sizes=st.lists(st.integers(1, 30), min_size=1, max_size=4))
@quick
def test_all_rows_count_alike_however_they_are_batched(seed: int, sizes: list[int]) -> None:
    batch = random_codes(seed, rows=sum(sizes))
    whole, parts = components_of(4, 3), components_of(4, 3)
    parts.observe(*random_codes(seed + 1))  # what was seen before is replaced
    whole.observe_all([batch])
    parts.observe_all(zip(*(values.split(sizes) for values in batch), strict=True))
    same_moments(whole, parts)


def test_later_batches_count_as_much_as_the_decay_leaves_them() -> None:
    first, second = random_codes(0), random_codes(1)
    running = components_of(4, 3, decay=0.9)
    running.observe(*first)
    running.observe(*second)
    expected = 0.9 * first[2].mean(0) + 0.1 * second[2].mean(0)
    torch.testing.assert_close(running.mass, expected)
    weighted = 0.9 * first[2].T @ first[0] / 60 + 0.1 * second[2].T @ second[0] / 60
    torch.testing.assert_close(running.means, weighted / expected[:, None])


@given(seed=st.integers(0, 999))
@quick
def test_seeing_the_same_batch_again_changes_nothing(seed: int) -> None:
    batch = random_codes(seed)
    once, twice = components_of(4, 3), components_of(4, 3)
    once.observe(*batch)
    for _ in range(3):
        twice.observe(*batch)
    same_moments(once, twice)


def test_components_without_rows_keep_finite_covariances() -> None:
    mean, variance, assignment = random_codes(0, components=2)
    seen = components_of(5, 3)
    for observe in (seen.observe, lambda *batch: seen.observe_all([batch])):
        observe(mean, variance, torch.cat([assignment, assignment.new_zeros(60, 3)], 1))
        assert all(values.isfinite().all() for values in seen.state_dict().values())
        assert (seen.scale_tril.diagonal(dim1=-2, dim2=-1) > 0).all()
        assert seen().log_prob(mean.unsqueeze(1)).isfinite().all()
        # One without rows is as wide as all are on average.
        torch.testing.assert_close(seen.scale_tril[2:], seen.scale_tril[2].expand(3, 3, 3))


def test_one_row_is_a_component_as_wide_as_its_code() -> None:
    mean, variance = torch.tensor([[1.0, -2.0]]).double(), torch.tensor([[0.5, 0.25]]).double()
    seen = components_of(1, 2)
    seen.observe(mean, variance, torch.ones(1, 1).double())
    ridge = RIDGE * variance.mean()
    torch.testing.assert_close(seen.means, mean)
    torch.testing.assert_close(seen().covariance_matrix, (variance[0] + ridge).diag().unsqueeze(0))


@pytest.mark.parametrize("offset", [10.0, 100.0])
def test_codes_far_from_zero_and_close_to_each_other_have_finite_covariances(offset: float) -> None:
    # In single precision, as in a fit: E[z z^T] - mean mean^T takes the difference of two large numbers.
    mean, variance, assignment = (values.float() for values in random_codes(0))
    seen = MomentComponents(4, 3)
    seen.observe(offset + 0.1 * mean, 0.01 * variance, assignment)
    assert seen.scale_tril.isfinite().all()


@pytest.mark.parametrize("leading", [(), (5,), (2, 5)])
@pytest.mark.parametrize("kind", [MomentComponents, LearnedCovarianceComponents])
def test_the_density_is_that_of_its_distribution(kind: type[Components], leading: tuple[int, ...]) -> None:
    components: Components = components_of(4, 3)
    if kind is LearnedCovarianceComponents:
        components = LearnedCovarianceComponents(torch.randn(4, 3, generator=Generator().manual_seed(1))).double()
        torch.nn.init.normal_(components.factors, generator=Generator().manual_seed(2))
    else:
        components.observe(*random_codes(0))
    code = torch.randn(*leading, 3, generator=Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(components.log_prob(code), components().log_prob(code.unsqueeze(-2)))


@given(seed=st.integers(0, 999))
@quick
def test_shifting_all_codes_shifts_the_means_and_nothing_else(seed: int) -> None:
    mean, variance, assignment = random_codes(seed)
    shift = torch.tensor([3.0, -1.0, 0.5], dtype=torch.float64)
    here, there = components_of(4, 3), components_of(4, 3)
    here.observe_all([(mean, variance, assignment)])
    there.observe_all([(mean + shift, variance, assignment)])
    torch.testing.assert_close(there.means, here.means + shift)
    torch.testing.assert_close(there.scale_tril, here.scale_tril)
    torch.testing.assert_close(there.mass, here.mass)


@given(seed=st.integers(0, 999))
@quick
def test_the_weights_are_the_shares_of_the_observed_codes(seed: int) -> None:
    batch = random_codes(seed)
    seen, weights = components_of(4, 3), MomentWeights(4).double()
    torch.testing.assert_close(weights().probs, torch.full((4,), 0.25, dtype=torch.float64))
    seen.observe_all([batch])
    weights.follow(seen)
    torch.testing.assert_close(weights().probs, batch[2].mean(0))
    torch.testing.assert_close(weights().probs.sum(), torch.tensor(1.0, dtype=torch.float64))


def test_the_weight_of_a_component_without_codes_has_a_logarithm() -> None:
    mean, variance, assignment = (values.float() for values in random_codes(0, components=2))
    seen, weights = MomentComponents(3, 3), MomentWeights(3)
    seen.observe(mean, variance, torch.cat([assignment, assignment.new_zeros(60, 1)], 1))
    weights.follow(seen)
    assert weights().logits.isfinite().all()
    assert MixturePrior(seen, weights).joint_log_prob(mean).isfinite().all()


def test_observing_gives_nothing_a_gradient() -> None:
    mean, variance, assignment = (values.requires_grad_() for values in random_codes(0))
    seen, weights = components_of(4, 3), MomentWeights(4).double()
    seen.observe(mean, variance, assignment)
    seen.observe_all([(mean, variance, assignment)])
    weights.follow(seen)
    assert not any(values.requires_grad for values in (*seen.buffers(), *weights.buffers()))
    assert list(seen.parameters()) == list(weights.parameters()) == []
    seen.divergence(mean, variance).sum().backward()
    assert assignment.grad is None
    assert mean.grad is not None
    assert variance.grad is not None


def test_other_moments_are_let_in_with_their_share() -> None:
    first, second, mixed = random_codes(0), random_codes(1), components_of(4, 3)
    mixed.observe_all([second])
    kept = mixed.moments()
    mixed.observe_all([first])
    mixed.mix(kept, 0.25)
    whole = components_of(4, 3)
    # Three times the first and once the second: a quarter of the rows.
    whole.observe_all([first, first, first, second])
    same_moments(whole, mixed)
    # What was kept are copies.
    torch.testing.assert_close(kept[0], second[2].mean(0))


def test_a_covariance_that_has_no_factor_becomes_nan() -> None:
    # The loss then does, and the loop says what to do.
    seen = MomentComponents(2, 2)
    seen.observe(torch.full((4, 2), float("nan")), torch.ones(4, 2), torch.full((4, 2), 0.5))
    assert seen.scale_tril.isnan().all()
