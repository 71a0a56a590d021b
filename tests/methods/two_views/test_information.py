from math import log

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vaecluster.methods.two_views.information import InformationEstimate, PointwiseInformation, joint_table

quick = settings(max_examples=20, deadline=None)
seeds = given(seed=st.integers(0, 999))


def random_assignments(seed: int, rows: int = 40, heads: int = 3, components: int = 4) -> tuple[Tensor, Tensor]:
    """Assignments of two views that agree in part; no cell of their table is near empty."""
    random = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, heads, components, generator=random, dtype=torch.float64)
    noise = torch.randn(rows, heads, components, generator=random, dtype=torch.float64)
    return logits.softmax(-1), (logits + noise).softmax(-1)


def shared_information(own: Tensor, partner: Tensor) -> Tensor:
    """An estimate that has seen no other batch is (2) itself."""
    return InformationEstimate(*own.shape[1:]).to(own)(own, partner)


def mutual_information(table: Tensor) -> Tensor:
    """(2) by its definition, of tables without an empty cell."""
    cells = table * (table.log() - table.sum(-1, keepdim=True).log() - table.sum(-2, keepdim=True).log())
    return cells.sum((-1, -2))


def entropy(shares: Tensor) -> Tensor:
    return -(shares * shares.log()).sum(-1)


@pytest.mark.parametrize("rows", [[10, 10], [14, 4, 2], [5, 5, 5, 5]], ids=str)
def test_information_is_the_entropy_when_the_views_agree_for_sure(rows: list[int]) -> None:
    number = torch.tensor(rows)
    sure = torch.eye(len(rows), dtype=torch.float64)[:, None].repeat_interleave(number, 0)
    expected = entropy(number.double() / 20)
    torch.testing.assert_close(shared_information(sure, sure).mean(), expected, atol=1e-5, rtol=0)


@seeds
@quick
def test_information_is_zero_when_the_views_are_independent(seed: int) -> None:
    same = random_assignments(seed)[0][:1].repeat(40, 1, 1)
    assert float(shared_information(same, same).mean()) == pytest.approx(0, abs=1e-6)


@given(seed=st.integers(0, 999), components=st.integers(1, 8))
@quick
def test_information_is_never_negative_and_at_most_log_k(seed: int, components: int) -> None:
    information = shared_information(*random_assignments(seed, components=components)).mean(0)
    assert -1e-6 <= float(information.min()) <= float(information.max()) <= log(components) + 1e-6


@seeds
@quick
def test_information_does_not_depend_on_which_view_comes_first(seed: int) -> None:
    own, partner = random_assignments(seed)
    torch.testing.assert_close(joint_table(own, partner), joint_table(partner, own))
    information = shared_information(own, partner).mean(0)
    torch.testing.assert_close(shared_information(partner, own).mean(0), information)


@seeds
@quick
def test_information_does_not_change_when_components_are_renamed(seed: int) -> None:
    own, partner = random_assignments(seed)
    renaming = torch.randperm(4, generator=torch.Generator().manual_seed(seed))
    renamed = shared_information(own[..., renaming], partner[..., renaming])
    torch.testing.assert_close(renamed, shared_information(own, partner))


