from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from builders import images, learned, learned_on, rows_of, tiny, vectors
from vaecluster.data.draws import Draws
from vaecluster.errors import SettingError
from vaecluster.inference.answers import assignments, decode, mean_bound
from vaecluster.methods import bound as bound_module
from vaecluster.model.cluster_posterior import BayesPosterior, CodePosterior, FeaturePosterior
from vaecluster.model.full_covariance import LearnedCovarianceComponents
from vaecluster.model.likelihood import CoinFlips, Gaussian, LearnedScaleGaussian
from vaecluster.model.networks.conv import ConvDecoderNetwork, ConvEncoderNetwork
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import start_
from vaecluster.model.prior import (
    FixedScaleComponents,
    GivenWeights,
    LearnedScaleComponents,
    LearnedWeights,
    RawWeights,
)
from vaecluster.model.vae import ClusteringVAE
from vaecluster.model.vamp import VampComponents
from vaecluster.training.state import tensors_of

UNIT = 1 / (1 + np.exp(-vectors()))


def built(array: np.ndarray | None = None, clusters: int = 3, **choice: Any) -> ClusteringVAE:
    """A model with weights that have learned nothing."""
    method = tiny("su2018", **choice)
    schema = rows_of(UNIT if array is None else array, method).schema
    model = method.completed(schema, 40, clusters).build(schema, clusters)
    start_(model, Draws(0).at("weights"), glorot=True)
    return model.eval()


def begun(**choice: Any) -> ClusteringVAE:
    """A model that was fitted by steps of nothing."""
    return learned(tiny("su2018", epochs=1, learning_rate=1e-30, **choice), vectors()).model


# The parts

PARTS: dict[tuple[str, str], tuple[str, type]] = {
    ("likelihood", "gaussian"): ("decoder.likelihood", Gaussian),
    ("likelihood", "gaussian-learned"): ("decoder.likelihood", LearnedScaleGaussian),
    ("likelihood", "bernoulli"): ("decoder.likelihood", CoinFlips),
    ("cluster_posterior", "code"): ("cluster_posterior", CodePosterior),
    ("cluster_posterior", "features"): ("cluster_posterior", FeaturePosterior),
    ("cluster_posterior", "bayes"): ("cluster_posterior", BayesPosterior),
    ("components", "vamp"): ("prior.components", VampComponents),
    ("component_scale", "learned"): ("prior.components", LearnedScaleComponents),
    ("component_scale", "full"): ("prior.components", LearnedCovarianceComponents),
    ("cluster_weights", "learned"): ("prior.weights", LearnedWeights),
    ("cluster_weights", "raw"): ("prior.weights", RawWeights),
    ("cluster_weights", "uniform"): ("prior.weights", GivenWeights),
}


@pytest.mark.parametrize(("choice", "part"), PARTS.items(), ids=str)
def test_the_parts_are_those_that_the_settings_name(choice: tuple[str, str], part: tuple[str, type]) -> None:
    assert isinstance(built(**dict([choice])).get_submodule(part[0]), part[1])


@pytest.mark.parametrize(
    ("network", "array", "kinds"),
    [
        ("conv", images(), (ConvEncoderNetwork, ConvDecoderNetwork)),
        ("dense", images(), (DenseEncoderNetwork, DenseDecoderNetwork)),
        ("dense", UNIT, (DenseEncoderNetwork, DenseDecoderNetwork)),
    ],
)
def test_encoder_and_decoder_have_the_network_named(network: str, array: np.ndarray, kinds: tuple[type, type]) -> None:
    model = built(array, network=network)
    assert isinstance(model.encoder.network, kinds[0])
    assert isinstance(model.decoder.network, kinds[1])
    assert all((value == 0).all() for name, value in model.named_parameters() if name.endswith("bias"))


def test_the_decoder_has_the_encoders_widths_backwards() -> None:
    layers = built(hidden=(32, 48, 16)).decoder.network.modules()
    assert [layer.out_features for layer in layers if isinstance(layer, nn.Linear)] == [16, 48, 32, 4]


@pytest.mark.parametrize("likelihood", ["gaussian", "gaussian-learned"])
def test_the_mean_of_an_image_is_bounded_and_that_of_a_vector_is_not(likelihood: str) -> None:
    code = 1000 * torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    pixels = decode(built(images(), likelihood=likelihood), code)
    columns = decode(built(vectors(), likelihood=likelihood), code)
    assert (pixels.min(), pixels.max()) == (0, 1)
    assert columns.min() < 0
    assert columns.max() > 1


def test_numbers_among_the_settings_reach_their_parts() -> None:
    for likelihood in ("gaussian", "gaussian-learned"):
        variance = built(likelihood=likelihood, precision=4.0).decoder(torch.zeros(1, 2)).variance
        torch.testing.assert_close(variance, torch.full_like(variance, 0.25))
    assert isinstance(built(component_scale=0.5).prior.components, FixedScaleComponents)
    assert (built(component_scale=0.5).prior.components().stddev == 0.5).all()
    assert built(cluster_weights="learned", weights_temperature=2.0).prior.weights.temperature == 2.0
    torch.testing.assert_close(built().prior.weights().probs, torch.full((3,), 1 / 3))
    given = built(cluster_weights=[1, 1, 2]).prior.weights().probs
    torch.testing.assert_close(given, torch.tensor([0.25, 0.25, 0.5]))


@pytest.mark.parametrize("clusters", [1, 7])
@pytest.mark.parametrize("posterior", ["code", "features", "bayes"])
def test_there_are_as_many_clusters_as_asked_for(clusters: int, posterior: str) -> None:
    model = built(clusters=clusters, cluster_posterior=posterior)
    assert model.assign(torch.rand(5, 4)).probs.shape == (5, clusters)
    assert model.prior.weights().probs.shape == (clusters,)
    assert model.prior.components().batch_shape == (clusters,)


