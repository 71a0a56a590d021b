"""One plain loop: rows in batches, the objective's gradient, a step, and events for whoever listens."""

import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from math import isfinite
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from vaecluster.data.rows import Rows
from vaecluster.errors import TrainingError
from vaecluster.evaluation.inference import mean_bound
from vaecluster.model.objective import ElboTerms, NegativeElbo
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.events import EpochDone, Listener, StepDone
from vaecluster.training.history import Ending
from vaecluster.training.interrupt import InterruptGuard
from vaecluster.training.settings import Settings

# Adam's guard against division by zero in the library that the article used; torch's own default is 1e-8.
ADAM_EPSILON = 1e-7


def train(
    model: ClusteringVAE,
    rows: Rows,
    objective: NegativeElbo,
    settings: Settings,
    *,
    held_out: Rows | None = None,
    listeners: Sequence[Listener] = (),
) -> Ending:
    """Fit the model's weights in place and say how it ended.

    All randomness comes from torch's global random state, which the caller forks and seeds. Ctrl-C ends the fit
    after the step under way. Raises `TrainingError` as soon as the loss is not a finite number.
    """
    optimiser = Adam(model.parameters(), settings.learning_rate, eps=ADAM_EPSILON)
    steps = settings.epochs * -(-len(rows) // settings.batch_size)
    scheduler = _scheduler(optimiser, settings, steps)
    watch = _HeldOutWatch(model, held_out, settings.patience) if held_out is not None else None
    with InterruptGuard() as interrupt:
        for epoch in range(1, settings.epochs + 1):
            started = time.perf_counter()
            means = _EpochMeans()
            model.train()
            for indices in _batches(len(rows), settings.batch_size):
                terms = _step(model, rows[indices], objective, optimiser)
                if terms is None:
                    raise _not_finite(epoch, settings)
                rate = optimiser.param_groups[0]["lr"]
                if scheduler is not None:
                    scheduler.step()
                means.add(terms)
                seen = (epoch - 1) * len(rows) + means.rows
                _send(listeners, StepDone(epoch, settings.epochs, seen, settings.epochs * len(rows), means.terms))
                if interrupt.requested:
                    break
            bound = watch.look() if watch is not None else None
            if bound is not None and not isfinite(bound):
                raise _not_finite(epoch, settings)
            seconds = time.perf_counter() - started
            _send(listeners, means.done(epoch, settings.epochs, seconds, rate, bound))
            if interrupt.requested:
                return "interrupted"
            if watch is not None and watch.patience_is_over:
                watch.restore_best()
                return "early stopping"
    if watch is not None:
        watch.restore_best()
    return "finished"


def _step(model: ClusteringVAE, batch: Tensor, objective: NegativeElbo, optimiser: Adam) -> ElboTerms | None:
    """One descent step; None, and no step, if the loss is not finite."""
    terms = objective.terms(model, batch)
    loss = objective.loss(terms).mean()
    if not torch.isfinite(loss):
        return None
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return terms


def _batches(rows: int, batch_size: int) -> Iterator[NDArray[np.intp]]:
    """All row numbers once, shuffled, in batches; the last may be smaller."""
    order = torch.randperm(rows).numpy()
    for start in range(0, rows, batch_size):
        yield order[start : start + batch_size]


def _scheduler(optimiser: Adam, settings: Settings, steps: int) -> LRScheduler | None:
    if settings.schedule == "one-cycle":
        return OneCycleLR(optimiser, settings.learning_rate, total_steps=steps)
    if settings.schedule == "cosine":
        return CosineAnnealingLR(optimiser, steps)
    return None


def _send(listeners: Sequence[Listener], event: StepDone | EpochDone) -> None:
    for listener in listeners:
        listener(event)


def _not_finite(epoch: int, settings: Settings) -> TrainingError:
    return TrainingError(
        f"The loss stopped being a finite number in epoch {epoch} of {settings.epochs}, with learning_rate="
        f"{settings.learning_rate:g} and precision={settings.precision:g}. Try a tenth of the learning rate, or "
        "look for values in the data that are very far from the rest."
    )


@final
class _EpochMeans:
    """Sums over one epoch, kept on the device so that a step need not wait for them."""

    def __init__(self) -> None:
        self.rows = 0
        self._sums: dict[str, Tensor] = {}
        self._confidence: Tensor | float = 0.0
        self._populated: Tensor | None = None

    def add(self, terms: ElboTerms) -> None:
        with torch.no_grad():
            for name, values in terms.named().items():
                self._sums[name] = self._sums.get(name, 0.0) + values.detach().double().sum()
            confidence, cluster = terms.assignment.max(-1)
            self._confidence += confidence.double().sum()
            counts = torch.bincount(cluster, minlength=terms.assignment.shape[-1])
            self._populated = counts if self._populated is None else self._populated + counts
        self.rows += len(cluster)

    def terms(self) -> dict[str, float]:
        return {name: float(total) / self.rows for name, total in self._sums.items()}

    def done(self, epoch: int, epochs: int, seconds: float, rate: float, bound: float | None) -> EpochDone:
        populated = int((self._populated > 0).sum()) if self._populated is not None else 0
        confidence = float(self._confidence) / self.rows
        return EpochDone(epoch, epochs, self.rows, seconds, rate, self.terms(), populated, confidence, bound)


@final
class _HeldOutWatch:
    """Follows the bound on held-out rows and keeps the weights of its best epoch."""

    def __init__(self, model: ClusteringVAE, held_out: Rows, patience: int) -> None:
        self.model = model
        self.held_out = held_out
        self.patience = patience
        self.best = float("-inf")
        self.since_best = 0
        self.best_weights: dict[str, Any] = {}

    def look(self) -> float:
        bound = mean_bound(self.model, self.held_out)
        self.since_best += 1
        if bound > self.best:
            self.best, self.since_best = bound, 0
            self.best_weights = deepcopy(self.model.state_dict())
        return bound

    @property
    def patience_is_over(self) -> bool:
        return self.since_best >= self.patience

    def restore_best(self) -> None:
        self.model.load_state_dict(self.best_weights)
