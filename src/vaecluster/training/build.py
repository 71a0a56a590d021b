"""From settings to parts: the one place where a name becomes an object."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import nn

from vaecluster.errors import SettingError
from vaecluster.model.cluster_posterior import BayesPosterior, ClusterPosterior, CodePosterior, FeaturePosterior
from vaecluster.model.decoder import BernoulliDecoder, Decoder, GaussianDecoder, LearnedScaleDecoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.grouping import Grouping
from vaecluster.model.networks.conv import ConvDecoderNetwork, ConvEncoderNetwork
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import glorot_
from vaecluster.model.objective import NegativeElbo
from vaecluster.model.prior import (
    ClusterWeights,
    Components,
    FixedScaleComponents,
    GivenWeights,
    LearnedScaleComponents,
    LearnedWeights,
    MixturePrior,
)
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.settings import Likelihood, Settings


def build_model(settings: Settings, data_shape: Sequence[int], clusters: int) -> ClusteringVAE:
    """A model with fresh weights for rows of `data_shape`, (columns,) or (C, H, W).

    Weights come from torch's global random state, which the caller forks.
    """
    encoder_network, decoder_network = _networks(settings, data_shape)
    model = ClusteringVAE(
        Encoder(encoder_network, encoder_network.features, settings.latent),
        build_decoder(settings, decoder_network, data_shape),
        MixturePrior(_components(settings, clusters), _weights(settings, clusters)),
        _cluster_posterior(settings, encoder_network.features, clusters),
        Grouping.identity(clusters),
    )
    glorot_(model)
    return model


def _networks(
    settings: Settings, data_shape: Sequence[int]
) -> tuple[ConvEncoderNetwork | DenseEncoderNetwork, nn.Module]:
    if settings.network == "conv":
        if len(data_shape) != 3:
            raise SettingError(
                f"network is 'conv', which needs images, but each row has {data_shape[0]} columns. Use 'dense', or "
                "give the rows as images (n, H, W)."
            )
        channels, height, width = data_shape
        image = (channels, height, width)
        return ConvEncoderNetwork(image), ConvDecoderNetwork(settings.latent, image)
    hidden = settings.hidden
    return (
        DenseEncoderNetwork(data_shape, hidden),
        DenseDecoderNetwork(settings.latent, hidden[::-1], data_shape),
    )


class DecoderSettings(Protocol):
    """The part of a method's settings that chooses the decoder."""

    @property
    def likelihood(self) -> Likelihood:
        """Its name."""

    @property
    def precision(self) -> float:
        """1 / variance, where the likelihood has one."""


def build_decoder(settings: DecoderSettings, network: nn.Module, data_shape: Sequence[int]) -> Decoder:
    """The likelihood p(x|z) around what `network` makes of a code."""
    dims = len(data_shape)
    if settings.likelihood == "bernoulli":
        return BernoulliDecoder(network, dims)
    # Pixels are scaled to [0, 1], so an image's mean is bounded as well; columns of a table are not.
    mean = nn.Sequential(network, nn.Sigmoid()) if dims > 1 else network
    if settings.likelihood == "gaussian":
        return GaussianDecoder(mean, settings.precision, dims)
    return LearnedScaleDecoder(mean, settings.precision, dims)


def _components(settings: Settings, clusters: int) -> Components:
    means = torch.zeros(clusters, settings.latent)
    if settings.cluster_posterior == "bayes":
        # Equal means are equal answers by Bayes' rule and stay equal; a network's random weights break the tie.
        means = torch.randn(clusters, settings.latent)
    if settings.component_scale == "learned":
        return LearnedScaleComponents(means)
    return FixedScaleComponents(means, settings.component_scale)


def _weights(settings: Settings, clusters: int) -> ClusterWeights:
    if settings.cluster_weights == "learned":
        return LearnedWeights(clusters, settings.weights_temperature)
    if settings.cluster_weights == "uniform":
        return GivenWeights(torch.ones(clusters))
    return GivenWeights(torch.tensor(settings.cluster_weights, dtype=torch.float32))


def _cluster_posterior(settings: Settings, features: int, clusters: int) -> ClusterPosterior:
    if settings.cluster_posterior == "code":
        return CodePosterior(settings.latent, clusters)
    if settings.cluster_posterior == "features":
        return FeaturePosterior(features, clusters)
    return BayesPosterior()


def build_objective(settings: Settings) -> NegativeElbo:
    """What the loop minimises."""
    return NegativeElbo(settings.cluster_kl_weight)
