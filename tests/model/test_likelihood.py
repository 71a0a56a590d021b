from collections.abc import Callable
from itertools import product
from math import inf, nan, prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor
from torch.distributions import Normal

from vaecluster.model.likelihood import (
    OF_NUMBERS,
    Categories,
    CoinFlips,
    Columns,
    Gaussian,
    LearnedScaleGaussian,
    Likelihood,
)

quick = settings(max_examples=10, deadline=None)


def mixed() -> Columns:
    """Two numbers, a category of three, a coin flip and a number."""
    parts = [Gaussian((2,), 2.5), Categories(3), CoinFlips((1,)), LearnedScaleGaussian((1,), 4.0)]
    return Columns(parts, [2, 1, 1, 1])


# From a name to a likelihood and the shape of a row.
CASES: dict[str, tuple[Callable[[], Likelihood], tuple[int, ...]]] = {
    "numbers": (lambda: Gaussian((3,), 2.5), (3,)),
    "pixels": (lambda: Gaussian((2, 3, 2), 2.5, bounded=True), (2, 3, 2)),
    "numbers, learned": (lambda: LearnedScaleGaussian((3,), 2.5), (3,)),
    "pixels, learned": (lambda: LearnedScaleGaussian((1, 3, 2), bounded=True), (1, 3, 2)),
    "flips": (lambda: CoinFlips((4,)), (4,)),
    "flips of pixels": (lambda: CoinFlips((1, 2, 2)), (1, 2, 2)),
    "categories": (lambda: Categories(4), (1,)),
    "columns": (mixed, (5,)),
    "columns in columns": (lambda: Columns([Columns([Gaussian((2,))], [2]), Categories(2)], [2, 1]), (3,)),
}
cases = pytest.mark.parametrize("name", CASES)
gaussians = pytest.mark.parametrize("family", [Gaussian, LearnedScaleGaussian])


def numbers_of(likelihood: Likelihood, rows: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, *likelihood.shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


def case(name: str, rows: int = 7) -> tuple[Likelihood, Tensor, Tensor]:
    """A likelihood, numbers that require a gradient, and rows that it could have."""
    make, shape = CASES[name]
    # 0 and 1 are numbers, pixels, coin flips and categories.
    data = torch.randint(2, (rows, *shape), generator=Generator().manual_seed(1)).double()
    likelihood = make().double()
    return likelihood, numbers_of(likelihood, rows).requires_grad_(), data


@cases
def test_a_row_is_one_event_and_what_is_shown_has_its_shape(name: str) -> None:
    likelihood, numbers, rows = case(name)
    distribution, shown = likelihood(numbers), likelihood.expected(numbers)
    assert distribution.batch_shape == (7,)
    assert distribution.log_prob(rows).shape == (7,)
    assert shown.shape == rows.shape
    assert shown.dtype == numbers.dtype
    torch.testing.assert_close(
        distribution.log_prob(rows), likelihood.entries(numbers).log_prob(rows).flatten(1).sum(-1)
    )


@cases
def test_gradients_reach_every_parameter_and_every_number(name: str) -> None:
    likelihood, numbers, rows = case(name)
    likelihood(numbers).log_prob(rows).sum().backward()
    for values in (numbers, *likelihood.parameters()):
        assert values.grad.isfinite().all()
        assert (values.grad != 0).all()


@cases
def test_what_is_shown_is_the_likeliest_row_or_the_mean(name: str) -> None:
    likelihood, numbers, rows = case(name)
    shown = likelihood.expected(numbers).detach()
    # A probability is read as one: of coin flips the likeliest row is its rounding.
    best = shown.round() if likelihood.unit else shown
    if name == "columns":
        best[:, 3] = shown[:, 3].round()
    assert (likelihood(numbers).log_prob(best) >= likelihood(numbers).log_prob(rows) - 1e-12).all()


@gaussians
@pytest.mark.parametrize("shape", [(1,), (2,), (1, 1, 1), (1, 2, 1), (2, 1, 1)])
@pytest.mark.parametrize("bounded", [False, True])
@given(precision=st.floats(0.5, 10), seed=st.integers(0, 99))
@quick
def test_the_density_of_numbers_integrates_to_one(
    family: type[Gaussian], shape: tuple[int, ...], bounded: bool, precision: float, seed: int
) -> None:
    likelihood = family(shape, precision, bounded=bounded).double()
    axis = torch.linspace(-14, 14, 281, dtype=torch.float64)
    rows = torch.cartesian_prod(*[axis] * prod(shape)).view(-1, *shape)
    density = likelihood(numbers_of(likelihood, 1, seed)).log_prob(rows).exp()
    assert density.sum().item() * 0.1 ** prod(shape) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("likelihood", "values"),
    [
        *[(CoinFlips(shape), [[0, 1]] * prod(shape)) for shape in ((1,), (3,), (5,), (1, 2, 2), (2, 1, 2))],
        *[(Categories(number), [range(number)]) for number in (1, 2, 5)],
        (Columns([Categories(3), CoinFlips((2,)), Categories(2)], [1, 2, 1]), [range(3), [0, 1], [0, 1], [0, 1]]),
    ],
)
def test_probabilities_sum_to_one_over_all_rows_there_are(likelihood: Likelihood, values: list[list[int]]) -> None:
    every = torch.tensor(list(product(*values)), dtype=torch.float64)
    shape = likelihood.shape if likelihood.unit else every.shape[1:]
    for numbers in numbers_of(likelihood, 4):
        chances = likelihood(numbers.unsqueeze(0)).log_prob(every.view(-1, *shape)).exp()
        assert chances.sum().item() == pytest.approx(1)


