"""The method "su2018" against the article's method, written out by hand from torch's plain operators.

The hand-written half (`article_loss` and what it calls) pads as TensorFlow does, after an even side, and knows
nothing of the package. `as_in_the_article` translates the package's weights into that convention: kernels are
mirrored, and so is the order in which the linear layers read and write the pixels of a feature map.
"""

from math import ceil, log, pi

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Generator, Tensor

from vaecluster import Bound
from vaecluster.data.blocks import Pixels
from vaecluster.data.schema import Schema
from vaecluster.model.cluster_posterior import CodePosterior
from vaecluster.model.likelihood import Gaussian
from vaecluster.model.networks.conv import ConvDecoderNetwork, ConvEncoderNetwork
from vaecluster.model.networks.initial import start_
from vaecluster.model.objective import Batch, BoundObjective, BoundTerms
from vaecluster.model.prior import FixedScaleComponents, GivenWeights
from vaecluster.model.vae import ClusteringVAE

Weights = dict[str, Tensor]
Size = tuple[int, int]

CLUSTERS, LATENT, ROWS = 10, 20, 4
SCHEMA = Schema((Pixels((28, 28), "|u1", np.array(0.0), np.array(255.0)),))
METHOD = Bound().completed(SCHEMA, 60_000, CLUSTERS)
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
    weights = network_weights(parameters, "encoder.network.", "decoder.network.", (7, 7))
    weights["mean"] = mirrored_features(parameters["encoder.mean.weight"], (7, 7))
    weights["mean bias"] = parameters["encoder.mean.bias"]
    weights["logvar"] = mirrored_features(parameters["encoder.log_variance.weight"], (7, 7))
    weights["logvar bias"] = parameters["encoder.log_variance.bias"]
    for ours, theirs in (("0", "1"), ("2", "2")):
        weights[f"W{theirs}"] = parameters[f"cluster_posterior.network.{ours}.weight"]
        weights[f"b{theirs}"] = parameters[f"cluster_posterior.network.{ours}.bias"]
    weights["cluster means"] = parameters["prior.components.means"]
    return weights


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


X = torch.rand(ROWS, 1, 28, 28, generator=Generator().manual_seed(2), dtype=torch.float64)
# The draw of codes by a generator with this seed.
EPS = normal(ROWS, LATENT, seed=1)


def article_model(at_the_start: bool = True) -> ClusteringVAE:
    model = METHOD.build(SCHEMA, CLUSTERS)
    start_(model, Generator().manual_seed(0), glorot=True)
    if not at_the_start:
        # Zero biases and equal means would hide a term that is wrong in them.
        with torch.no_grad():
            for number, parameter in enumerate(model.parameters()):
                parameter.add_(0.05 * normal(*parameter.shape, seed=number))
            model.prior.components.means.normal_(generator=Generator().manual_seed(0))
    model.double()
    # Constants of the article, which the package keeps in single precision.
    model.decoder.likelihood.scale.fill_(2.5**-0.5)
    model.prior.weights.logits.fill_(-log(CLUSTERS))
    return model


def terms_of(model: ClusteringVAE) -> BoundTerms:
    return BoundObjective(model, METHOD.cluster_kl_weight)(Batch(X, Generator().manual_seed(1)))


def constants(eps: Tensor) -> Tensor:
    """What the bound has and the article leaves out, as it has no gradient, for each row."""
    entropy_of_noise = -0.5 * (eps**2).sum(1)  # from log q(z|x)
    uniform_clusters = log(CLUSTERS)  # from -log p(y) = log K; the log 2 pi of q(z|x) and p(z|y) cancel
    spread_of_pixels = 784 / 2 * log(2 * pi / 2.5)  # from log p(x|z)
    return entropy_of_noise + uniform_clusters + spread_of_pixels


@pytest.mark.parametrize("at_the_start", [True, False])
def test_loss_and_all_gradients_are_those_of_the_article(at_the_start: bool) -> None:
    model = article_model(at_the_start)
    ours = terms_of(model)
    ours.loss.backward()

    copies = {name: parameter.detach().clone().requires_grad_() for name, parameter in model.named_parameters()}
    theirs = article_loss(X, EPS, as_in_the_article(copies))
    theirs.mean().backward()

    torch.testing.assert_close(-ours.bound, theirs + constants(EPS), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(ours.loss, -ours.bound.mean(), rtol=1e-12, atol=1e-12)
    assert len(copies) == 4 * 2 + 2 * 2 + 2 * 2 + 2 + 5 * 2 + 1
    for name, parameter in model.named_parameters():
        gradient = copies[name].grad
        assert gradient.abs().max() > 1e-8, name
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-8, atol=1e-10, msg=lambda m, n=name: f"{n}: {m}")


