"""Two reference models to read a clusterer's samples against, as large as the default method and trained as long.

A plain VAE knows no clusters: a clusterer whose samples are no worse has paid nothing for its clusters. A conditional
VAE is told the true labels: it generates each class as well as a model of this size can, which is the mark to reach.
"""

from dataclasses import dataclass
from math import prod
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.distributions import Distribution, kl_divergence
from torch.nn.functional import one_hot

from vaecluster.benchmark.judge import Labelled, LabelledRows
from vaecluster.data.dataset import as_labels
from vaecluster.data.preprocessing import Array, Preprocessing, choose_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.errors import DataError, SettingError
from vaecluster.evaluation.scores import Column, Label
from vaecluster.model.decoder import Decoder
from vaecluster.model.distributions import diag_normal
from vaecluster.model.encoder import Encoder
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.objective import ElboTerms, Objective
from vaecluster.training.build import build_decoder
from vaecluster.training.device import choose_device, forked_random_state
from vaecluster.training.loop import train
from vaecluster.training.settings import is_whole
from vaecluster.training.shared_settings import SharedSettings

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
        return self.encoder.mean.out_features

    def one_hot(self, classes: Tensor) -> Tensor:
        """Numbers of classes (rows,) as (rows, classes), 1 at the class and 0 elsewhere."""
        return one_hot(classes, self.classes).float()

    def posterior(self, rows: Tensor, classes: Tensor) -> Distribution:
        """q(z|x,y): batch (rows,), event (latent,)."""
        told: Distribution = self.encoder(torch.cat([rows.flatten(1), self.one_hot(classes)], 1))
        return told

    def likelihood(self, code: Tensor, classes: Tensor) -> Distribution:
        """p(x|z,y): batch (rows,), event (*data)."""
        told: Distribution = self.decoder(torch.cat([code, self.one_hot(classes)], 1))
        return told


@final
class KnownClassObjective(Objective):
    """The bound on log p(x|y) for known y: E[ log p(x|z,y) ] - KL( q(z|x,y) || N(0, I) ), by one code per row."""

    def terms(self, model: ConditionalVAE, batch: Labelled) -> ElboTerms:
        """The terms for a batch of labelled rows; `cluster_kl` is 0, since nothing is inferred about y."""
        posterior = model.posterior(batch.rows, batch.classes)
        reconstruction = model.likelihood(posterior.rsample(), batch.classes).log_prob(batch.rows)
        standard = diag_normal(torch.zeros_like(posterior.mean), torch.ones_like(posterior.mean))
        latent_kl = kl_divergence(posterior, standard)
        return ElboTerms(reconstruction, latent_kl, torch.zeros_like(latent_kl), model.one_hot(batch.classes))

    def loss(self, terms: ElboTerms) -> Tensor:
        """What is minimised, per row, in nats."""
        return -terms.bound


@final
@dataclass(frozen=True)
class Anchor:
    """A trained reference model; its clusters are the classes in the order of `labels`, one for a plain VAE.

    `labels` (classes,) is each true label once and `counts` (classes,) how many training rows have it.
    """

    model: ConditionalVAE
    preprocessing: Preprocessing
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
        with forked_random_state(device, random_state):
            classes = torch.multinomial(weights, n_samples, replacement=True)
            codes = torch.randn(n_samples, self.model.latent, device=device)
        if cluster is not None:
            classes = torch.full_like(classes, cluster)
        blocks = zip(torch.split(codes, BLOCK_ROWS), torch.split(classes, BLOCK_ROWS), strict=True)
        means = [self.model.likelihood(code, chosen).mean.cpu() for code, chosen in blocks]
        return self.preprocessing.restore(torch.cat(means))


def build_anchor(settings: SharedSettings, data_shape: tuple[int, ...], classes: int) -> ConditionalVAE:
    """A model with fresh weights and the default method's encoder and decoder, wider by the class alone."""
    seen = (prod(data_shape) + classes,)
    encoder_network = DenseEncoderNetwork(seen, settings.hidden, normalised=True)
    decoder_network = DenseDecoderNetwork(
        settings.latent + classes, settings.hidden[::-1], data_shape, normalised=True
    )
    encoder = Encoder(encoder_network, encoder_network.features, settings.latent)
    return ConditionalVAE(encoder, build_decoder(settings, decoder_network, data_shape), classes)


def train_anchor(
    rows: Array,
    labels: Column | None = None,
    *,
    settings: SharedSettings | None = None,
    random_state: int = 0,
    device: str = "auto",
) -> Anchor:
    """A plain VAE of the rows (n, *data); with their true labels (n,), a conditional one.

    `settings` are those of the clusterer that is compared (its `settings_`); without, the default method's for
    images. The steps of its two stages are made in one, by one cycle of the same learning rate. All of a batch goes
    through the decoder, of which the default method decodes a part: the anchors are allowed the better decoder.

    The same seed gives the same model; torch's global random state is left alone.
    """
    settings = SharedSettings() if settings is None else settings
    column = np.zeros(len(rows), dtype=np.intp) if labels is None else as_labels(np.asarray(labels))
    names, classes, counts = np.unique(column, return_inverse=True, return_counts=True)
    if classes.shape != rows.shape[:1]:
        raise DataError(f"There are {len(rows)} rows and labels {classes.shape}. Give one label for each row.")
    preprocessing = choose_preprocessing(rows, settings.likelihood)
    plan = settings.in_one(len(rows))
    place = choose_device(device)
    with forked_random_state(place, random_state):
        model = build_anchor(settings, preprocessing.data_shape, len(names)).to(place)
        source = LabelledRows(Rows(rows, preprocessing, place), classes)
        if train(model, source, KnownClassObjective(), plan) == "interrupted":
            # Less training than the clusterer had is no reference for it.
            raise KeyboardInterrupt
    return Anchor(model.eval(), preprocessing, names, counts)
