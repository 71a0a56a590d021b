from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from vaecluster.data.draws import Draws, one_pass

quick = settings(max_examples=25, deadline=None)
USES = [("order", 1), ("order", 2), ("batch", 1, 0), ("batch", 0, 1), ("batch", 1), ("weights",), (), (1,), (1, 0)]
SEEDS = [0, 1, 2, 2**31, 2**63 - 1]


def numbers(generator: Generator) -> list[int]:
    return torch.randint(2**60, (3,), generator=generator).tolist()


def test_every_use_of_every_seed_has_draws_of_its_own() -> None:
    drawn = {tuple(numbers(Draws(seed).at(*use))) for seed in SEEDS for use in USES}
    assert len(drawn) == len(SEEDS) * len(USES)


@given(st.permutations(USES))
@quick
def test_the_draws_of_a_use_do_not_depend_on_what_was_drawn_before(order: list[tuple[str | int, ...]]) -> None:
    draws = Draws(3)
    found = {use: numbers(draws.at(*use)) for use in order}
    assert found == {use: numbers(Draws(3).at(*use)) for use in USES}


def test_the_draws_of_a_seed_are_the_same_in_every_version() -> None:
    # What a fit draws may not change: a checkpoint holds nothing random and makes its generators again.
    assert numbers(Draws(7).at("order", 1)) == [676773645063004425, 226131230966839190, 52542139456011957]


def test_draws_lie_where_they_are_asked_for() -> None:
    assert Draws(0).at("batch").device == torch.device("cpu")
    assert Draws(0).at("batch", device=torch.device("cpu")).device == torch.device("cpu")


@given(rows=st.integers(1, 200), seed=st.integers(0, 99))
@quick
def test_a_pass_without_weights_takes_every_row_once(rows: int, seed: int) -> None:
    order = one_pass(rows, None, Generator().manual_seed(seed))
    assert sorted(order.tolist()) == list(range(rows))
    assert order.tolist() == one_pass(rows, None, Generator().manual_seed(seed)).tolist()


weights = st.lists(st.floats(0, 10), min_size=2, max_size=60).filter(lambda some: sum(some) > 0.1)


@given(weights=weights, seed=st.integers(0, 99))
@quick
def test_a_pass_takes_a_row_as_often_as_its_weight_rounded_up_or_down(weights: list[float], seed: int) -> None:
    shares = np.array(weights) / np.mean(weights)
    order = one_pass(len(shares), shares, Generator().manual_seed(seed))
    assert len(order) == len(shares)
    counts = np.bincount(order, minlength=len(shares))
    assert (counts >= np.floor(shares - 1e-9)).all()
    assert (counts <= np.ceil(shares + 1e-9)).all()


def test_over_many_passes_a_row_counts_as_its_weight_says() -> None:
    shares = np.array([0.0, 0.25, 0.5, 1.25, 3.0])
    orders = [one_pass(5, shares, Generator().manual_seed(seed)) for seed in range(4000)]
    np.testing.assert_allclose(np.bincount(np.concatenate(orders)) / 4000, shares, atol=0.03)
    assert any(first.tolist() != second.tolist() for first, second in pairwise(orders[:9]))


@pytest.mark.parametrize("rows", [10, 1000])
def test_another_generator_gives_another_order(rows: int) -> None:
    first, second = (one_pass(rows, None, Generator().manual_seed(seed)).tolist() for seed in (0, 1))
    assert first != second


def test_no_kind_of_row_is_left_out_where_weights_come_again_in_the_order_of_the_rows() -> None:
    weights = np.tile([1.5, 0.75, 0.75], 50)
    for seed in range(20):
        drawn = np.bincount(one_pass(150, weights, Generator().manual_seed(seed)) % 3, minlength=3)
        np.testing.assert_allclose(drawn, [75, 37.5, 37.5], atol=12)
