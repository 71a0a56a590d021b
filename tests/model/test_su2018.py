"""The preset `su2018` against the article's method, written out by hand from torch's plain operators.

The hand-written half (`article_loss` and what it calls) pads as TensorFlow does, after an even side, and knows
nothing of the package. `as_in_the_article` translates the package's weights into that convention: kernels are
mirrored, and so is the order in which the linear layers read and write the pixels of a feature map.
"""

from collections.abc import Iterator
from math import ceil, log, pi

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from vaecluster.model.cluster_posterior import CodePosterior
from vaecluster.model.decoder import GaussianDecoder
from vaecluster.model.networks.conv import ConvDecoderNetwork, ConvEncoderNetwork
from vaecluster.model.prior import FixedScaleComponents, GivenWeights
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.build import build_model, build_objective
from vaecluster.training.presets import PRESETS

Weights = dict[str, Tensor]
Size = tuple[int, int]

SETTINGS = PRESETS["su2018"]["images"]
CLUSTERS, LATENT, ROWS = 10, 20, 4
ENCODER_STRIDES = (2, 1, 2, 1)
DECODER_STRIDES = (1, 2, 1, 2, 1)


# The article's method, by hand.


def same_padding(side: int, stride: int) -> tuple[int, int]:
    """What TensorFlow's padding "same" puts before and after one side, for a kernel of 3."""
    total = max((ceil(side / stride) - 1) * stride + 3 - side, 0)
    return total // 2, total - total // 2


def convolve(image: Tensor, kernel: Tensor, bias: Tensor, stride: int) -> Tensor:
    top, bottom = same_padding(image.shape[2], stride)
    left, right = same_padding(image.shape[3], stride)
    return F.conv2d(F.pad(image, (left, right, top, bottom)), kernel, bias, stride)


def convolve_transposed(image: Tensor, kernel: Tensor, bias: Tensor, stride: int, size: Size) -> Tensor:
    """The way back from what `convolve` makes of an image of `size`: all of it, less what was padding."""
    height, width = size
    top, left = same_padding(height, stride)[0], same_padding(width, stride)[0]
    full = F.conv_transpose2d(image, kernel, bias, stride)
    return full[:, :, top : top + height, left : left + width]


def encode(x: Tensor, weights: Weights) -> Tensor:
    for layer, stride in enumerate(ENCODER_STRIDES):
        x = convolve(x, weights[f"encoder kernel {layer}"], weights[f"encoder bias {layer}"], stride)
        x = F.leaky_relu(x, 0.2)
    return x.flatten(1)


def decode(z: Tensor, weights: Weights, size: Size) -> Tensor:
    """What goes into the sigmoid. `size` is that of the image, whose halves, rounded up, are those of the layers."""
    half = (ceil(size[0] / 2), ceil(size[1] / 2))
    quarter = (ceil(half[0] / 2), ceil(half[1] / 2))
    x = F.linear(z, weights["decoder start"], weights["decoder start bias"]).view(-1, 64, *quarter)
    for layer, (stride, after) in enumerate(zip(DECODER_STRIDES, (quarter, half, half, size, size), strict=True)):
        kernel, bias = weights[f"decoder kernel {layer}"], weights[f"decoder bias {layer}"]
        x = convolve_transposed(x, kernel, bias, stride, after)
        if layer < 4:
            x = F.leaky_relu(x, 0.2)
    return x


def article_loss(x: Tensor, eps: Tensor, weights: Weights) -> Tensor:
    """The article's loss of each row."""
    h = encode(x, weights)
    mean = F.linear(h, weights["mean"], weights["mean bias"])
    logvar = F.linear(h, weights["logvar"], weights["logvar bias"])
    z = mean + torch.exp(logvar / 2) * eps
    hidden = torch.relu(F.linear(z, weights["W1"], weights["b1"]))
    y = torch.softmax(F.linear(hidden, weights["W2"], weights["b2"]), -1)
    xhat = torch.sigmoid(decode(z, weights, (28, 28)))

    reconstruction = 2.5 * 0.5 * ((x - xhat) ** 2).sum((1, 2, 3))
    distance = z.unsqueeze(1) - weights["cluster means"].unsqueeze(0)  # rows clusters latent
    latent = (y.unsqueeze(2) * -0.5 * (logvar.unsqueeze(1) - distance**2)).sum((1, 2))
    cluster = (y * torch.log(y)).sum(1)
    return reconstruction + latent + cluster


# The package's weights in the article's convention.


def mirrored(kernel: Tensor) -> Tensor:
    return kernel.flip(-2, -1)


def mirrored_features(weight: Tensor, size: Size) -> Tensor:
    """A linear layer's weight, its last axis the pixels of feature maps of `size`, for the mirrored maps."""
    return mirrored(weight.view(*weight.shape[:-1], -1, *size)).flatten(-3)


