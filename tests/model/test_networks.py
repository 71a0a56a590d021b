from collections.abc import Callable
from math import sqrt
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor, nn

from vaecluster.model.networks.conv import ConvDecoderNetwork, ConvEncoderNetwork, sizes_after_layers
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import start_
from vaecluster.model.networks.reduced import reduce

quick = settings(max_examples=10, deadline=None)
Shape = tuple[int, ...]


def started(network: Any, seed: int = 0, *, glorot: bool = False) -> Any:
    start_(network, Generator().manual_seed(seed), glorot=glorot)
    return network


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed))


@pytest.mark.parametrize("data_shape", [(1, 1, 1), (1, 2, 3), (2, 7, 5), (1, 8, 8), (1, 28, 27), (3, 32, 32)])
def test_convolutions_read_and_write_images_of_any_size_and_leave_what_they_read_alone(
    data_shape: tuple[int, int, int],
) -> None:
    encoder, decoder = started(ConvEncoderNetwork(data_shape)), started(ConvDecoderNetwork(4, data_shape))
    rows, code = normal(2, *data_shape), normal(2, 4)
    before = rows.clone(), code.clone()
    assert encoder(rows).shape == (2, encoder.features)
    assert decoder(code).shape == (2, *data_shape)
    assert torch.equal(rows, before[0])
    assert torch.equal(code, before[1])


@given(st.integers(1, 3), st.integers(1, 19), st.integers(1, 19))
@quick
def test_images_of_every_size_come_back_in_their_size(channels: int, height: int, width: int) -> None:
    data_shape = (channels, height, width)
    encoder, decoder = started(ConvEncoderNetwork(data_shape)), started(ConvDecoderNetwork(3, data_shape))
    assert encoder(normal(1, *data_shape)).shape == (1, encoder.features)
    assert decoder(normal(1, 3)).shape == (1, *data_shape)


