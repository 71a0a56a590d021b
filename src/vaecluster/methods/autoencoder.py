"""An autoencoder made of a model's encoder and decoder, and what scikit-learn is asked about its codes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits
from torch import Generator, Tensor, nn

from vaecluster.data.rows import Rows
from vaecluster.hearing import unheard
from vaecluster.inference.answers import codes
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.objective import Batch, Objective, Terms
from vaecluster.model.vae import ClusteringVAE
from vaecluster.settings import Whole
from vaecluster.training.plan import Plan
from vaecluster.training.run import Run

AUTOENCODER = "autoencoder"
# Centres and mixtures are fitted to the codes of so many rows at most.
MOST_ROWS = 20_000
# What a layer that learns alone does not see, as in DEC's paper.
HIDDEN = 0.2
# The least variance of a mixture's component.
LEAST_VARIANCE = 1e-4


LayerEpochs = Annotated[
    int,
    Whole(0),
    "epochs in which each layer of the autoencoder learns alone, with a fifth of its entries hidden, before all do",
]


@final
@dataclass(frozen=True)
class ReconstructionTerms(Terms):
    """log p(x|z) at the mean code, one value per row, in nats."""

    reconstruction: Tensor


@final
class Autoencoder(Objective):
    """Minus log p(x|z) at the mean of q(z|x): an autoencoder made of a model's encoder and decoder."""

    def __init__(self, model: ClusteringVAE) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> ReconstructionTerms:
        """The term of a batch (rows, *data); it knows no clusters, so all rows are in the only one."""
        code = self.model.mean_code(batch.rows)
        reconstruction = self.model.decoder(code).log_prob(batch.rows)
        return ReconstructionTerms(-reconstruction.mean(), torch.ones_like(code[:, :1]), reconstruction)


@final
class Layer(Objective):
    """One layer of an autoencoder and its mirror, which give back what the layers below see; a part of it is hidden.

    Layers that learn so, one after another, are a stacked denoising autoencoder (Vincent, Larochelle, Lajoie, Bengio
    and Manzagol 2010). Hidden is a share of what comes into the layer and into its mirror; never of a code. The first
    layer is asked for the rows themselves, by their likelihood; the others for squared errors.
    """

    def __init__(self, model: ClusteringVAE, number: int) -> None:
        super().__init__()
        self.model, self.number = model, number

    def forward(self, batch: Batch) -> ReconstructionTerms:
        """The term of a batch (rows, *data): log p(x|z), or minus the squared error."""
        layers, mirrors = layers_of(self.model)
        with torch.no_grad():
            seen = self.model.encoder.embedding(batch.rows)
            for layer in layers[: self.number]:
                seen = layer(seen)
        inside = layers[self.number](hidden(seen, batch.generator))
        is_code = self.number == len(layers) - 1
        given = mirrors[self.number](inside if is_code else hidden(inside, batch.generator))
        if self.number:
            reconstruction = -(given - seen).square().sum(-1)
        else:
            reconstruction = self.model.decoder.likelihood(given).log_prob(batch.rows)
        return ReconstructionTerms(-reconstruction.mean(), torch.ones_like(inside[:, :1]), reconstruction)


def layers_of(model: ClusteringVAE) -> tuple[list[nn.Module], list[nn.Module]]:
    """The layers from rows to mean codes, and the mirror of each, of dense networks."""
    network, mirror = model.encoder.network, model.decoder.network
    assert isinstance(network, DenseEncoderNetwork)
    assert isinstance(mirror, DenseDecoderNetwork)
    return [*network.layers(), model.encoder.mean], mirror.layers()[::-1]


def hidden(entries: Tensor, generator: Generator) -> Tensor:
    """The entries without `HIDDEN` of them, the others larger by as much."""
    drawn = torch.rand(entries.shape, generator=generator, dtype=entries.dtype, device=entries.device)
    return entries * (drawn >= HIDDEN) / (1 - HIDDEN)


def autoencoder_plans(layers: int, layer_epochs: int, plan: Plan) -> dict[str, Plan]:
    """The stages of an autoencoder: its layers one by one, if they learn so, and the whole of it."""
    alone = {f"layer {number + 1}": replace(plan, epochs=layer_epochs) for number in range(layers)}
    return {name: some for name, some in (alone | {AUTOENCODER: plan}).items() if some.epochs}


def train_autoencoder(run: Run, model: ClusteringVAE, layer_epochs: int) -> None:
    """Train these stages."""
    train_layers(run, model, layer_epochs)
    run.train_through(AUTOENCODER, Autoencoder(model))


def train_layers(run: Run, model: ClusteringVAE, layer_epochs: int) -> None:
    """Train all of these stages but the last one."""
    for number in range(len(layers_of(model)[0]) if layer_epochs else 0):
        run.train_through(f"layer {number + 1}", Layer(model, number))


def some_of(rows: Rows, seed: int) -> Rows:
    """The rows, or `MOST_ROWS` of them drawn at random."""
    return rows.some(np.sort(np.random.default_rng(seed).permutation(len(rows))[:MOST_ROWS]))


def points_of(model: ClusteringVAE, rows: Rows) -> NDArray[np.float64]:
    """The mean codes of the rows (rows, latent), as precise as scikit-learn takes them."""
    return codes(model, rows).astype(np.float64)


def mixture_of(points: NDArray[np.floating], clusters: int, seed: int, kind: str, starts: int) -> GaussianMixture:
    """The likeliest of some mixtures of Gaussians with covariances of this kind, fitted to points (rows, entries)."""
    mixture = GaussianMixture(
        clusters, covariance_type=kind, n_init=starts, reg_covar=LEAST_VARIANCE, random_state=seed % 2**32
    )
    with undisturbed():
        return mixture.fit(points)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, scikit-learn adds in one order, and what a program has set for its own arrays does not reach it.

    It does not warn of fewer distinct points than clusters: some clusters are then empty, and the fit warns of these.
    """
    with (
        config_context(array_api_dispatch=False),
        threadpool_limits(1, user_api="openmp"),
        unheard(ConvergenceWarning),
    ):
        yield
