"""Nothing in model/, views/ and data/ reads or writes what is global: it belongs to the program of the caller."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.draws import Draws, one_pass
from vaecluster.data.rows import Rows, split
from vaecluster.model.cluster_posterior import BayesPosterior, ClusterPosterior, CodePosterior, FeaturePosterior
from vaecluster.model.decoder import Decoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.grouping import Grouping
from vaecluster.model.likelihood import Categories, CoinFlips, Columns, Gaussian, LearnedScaleGaussian, Likelihood
from vaecluster.model.networks.conv import ConvDecoderNetwork, ConvEncoderNetwork
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import start_
from vaecluster.model.objective import Batch, BoundObjective
from vaecluster.model.prior import (
    ClusterWeights,
    Components,
    FixedScaleComponents,
    GivenWeights,
    LearnedScaleComponents,
    LearnedWeights,
    MixturePrior,
    StandardNormal,
)
from vaecluster.model.vae import ClusteringVAE
from vaecluster.model.vamp import VampComponents
from vaecluster.views import (
    Change,
    ColourJitter,
    FeatureDropout,
    GaussianNoise,
    HorizontalFlip,
    Neighbours,
    RandomAffine,
    RandomCrop,
    Views,
)

ROWS, COLUMNS, LATENT, CLUSTERS, IMAGE = 4, 6, 3, 3, (3, 8, 8)
# Made before anything around changes.
CPU = torch.device("cpu")
VECTORS = torch.rand(ROWS, COLUMNS, generator=Draws(0).at("vectors"), dtype=torch.float32)
IMAGES = torch.rand(ROWS, *IMAGE, generator=Draws(0).at("images"), dtype=torch.float32)
CODES = torch.randn(ROWS, LATENT, generator=Draws(0).at("codes"), dtype=torch.float32)
TABLE = np.random.default_rng(0).normal(size=(60, COLUMNS))
Made = list[Tensor | np.ndarray]


def results(module: nn.Module, distribution: Distribution, values: Tensor) -> Made:
    log_prob = distribution.log_prob(values)
    if log_prob.requires_grad:
        log_prob.sum().backward()
    gradients = [weight.grad for weight in module.parameters() if weight.grad is not None]
    return [log_prob, *gradients, *module.state_dict().values()]


def network(make: Callable[[], nn.Module], rows: Tensor, glorot: bool = False) -> Made:
    module = make()
    start_(module, Draws(0).at("weights"), glorot=glorot)
    return [module(rows), *module.state_dict().values()]


def likelihood(part: Likelihood, rows: Tensor) -> Made:
    numbers = torch.linspace(-1, 1, ROWS * part.shape[0], dtype=torch.float32, device=CPU).view(ROWS, -1)
    return [*results(part, part(numbers), rows), part.expected(numbers)]


def components(part: Components) -> Made:
    part.observe(CODES, CODES.square() + 0.1, CODES.softmax(-1))
    prior = MixturePrior(part, GivenWeights.equal(part().batch_shape[0]))
    drawn = prior.draw(CODES.argmax(-1) % part().batch_shape[0], Draws(0).at("codes"))
    return [*results(part, part(), CODES.unsqueeze(1)), part.divergence(CODES, CODES.square() + 0.1), drawn]


def means() -> Tensor:
    return CODES[:CLUSTERS].clone()


def encoder() -> Encoder:
    part = Encoder(nn.Identity(), DenseEncoderNetwork((COLUMNS,), (16,), normalised=True), 16, LATENT)
    start_(part, Draws(0).at("encoder"))
    return part


def weights(part: ClusterWeights) -> Made:
    return [part().logits, *part.state_dict().values()]


def bound(posterior: ClusterPosterior) -> Made:
    decoder = Decoder(DenseDecoderNetwork(LATENT, (16,), (COLUMNS,)), Gaussian((COLUMNS,)))
    prior = MixturePrior(LearnedScaleComponents(means()), LearnedWeights(CLUSTERS))
    model = ClusteringVAE(encoder(), decoder, prior, posterior, Grouping.identity(CLUSTERS))
    start_(model, Draws(0).at("model"), glorot=True)
    terms = BoundObjective(model)(Batch(VECTORS, Draws(0).at("batch")))
    terms.loss.backward()
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    clusters = model.draw_clusters(5, Draws(0).at("clusters"))
    drawn = model.draw_components(clusters, Draws(0).at("components"))
    return [terms.loss, *terms.named().values(), *gradients, model.assign(VECTORS).logits, clusters, drawn]


def change(view: Change, batch: Tensor) -> Made:
    return [view(batch, Draws(0).at("views"))]


def rows_of(array: np.ndarray, likelihood: str = "gaussian") -> Rows:
    source = ArraySource(array)
    return Rows(source, source.schema(Reading(likelihood, "columns")), CPU)


def data(array: np.ndarray, likelihood: str = "gaussian") -> Made:
    rows = rows_of(array, likelihood)
    batch, schema = rows[:5], rows.schema
    parts = [part[:] for part in split(rows, 20, Draws(0).at("held out"))]
    order = one_pass(60, np.linspace(0, 2, 60), Draws(0).at("order"))
    read = schema.embedding()(batch)
    return [
        batch,
        schema.restore(batch),
        read,
        *parts,
        order,
        schema.likelihood(likelihood, 2.0)(batch).log_prob(batch),
    ]


def views(neighbours: Neighbours) -> Made:
    prepared = Views(neighbours, (GaussianNoise(),)).prepare(rows_of(TABLE))
    near, numbers = prepared.near, np.arange(10)
    assert near is not None
    generator = Draws(0).at("views")
    return [near.rows, near.unseen, prepared.of(numbers, prepared.rows[numbers], generator, generator)]


PARTS: dict[str, Callable[[], Made]] = {
    "ConvEncoderNetwork": lambda: network(lambda: ConvEncoderNetwork(IMAGE), IMAGES),
    "ConvDecoderNetwork": lambda: network(lambda: ConvDecoderNetwork(LATENT, IMAGE), CODES, glorot=True),
    "DenseEncoderNetwork": lambda: network(lambda: DenseEncoderNetwork(IMAGE, (16,), normalised=True), IMAGES),
    "reduced": lambda: network(lambda: DenseDecoderNetwork(LATENT, (16,), IMAGE, reduced=True), CODES),
    "Gaussian": lambda: likelihood(Gaussian((COLUMNS,), 2.5), VECTORS),
    "LearnedScaleGaussian": lambda: likelihood(LearnedScaleGaussian((COLUMNS,), bounded=True), VECTORS),
    "CoinFlips": lambda: likelihood(CoinFlips((COLUMNS,)), VECTORS),
    "Columns": lambda: likelihood(Columns([Gaussian((2,)), Categories(4)], [2, 1]), VECTORS[:, :3].round()),
    "FixedScaleComponents": lambda: components(FixedScaleComponents(means(), 0.5)),
    "LearnedScaleComponents": lambda: components(LearnedScaleComponents(means())),
    "StandardNormal": lambda: components(StandardNormal(LATENT)),
    "MomentComponents": lambda: components(MomentComponents(CLUSTERS, LATENT)),
    "VampComponents": lambda: components(VampComponents(encoder(), CLUSTERS, (COLUMNS,))),
    "GivenWeights": lambda: weights(GivenWeights.equal(CLUSTERS)),
    "MomentWeights": lambda: weights(MomentWeights(CLUSTERS)),
    "bound, code": lambda: bound(CodePosterior(LATENT, CLUSTERS)),
    "bound, features": lambda: bound(FeaturePosterior(16, CLUSTERS)),
    "bound, bayes": lambda: bound(BayesPosterior()),
    "RandomAffine": lambda: change(RandomAffine(), IMAGES),
    "RandomCrop": lambda: change(RandomCrop(), IMAGES),
    "HorizontalFlip": lambda: change(HorizontalFlip(), IMAGES),
    "ColourJitter": lambda: change(ColourJitter(0.4, 0.4, 0.4), IMAGES),
    "GaussianNoise": lambda: change(GaussianNoise(), VECTORS),
    "FeatureDropout": lambda: change(FeatureDropout(), VECTORS),
    "exact neighbours": lambda: views(Neighbours(3)),
    "neighbours by cells": lambda: views(Neighbours(3, components=2, exact_up_to=0)),
    "numbers": lambda: data(TABLE),
    "probabilities": lambda: data(np.abs(TABLE) % 1, "bernoulli"),
    "pixels": lambda: data(TABLE.reshape(60, 2, 3), "gaussian-learned"),
}


@contextmanager
def default_type() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def random_states() -> Iterator[None]:
    state = np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        np.random.seed(1)
        yield
    np.random.set_state(state)


SURROUNDINGS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "type": default_type,
    "device": lambda: torch.device("meta"),
    "random states": random_states,
}


def what_is_global() -> list[object]:
    random = torch.get_rng_state().numpy().tobytes(), np.random.get_state()[1].tobytes(), np.random.get_state()[2:]
    return [torch.get_default_dtype(), torch.get_default_device(), *random]


def bytes_of(made: Made) -> list[tuple[str, bytes]]:
    arrays = [part.detach().numpy() if isinstance(part, Tensor) else part for part in made]
    return [(array.dtype.str, array.tobytes()) for array in arrays]


@pytest.mark.parametrize("around", SURROUNDINGS)
@pytest.mark.parametrize("part", PARTS)
def test_a_part_neither_reads_nor_writes_what_is_global(part: str, around: str) -> None:
    expected = bytes_of(PARTS[part]())
    with SURROUNDINGS[around]():
        before = what_is_global()
        made = PARTS[part]()
        after = what_is_global()
    assert after == before
    assert bytes_of(made) == expected