@seeds
@quick
def test_a_joint_table_is_symmetric_and_sums_to_one(seed: int) -> None:
    own, partner = random_assignments(seed)
    table = joint_table(own, partner)
    assert table.shape == (3, 4, 4)
    torch.testing.assert_close(table, table.transpose(-1, -2))
    torch.testing.assert_close(table.sum((-1, -2)), torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(table.sum(-1), (own.mean(0) + partner.mean(0)) / 2)


@seeds
@quick
def test_the_mean_over_the_rows_is_the_information_of_the_joint_table(seed: int) -> None:
    own, partner = random_assignments(seed)
    shared = shared_information(own, partner)
    assert shared.shape == (40, 3)
    torch.testing.assert_close(shared.mean(0), mutual_information(joint_table(own, partner)))


@seeds
@quick
def test_the_gradient_is_that_of_the_plain_information(seed: int) -> None:
    logits = [assignment.log().requires_grad_() for assignment in random_assignments(seed)]
    own, partner = (values.softmax(-1) for values in logits)
    plain = mutual_information(joint_table(own, partner)).sum()
    expected = torch.autograd.grad(plain, logits, retain_graph=True)
    came = torch.autograd.grad(shared_information(own, partner).mean(0).sum(), logits)
    for ours, plain in zip(came, expected, strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-6, rtol=1e-6)


@seeds
@quick
def test_several_heads_at_once_are_each_as_if_alone(seed: int) -> None:
    own, partner = random_assignments(seed)
    together, tables = shared_information(own, partner), joint_table(own, partner)
    for head in range(own.shape[1]):
        alone = slice(head, head + 1)
        torch.testing.assert_close(shared_information(own[:, alone], partner[:, alone]), together[:, alone])
        torch.testing.assert_close(joint_table(own[:, alone], partner[:, alone]), tables[alone])


def test_cells_that_no_pair_reaches_leave_value_and_gradient_finite() -> None:
    logits = torch.tensor([[[200.0, 0.0, -200.0]]] * 6, requires_grad=True)
    shared = shared_information(logits.softmax(-1), logits.softmax(-1)).mean()
    shared.backward()
    assert float(shared.detach()) == pytest.approx(0, abs=1e-5)
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@seeds
@quick
def test_the_cells_are_a_running_average_and_the_first_batch_is_taken_as_it_is(seed: int) -> None:
    first, second = random_assignments(seed), random_assignments(seed + 1)
    estimate = InformationEstimate(3, 4, decay=0.75).double()
    for batch in (first, second):
        estimate(*batch)
    expected = 0.75 * joint_table(*first) + 0.25 * joint_table(*second)
    torch.testing.assert_close(estimate.table, expected)


def test_sizes_other_than_the_target_are_pushed_back_and_more_with_more_balance() -> None:
    # Two components, the first too large: what a row gains by moving to the second.
    own = torch.tensor([0.8, 0.2], dtype=torch.float64).expand(10, 1, 2)
    gains = []
    for balance in (0.0, 1.0, 3.0):
        moved = own.clone().requires_grad_()
        InformationEstimate(1, 2, balance=balance).double()(moved, own).mean().backward()
        gains.append(float((moved.grad[..., 1] - moved.grad[..., 0]).mean()))
    assert gains[0] < gains[1] < gains[2]
    # At the target nothing pushes.
    target = torch.tensor([[0.8, 0.2]], dtype=torch.float64)
    at_target = [InformationEstimate(1, 2, target=target, balance=balance).double() for balance in (0.0, 3.0)]
    torch.testing.assert_close(at_target[0](own, own), at_target[1](own, own))


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_giving_up_a_cluster_that_shares_everything_pays_with_a_balance_of_one_and_not_of_four(share: float) -> None:
    # Two clusters that mix at random share nothing; all rows in the larger one have no doubt left.
    target = torch.tensor([[share, 1 - share]], dtype=torch.float64)
    mixed, given_up = target.expand(10, 1, 2), torch.tensor([0.0, 1.0]).double().expand(10, 1, 2)
    kept, gained = (
        [
            float(InformationEstimate(1, 2, target=target, balance=balance).double()(rows, rows).mean())
            for balance in (1.0, 4.0)
        ]
        for rows in (mixed, given_up)
    )
    assert kept == pytest.approx([0, 0], abs=1e-12)
    assert gained[0] > 0 > gained[1]


# Pointwise


@seeds
@quick
def test_pointwise_information_is_a_likelihood_ratio_when_nothing_is_softened(seed: int) -> None:
    # sum_c q(c|x) q(c|x') / P(c) averages to 1 over all pairs of rows, so it compares pairs with chance.
    own, _ = random_assignments(seed)
    rows = len(own)
    one, other = own.repeat_interleave(rows, 0), own.repeat(rows, 1, 1)
    ratio = PointwiseInformation(softness=1.0)(one, other).exp()
    torch.testing.assert_close(ratio.mean(0), torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("components", [2, 5, 40])
def test_pointwise_information_of_sure_views_is_the_logarithm_of_the_components(components: int) -> None:
    sure = torch.eye(components, dtype=torch.float64)[:, None]
    expected = torch.full((components, 1), log(components), dtype=torch.float64)
    torch.testing.assert_close(PointwiseInformation()(sure, sure), expected, atol=1e-3, rtol=0)


@seeds
@quick
def test_pointwise_information_forbids_any_other_mapping_of_components(seed: int) -> None:
    own, partner = random_assignments(seed)
    moved = partner.roll(1, -1)
    estimate = PointwiseInformation()
    assert (estimate(own, moved).mean(0) < estimate(own, partner).mean(0)).all()
    # (2) pays for it as for the same one.
    torch.testing.assert_close(
        mutual_information(joint_table_of(own, moved)), mutual_information(joint_table_of(own, partner))
    )


def joint_table_of(own: Tensor, partner: Tensor) -> Tensor:
    """Not made symmetric, which another mapping does not survive."""
    return torch.einsum("nhc,nhd->hcd", own, partner) / len(own)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_pointwise_information_and_its_gradient_are_finite_at_the_corners(value: float) -> None:
    own = torch.tensor([[[value, 1 - value]]], requires_grad=True)
    found = PointwiseInformation()(own, own.flip(-1))
    found.sum().backward()
    assert found.isfinite().all()
    assert own.grad is not None
    assert own.grad.isfinite().all()