def test_each_term_is_the_articles_with_its_own_constant() -> None:
    model, x, eps = article_model(at_the_start=False), X, EPS
    with torch.no_grad():
        ours = terms_of(model)
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
    encoder, decoder = ConvEncoderNetwork((channels, *size)), ConvDecoderNetwork(5, (channels, *size))
    for network in (encoder, decoder):
        start_(network, Generator().manual_seed(0))
        network.double()
    small = (ceil(size[0] / 4), ceil(size[1] / 4))
    parameters = {f"encoder.{name}": value for name, value in encoder.named_parameters()}
    parameters |= {f"decoder.{name}": value for name, value in decoder.named_parameters()}
    weights = network_weights(parameters, "encoder.", "decoder.", small)
    rows, code = normal(2, channels, *size, seed=1), normal(2, 5, seed=2)

    features = encoder(rows).view(2, 64, *small)
    torch.testing.assert_close(mirrored(features).flatten(1), encode(rows, weights), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(decoder(code), decode(code, weights, size), rtol=1e-9, atol=1e-12)


def test_without_mirroring_an_even_image_would_be_read_otherwise() -> None:
    # Guards the test above: it can tell the two conventions apart.
    encoder, rows = ConvEncoderNetwork((1, 8, 8)), normal(2, 1, 8, 8, seed=1)
    start_(encoder, Generator().manual_seed(0))
    features, not_mirrored = encoder.double()(rows), encoder.network(rows)
    assert not torch.allclose(features, not_mirrored, atol=1e-3)
    assert not torch.allclose(features, mirrored(not_mirrored.view(2, 64, 2, 2)).flatten(1), atol=1e-3)


def test_the_model_has_the_articles_parts() -> None:
    kernels = {0: (32, 1), 2: (32, 32), 4: (64, 32), 6: (64, 64)}, {0: (64, 64), 2: (64, 64), 4: (64, 32), 6: (32, 32)}
    expected: dict[str, tuple[int, ...]] = {}
    for layer, (after, before) in kernels[0].items():
        expected |= {f"encoder.network.network.{layer}.weight": (after, before, 3, 3)}
        expected |= {f"encoder.network.network.{layer}.bias": (after,)}
    # A transposed convolution has what it reads first.
    for layer, (before, after) in (kernels[1] | {8: (32, 1)}).items():
        expected |= {f"decoder.network.network.{layer}.weight": (before, after, 3, 3)}
        expected |= {f"decoder.network.network.{layer}.bias": (after,)}
    linear = {
        "encoder.mean": (20, 7 * 7 * 64),
        "encoder.log_variance": (20, 7 * 7 * 64),
        "decoder.network.linear": (7 * 7 * 64, 20),
        "cluster_posterior.network.0": (256, 20),
        "cluster_posterior.network.2": (10, 256),
    }
    for name, (after, before) in linear.items():
        expected |= {f"{name}.weight": (after, before), f"{name}.bias": (after,)}
    expected |= {"prior.components.means": (10, 20)}
    assert {name: tuple(parameter.shape) for name, parameter in article_model().named_parameters()} == expected


def test_the_prior_starts_as_the_articles() -> None:
    model = article_model()
    prior = model.prior
    assert isinstance(prior.components, FixedScaleComponents)
    assert isinstance(prior.weights, GivenWeights)
    assert (prior.components().mean == 0).all()
    assert (prior.components().stddev == 1).all()
    torch.testing.assert_close(prior.weights().probs, torch.full((10,), 0.1, dtype=torch.float64))
    assert isinstance(model.cluster_posterior, CodePosterior)


def test_the_decoder_is_a_sigmoid_with_precision_two_and_a_half() -> None:
    decoder = article_model().decoder
    assert isinstance(decoder.likelihood, Gaussian)
    distribution = decoder(100 * normal(2, LATENT, seed=0))
    assert ((distribution.mean >= 0) & (distribution.mean <= 1)).all()
    torch.testing.assert_close(distribution.variance, torch.full_like(distribution.variance, 1 / 2.5))


def test_the_method_trains_as_the_article_did() -> None:
    assert (METHOD.learning_rate, METHOD.schedule) == (1e-3, "constant")
    assert (METHOD.batch_size, METHOD.epochs) == (100, 50)
    assert METHOD.precision == 2.5
    assert METHOD.build(SCHEMA, CLUSTERS).decoder.likelihood.scale.item() == pytest.approx(2.5**-0.5)
    assert METHOD.cluster_kl_weight == 1
    assert not METHOD.early_stopping