def test_mixed_columns_integrate_and_sum_to_one() -> None:
    axis = torch.linspace(-12, 12, 241, dtype=torch.float64)
    rows = torch.cartesian_prod(axis, torch.arange(3, dtype=torch.float64))
    columns = Columns([Gaussian((1,), 2.5), Categories(3)], [1, 1]).double()
    density = columns(numbers_of(columns, 1)).log_prob(rows).exp()
    assert density.sum().item() * 0.1 == pytest.approx(1)


@gaussians
@given(precision=st.floats(0.1, 100))
@quick
def test_precision_weighs_half_the_squared_error(family: type[Gaussian], precision: float) -> None:
    likelihood = family((2,), precision).double()
    mean, rows = numbers_of(likelihood, 6, 1), numbers_of(likelihood, 6, 2)
    difference = likelihood(mean).log_prob(mean) - likelihood(mean).log_prob(rows)
    torch.testing.assert_close(difference, precision * 0.5 * (rows - mean).square().sum(-1), rtol=1e-5, atol=1e-6)


def test_a_fixed_spread_is_saved_and_never_learned() -> None:
    assert "scale" in Gaussian((1,), 2.5).state_dict()
    assert list(Gaussian((1,), 2.5).parameters()) == []


def test_the_learned_spread_starts_at_the_given_precision_and_is_best_at_the_mean_squared_error() -> None:
    likelihood = LearnedScaleGaussian((2,), 4.0).double()
    mean, rows = numbers_of(likelihood, 50, 3), numbers_of(likelihood, 50, 4)
    torch.testing.assert_close(likelihood(mean).variance, torch.full_like(mean, 0.25))
    with torch.no_grad():
        likelihood.log_scale.copy_(0.5 * (rows - mean).square().mean().log())
    likelihood(mean).log_prob(rows).mean().backward()
    assert float(likelihood.log_scale.grad) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("family", OF_NUMBERS.values())
def test_bounded_means_and_probabilities_lie_between_0_and_1(family: type[Gaussian]) -> None:
    numbers = torch.tensor([[-50.0, -1.0, 2.0, 50.0]])
    torch.testing.assert_close(family((4,), bounded=True).expected(numbers), numbers.sigmoid())
    if not family.unit:
        torch.testing.assert_close(family((4,)).expected(numbers), numbers)


def test_the_chance_of_a_coin_is_the_logistic_function_of_its_number() -> None:
    numbers = torch.tensor([[-2.0], [0.0], [3.0]])
    torch.testing.assert_close(CoinFlips((1,))(numbers).log_prob(torch.ones(3, 1)).exp(), numbers.sigmoid()[:, 0])


def test_a_category_is_as_likely_as_the_softmax_of_the_numbers_says() -> None:
    numbers = numbers_of(Categories(4), 5)
    chances = [Categories(4)(numbers).log_prob(torch.full((5, 1), float(place))).exp() for place in range(4)]
    torch.testing.assert_close(torch.stack(chances, 1), numbers.softmax(-1))
    assert Categories(4).expected(numbers)[:, 0].tolist() == numbers.argmax(-1).tolist()


# Columns


def test_columns_are_the_sum_of_their_blocks() -> None:
    columns, numbers, rows = case("columns")
    place = 0
    total = torch.zeros(7, dtype=torch.float64)
    for part, entries in zip(columns.parts, rows.split([2, 1, 1, 1], -1), strict=True):
        total += part(numbers[:, place : place + part.shape[0]]).log_prob(entries)
        place += part.shape[0]
    torch.testing.assert_close(columns(numbers).log_prob(rows), total)


@given(missing=st.lists(st.booleans(), min_size=35, max_size=35))
@quick
def test_missing_entries_add_nothing_and_leave_gradients_finite(missing: list[bool]) -> None:
    columns, numbers, rows = case("columns")
    gone = torch.tensor(missing).view(7, 5)
    entries = columns.entries(numbers).log_prob(rows)
    log_prob = columns(numbers).log_prob(rows.masked_fill(gone, nan))
    torch.testing.assert_close(log_prob, entries.masked_fill(gone, 0).sum(-1))
    log_prob.sum().backward()
    assert numbers.grad.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in columns.parameters())
    # The network learns nothing from a number that is not there: the entries of the row in order of the numbers.
    for entry, own in enumerate(([0], [1], [2, 3, 4], [5], [6])):
        assert (numbers.grad[gone[:, entry]][:, own] == 0).all()
        assert (numbers.grad[~gone[:, entry]][:, own] != 0).all()


def test_an_infinite_entry_is_not_a_missing_one() -> None:
    columns = Columns([Gaussian((1,))], [1])
    assert columns(torch.zeros(1, 1)).log_prob(torch.tensor([[inf]])).item() == -inf


def test_a_gaussian_column_is_a_normal_distribution() -> None:
    columns = Columns([Gaussian((1,), 4.0)], [1])
    expected = Normal(0.3, 0.5).log_prob(torch.tensor(1.0))
    torch.testing.assert_close(columns(torch.tensor([[0.3]])).log_prob(torch.ones(1, 1))[0], expected)