@given(st.integers(1, 300), st.integers(1, 300))
@quick
def test_two_strides_of_two_leave_a_quarter_of_each_side_rounded_up(height: int, width: int) -> None:
    sizes = sizes_after_layers((height, width))
    assert sizes[0] == (height, width)
    assert sizes[-1] == (-(-height // 4), -(-width // 4))


def test_the_convolutions_are_those_of_the_article() -> None:
    encoder = [layer for layer in ConvEncoderNetwork((1, 28, 28)).network if isinstance(layer, nn.Conv2d)]
    assert [(layer.out_channels, layer.stride[0]) for layer in encoder] == [(32, 2), (32, 1), (64, 2), (64, 1)]
    decoder = [layer for layer in ConvDecoderNetwork(20, (1, 28, 28)).network if isinstance(layer, nn.ConvTranspose2d)]
    assert [(layer.out_channels, layer.stride[0]) for layer in decoder] == [(64, 1), (64, 2), (32, 1), (32, 2), (1, 1)]
    assert {layer.kernel_size for layer in [*encoder, *decoder]} == {(3, 3)}


def test_a_pixel_of_the_image_moves_only_what_lies_around_it() -> None:
    # Upside down or mirrored features would still have the right shape; this says where the pixel is seen.
    decoder = started(ConvDecoderNetwork(2, (1, 16, 16)))
    start = torch.zeros(1, *decoder.start)
    base = decoder.network(start).flip(-2, -1)
    start[..., -1, -1] = 10.0
    moved = (decoder.network(start).flip(-2, -1) - base).abs()[0, 0] > 1e-9
    assert moved[0, 0]
    assert not moved[-1, -1]


@pytest.mark.parametrize("data_shape", [(5,), (1, 1, 1), (1, 4, 3), (3, 2, 2)])
@pytest.mark.parametrize("widths", [(7,), (6, 5)])
def test_dense_networks_read_and_write_images_and_vectors(data_shape: Shape, widths: Shape) -> None:
    encoder = started(DenseEncoderNetwork(data_shape, widths))
    decoder = started(DenseDecoderNetwork(2, widths[::-1], data_shape))
    assert encoder.features == widths[-1]
    assert encoder(normal(3, *data_shape)).shape == (3, widths[-1])
    assert decoder(normal(3, 2)).shape == (3, *data_shape)


def test_dense_features_pass_a_rectifier_and_dense_outputs_do_not() -> None:
    assert started(DenseEncoderNetwork((5,), (50,)))(normal(20, 5)).min() == 0
    assert started(DenseDecoderNetwork(2, (50,), (5,)))(normal(20, 2)).min() < 0


# Weights to start from

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "conv encoder": lambda: ConvEncoderNetwork((3, 8, 8)),
    "conv decoder": lambda: ConvDecoderNetwork(4, (3, 8, 8)),
    "dense encoder": lambda: DenseEncoderNetwork((9,), (40, 30), normalised=True),
    "dense decoder": lambda: DenseDecoderNetwork(4, (30, 40), (3, 8, 8)),
}
networks = pytest.mark.parametrize("name", NETWORKS)


def layers_of(network: nn.Module) -> list[nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]


@networks
@pytest.mark.parametrize("glorot", [False, True])
def test_weights_start_uniform_within_their_bound(name: str, glorot: bool) -> None:
    network = NETWORKS[name]()
    assert all(layer.weight.is_meta for layer in layers_of(network))
    for layer in layers_of(started(network, glorot=glorot)):
        inputs, outputs = layer.weight[0].numel(), layer.weight[:, 0].numel()
        bound = sqrt(6 / (inputs + outputs)) if glorot else 1 / sqrt(inputs)
        largest = layer.weight.abs().max().item()
        assert 0.9 * bound < largest <= bound * (1 + 1e-6)
        assert layer.weight.std().item() == pytest.approx(bound / sqrt(3), rel=0.15)  # a uniform's
        assert layer.bias.abs().max().item() <= (0 if glorot else bound)
        assert glorot or layer.bias.any()


@networks
def test_weights_start_as_torch_would_draw_them_itself(name: str) -> None:
    ours = started(NETWORKS[name](), seed=3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        for layer in layers_of(ours):
            # The same numbers; kernels whose channels come last in memory are filled in another order.
            before = [layer.weight.detach().flatten().sort().values, layer.bias.detach().sort().values]
            layer.reset_parameters()
            assert torch.equal(layer.weight.flatten().sort().values, before[0])
            assert torch.equal(layer.bias.sort().values, before[1])


@networks
def test_the_generator_decides_the_weights_and_weights_that_are_there_stay(name: str) -> None:
    first, again, other = (started(NETWORKS[name](), seed) for seed in (0, 0, 1))
    for weight, same, differs in zip(*(list(layers_of(n)) for n in (first, again, other)), strict=True):
        assert torch.equal(weight.weight, same.weight)
        assert not torch.equal(weight.weight, differs.weight)
    started(again, seed=5)
    for weight, same in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(weight, same)
        assert weight.dtype == torch.float32


# Multiplication in bfloat16

DENSE: dict[str, tuple[Callable[[], nn.Module], Shape]] = {
    "encoder": (lambda: DenseEncoderNetwork((9,), (32, 16), normalised=True), (9,)),
    "decoder": (lambda: DenseDecoderNetwork(4, (16, 32), (3, 3), normalised=True), (4,)),
    "not normalised": (lambda: DenseEncoderNetwork((2, 5), (32, 16)), (2, 5)),
}
dense = pytest.mark.parametrize("case", DENSE)


def reduced_and_exact(case: str) -> tuple[nn.Module, nn.Module, Tensor]:
    """Two networks with the same weights, of which the first multiplies in bfloat16 while training, and rows."""
    build, shape = DENSE[case]
    reduced, exact = started(build()), started(build())
    reduce(reduced, True)
    return reduced, exact, normal(64, *shape, seed=1)


@dense
def test_in_training_reduced_networks_give_single_precision_close_to_the_exact_ones(case: str) -> None:
    reduced, exact, rows = reduced_and_exact(case)
    output, expected = reduced(rows).detach(), exact(rows).detach()
    assert output.dtype == torch.float32
    # bfloat16 has 8 bits: each number is off by up to a part in 256, and batch normalisation keeps the scale near 1.
    assert 0 < float((output - expected).abs().max()) < 0.1
    assert float((output - expected).square().mean().sqrt()) < 0.01 * (1 + float(expected.std()))


@dense
def test_weights_gradients_and_batch_statistics_of_reduced_networks_stay_in_single_precision(case: str) -> None:
    reduced, exact, rows = reduced_and_exact(case)
    for network in (reduced, exact):
        network(rows).square().mean().backward()
    for values, true in zip(reduced.parameters(), exact.parameters(), strict=True):
        assert values.dtype == values.grad.dtype == torch.float32
        assert values.grad.isfinite().all()
        assert float((values.grad - true.grad).norm()) <= 0.05 * float(true.grad.norm()) + 1e-3
    for values, true in zip(reduced.buffers(), exact.buffers(), strict=True):
        assert values.dtype == true.dtype
        torch.testing.assert_close(values, true, atol=0.01, rtol=0.01)


@dense
def test_after_training_and_when_turned_off_reduced_networks_are_exact(case: str) -> None:
    reduced, exact, rows = reduced_and_exact(case)
    assert torch.equal(reduced.eval()(rows), exact.eval()(rows))
    # Training in between changes statistics of the batches, not how it is multiplied afterwards.
    reduced.train()(rows)
    exact.load_state_dict(reduced.state_dict())
    assert torch.equal(reduced.eval()(rows), exact(rows))
    reduce(reduced, False)
    assert torch.equal(reduced.train()(rows), exact.train()(rows))
