from dataclasses import replace

import pytest
import torch
from torch import nn

from vaecluster.errors import SettingError
from vaecluster.model.cluster_posterior import BayesPosterior, CodePosterior, FeaturePosterior
from vaecluster.model.decoder import BernoulliDecoder, GaussianDecoder, LearnedScaleDecoder
from vaecluster.model.networks.conv import ConvDecoderNetwork, ConvEncoderNetwork
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.prior import FixedScaleComponents, GivenWeights, LearnedScaleComponents, LearnedWeights
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.build import build_model, build_objective
from vaecluster.training.settings import Settings

SMALL = Settings(
    network="dense",
    latent=3,
    likelihood="gaussian",
    precision=4.0,
    epochs=1,
    batch_size=8,
    learning_rate=1e-3,
    hidden=(32, 16),
)
IMAGE, VECTOR = (1, 6, 5), (7,)


def build(data_shape: tuple[int, ...] = VECTOR, clusters: int = 3, **choices: object) -> ClusteringVAE:
    torch.manual_seed(0)
    return build_model(replace(SMALL, **choices), data_shape, clusters)


def network_of(model: ClusteringVAE) -> nn.Module:
    """The decoder's network without the sigmoid that images have after it."""
    network = model.decoder.network
    return network[0] if isinstance(network, nn.Sequential) else network


@pytest.mark.parametrize(
    ("choice", "kind"),
    [("gaussian", GaussianDecoder), ("gaussian-learned", LearnedScaleDecoder), ("bernoulli", BernoulliDecoder)],
)
def test_the_likelihood_names_the_decoder(choice: str, kind: type) -> None:
    assert isinstance(build(likelihood=choice).decoder, kind)


@pytest.mark.parametrize(
    ("choice", "kind"), [("code", CodePosterior), ("features", FeaturePosterior), ("bayes", BayesPosterior)]
)
def test_the_cluster_posterior_is_the_one_named(choice: str, kind: type) -> None:
    assert isinstance(build(cluster_posterior=choice).cluster_posterior, kind)


@pytest.mark.parametrize(
    ("network", "data_shape", "kinds"),
    [
        ("conv", IMAGE, (ConvEncoderNetwork, ConvDecoderNetwork)),
        ("dense", IMAGE, (DenseEncoderNetwork, DenseDecoderNetwork)),
        ("dense", VECTOR, (DenseEncoderNetwork, DenseDecoderNetwork)),
    ],
)
def test_encoder_and_decoder_have_the_network_named(
    network: str, data_shape: tuple[int, ...], kinds: tuple[type, type]
) -> None:
    model = build(data_shape, network=network)
    assert isinstance(model.encoder.network, kinds[0])
    assert isinstance(network_of(model), kinds[1])


def test_convolutions_need_images() -> None:
    with pytest.raises(SettingError, match="network"):
        build(VECTOR, network="conv")


def test_the_decoder_has_the_encoders_widths_backwards() -> None:
    model = build(hidden=(32, 48, 16))
    widths = [layer.out_features for layer in network_of(model).modules() if isinstance(layer, nn.Linear)]
    assert widths == [16, 48, 32, 7]


@pytest.mark.parametrize("likelihood", ["gaussian", "gaussian-learned"])
def test_the_mean_of_an_image_is_bounded_and_that_of_a_vector_is_not(likelihood: str) -> None:
    code = 1000 * torch.randn(50, 3)
    pixels = build(IMAGE, likelihood=likelihood).decode_mean(code)
    assert (pixels.min(), pixels.max()) == (0, 1)
    columns = build(VECTOR, likelihood=likelihood).decode_mean(code)
    assert columns.min() < 0
    assert columns.max() > 1


def test_the_precision_is_that_of_the_likelihood() -> None:
    for likelihood in ("gaussian", "gaussian-learned"):
        variance = build(likelihood=likelihood, precision=4.0).decoder(torch.zeros(1, 3)).variance
        torch.testing.assert_close(variance, torch.full_like(variance, 0.25))


def test_the_scale_of_the_components_is_given_or_learned() -> None:
    given = build(component_scale=0.5).prior.components
    assert isinstance(given, FixedScaleComponents)
    assert (given().stddev == 0.5).all()
    assert isinstance(build(component_scale="learned").prior.components, LearnedScaleComponents)


def test_the_shares_of_the_clusters_are_uniform_given_or_learned() -> None:
    uniform, given = build(clusters=4).prior.weights, build(cluster_weights=[1, 1, 2]).prior.weights
    assert isinstance(uniform, GivenWeights)
    assert isinstance(given, GivenWeights)
    torch.testing.assert_close(uniform().probs, torch.full((4,), 0.25))
    torch.testing.assert_close(given().probs, torch.tensor([0.25, 0.25, 0.5]))
    learned = build(cluster_weights="learned", weights_temperature=2.0).prior.weights
    assert isinstance(learned, LearnedWeights)
    assert learned.temperature == 2.0


@pytest.mark.parametrize("scale", [1.0, "learned"])
def test_means_start_at_zero_but_apart_where_bayes_rule_would_keep_them_equal(scale: float | str) -> None:
    for posterior in ("code", "features"):
        assert (build(cluster_posterior=posterior, component_scale=scale).prior.components.means == 0).all()
    means = build(cluster_posterior="bayes", component_scale=scale).prior.components.means
    assert torch.pdist(means).min() > 0.1


@pytest.mark.parametrize("clusters", [1, 2, 7])
@pytest.mark.parametrize("posterior", ["code", "features", "bayes"])
def test_there_are_as_many_clusters_as_asked_for(clusters: int, posterior: str) -> None:
    model = build(clusters=clusters, cluster_posterior=posterior)
    assert model.assign(torch.rand(5, 7)).probs.shape == (5, clusters)
    assert model.prior.weights().probs.shape == (clusters,)
    assert model.prior.components().batch_shape == (clusters,)


@pytest.mark.parametrize(("network", "data_shape"), [("conv", IMAGE), ("dense", VECTOR)])
def test_the_global_random_state_decides_the_weights(network: str, data_shape: tuple[int, ...]) -> None:
    first, again = build(data_shape, network=network), build(data_shape, network=network)
    other = build_model(replace(SMALL, network=network), data_shape, 3)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in first.state_dict().items())
    assert not torch.equal(first.encoder.mean.weight, other.encoder.mean.weight)


def test_all_biases_start_at_zero() -> None:
    model = build(IMAGE, network="conv")
    assert all((value == 0).all() for name, value in model.named_parameters() if name.endswith("bias"))


def test_the_objective_has_the_weight_of_the_settings() -> None:
    assert build_objective(SMALL).cluster_kl_weight == 1.0
    assert build_objective(replace(SMALL, cluster_kl_weight=0.25)).cluster_kl_weight == 0.25
