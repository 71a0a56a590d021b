"""One fit under way: its rows, its draws, its stages, and what is kept of it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeVar, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from vaecluster import ranks
from vaecluster.clusters.number import AskedNumber
from vaecluster.data.draws import Draws, drawn_on, one_pass
from vaecluster.data.rows import Rows
from vaecluster.errors import TrainingError
from vaecluster.files import record
from vaecluster.model.objective import Batch, Objective, Terms
from vaecluster.training.events import ClustersMergedAgain, Event, Listener, RolledBack, StepDone, at_work
from vaecluster.training.interrupt import InterruptGuard
from vaecluster.training.keeper import NOTHING_KEPT, Keeper
from vaecluster.training.listeners.history import History
from vaecluster.training.plan import Plan
from vaecluster.training.state import SLOWER, Kept, Snapshot, TrainingState

# How many times a fit goes back to the last good state before it gives up.
MOST_FAILURES = 3
# Steps between two good states, at least: a copy of all weights costs about as much as a step.
GOOD_EVERY = 50
# Steps between two looks whether the loss is finite, at most: a look waits for the device.
LOOK_EVERY = 50

Record = TypeVar("Record")
Part = TypeVar("Part")
# From the numbers of a batch's rows and a generator on the host to this rank's share of what a step learns from.
Batches = Callable[[NDArray[np.intp], Generator], Batch]


@final
@dataclass
class Epoch:
    """An epoch that was learned; what is done before the next one notes it here.

    `number` counts from 1 within its stage.
    """

    number: int
    held_out_bound: float | None = None
    merged_again: int = 0
    stop: bool = field(default=False, init=False)


@final
class Run:
    """What a method's `fit` works with.

    A method plans its stages (`stages`), then trains them (`train`); what it computes between two of them, it computes
    by `once`. A fit that was cut off then goes on by the same calls: stages that are done give no epochs, and what was
    computed is given back.
    """

    def __init__(
        self,
        rows: Rows,
        clusters: AskedNumber,
        seed: int,
        history: History | None = None,
        listeners: Sequence[Listener] = (),
        keeper: Keeper = NOTHING_KEPT,
        interrupt: InterruptGuard | None = None,
    ) -> None:
        """Learn from the rows; without a number of `clusters`, or with a range, the method is to find one."""
        self.rows, self.clusters, self.draws = rows, clusters, Draws(seed)
        self.history = history or History()
        if self.interrupted:
            self.history.ending = "finished"
        self._listeners: list[Listener] = [self.history, *listeners]
        self._keeper = keeper
        self._interrupt = interrupt or InterruptGuard()
        self._plans: dict[str, Plan] = {}
        self._found: dict[str, Any] = dict(keeper.found)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.rows.device

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended a stage."""
        return self.history.ending == "interrupted"

    def stages(self, plans: Mapping[str, Plan]) -> None:
        """Plan the stages that will be trained, by name and in their order."""
        self._plans = dict(plans)

    def begins(self, stage: str) -> bool:
        """Whether the stage has nothing to go on from: what it starts with must be computed."""
        return self._keeper.stage != stage

    def once(self, name: str, compute: Callable[[], Record], kind: type[Record]) -> Record:
        """The typed record that `compute` gives; computed once in a fit, also in one that goes on later.

        After Ctrl-C it is not kept: when the fit goes on, it is computed again from what was learned until then.
        """
        if name in self._found:
            return record.typed(kind, self._found[name])
        result = ranks.agreed(compute())
        if not self.interrupted:
            self._found[name] = record.plain(result)
        return result

    def arrays(self, name: str, make: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """Arrays of all rows that `make` computes, in the room of the rows; kept for a fit that goes on.

        With several ranks they are made again: their files may be on another machine.
        """
        if not ranks.alone():
            return make()
        if kept := self._keeper.arrays(name):
            return [self.rows.room.of_file(array) for array in kept]
        made = make()
        self._keeper.keep_arrays(name, made)
        return made

    def telling(self, what: str, parts: Sequence[Part]) -> Iterator[Part]:
        """The parts of work between two epochs, one by one, while the listeners are told how far it is."""
        return at_work(self._send, what, parts)

    def batch(self, numbers: NDArray[np.intp], generator: Generator) -> Batch:
        """This rank's share of these rows, as they are."""
        return Batch(self.rows[ranks.share(numbers)], drawn_on(self.device, generator))

    def train_through(self, stage: str, objective: Objective, batches: Batches | None = None) -> None:
        """Train a stage with nothing to do between its epochs."""
        for _ in self.train(stage, objective, batches):
            pass

    def train(
        self, stage: str, objective: Objective, batches: Batches | None = None, *, beside: Kept | None = None
    ) -> Iterator[Epoch]:
        """Train a stage in place; gives each epoch when it is learned, and goes on when asked for the next.

        An epoch passes over all rows once, or as often as their weights say. `beside` is kept with the state. Ctrl-C
        ends the stage after the step under way, and all later ones. Where the loss or a weight stops being finite the
        stage goes back to the last good state and on with a tenth of the learning rate; raises `TrainingError` when
        that has not helped three times.
        """
        plan = self._plans[stage]
        kept = self._keeper.state_of(stage)
        if self.interrupted or (kept is None and self._is_past(stage)):
            return
        state = TrainingState(objective, plan, len(self.rows), beside)
        good = state.snapshot() if kept is None else self._resumed(state, kept)
        if kept is None:
            self._keep(stage, state, None)
        while state.epoch <= plan.epochs:
            ranks.same_(state.tensors.values())
            if self._asked_to_stop():
                self._check_learned()
                self._end_early(stage, state, good)
                return
            if not state.done and state.steps - good["steps"] >= GOOD_EVERY:
                good = state.snapshot()
            finite = self._learn(stage, state, batches or self.batch, good)
            if finite and state.done < state.batches:
                self._end_early(stage, state, good)
                self._tell_of_epoch(stage, state, Epoch(state.epoch))
                return
            epoch = Epoch(state.epoch)
            finite = not ranks.any_of(not (finite and state.is_finite()))
            if finite:
                yield epoch
            if not finite or not isfinite(epoch.held_out_bound or 0.0):
                self._send(self._roll_back(stage, state, good))
                continue
            self._tell_of_epoch(stage, state, epoch)
            if epoch.stop:
                # A stage that is followed by another does not end the fit.
                if stage == list(self._plans)[-1]:
                    self.history.ending = "early stopping"
                # Kept as one that has had all its epochs: when it goes on, nothing is left to be learned.
                state.epoch = plan.epochs
            state.next_epoch()
        self._keep(stage, state, good)

    def _learn(self, stage: str, state: TrainingState, batches: Batches, good: Snapshot) -> bool:
        """Learn what is left of the epoch, or until an interrupt; False soon after a loss is not finite.

        Steps from such a loss do no harm: all that they change is put back.
        """
        rows = len(self.rows)
        before, epochs = self._epochs_before(stage), self._epochs
        order = one_pass(rows, self.rows.weights, self.draws.at(stage, "order", state.epoch))
        state.objective.train()
        last = time.perf_counter()
        for number, indices in state.batches_left(order):
            generator = self.draws.at(stage, "batch", state.epoch, number)
            terms: Terms = state.objective(batches(indices, generator))
            state.step(terms.loss)
            state.means.add(terms)
            now = time.perf_counter()
            state.seconds, last = state.seconds + now - last, now
            epoch = before + state.epoch
            seen = (epoch - 1) * rows + state.means.rows
            self._send(StepDone(epoch, epochs, seen, epochs * rows, state.means.terms))
            asked = self._asked_to_stop()
            if (asked or state.done % LOOK_EVERY == 0 or state.done == state.batches) and not state.means.finite():
                return False
            if asked and state.done < state.batches:
                return True
            if self._keeper.due():
                self._keep(stage, state, good)
        return True

    def _roll_back(self, stage: str, state: TrainingState, good: Snapshot) -> RolledBack:
        """Put the state back to the last good one, with a smaller rate; `TrainingError` after too many failures."""
        before, rate = self._epochs_before(stage), self._plans[stage].learning_rate
        epoch, failures = before + state.epoch, state.failures + 1
        state.restore(good)
        if failures > MOST_FAILURES:
            raise TrainingError(
                f"The loss stopped being a finite number in epoch {epoch} of {self._epochs}, with learning_rate="
                f"{rate:g}, and still did with rates down to {rate * SLOWER**MOST_FAILURES:g}. Try a much smaller "
                "learning_rate, or look for values in the data that are very far from the others."
            )
        state.failures = failures
        return RolledBack(epoch, self._epochs, before + state.epoch, state.rate_factor)

    def _tell_of_epoch(self, stage: str, state: TrainingState, epoch: Epoch) -> None:
        number, seconds = self._epochs_before(stage) + epoch.number, state.seconds
        self._send(state.means.done(number, self._epochs, seconds, state.rate, epoch.held_out_bound))
        if epoch.merged_again:
            self._send(ClustersMergedAgain(number, self._epochs, epoch.merged_again))

    def _end_early(self, stage: str, state: TrainingState, good: Snapshot) -> None:
        self.history.ending = "interrupted"
        self._keep(stage, state, good)

    def _asked_to_stop(self) -> bool:
        return ranks.any_of(self._interrupt.requested)

    def _check_learned(self) -> None:
        """Raise `KeyboardInterrupt` if nothing was learned yet: then there is no model to keep."""
        if not self.history.epochs:
            raise KeyboardInterrupt

    def _keep(self, stage: str, state: TrainingState, good: Snapshot | None) -> None:
        self._keeper.keep(stage, self._found, state.as_dict(), good)

    def _resumed(self, state: TrainingState, kept: tuple[Snapshot, Snapshot | None]) -> Snapshot:
        """Put the state where the fit was cut off; the last good state before it."""
        now, good = kept
        self._keeper.restore(state, now)
        return now if good is None else good

    def _is_past(self, stage: str) -> bool:
        """Whether the fit that goes on was cut off in a later stage."""
        names = list(self._plans)
        return self._keeper.stage in names[names.index(stage) + 1 :]

    @property
    def _epochs(self) -> int:
        return sum(plan.epochs for plan in self._plans.values())

    def _epochs_before(self, stage: str) -> int:
        names = list(self._plans)
        return sum(self._plans[name].epochs for name in names[: names.index(stage)])

    def _send(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)
