"""A classifier that says what generated images show. It learns from true labels, and serves to score and nothing else.

A decoder's mean is a little blurred, which no photograph or scan is. So the judge learns from images that are blurred
and moved a little at random; else it would score the blur and not what is shown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from vaecluster.clusters.scores import Column
from vaecluster.data import checks
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.dataset import as_labels
from vaecluster.data.raw import Array
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.errors import DataError
from vaecluster.model.networks.initial import linear, start_
from vaecluster.model.objective import Objective, Terms
from vaecluster.settings import Number, settings
from vaecluster.training.device import choose_device, isolated
from vaecluster.training.listeners.history import History
from vaecluster.training.plan import Plan
from vaecluster.training.run import Run
from vaecluster.views.change import Change, ImageChange, uniform
from vaecluster.views.images import RandomAffine

SMALLEST_SIDE = 8
FEATURES = 64
FILTERS = (24, 48, 64)
# The last convolutions are averaged to so many pixels a side; of 28 pixels exactly 4 are left.
POOLED = 4
BATCH_SIZE, LEARNING_RATE = 128, 4e-3
# Three epochs of MNIST: 0.990 of its test images are then named right, 0.988 blurred by 1.5 pixels; 40 s on one core.
STEPS, LEAST_EPOCHS = 1400, 3
BLOCK_ROWS = 512


@final
@settings
class RandomBlur(ImageChange):
    """Blur each image by a normal kernel of random width."""

    widest: Annotated[float, Number(0, 1), "largest standard deviation, as a share of the larger side"] = 0.05

    def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
        """The changed batch, of the same shape."""
        # A kernel far narrower than a pixel is no blur at all, and still one that can be divided by.
        width = uniform(0, self.widest * max(batch.shape[-2:]), batch, generator).clamp_min(1e-2)
        down, across = (_kernel(width, side)[:, None] for side in batch.shape[-2:])
        blurred: Tensor = down @ batch @ across.mT
        return blurred.clamp(0, 1)


def _kernel(width: Tensor, side: int) -> Tensor:
    """How much each pixel of a line takes from each other, adding up to 1 even at the ends: (rows, side, side)."""
    place = torch.arange(side, dtype=width.dtype, device=width.device)
    distance = (place[:, None] - place) / width[:, None, None]
    return (-0.5 * distance.square()).softmax(-1)


CHANGES = (RandomAffine(rotation=10, shift=0.06, scale=0.1, shear=0.1, padding="border"), RandomBlur())


@final
@dataclass(frozen=True)
class Labelled:
    """A batch of rows (rows, *data), the number of each one's class (rows,), and where draws come from."""

    rows: Tensor
    classes: Tensor
    generator: Generator


@final
class LabelledRows:
    """Rows with the numbers of their classes (rows,) as batches; `changes` are made anew at every look."""

    def __init__(self, rows: Rows, classes: NDArray[np.intp], changes: Sequence[Change] = ()) -> None:
        self.rows = rows
        self.classes = torch.from_numpy(classes).to(rows.device)
        self.changes = changes

    def __call__(self, indices: NDArray[np.intp], generator: Generator) -> Labelled:
        """The batch of these rows."""
        batch = self.rows[indices]
        for change in self.changes:
            batch = change(batch, generator)
        return Labelled(batch, self.classes[torch.from_numpy(indices).to(self.classes.device)], generator)


def train_all(run: Run, objective: Objective, plan: Plan, batches: LabelledRows | None = None) -> History:
    """Train an objective in one stage; Ctrl-C ends it without a result, since half of it could not be compared."""
    run.stages({"all": plan})
    run.train_through("all", objective, batches)
    if run.interrupted:
        raise KeyboardInterrupt
    return run.history


