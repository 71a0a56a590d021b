"""Two reference models to read a clusterer's samples against, as large as the default method and trained as long.

A plain VAE knows no clusters: a clusterer whose samples are no worse has paid nothing for its clusters. A conditional
VAE is told the true labels: it generates each class as well as a model of this size can, which is the mark to reach.
"""

from dataclasses import dataclass, replace
from math import prod
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.distributions import Distribution, kl_divergence
from torch.nn.functional import one_hot

from benchmarks.judge import Labelled, LabelledRows, train_all
from vaecluster.clusters.scores import Column, Label
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.dataset import as_labels
from vaecluster.data.draws import Draws
from vaecluster.data.raw import Array
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.errors import DataError, SettingError
from vaecluster.methods import TwoViews
from vaecluster.model.decoder import Decoder
from vaecluster.model.distributions import diag_normal, draw
from vaecluster.model.encoder import Encoder
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import start_
from vaecluster.model.objective import BoundTerms, Objective
from vaecluster.settings import is_whole
from vaecluster.training.device import choose_device, isolated
from vaecluster.training.plan import Plan
from vaecluster.training.run import Run

BLOCK_ROWS = 1024


@final
class ConditionalVAE(nn.Module):
    """p(z) = N(0, I), p(x|z,y) and q(z|x,y), with the class y given to both networks as one entry per class.

    With a single class, that entry is 1 in every row and no more than a bias: a plain VAE (Kingma and Welling 2014,
    "Auto-encoding variational Bayes"). With several it is model M2 with all labels known (Kingma, Rezende, Mohamed and
    Welling 2014, "Semi-supervised learning with deep generative models").
    """

    def __init__(self, encoder: Encoder, decoder: Decoder, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.classes = classes

    @property
    def latent(self) -> int:
        """Entries of a code."""
        return self.encoder.latent

    def one_hot(self, classes: Tensor) -> Tensor:
        """Numbers of classes (rows,) as (rows, classes), 1 at the class and 0 elsewhere."""
        return one_hot(classes, self.classes).float()

    def posterior(self, rows: Tensor, classes: Tensor) -> Distribution:
        """q(z|x,y): batch (rows,), event (latent,)."""
        posterior: Distribution = self.encoder(torch.cat([rows.flatten(1), self.one_hot(classes)], 1))
        return posterior

    def likelihood(self, code: Tensor, classes: Tensor) -> Distribution:
        """p(x|z,y): batch (rows,), event (*data)."""
        likelihood: Distribution = self.decoder(torch.cat([code, self.one_hot(classes)], 1))
        return likelihood

    def expected(self, code: Tensor, classes: Tensor) -> Tensor:
        """The mean of p(x|z,y): (rows, *data)."""
        return self.decoder.expected(torch.cat([code, self.one_hot(classes)], 1))


@final
class KnownClassObjective(Objective):
    """The bound on log p(x|y) for known y: E[ log p(x|z,y) ] - KL( q(z|x,y) || N(0, I) ), by one code per row."""

    def __init__(self, model: ConditionalVAE) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Labelled) -> BoundTerms:
        """The terms for a batch of labelled rows; `cluster_kl` is 0, since nothing is inferred about y."""
        posterior = self.model.posterior(batch.rows, batch.classes)
        code = draw(posterior, batch.generator)
        reconstruction = self.model.likelihood(code, batch.classes).log_prob(batch.rows)
        standard = diag_normal(torch.zeros_like(posterior.mean), torch.ones_like(posterior.mean))
        latent_kl = kl_divergence(posterior, standard)
        bound = reconstruction - latent_kl
        classes = self.model.one_hot(batch.classes)
        return BoundTerms(-bound.mean(), classes, bound, reconstruction, latent_kl, torch.zeros_like(latent_kl))


