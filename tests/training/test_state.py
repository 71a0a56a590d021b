from math import inf, nan

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from climb import PLAN, Climb
from vaecluster.files.container import read_content, write_content
from vaecluster.model.objective import Batch, Objective, Terms
from vaecluster.training.plan import Plan
from vaecluster.training.state import Snapshot, TrainingState, load_tensors, tensors_of

BATCH = torch.linspace(-1, 1, 24).view(2, 3, 2, 2)


class Filter(Objective):
    """A convolution whose weights lie in memory as those of images do."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 2).to(memory_format=torch.channels_last)
        with torch.no_grad():
            for weights in self.parameters():
                weights.copy_(torch.linspace(-1, 1, weights.numel()).view(weights.shape))

    def forward(self, batch: Batch) -> Terms:
        # A gradient that differs from entry to entry.
        loss = (self.layer(batch.rows).square() * torch.arange(1.0, 5.0).view(4, 1, 1)).sum()
        return Terms(loss, torch.ones(len(batch.rows), 1))


def take_steps(state: TrainingState, number: int) -> TrainingState:
    for _ in range(number):
        terms = state.objective(Batch(BATCH, torch.Generator()))
        state.step(terms.loss)
        state.means.add(terms)
    return state


def learned(plan: Plan, steps: int) -> TrainingState:
    return take_steps(TrainingState(Filter(), plan, 100), steps)


def bytes_of(state: TrainingState) -> list[bytes]:
    return [values.numpy().tobytes() for values in tensors_of(state.objective).values()]


def through_a_file(snapshot: Snapshot, folder: object) -> Snapshot:
    write_content(folder / "state", snapshot)
    return read_content(folder / "state")


@pytest.mark.parametrize("schedule", ["constant", "one-cycle", "cosine"])
@pytest.mark.parametrize("kept", [lambda snapshot, _: snapshot, through_a_file], ids=["in memory", "in a file"])
def test_a_state_goes_on_from_a_snapshot_with_the_same_bytes(schedule: str, kept: object, tmp_path: object) -> None:
    plan = Plan(3, 20, 0.1, schedule)
    state = learned(plan, 4)
    snapshot = kept(state.snapshot(), tmp_path)
    expected = bytes_of(take_steps(state, 5))
    for _ in range(2):  # a snapshot is not changed by those who go on from it
        other = TrainingState(Filter(), plan, 100)
        other.restore(snapshot)
        assert (other.steps, other.done, other.rate) == (4, 4, snapshot["rate"])
        assert bytes_of(take_steps(other, 5)) == expected
        assert other.means.as_dict()["rows"] == 18


def test_tensors_are_set_in_place_and_only_where_names_and_shapes_agree() -> None:
    objective = Filter()
    weights = objective.layer.weight
    load_tensors(objective, {name: torch.ones_like(values) for name, values in tensors_of(objective).items()})
    assert objective.layer.weight is weights
    assert (weights == 1).all()
    with pytest.raises(KeyError, match=r"layer\.bias"):
        load_tensors(objective, {"layer.weight": weights})
    with pytest.raises(RuntimeError):
        load_tensors(objective, {"layer.weight": torch.ones(5, 1, 1, 1), "layer.bias": torch.ones(4)})


def test_weights_that_several_parts_share_are_there_once() -> None:
    layer = nn.Linear(2, 2)
    assert list(tensors_of(nn.Sequential(layer, layer))) == ["0.weight", "0.bias"]


@pytest.mark.parametrize(("name", "value"), [("height", nan), ("height", -inf), ("seen", inf), (None, 0.0)])
def test_a_number_that_is_not_finite_is_seen_wherever_it_is(name: str | None, value: float) -> None:
    objective = Climb()
    objective.register_buffer("counts", torch.zeros(3, dtype=torch.int64))
    objective.register_buffer("empty", torch.zeros(0))
    state = TrainingState(objective, PLAN, 50)
    if name is not None:
        state.tensors[name].fill_(value)
    assert state.is_finite() == (name is None)


def test_batches_are_numbered_and_what_is_done_is_left_out() -> None:
    state = TrainingState(Climb(), PLAN, 50)
    whole = list(state.batches_left(np.arange(50)))
    state.done = 2
    ((number, rows),) = state.batches_left(np.arange(50))
    assert (number, rows.tolist()) == (2, whole[2][1].tolist())
    assert [len(rows) for _, rows in whole] == [17, 17, 16]


def test_the_rate_falls_to_a_tenth_with_each_failure() -> None:
    used: list[Tensor | float] = []
    for failures in range(3):
        state = TrainingState(Filter(), PLAN, 100)
        state.failures = failures
        used.append(take_steps(state, 1).rate)
    assert used == pytest.approx([0.1, 0.01, 0.001])
