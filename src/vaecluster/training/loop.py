"""One plain loop: rows in batches, the objective's gradient, a step, and events for whoever listens."""

import time
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, Protocol, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from vaecluster.errors import TrainingError
from vaecluster.training.early_stopping import HeldOutWatch
from vaecluster.training.events import EpochDone, Listener, StepDone
from vaecluster.training.history import Ending
from vaecluster.training.interrupt import InterruptGuard
from vaecluster.training.settings import Plan

# Adam's guard against division by zero in the library that the article used; torch's own default is 1e-8.
ADAM_EPSILON = 1e-7


class Terms(Protocol):
    """What an objective makes of a batch: a frozen record."""

    @property
    def assignment(self) -> Tensor:
        """Probabilities (rows, clusters), for the diagnostics."""

    def named(self) -> dict[str, Tensor]:
        """The terms by name, one value per row, in nats."""


class Objective(Protocol):
    """What is minimised: for one kind of model, batch and terms."""

    def terms(self, model: Any, batch: Any) -> Any:
        """The terms of a batch."""

    def loss(self, terms: Any) -> Tensor:
        """What is minimised; its mean is the loss of the step."""


class Source(Protocol):
    """Where batches come from: `Rows`, or pairs of views of them."""

    def __len__(self) -> int:
        """How many rows there are."""

    def __getitem__(self, indices: NDArray[np.intp]) -> Any:
        """The batch of these rows, as the objective expects it."""


def train(
    model: nn.Module,
    source: Source,
    objective: Objective,
    plan: Plan,
    *,
    watch: HeldOutWatch | None = None,
    listeners: Sequence[Listener] = (),
) -> Ending:
    """Fit the model's weights in place and say how it ended.

    All randomness comes from torch's global random state, which the caller forks and seeds. Ctrl-C ends the fit
    after the step under way. Raises `TrainingError` as soon as the loss is not a finite number.
    """
    optimiser = Adam(model.parameters(), plan.learning_rate, eps=ADAM_EPSILON, fused=True)
    rows, epochs = len(source), plan.epochs
    scheduler = _scheduler(optimiser, plan, epochs * -(-rows // plan.batch_size))
    with InterruptGuard() as interrupt:
        for epoch in range(1, epochs + 1):
            started = time.perf_counter()
            means = _EpochMeans()
            model.train()
            for indices in _batches(rows, plan.batch_size):
                terms = _step(model, source[indices], objective, optimiser)
                if terms is None:
                    raise _not_finite(epoch, plan)
                rate = optimiser.param_groups[0]["lr"]
                if scheduler is not None:
                    scheduler.step()
                means.add(terms)
                seen = (epoch - 1) * rows + means.rows
                _send(listeners, StepDone(epoch, epochs, seen, epochs * rows, means.terms))
                if interrupt.requested:
                    break
            bound = watch.look() if watch is not None else None
            if bound is not None and not isfinite(bound):
                raise _not_finite(epoch, plan)
            seconds = time.perf_counter() - started
            _send(listeners, means.done(epoch, epochs, seconds, rate, bound))
            if interrupt.requested:
                return "interrupted"
            if watch is not None and watch.patience_is_over:
                watch.restore_best()
                return "early stopping"
    if watch is not None:
        watch.restore_best()
    return "finished"


def _step(model: nn.Module, batch: Any, objective: Objective, optimiser: Adam) -> Terms | None:
    """One descent step; None, and no step, if the loss is not finite."""
    terms: Terms = objective.terms(model, batch)
    loss = objective.loss(terms).mean()
    if not torch.isfinite(loss):
        return None
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return terms


def _batches(rows: int, batch_size: int) -> Iterator[NDArray[np.intp]]:
    """All row numbers once, shuffled, in batches of at most `batch_size`, none of them smaller by more than a row."""
    yield from np.array_split(torch.randperm(rows).numpy(), -(-rows // batch_size))


def _scheduler(optimiser: Adam, plan: Plan, steps: int) -> LRScheduler | None:
    if plan.schedule == "one-cycle":
        return OneCycleLR(optimiser, plan.learning_rate, total_steps=steps)
    if plan.schedule == "cosine":
        return CosineAnnealingLR(optimiser, steps)
    return None


def _send(listeners: Sequence[Listener], event: StepDone | EpochDone) -> None:
    for listener in listeners:
        listener(event)


def _not_finite(epoch: int, plan: Plan) -> TrainingError:
    return TrainingError(
        f"The loss stopped being a finite number in epoch {epoch} of {plan.epochs}, with learning_rate="
        f"{plan.learning_rate:g}. Try a tenth of the learning rate, or look for values in the data that are very far "
        "from the rest."
    )


@final
class _EpochMeans:
    """Sums over one epoch, kept on the device so that a step need not wait for them."""

    def __init__(self) -> None:
        self.rows = 0
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._confidence: Tensor | float = 0.0
        self._populated: Tensor | None = None

    def add(self, terms: Terms) -> None:
        with torch.no_grad():
            for name, values in terms.named().items():
                self._sums[name] = self._sums.get(name, 0.0) + values.detach().double().sum()
                self._counts[name] = self._counts.get(name, 0) + len(values)
            confidence, cluster = terms.assignment.max(-1)
            self._confidence += confidence.double().sum()
            counts = torch.bincount(cluster, minlength=terms.assignment.shape[-1])
            self._populated = counts if self._populated is None else self._populated + counts
        self.rows += len(cluster)

    def terms(self) -> dict[str, float]:
        return {name: float(total) / self._counts[name] for name, total in self._sums.items()}

    def done(self, epoch: int, epochs: int, seconds: float, rate: float, bound: float | None) -> EpochDone:
        populated = int((self._populated > 0).sum()) if self._populated is not None else 0
        confidence = float(self._confidence) / self.rows
        return EpochDone(epoch, epochs, self.rows, seconds, rate, self.terms(), populated, confidence, bound)
