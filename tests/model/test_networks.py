from math import prod, sqrt

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from vaecluster.model.networks.conv import ConvDecoderNetwork, ConvEncoderNetwork, sizes_after_layers
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import glorot_

quick = settings(max_examples=10, deadline=None)
IMAGES = [(1, 1, 1), (1, 2, 3), (2, 7, 5), (1, 8, 8), (1, 28, 27), (3, 32, 32)]


@pytest.mark.parametrize("data_shape", IMAGES)
def test_convolutions_read_and_draw_images_of_any_size(data_shape: tuple[int, int, int]) -> None:
    encoder, decoder = ConvEncoderNetwork(data_shape), ConvDecoderNetwork(4, data_shape)
    features = encoder(torch.rand(2, *data_shape))
    assert features.shape == (2, encoder.features)
    assert decoder(torch.randn(2, 4)).shape == (2, *data_shape)


@given(st.integers(1, 3), st.integers(1, 19), st.integers(1, 19))
@quick
def test_images_of_every_size_come_back_in_their_size(channels: int, height: int, width: int) -> None:
    data_shape = (channels, height, width)
    encoder, decoder = ConvEncoderNetwork(data_shape), ConvDecoderNetwork(3, data_shape)
    assert encoder(torch.rand(1, *data_shape)).shape == (1, encoder.features)
    assert decoder(torch.randn(1, 3)).shape == (1, *data_shape)


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


@pytest.mark.parametrize("data_shape", [(1, 28, 28), (3, 9, 6)])
def test_convolutions_leave_the_rows_they_read_alone(data_shape: tuple[int, int, int]) -> None:
    rows, code = torch.rand(2, *data_shape), torch.randn(2, 4)
    before = rows.clone(), code.clone()
    ConvEncoderNetwork(data_shape)(rows)
    ConvDecoderNetwork(4, data_shape)(code)
    assert torch.equal(rows, before[0])
    assert torch.equal(code, before[1])


def test_a_pixel_of_the_image_moves_only_what_lies_around_it() -> None:
    # Upside down or mirrored features would still have the right shape; this says where the pixel is seen.
    torch.manual_seed(0)
    decoder = ConvDecoderNetwork(2, (1, 16, 16))
    base = decoder.network(torch.zeros(1, *decoder.start)).flip(-2, -1)
    start = torch.zeros(1, *decoder.start)
    start[..., -1, -1] = 10.0
    moved = (decoder.network(start).flip(-2, -1) - base).abs()[0, 0] > 1e-9
    assert moved[0, 0]
    assert not moved[-1, -1]


@pytest.mark.parametrize("data_shape", [(5,), (1, 1, 1), (1, 4, 3), (3, 2, 2)])
@pytest.mark.parametrize("widths", [(7,), (6, 5)])
def test_dense_networks_read_and_write_images_and_vectors(
    data_shape: tuple[int, ...], widths: tuple[int, ...]
) -> None:
    encoder, decoder = DenseEncoderNetwork(data_shape, widths), DenseDecoderNetwork(2, widths[::-1], data_shape)
    assert encoder.features == widths[-1]
    assert encoder(torch.rand(3, *data_shape)).shape == (3, widths[-1])
    assert decoder(torch.randn(3, 2)).shape == (3, *data_shape)


def test_dense_features_pass_a_rectifier_and_dense_outputs_do_not() -> None:
    torch.manual_seed(0)
    assert DenseEncoderNetwork((5,), (50,))(torch.randn(20, 5)).min() == 0
    assert DenseDecoderNetwork(2, (50,), (5,))(torch.randn(20, 2)).min() < 0


@pytest.mark.parametrize(
    "network",
    [
        ConvEncoderNetwork((3, 8, 8)),
        ConvDecoderNetwork(4, (3, 8, 8)),
        DenseEncoderNetwork((9,), (40, 30)),
        DenseDecoderNetwork(4, (30, 40), (3, 8, 8)),
    ],
    ids=lambda network: type(network).__name__,
)
def test_weights_start_glorot_uniform_and_biases_at_zero(network: nn.Module) -> None:
    torch.manual_seed(0)
    glorot_(network)
    layers = [layer for layer in network.modules() if list(layer.parameters(recurse=False))]
    assert layers
    for layer in layers:
        inputs, outputs = layer.weight.shape[:2]
        bound = sqrt(6 / ((inputs + outputs) * prod(layer.weight.shape[2:])))
        largest = layer.weight.abs().max().item()
        assert 0.9 * bound < largest <= bound * (1 + 1e-6)
        assert layer.weight.std().item() == pytest.approx(bound / sqrt(3), rel=0.15)  # a uniform's
        assert (layer.bias == 0).all()


DENSE = {
    "encoder": (lambda reduced: DenseEncoderNetwork((9,), (32, 16), normalised=True, reduced=reduced), (9,)),
    "decoder": (lambda reduced: DenseDecoderNetwork(4, (16, 32), (3, 3), normalised=True, reduced=reduced), (4,)),
    "not normalised": (lambda reduced: DenseEncoderNetwork((2, 5), (32, 16), reduced=reduced), (2, 5)),
}


def reduced_and_exact(case: str) -> tuple[nn.Module, nn.Module, torch.Tensor]:
    """Two networks with the same weights, of which the first multiplies in bfloat16 while training, and rows."""
    build, shape = DENSE[case]
    torch.manual_seed(0)
    reduced, exact = build(True), build(False)
    exact.load_state_dict(reduced.state_dict())
    return reduced, exact, torch.randn(64, *shape)


@pytest.mark.parametrize("case", DENSE)
def test_in_training_reduced_networks_give_single_precision_close_to_the_exact_ones(case: str) -> None:
    reduced, exact, rows = reduced_and_exact(case)
    output, expected = reduced(rows).detach(), exact(rows).detach()
    assert output.dtype == torch.float32
    # bfloat16 has 8 bits: each number is off by up to a part in 256, and batch normalisation keeps the scale near 1.
    assert 0 < float((output - expected).abs().max()) < 0.1
    assert float((output - expected).square().mean().sqrt()) < 0.01 * (1 + float(expected.std()))


@pytest.mark.parametrize("case", DENSE)
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


@pytest.mark.parametrize("case", DENSE)
def test_after_training_reduced_networks_are_exact(case: str) -> None:
    reduced, exact, rows = reduced_and_exact(case)
    assert torch.equal(reduced.eval()(rows), exact.eval()(rows))
    # Training in between changes statistics of the batches, not how it is multiplied afterwards.
    reduced.train()(rows)
    exact.load_state_dict(reduced.state_dict())
    assert torch.equal(reduced.eval()(rows), exact(rows))