def network_weights(parameters: Weights, encoder: str, decoder: str, small: Size) -> Weights:
    weights = {}
    for layer in range(4):
        weights[f"encoder kernel {layer}"] = mirrored(parameters[f"{encoder}network.{2 * layer}.weight"])
        weights[f"encoder bias {layer}"] = parameters[f"{encoder}network.{2 * layer}.bias"]
    for layer in range(5):
        weights[f"decoder kernel {layer}"] = mirrored(parameters[f"{decoder}network.{2 * layer}.weight"])
        weights[f"decoder bias {layer}"] = parameters[f"{decoder}network.{2 * layer}.bias"]
    weights["decoder start"] = mirrored_features(parameters[f"{decoder}linear.weight"].T, small).T
    weights["decoder start bias"] = mirrored_features(parameters[f"{decoder}linear.bias"], small)
    return weights


def as_in_the_article(parameters: Weights) -> Weights:
    """Differentiable, so that gradients come back in the package's own layout."""
    weights = network_weights(parameters, "encoder.network.", "decoder.network.0.", (7, 7))
    weights["mean"] = mirrored_features(parameters["encoder.mean.weight"], (7, 7))
    weights["mean bias"] = parameters["encoder.mean.bias"]
    weights["logvar"] = mirrored_features(parameters["encoder.log_variance.weight"], (7, 7))
    weights["logvar bias"] = parameters["encoder.log_variance.bias"]
    for ours, theirs in (("0", "1"), ("2", "2")):
        weights[f"W{theirs}"] = parameters[f"cluster_posterior.network.{ours}.weight"]
        weights[f"b{theirs}"] = parameters[f"cluster_posterior.network.{ours}.bias"]
    weights["cluster means"] = parameters["prior.components.means"]
    return weights


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def model_of_the_preset(at_the_start: bool = True) -> ClusteringVAE:
    torch.manual_seed(0)
    model = build_model(SETTINGS, (1, 28, 28), CLUSTERS)
    if not at_the_start:
        # Zero biases and equal means would hide a term that is wrong in them.
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
            model.prior.components.means.normal_()
    return model


def noise() -> Tensor:
    """The eps of the next draw of codes after `torch.manual_seed(1)`."""
    torch.manual_seed(1)
    return torch.normal(torch.zeros(ROWS, LATENT), torch.ones(ROWS, LATENT))


def constants(eps: Tensor) -> Tensor:
    """What the bound has and the article leaves out, as it has no gradient, for each row."""
    entropy_of_noise = -0.5 * (eps**2).sum(1)  # from log q(z|x)
    uniform_clusters = log(CLUSTERS)  # from -log p(y) = log K; the log 2 pi of q(z|x) and p(z|y) cancel
    spread_of_pixels = 784 / 2 * log(2 * pi / 2.5)  # from log p(x|z)
    return entropy_of_noise + uniform_clusters + spread_of_pixels


@pytest.mark.parametrize("at_the_start", [True, False])
def test_loss_and_all_gradients_are_those_of_the_article(at_the_start: bool) -> None:
    model, eps = model_of_the_preset(at_the_start), noise()
    x = torch.rand(ROWS, 1, 28, 28)

    objective = build_objective(SETTINGS)
    torch.manual_seed(1)
    ours = objective.loss(objective.terms(model, x))
    ours.mean().backward()

    copies = {name: parameter.detach().clone().requires_grad_() for name, parameter in model.named_parameters()}
    theirs = article_loss(x, eps, as_in_the_article(copies))
    theirs.mean().backward()

    torch.testing.assert_close(ours, theirs + constants(eps), rtol=1e-10, atol=1e-10)
    assert len(copies) == 4 * 2 + 2 * 2 + 2 * 2 + 2 + 5 * 2 + 1
    for name, parameter in model.named_parameters():
        gradient = copies[name].grad
        assert gradient.abs().max() > 1e-8, name
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-8, atol=1e-10, msg=lambda m, n=name: f"{n}: {m}")


def test_each_term_is_the_articles_with_its_own_constant() -> None:
    model, eps = model_of_the_preset(at_the_start=False), noise()
    x = torch.rand(ROWS, 1, 28, 28)
    torch.manual_seed(1)
    with torch.no_grad():
        ours = build_objective(SETTINGS).terms(model, x)
        weights = as_in_the_article(dict(model.named_parameters()))
        h = encode(x, weights)
        mean, logvar = F.linear(h, weights["mean"], weights["mean bias"]), F.linear(h, weights["logvar"])
        logvar = logvar + weights["logvar bias"]
        z = mean + torch.exp(logvar / 2) * eps
        y = ours.assignment
        squared_error = ((x - torch.sigmoid(decode(z, weights, (28, 28)))) ** 2).sum((1, 2, 3))
        distance = ((z.unsqueeze(1) - weights["cluster means"]) ** 2).sum(2)
        pixels = 784 / 2 * log(2 * pi / 2.5)
        torch.testing.assert_close(ours.reconstruction, -2.5 * 0.5 * squared_error - pixels)
        latent = 0.5 * (y * distance).sum(1) - 0.5 * logvar.sum(1) - 0.5 * (eps**2).sum(1)
        torch.testing.assert_close(ours.latent_kl, latent)
        torch.testing.assert_close(ours.cluster_kl, (y * y.log()).sum(1) + log(CLUSTERS))


