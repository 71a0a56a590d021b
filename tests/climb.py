"""The smallest thing that can be trained: one weight that climbs by the learning rate at every step."""

from dataclasses import dataclass, field
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from builders import rows_of
from vaecluster.model.objective import Batch, Objective, Terms
from vaecluster.training.checkpoint import Checkpoint
from vaecluster.training.events import EpochDone, Event, Listener, StepDone
from vaecluster.training.interrupt import InterruptGuard
from vaecluster.training.keeper import NOTHING_KEPT, Keeper
from vaecluster.training.listeners.history import History
from vaecluster.training.plan import Plan
from vaecluster.training.run import Run

ROWS, SEED, RATE = 50, 7, 0.1
# Rows in batches of at most 20 are 3 steps an epoch, of 17, 17 and 16 rows.
PLAN, STEPS = Plan(epochs=3, batch_size=20, learning_rate=RATE), 3
IDENTITY = {"epochs": 3, "the data": "these"}


@dataclass(frozen=True)
class ClimbTerms(Terms):
    """What the rows are, and what was drawn for them."""

    value: Tensor
    drawn: Tensor


class Climb(Objective):
    """Minus the height; no number at `cliff` and above it."""

    def __init__(self, cliff: float = inf) -> None:
        super().__init__()
        self.height, self.cliff = nn.Parameter(torch.zeros(())), cliff
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, batch: Batch) -> ClimbTerms:
        """Rows of a positive first column are in cluster 1, by three quarters."""
        value = batch.rows[:, 0]
        self.seen += value.sum()
        one = 0.25 + 0.5 * (value > 0).float()
        loss = -self.height if self.height < self.cliff else self.height * nan
        drawn = torch.rand(value.shape, generator=batch.generator)
        return ClimbTerms(loss, torch.stack([1 - one, one], 1), value, drawn)


@dataclass
class Fit:
    """Stages of climbing, all that they sent, and the row numbers of every batch."""

    plans: dict[str, Plan] = field(default_factory=lambda: {"up": PLAN})
    cliff: float = inf
    weights: NDArray[np.float64] | None = None
    rows: int = ROWS
    seed: int = SEED
    made: dict[str, Climb] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    batches: list[NDArray[np.intp]] = field(default_factory=list)
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        array = np.random.default_rng(0).normal(size=(self.rows, 2))
        self.given = rows_of(array)
        self.given.weights = self.weights
        self.made = {stage: Climb(self.cliff) for stage in self.plans}

    def run(self, *listeners: Listener, keeper: Keeper = NOTHING_KEPT, interrupt: InterruptGuard | None = None) -> Run:
        """A run whose stages are planned."""
        run = Run(self.given, None, self.seed, self.history, [self.events.append, *listeners], keeper, interrupt)
        run.stages(self.plans)
        return run

    def learn(self, *listeners: Listener, between: Any = None, **parts: Any) -> "Fit":
        """Train all stages; `between` is called with each epoch."""
        run = self.run(*listeners, **parts)

        def batch(numbers: NDArray[np.intp], generator: torch.Generator) -> Batch:
            self.batches.append(numbers)
            return run.batch(numbers, generator)

        for stage, objective in self.made.items():
            for epoch in run.train(stage, objective, batch):
                if between is not None:
                    between(epoch)
        return self

    def kept(self, folder: Path, *listeners: Listener, every: float = 0.0, **parts: Any) -> "Fit":
        """`learn`, with the state in the folder."""
        with Checkpoint(folder, IDENTITY, every) as checkpoint:
            self.history = checkpoint.history
            return self.learn(*listeners, keeper=checkpoint.begin(SEED, self.history), **parts)

    @property
    def epochs(self) -> list[EpochDone]:
        """Those that were sent, also such as were taken back later."""
        return [event for event in self.events if isinstance(event, EpochDone)]

    @property
    def steps(self) -> list[StepDone]:
        """All steps."""
        return [event for event in self.events if isinstance(event, StepDone)]

    def left(self) -> tuple[Any, ...]:
        """All tensors, and what the history holds of each epoch."""
        tensors = {stage: [float(value) for value in made.state_dict().values()] for stage, made in self.made.items()}
        epochs = [(epoch.epoch, epoch.terms, epoch.learning_rate) for epoch in self.history.epochs]
        return tensors, epochs, self.history.rolled_back, self.history.ending


class CutOff(BaseException):
    """What ends a fit as a kill would, but for the process."""


def after_step(number: int, act: Any) -> Listener:
    """Call `act` when so many steps are done."""
    steps = 0

    def listen(event: Event) -> None:
        nonlocal steps
        steps += isinstance(event, StepDone)
        if isinstance(event, StepDone) and steps == number:
            act()

    return listen


def cut_off() -> None:
    """End the fit."""
    raise CutOff