@final
class JudgeNetwork(nn.Module):
    """3x3 convolutions of stride 2 with batch normalisation, one hidden layer, and a logit per class."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for filters in FILTERS:
            convolution = nn.Conv2d(
                channels, filters, 3, stride=2, padding=1, bias=False, device="meta", dtype=torch.float32
            )
            layers += [convolution, nn.BatchNorm2d(filters, device="cpu", dtype=torch.float32), nn.ReLU()]
            channels = filters
        pooled = [nn.AdaptiveAvgPool2d(POOLED), nn.Flatten()]
        self.features = nn.Sequential(*layers, *pooled, linear(channels * POOLED**2, FEATURES), nn.ReLU())
        self.classes = linear(FEATURES, classes)

    def forward(self, rows: Tensor) -> Tensor:  # rows channels height width
        """Logits (rows, classes)."""
        logits: Tensor = self.classes(self.features(rows))
        return logits


@final
@dataclass(frozen=True)
class NamingTerms(Terms):
    """log p(label|image), (rows,), in nats; `assignment` is the probabilities of all classes (rows, classes)."""

    log_likelihood: Tensor


@final
class NamingObjective(Objective):
    """Minus the log likelihood of the labels."""

    def __init__(self, network: JudgeNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Labelled) -> NamingTerms:
        """The terms for a batch of labelled rows."""
        logs = self.network(batch.rows).log_softmax(-1)
        log_likelihood = logs.gather(1, batch.classes[:, None]).squeeze(1)
        return NamingTerms(-log_likelihood.mean(), logs.exp(), log_likelihood)


@final
@dataclass(frozen=True)
class Judge:
    """A trained judge. It reads images of the size and in the units of those that it learned from.

    `labels` (classes,) are the true labels, each once and in order: what the network's logits stand for.
    """

    network: JudgeNetwork
    schema: Schema
    labels: Array

    def predict(self, images: Array) -> Array:
        """The class that each image shows, by its label: (n, H, W) or (n, H, W, C) to (n,)."""
        classes = self._in_blocks(images, lambda batch: self.network(batch).argmax(-1))
        named: Array = self.labels[classes]
        return named

    def features(self, images: Array) -> NDArray[np.float32]:
        """The last hidden layer, where images that look alike are near each other: (n, 64)."""
        return self._in_blocks(images, self.network.features)

    @torch.no_grad()
    def _in_blocks(self, images: Array, answer: Callable[[Tensor], Tensor]) -> NDArray[Any]:
        checks.check_row_shape(checks.check_images(images).shape[1:], self.schema.row_shape)
        rows = Rows(ArraySource(images), self.schema, self.network.classes.weight.device)
        blocks = [rows[start : start + BLOCK_ROWS] for start in range(0, len(rows), BLOCK_ROWS)]
        return np.concatenate([answer(block).cpu().numpy() for block in blocks])


def train_judge(
    images: Array, labels: Column, *, epochs: int | None = None, random_state: int = 0, device: str = "auto"
) -> Judge:
    """Learn to name images, (n, H, W) or (n, H, W, C) of any type of number, from their true labels (n,).

    Without `epochs` there are as many as make about 1,400 steps, three at least. The same seed gives the same judge
    on the same device. Raises `DataError` for images that are smaller
    than 8 pixels a side or are not numbers, and for labels of another length.

    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> judge = train_judge(digits.images[:200], digits.target[:200], epochs=1)
    >>> judge.predict(digits.images[:5]).shape, judge.features(digits.images[:5]).shape
    ((5,), (5, 64))
    """
    images = _check_images(np.asarray(images))
    names, classes = np.unique(as_labels(np.asarray(labels)), return_inverse=True)
    if classes.shape != images.shape[:1]:
        raise DataError(f"There are {len(images)} images and labels {classes.shape}. Give one label for each image.")
    source = ArraySource(images)
    schema = source.schema(Reading("gaussian", "columns"))
    epochs = epochs or max(LEAST_EPOCHS, round(STEPS * BATCH_SIZE / len(images)))
    place = choose_device(device)
    plan = Plan(epochs, BATCH_SIZE, LEARNING_RATE, "one-cycle")
    with isolated():
        run = Run(Rows(source, schema, place), None, random_state)
        network = JudgeNetwork(schema.data_shape[0], len(names))
        start_(network, run.draws.at("weights"))
        train_all(run, NamingObjective(network.to(place)), plan, LabelledRows(run.rows, classes, CHANGES))
    return Judge(network.eval(), schema, names)


def _check_images(images: Array) -> Array:
    if images.ndim not in (3, 4):
        raise DataError(f"The judge reads images (n, H, W) or (n, H, W, C), but the rows have shape {images.shape}.")
    if min(images.shape[1:3]) < SMALLEST_SIDE:
        raise DataError(
            f"Each row is {checks.describe(images.shape[1:])}; the judge needs {SMALLEST_SIDE} pixels a side or more."
        )
    checks.check_images(images)
    checks.check_enough(images, 2)
    return images
