"""Everything that a step changes, so that a fit can go back to where it was, or on from there in another process."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import chain
from typing import Any, Protocol, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from vaecluster import ranks
from vaecluster.model.objective import Objective
from vaecluster.training.adam import Adam
from vaecluster.training.means import EpochMeans
from vaecluster.training.plan import Plan

# Adam's guard against division by zero in the library that the article used; torch's own default is 1e-8.
ADAM_EPSILON = 1e-7
# What the learning rate is multiplied by each time that the loss stops being finite.
SLOWER = 0.1

# A state as plain values and tensors, nested in dicts and lists.
Snapshot = dict[str, Any]


class Kept(Protocol):
    """Something that is kept with the state of a stage, beside the objective."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values and tensors."""

    def restore(self, plain: dict[str, Any]) -> None:
        """Become what `as_dict` wrote down."""


@final
class TrainingState:
    """Weights, optimiser, learning rate, and the place in the epoch with its sums.

    Nothing random is in it: what a fit draws follows from its seed and from the place.
    """

    def __init__(self, objective: Objective, plan: Plan, rows: int, beside: Kept | None = None) -> None:
        self.objective, self.beside = objective, beside
        self.optimiser = Adam(objective.parameters(), plan.learning_rate, eps=ADAM_EPSILON, fused=True)
        self.batches = -(-rows // plan.batch_size)
        self.scheduler = _scheduler(self.optimiser, plan, plan.epochs * self.batches)
        # They are changed in place, never replaced.
        self.tensors = tensors_of(objective)
        self.device = next(objective.parameters()).device
        self.steps, self.epoch, self.failures, self.rate = 0, 0, 0, plan.learning_rate
        self.next_epoch()

    def next_epoch(self) -> None:
        """Go to the start of the next epoch."""
        self.epoch += 1
        self.done, self.seconds, self.means = 0, 0.0, EpochMeans()

    @property
    def rate_factor(self) -> float:
        """What the learning rate is multiplied by, after as many failures as there were."""
        return float(SLOWER**self.failures)

    def batches_left(self, order: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
        """What is left of an epoch in that order, in batches of equal size, give or take a row, and their numbers."""
        yield from enumerate(np.array_split(order, self.batches)[self.done :], self.done)

    def step(self, loss: Tensor) -> None:
        """One descent step on a loss, or on all ranks' parts of it."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        ranks.add_gradients_(self.objective.parameters())
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
        """Whether every number that the objective holds is finite."""
        largest = [
            value.abs().amax().double()
            for value in self.tensors.values()
            if value.is_floating_point() and value.numel()
        ]
        return bool(torch.stack(largest).isfinite().all())

    def snapshot(self) -> Snapshot:
        """A copy that no later step changes."""
        return deepcopy(self.as_dict())

    def as_dict(self) -> Snapshot:
        """All of it as plain values and tensors; the tensors are the state's own."""
        optimiser = self.optimiser.state_dict()
        return {
            "objective": dict(self.tensors),
            "moments": {str(place): moments for place, moments in optimiser["state"].items()},
            "groups": optimiser["param_groups"],
            "schedule": None if self.scheduler is None else self.scheduler.state_dict(),
            "beside": None if self.beside is None else self.beside.as_dict(),
            "steps": self.steps,
            "epoch": self.epoch,
            "failures": self.failures,
            "rate": self.rate,
            "done": self.done,
            "seconds": self.seconds,
            "means": self.means.as_dict(),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Become the state that `as_dict` gave; nothing is shared with the snapshot."""
        kept = deepcopy(snapshot)
        load_tensors(self.objective, kept["objective"])
        weights = list(self.objective.parameters())
        moments = {
            int(place): {name: _laid_out_as(weights[int(place)], values) for name, values in some.items()}
            for place, some in kept["moments"].items()
        }
        self.optimiser.load_state_dict({"state": moments, "param_groups": kept["groups"]})
        if self.scheduler is not None:
            self.scheduler.load_state_dict(kept["schedule"])
        if self.beside is not None:
            self.beside.restore(kept["beside"])
        self.steps, self.epoch = kept["steps"], kept["epoch"]
        self.failures, self.rate = kept["failures"], kept["rate"]
        self.done, self.seconds = kept["done"], kept["seconds"]
        self.means = EpochMeans.from_dict(kept["means"], self.device)


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """The weights and buffers of a module by name; one that is shared by several parts is there once."""
    return {name: tensor.detach() for name, tensor in chain(module.named_parameters(), module.named_buffers())}


@torch.no_grad()
def load_tensors(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Set what `tensors_of` gave; raises `KeyError` or `RuntimeError` where names or shapes are others."""
    own = tensors_of(module)
    if own.keys() != tensors.keys():
        raise KeyError(f"{sorted(own.keys() ^ tensors.keys())[0]}")
    for name, tensor in own.items():
        tensor.copy_(tensors[name])


def _laid_out_as(weights: Tensor, moments: Tensor) -> Tensor:
    """The moments with the strides of their weights: a file keeps none, and fused Adam takes them to be the same."""
    return torch.empty_like(weights).copy_(moments) if moments.shape == weights.shape else moments


def _scheduler(optimiser: Adam, plan: Plan, steps: int) -> LRScheduler | None:
    if plan.schedule == "one-cycle":
        return OneCycleLR(optimiser, plan.learning_rate, total_steps=steps)
    if plan.schedule == "cosine":
        return CosineAnnealingLR(optimiser, steps)
    return None
