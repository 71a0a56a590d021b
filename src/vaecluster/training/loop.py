"""One plain loop: rows in batches, the objective's gradient, a step, and events for whoever listens."""

import time
from collections.abc import Sequence
from math import isfinite
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from vaecluster.data.rows import one_pass
from vaecluster.errors import TrainingError
from vaecluster.model.objective import Objective
from vaecluster.training.early_stopping import HeldOutWatch
from vaecluster.training.events import Event, Listener, RolledBack, StepDone
from vaecluster.training.history import Ending
from vaecluster.training.interrupt import InterruptGuard
from vaecluster.training.keeper import NOTHING_KEPT, Keeper
from vaecluster.training.settings import Plan
from vaecluster.training.state import SLOWER, Snapshot, TrainingState

# How often a fit goes back to the last good state before it gives up.
MOST_FAILURES = 3
# Steps between two good states, at least: a copy of all weights costs about as much as a step.
GOOD_EVERY = 50


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
    weights: NDArray[np.float64] | None = None,
    watch: HeldOutWatch | None = None,
    listeners: Sequence[Listener] = (),
    keeper: Keeper = NOTHING_KEPT,
) -> Ending:
    """Fit the model's weights in place and say how it ended; go on from what `keeper` has of this fit.

    An epoch passes over all rows once, or as often as their `weights` say. All randomness comes from torch's global
    random state, which the caller forks and seeds. Ctrl-C ends the fit after the step under way. Where the loss or
    a weight stops being finite the fit goes back to the last good state and on with a tenth of the learning rate;
    raises `TrainingError` when that has not helped three times.
    """
    state = TrainingState(model, objective, plan, len(source), watch)
    good = keeper.resume(state)
    if good is None:
        good = state.snapshot()
        keeper.keep(state.as_dict(), None)
    with InterruptGuard() as interrupt:
        while state.epoch <= plan.epochs and not (watch is not None and watch.patience_is_over):
            if state.at_the_start:
                good = state.snapshot() if state.steps - good["steps"] >= GOOD_EVERY else good
                state.order = one_pass(len(source), weights)
            finite = _run_epoch(state, source, plan, good, listeners, keeper, interrupt)
            bound = watch.look() if watch is not None and finite else None
            if not finite or not state.is_finite() or not (bound is None or isfinite(bound)):
                _send(listeners, _roll_back(state, good, plan))
                continue
            _send(listeners, state.means.done(state.epoch, plan.epochs, state.seconds, state.rate, bound))
            if state.done < state.batches:
                return "interrupted"
            state.next_epoch()
            if interrupt.requested:
                keeper.keep(state.as_dict(), good)
                return "interrupted"
    keeper.keep(state.as_dict(), good)
    if watch is None:
        return "finished"
    watch.restore_best()
    return "early stopping" if watch.patience_is_over else "finished"


def _run_epoch(
    state: TrainingState,
    source: Source,
    plan: Plan,
    good: Snapshot,
    listeners: Sequence[Listener],
    keeper: Keeper,
    interrupt: InterruptGuard,
) -> bool:
    """Learn what is left of the epoch, or until an interrupt; False as soon as the loss is not finite."""
    rows = len(source)
    state.model.train()
    last = time.perf_counter()
    for indices in state.batches_left():
        terms = state.objective.terms(state.model, source[indices])
        loss = state.objective.loss(terms).mean()
        if not torch.isfinite(loss):
            return False
        state.step(loss)
        state.means.add(terms)
        now = time.perf_counter()
        state.seconds, last = state.seconds + now - last, now
        seen = (state.epoch - 1) * rows + state.means.rows
        _send(listeners, StepDone(state.epoch, plan.epochs, seen, plan.epochs * rows, state.means.terms))
        stop = interrupt.requested and state.done < state.batches
        if stop or keeper.due():
            keeper.keep(state.as_dict(), good)
        if stop:
            break
    return True


def _roll_back(state: TrainingState, good: Snapshot, plan: Plan) -> RolledBack:
    """Put the state back to the last good one, with a smaller rate; `TrainingError` after too many failures."""
    epoch, failures = state.epoch, state.failures + 1
    if failures > MOST_FAILURES:
        raise TrainingError(
            f"The loss stopped being a finite number in epoch {epoch} of {plan.epochs}, with learning_rate="
            f"{plan.learning_rate:g}, and still did with rates down to {plan.learning_rate * SLOWER**MOST_FAILURES:g}."
            " Try a much smaller learning_rate, or look for values in the data that are very far from the rest."
        )
    state.restore(good)
    state.failures = failures
    return RolledBack(epoch, plan.epochs, state.epoch, state.rate_factor)


def _send(listeners: Sequence[Listener], event: Event) -> None:
    for listener in listeners:
        listener(event)
