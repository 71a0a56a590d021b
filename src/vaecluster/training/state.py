"""Everything that a step changes, so that a fit can go back to where it was, or on from there in another process."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from vaecluster.model.objective import Objective
from vaecluster.training.device import random_state, restore_random_state
from vaecluster.training.early_stopping import HeldOutWatch
from vaecluster.training.means import EpochMeans
from vaecluster.training.settings import Plan

# Adam's guard against division by zero in the library that the article used; torch's own default is 1e-8.
ADAM_EPSILON = 1e-7
# What the learning rate is multiplied by each time that the loss stops being finite.
SLOWER = 0.1

# A state as plain values and tensors, nested in dicts and lists.
Snapshot = dict[str, Any]


@final
class TrainingState:
    """Weights, objective, optimiser, learning rate, the place in the epoch with its sums, and torch's random state."""

    def __init__(
        self, model: nn.Module, objective: Objective, plan: Plan, rows: int, watch: HeldOutWatch | None
    ) -> None:
        self.model, self.objective, self.watch = model, objective, watch
        self.optimiser = Adam(model.parameters(), plan.learning_rate, eps=ADAM_EPSILON, fused=True)
        self.batches = -(-rows // plan.batch_size)
        self.scheduler = _scheduler(self.optimiser, plan, plan.epochs * self.batches)
        self.device = next(model.parameters()).device
        self.steps, self.epoch, self.failures, self.rate = 0, 0, 0, plan.learning_rate
        self.next_epoch()

    def next_epoch(self) -> None:
        """Go to the start of the next epoch; its rows have no order yet."""
        self.epoch += 1
        self.order = np.empty(0, dtype=np.intp)
        self.done, self.seconds, self.means = 0, 0.0, EpochMeans()

    @property
    def at_the_start(self) -> bool:
        """Whether the epoch has not begun."""
        return not len(self.order)

    @property
    def rate_factor(self) -> float:
        """What the learning rate is multiplied by, after as many failures as there were."""
        return float(SLOWER**self.failures)

    def batches_left(self) -> Iterator[NDArray[np.intp]]:
        """The row numbers of what is left of the epoch, in batches of equal size, give or take a row."""
        yield from np.array_split(self.order, self.batches)[self.done :]

    def step(self, loss: Tensor) -> None:
        """One descent step on a loss that is finite."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        group = self.optimiser.param_groups[0]
        scheduled = group["lr"]
        self.rate = group["lr"] = scheduled * self.rate_factor
        self.optimiser.step()
        group["lr"] = scheduled
        if self.scheduler is not None:
            self.scheduler.step()
        self.steps += 1
        self.done += 1

    @torch.no_grad()
    def is_finite(self) -> bool:
        """Whether every number that the model and the objective hold is finite."""
        values = [*self.model.state_dict().values(), *self.objective.state_dict().values()]
        largest = [value.abs().amax().double() for value in values if value.is_floating_point() and value.numel()]
        return bool(torch.stack(largest).isfinite().all())

    def snapshot(self) -> Snapshot:
        """A copy that no later step changes."""
        return deepcopy(self.as_dict())

    def as_dict(self) -> Snapshot:
        """All of it as plain values and tensors; the tensors are the state's own."""
        optimiser = self.optimiser.state_dict()
        return {
            "model": dict(self.model.state_dict()),
            "objective": dict(self.objective.state_dict()),
            "moments": list(optimiser["state"].values()),
            "groups": optimiser["param_groups"],
            "schedule": None if self.scheduler is None else self.scheduler.state_dict(),
            "watch": None if self.watch is None else self.watch.as_dict(),
            "steps": self.steps,
            "epoch": self.epoch,
            "failures": self.failures,
            "rate": self.rate,
            "order": torch.from_numpy(self.order),
            "done": self.done,
            "seconds": self.seconds,
            "means": self.means.as_dict(),
            "random": random_state(self.device),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Become the state that `as_dict` gave; nothing is shared with the snapshot."""
        kept = deepcopy(snapshot)
        self.model.load_state_dict(kept["model"])
        self.objective.load_state_dict(kept["objective"])
        self.optimiser.load_state_dict({"state": dict(enumerate(kept["moments"])), "param_groups": kept["groups"]})
        if self.scheduler is not None:
            self.scheduler.load_state_dict(kept["schedule"])
        if self.watch is not None:
            self.watch.restore(kept["watch"])
        self.steps, self.epoch = kept["steps"], kept["epoch"]
        self.failures, self.rate = kept["failures"], kept["rate"]
        self.order, self.done, self.seconds = kept["order"].numpy(), kept["done"], kept["seconds"]
        self.means = EpochMeans.from_dict(kept["means"], self.device)
        restore_random_state(kept["random"], self.device)


def _scheduler(optimiser: Adam, plan: Plan, steps: int) -> LRScheduler | None:
    if plan.schedule == "one-cycle":
        return OneCycleLR(optimiser, plan.learning_rate, total_steps=steps)
    if plan.schedule == "cosine":
        return CosineAnnealingLR(optimiser, steps)
    return None