# How they start


@pytest.mark.parametrize("scale", [1.0, "learned", "full"])
def test_means_start_at_zero_but_apart_where_bayes_rule_would_keep_them_equal(scale: float | str) -> None:
    for posterior in ("code", "features"):
        means = begun(cluster_posterior=posterior, component_scale=scale).prior.components.means
        assert means.abs().max() < 1e-20
    means = begun(cluster_posterior="bayes", component_scale=scale).prior.components.means
    assert torch.pdist(means).min() > 0.1


def test_vamp_components_start_at_rows_of_the_fit_and_few_rows_serve_several() -> None:
    method = tiny("su2018", components="vamp", epochs=1, learning_rate=1e-30)
    for number in (40, 4):
        rows = rows_of(vectors(number), method)[:]
        started = learned(method, vectors(number), 7).model.prior.components.rows
        places = [int((rows == row).all(1).nonzero()[0]) for row in started]
        assert len(set(places)) == min(7, number)


# What does not go together


@pytest.mark.parametrize(
    ("choice", "clusters", "parts"),
    [
        ({}, None, ["n_clusters is 'auto'", "'su2018'", "Give one"]),
        ({"network": "conv"}, 3, ["network is 'conv'", "rows are vectors", "'dense'"]),
        ({"cluster_weights": (0.5, 0.5)}, 3, ["2 shares", "3 clusters", "one each"]),
    ],
    ids=str,
)
def test_settings_that_do_not_go_together_are_refused(choice: Any, clusters: int | None, parts: list[str]) -> None:
    with pytest.raises(SettingError) as caught:
        tiny("su2018", **choice).completed(rows_of(vectors()).schema, 40, clusters)
    assert all(part in str(caught.value) for part in parts)


# What is learned


def test_a_fit_makes_the_bound_better_and_its_parts_add_up() -> None:
    history = learned(tiny("su2018", epochs=20, learning_rate=1e-2), vectors()).history
    bounds = [event.terms["bound"] for event in history.epochs]
    assert bounds[-1] > bounds[0] + 1
    for event in history.epochs:
        rest = event.terms["reconstruction"] - event.terms["latent_kl"] - event.terms["cluster_kl"]
        assert event.terms["bound"] == pytest.approx(rest, rel=1e-5)


def test_the_third_term_has_its_weight() -> None:
    fitted = [learned(tiny("su2018", cluster_kl_weight=weight), vectors()).model for weight in (1.0, 0.0)]
    one, other = (tensors_of(model)["encoder.mean.weight"] for model in fitted)
    assert not torch.equal(one, other)


def test_a_fit_that_goes_on_is_slower_and_learns_so_many_epochs() -> None:
    before = learned(tiny("su2018"), vectors())
    after = learned_on(before, vectors(seed=1), epochs=4)
    assert [(epoch.epoch, epoch.learning_rate) for epoch in after.history.epochs] == [
        (number, pytest.approx(1e-4)) for number in (1, 2, 3, 4)
    ]
    assert after.method == before.method


# Early stopping


@pytest.mark.parametrize(
    ("bounds", "patience", "best", "ending"),
    [
        ([-3.0, -2.0, -5.0, -4.0, 0.0], 2, 2, "early stopping"),  # the better one at the end is never reached
        ([-3.0, -4.0, -2.0, -5.0, -4.0], 2, 3, "early stopping"),
        ([-3.0, -3.0, -3.0, -3.0], 3, 1, "early stopping"),  # equal is not better
        ([-3.0, -2.0, -1.0], 1, 3, "finished"),
        ([-3.0, -2.0, -4.0], 5, 2, "finished"),
    ],
)
def test_the_best_weights_are_kept_and_patience_ends_the_fit(
    monkeypatch: pytest.MonkeyPatch, bounds: list[float], patience: int, best: int, ending: str
) -> None:
    looked_at: list[dict[str, Tensor]] = []

    def by_hand(model: ClusteringVAE, rows: object) -> float:
        looked_at.append(deepcopy(tensors_of(model)))
        return bounds[len(looked_at) - 1]

    monkeypatch.setattr(bound_module, "mean_bound", by_hand)
    method = tiny("su2018", early_stopping=True, epochs=len(bounds), patience=patience)
    fitted = learned(method, vectors())
    assert fitted.history.ending == ending
    assert len(looked_at) == (best + patience if ending == "early stopping" else len(bounds))
    assert [event.held_out_bound for event in fitted.history.epochs] == bounds[: len(looked_at)]
    kept = tensors_of(fitted.model)
    assert all(torch.equal(values, kept[name]) for name, values in looked_at[best - 1].items())


def test_the_weights_kept_are_those_with_the_best_bound_on_rows_that_no_step_has_seen() -> None:
    method = tiny("su2018", early_stopping=True, held_out_share=0.25, epochs=30, learning_rate=0.1, patience=3)
    fitted = learned(method, vectors())
    bounds = [event.held_out_bound for event in fitted.history.epochs]
    assert {event.rows for event in fitted.history.epochs} == {30}
    rows = rows_of(vectors(), method)
    order = torch.randperm(40, generator=Draws(0).at("held out")).numpy()
    assert mean_bound(fitted.model, rows.some(np.sort(order[:10]))) == max(bounds)


def test_assignments_are_probabilities_whatever_the_parts() -> None:
    for choice in ({"components": "vamp"}, {"cluster_posterior": "bayes"}, {"component_scale": "learned"}):
        method = tiny("su2018", **choice)
        probabilities = assignments(learned(method, vectors()).model, rows_of(vectors(), method))
        np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)