@pytest.mark.parametrize("size", [(28, 28), (9, 7), (8, 6), (5, 12), (3, 2), (1, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_networks_are_tensorflows_with_mirrored_kernels_at_every_size(size: Size, channels: int) -> None:
    torch.manual_seed(0)
    encoder, decoder = ConvEncoderNetwork((channels, *size)), ConvDecoderNetwork(5, (channels, *size))
    small = (ceil(size[0] / 4), ceil(size[1] / 4))
    parameters = {f"encoder.{name}": value for name, value in encoder.named_parameters()}
    parameters |= {f"decoder.{name}": value for name, value in decoder.named_parameters()}
    weights = network_weights(parameters, "encoder.", "decoder.", small)
    rows, code = torch.rand(2, channels, *size), torch.randn(2, 5)

    features = encoder(rows).view(2, 64, *small)
    torch.testing.assert_close(mirrored(features).flatten(1), encode(rows, weights), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(decoder(code), decode(code, weights, size), rtol=1e-9, atol=1e-12)


def test_without_mirroring_an_even_image_would_be_read_otherwise() -> None:
    # Guards the test above: it can tell the two conventions apart.
    encoder, rows = ConvEncoderNetwork((1, 8, 8)), torch.rand(2, 1, 8, 8)
    features, not_mirrored = encoder(rows), encoder.network(rows)
    assert not torch.allclose(features, not_mirrored, atol=1e-3)
    assert not torch.allclose(features, mirrored(not_mirrored.view(2, 64, 2, 2)).flatten(1), atol=1e-3)


def test_the_preset_has_the_articles_parts() -> None:
    model = model_of_the_preset()
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    assert shapes == {
        "encoder.network.network.0.weight": (32, 1, 3, 3),
        "encoder.network.network.0.bias": (32,),
        "encoder.network.network.2.weight": (32, 32, 3, 3),
        "encoder.network.network.2.bias": (32,),
        "encoder.network.network.4.weight": (64, 32, 3, 3),
        "encoder.network.network.4.bias": (64,),
        "encoder.network.network.6.weight": (64, 64, 3, 3),
        "encoder.network.network.6.bias": (64,),
        "encoder.mean.weight": (20, 7 * 7 * 64),
        "encoder.mean.bias": (20,),
        "encoder.log_variance.weight": (20, 7 * 7 * 64),
        "encoder.log_variance.bias": (20,),
        "decoder.network.0.linear.weight": (7 * 7 * 64, 20),
        "decoder.network.0.linear.bias": (7 * 7 * 64,),
        "decoder.network.0.network.0.weight": (64, 64, 3, 3),
        "decoder.network.0.network.0.bias": (64,),
        "decoder.network.0.network.2.weight": (64, 64, 3, 3),
        "decoder.network.0.network.2.bias": (64,),
        "decoder.network.0.network.4.weight": (64, 32, 3, 3),
        "decoder.network.0.network.4.bias": (32,),
        "decoder.network.0.network.6.weight": (32, 32, 3, 3),
        "decoder.network.0.network.6.bias": (32,),
        "decoder.network.0.network.8.weight": (32, 1, 3, 3),
        "decoder.network.0.network.8.bias": (1,),
        "prior.components.means": (10, 20),
        "cluster_posterior.network.0.weight": (256, 20),
        "cluster_posterior.network.0.bias": (256,),
        "cluster_posterior.network.2.weight": (10, 256),
        "cluster_posterior.network.2.bias": (10,),
    }


def test_the_prior_of_the_preset_starts_as_the_articles() -> None:
    model = model_of_the_preset()
    prior = model.prior
    assert isinstance(prior.components, FixedScaleComponents)
    assert isinstance(prior.weights, GivenWeights)
    assert (prior.components().mean == 0).all()
    assert (prior.components().stddev == 1).all()
    torch.testing.assert_close(prior.weights().probs, torch.full((10,), 0.1))
    assert isinstance(model.cluster_posterior, CodePosterior)


def test_the_decoder_of_the_preset_is_a_sigmoid_with_precision_two_and_a_half() -> None:
    decoder = model_of_the_preset().decoder
    assert isinstance(decoder, GaussianDecoder)
    likelihood = decoder(100 * torch.randn(2, LATENT))
    assert ((likelihood.mean >= 0) & (likelihood.mean <= 1)).all()
    torch.testing.assert_close(likelihood.variance, torch.full((2, 1, 28, 28), 1 / 2.5))


def test_the_preset_trains_as_the_article_did() -> None:
    assert (SETTINGS.learning_rate, SETTINGS.schedule) == (1e-3, "constant")
    assert (SETTINGS.batch_size, SETTINGS.epochs) == (100, 50)
    assert SETTINGS.precision == 2.5
    assert SETTINGS.cluster_kl_weight == 1
    assert not SETTINGS.early_stopping
