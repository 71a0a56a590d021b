from collections.abc import Callable
from itertools import product
from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from vaecluster.model.decoder import BernoulliDecoder, Decoder, GaussianDecoder, LearnedScaleDecoder

quick = settings(max_examples=10, deadline=None)
LATENT = 2


def network(data_shape: tuple[int, ...], seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(LATENT, prod(data_shape)), nn.Unflatten(1, data_shape))


def codes(number: int, seed: int = 0) -> Tensor:
    return torch.randn(number, LATENT, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def coin_flips(network: nn.Module, precision: float, data_dims: int) -> Decoder:
    return BernoulliDecoder(network, data_dims)


gaussians = pytest.mark.parametrize("family", [GaussianDecoder, LearnedScaleDecoder])
Gaussian = Callable[[nn.Module, float, int], Decoder]


@gaussians
@pytest.mark.parametrize("data_shape", [(1,), (2,), (1, 1, 1), (1, 2, 1), (2, 1, 1)])
@given(precision=st.floats(0.5, 10), seed=st.integers(0, 99))
@quick
def test_the_density_of_rows_integrates_to_one(
    family: Gaussian, data_shape: tuple[int, ...], precision: float, seed: int
) -> None:
    decoder = family(network(data_shape, seed), precision, len(data_shape)).double()
    axis = torch.linspace(-14, 14, 281, dtype=torch.float64)
    rows = torch.cartesian_prod(*[axis] * prod(data_shape)).view(-1, *data_shape)
    density = decoder(codes(1, seed)).log_prob(rows).exp()
    assert density.sum().item() * 0.1 ** prod(data_shape) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("data_shape", [(1,), (3,), (5,), (1, 2, 2), (2, 1, 2)])
def test_coin_flips_sum_to_one_over_all_rows_of_zeros_and_ones(data_shape: tuple[int, ...]) -> None:
    decoder = BernoulliDecoder(network(data_shape), len(data_shape)).double()
    every = torch.tensor(list(product([0.0, 1.0], repeat=prod(data_shape))), dtype=torch.float64)
    for code in codes(4):
        chances = decoder(code.unsqueeze(0)).log_prob(every.view(-1, *data_shape)).exp()
        assert chances.sum().item() == pytest.approx(1)


@gaussians
@given(precision=st.floats(0.1, 100))
@quick
def test_precision_weighs_half_the_squared_error(family: Gaussian, precision: float) -> None:
    decoder = family(nn.Identity(), precision, 1).double()
    rows, code = codes(6, seed=1), codes(6, seed=2)
    likelihood = decoder(code)
    difference = likelihood.log_prob(code) - likelihood.log_prob(rows)
    torch.testing.assert_close(difference, precision * 0.5 * (rows - code).square().sum(-1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "family", [GaussianDecoder, LearnedScaleDecoder, lambda net, _, dims: BernoulliDecoder(net, dims)]
)
@pytest.mark.parametrize("data_shape", [(4,), (1, 3, 2), (3, 2, 2)])
def test_a_row_is_one_event_whatever_its_shape(family: Gaussian, data_shape: tuple[int, ...]) -> None:
    likelihood = family(network(data_shape), 2.5, len(data_shape)).double()(codes(7))
    assert likelihood.batch_shape == (7,)
    assert likelihood.event_shape == data_shape
    assert likelihood.mean.shape == (7, *data_shape)


def test_a_fixed_spread_is_saved_and_never_learned() -> None:
    decoder = GaussianDecoder(nn.Identity(), 2.5, 1)
    assert "scale" in decoder.state_dict()
    assert list(decoder.parameters()) == []


def test_the_learned_spread_is_best_where_the_variance_is_the_mean_squared_error() -> None:
    decoder = LearnedScaleDecoder(nn.Identity(), 2.5, 1).double()
    rows, code = codes(50, seed=3), codes(50, seed=4)
    with torch.no_grad():
        decoder.log_scale.copy_(0.5 * (rows - code).square().mean().log())
    decoder(code).log_prob(rows).mean().backward()
    assert float(decoder.log_scale.grad) == pytest.approx(0, abs=1e-9)


def test_the_learned_spread_starts_at_the_given_precision() -> None:
    decoder = LearnedScaleDecoder(nn.Identity(), 4.0, 1)
    assert decoder(torch.zeros(1, 1)).variance.item() == pytest.approx(0.25)


def test_the_mean_of_coin_flips_is_their_chance() -> None:
    decoder = BernoulliDecoder(nn.Identity(), 1)
    torch.testing.assert_close(decoder(torch.tensor([[-1.0, 2.0]])).mean, torch.tensor([[-1.0, 2.0]]).sigmoid())