@final
@dataclass(frozen=True)
class Anchor:
    """A trained reference model; its clusters are the classes in the order of `labels`, one for a plain VAE.

    `labels` (classes,) is each true label once and `counts` (classes,) how many training rows have it.
    """

    model: ConditionalVAE
    schema: Schema
    labels: Array
    counts: NDArray[np.intp]

    @property
    def names(self) -> dict[int, Label]:
        """The label of each cluster, as `score_generation` asks for it."""
        return dict(enumerate(self.labels.tolist()))

    @torch.no_grad()
    def sample(self, n_samples: int = 1, *, cluster: int | None = None, random_state: int = 0) -> Array:
        """New rows in the units and type of the data: a code from N(0, I), decoded to the mean of p(x|z,y).

        With `cluster`, all of that class; without, y is drawn from the classes' shares among the training rows.
        """
        if cluster is not None and not is_whole(cluster, 0, self.model.classes - 1):
            raise SettingError(f"cluster is {cluster!r}; expected one of 0 to {self.model.classes - 1}, or None.")
        device = self.model.encoder.mean.weight.device
        weights = torch.from_numpy(self.counts).double().to(device)
        generator = Draws(random_state).at("sample", device=device)
        classes = torch.multinomial(weights, n_samples, replacement=True, generator=generator)
        shape = (n_samples, self.model.latent)
        codes = torch.randn(shape, generator=generator, dtype=torch.float32, device=device)
        if cluster is not None:
            classes = torch.full_like(classes, cluster)
        blocks = zip(torch.split(codes, BLOCK_ROWS), torch.split(classes, BLOCK_ROWS), strict=True)
        means = [self.model.expected(code, chosen).cpu() for code, chosen in blocks]
        rows: Array = self.schema.restore(torch.cat(means))
        return rows


def build_anchor(method: TwoViews, schema: Schema, classes: int) -> ConditionalVAE:
    """A model without weights yet, with the default method's encoder and decoder, wider by the class alone."""
    seen = (prod(schema.data_shape) + classes,)
    likelihood = schema.likelihood(method.likelihood, method.precision)
    encoder_network = DenseEncoderNetwork(seen, method.hidden, normalised=True)
    decoder_network = DenseDecoderNetwork(
        method.latent + classes, method.hidden[::-1], likelihood.shape, normalised=True
    )
    encoder = Encoder(nn.Identity(), encoder_network, encoder_network.features, method.latent)
    return ConditionalVAE(encoder, Decoder(decoder_network, likelihood), classes)


def train_anchor(
    rows: Array,
    labels: Column | None = None,
    *,
    method: TwoViews | None = None,
    random_state: int = 0,
    device: str = "auto",
) -> Anchor:
    """A plain VAE of the rows (n, *data); with their true labels (n,), a conditional one.

    `method` is that of the clusterer that is compared (its `method_`), the default one if not given. The steps of its
    two stages are made in one, by one cycle of the same learning rate. All of a batch goes through the decoder, of
    which the default method decodes a part: the anchors are allowed the better decoder.

    The same seed gives the same model.
    """
    column = np.zeros(len(rows), dtype=np.intp) if labels is None else as_labels(np.asarray(labels))
    names, classes, counts = np.unique(column, return_inverse=True, return_counts=True)
    if classes.shape != rows.shape[:1]:
        raise DataError(f"There are {len(rows)} rows and labels {classes.shape}. Give one label for each row.")
    wanted, source, place = method or TwoViews(), ArraySource(rows), choose_device(device)
    schema = source.schema(Reading(wanted.likelihood, wanted.scaling))
    wanted = wanted.completed(schema, len(rows), None if wanted.components is None else 1)
    with isolated():
        run = Run(Rows(source, schema, place), None, random_state)
        model = build_anchor(wanted, schema, len(names))
        start_(model, run.draws.at("weights"))
        train_all(run, KnownClassObjective(model.to(place)), in_one(wanted), LabelledRows(run.rows, classes))
    return Anchor(model.eval(), schema, names, counts)


def in_one(method: TwoViews, epochs: int | None = None) -> Plan:
    """One stage as long as the two of a completed method, or of so many epochs."""
    plans = list(method.plans().values())
    return replace(plans[0], epochs=epochs or sum(plan.epochs for plan in plans))
