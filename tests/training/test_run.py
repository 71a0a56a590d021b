import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import cos, inf, nan, pi
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from climb import PLAN, RATE, ROWS, STEPS, Climb, ClimbTerms, CutOff, Fit, after_step, cut_off
from vaecluster.errors import TrainingError
from vaecluster.training import run as run_module
from vaecluster.training.checkpoint import Checkpoint
from vaecluster.training.events import AtWork, EpochDone, RolledBack, StepDone
from vaecluster.training.interrupt import InterruptGuard
from vaecluster.training.means import EpochMeans
from vaecluster.training.plan import Plan
from vaecluster.training.run import GOOD_EVERY, Epoch

TWO_STAGES = {"first": replace(PLAN, epochs=2), "second": PLAN}

# What is learned from, and what is recorded


def test_every_row_is_seen_once_an_epoch_in_another_order_in_equal_batches() -> None:
    fit = Fit().learn()
    assert [len(batch) for batch in fit.batches] == [17, 17, 16] * 3
    epochs = np.concatenate(fit.batches).reshape(3, ROWS)
    assert all(sorted(epoch) == list(range(ROWS)) for epoch in epochs)
    assert len({epoch.tobytes() for epoch in epochs}) == 3


def test_rows_are_seen_as_often_as_their_weights_say() -> None:
    weights = np.array([0.0, 2.0, 1.0, 0.5, 1.5] * 10)
    seen = np.concatenate(Fit({"up": replace(PLAN, epochs=40)}, weights=weights).learn().batches)
    counts = np.bincount(seen, minlength=ROWS)
    assert counts.sum() == 40 * ROWS
    exact = weights % 1 == 0
    assert counts[exact].tolist() == (40 * weights[exact]).tolist()
    # Up or down at random, 40 times.
    assert (abs(counts - 40 * weights) < 10).all()


@pytest.mark.parametrize(("rows", "batch_size", "steps"), [(50, 1000, 1), (1, 20, 1), (7, 2, 4), (6, 1, 6)])
def test_a_stage_has_as_many_steps_as_batches(rows: int, batch_size: int, steps: int) -> None:
    fit = Fit({"up": replace(PLAN, batch_size=batch_size)}, rows=rows).learn()
    assert len(fit.batches) == 3 * steps
    assert [event.rows for event in fit.epochs] == [rows] * 3


def test_events_come_in_order_and_count_over_all_stages() -> None:
    fit = Fit(TWO_STAGES).learn()
    order = [(type(event), event.epoch) for event in fit.events]
    assert order == [place for epoch in range(1, 6) for place in [(StepDone, epoch)] * 3 + [(EpochDone, epoch)]]
    assert {event.epochs for event in fit.events} == {5}
    done = [epoch * ROWS + rows for epoch in range(5) for rows in (17, 34, 50)]
    assert [(step.rows_done, step.rows_in_all) for step in fit.steps] == [(rows, 5 * ROWS) for rows in done]
    assert fit.history.epochs == fit.epochs
    assert fit.history.ending == "finished"


def test_epochs_are_given_when_they_are_learned_and_count_within_their_stage() -> None:
    given: list[tuple[int, int]] = []
    fit = Fit(TWO_STAGES)
    fit.learn(between=lambda epoch: given.append((epoch.number, len(fit.epochs))))
    assert given == [(1, 0), (2, 1), (1, 2), (2, 3), (3, 4)]


def test_what_is_recorded_of_an_epoch_is_the_mean_over_its_rows() -> None:
    fit = Fit().learn()
    rows = fit.given[np.arange(ROWS)][:, 0]
    for event in fit.history.epochs:
        assert event.terms["value"] == pytest.approx(float(rows.mean()), abs=1e-6)
        assert 0.3 < event.terms["drawn"] < 0.7
        assert (event.mean_confidence, event.populated_clusters) == (0.75, 2)
        assert (event.learning_rate, event.held_out_bound) == (RATE, None)
        assert event.seconds > 0
    assert len({event.terms["drawn"] for event in fit.history.epochs}) == 3


def test_the_running_means_after_the_last_step_are_those_of_the_epoch() -> None:
    asked: list[dict[str, float]] = []
    fit = Fit().learn(lambda event: asked.append(event.means()) if isinstance(event, StepDone) else None)
    assert asked[STEPS - 1 :: STEPS] == [event.terms for event in fit.epochs]
    assert fit.left() == Fit().learn().left()


def test_what_is_noted_on_an_epoch_is_sent_with_it() -> None:
    def note(epoch: Epoch) -> None:
        epoch.held_out_bound, epoch.merged_again = -float(epoch.number), epoch.number % 2

    fit = Fit().learn(between=note)
    assert [event.held_out_bound for event in fit.epochs] == [-1.0, -2.0, -3.0]
    assert [(event.epoch, event.dead_clusters) for event in fit.history.merged_again] == [(1, 1), (3, 1)]


def test_the_seed_decides_what_is_learned_from() -> None:
    first, again, other = (Fit(seed=seed).learn() for seed in (1, 1, 2))
    assert [batch.tolist() for batch in first.batches] == [batch.tolist() for batch in again.batches]
    assert first.left() == again.left()
    assert first.left() != other.left()


# The learning rate


def rates_used(plan: Plan) -> tuple[list[float], Fit]:
    used: list[float] = []
    hook = register_optimizer_step_pre_hook(lambda optimiser, *_: used.append(float(optimiser.param_groups[0]["lr"])))
    try:
        fit = Fit({"up": plan}).learn()
    finally:
        hook.remove()
    return used, fit


def test_a_constant_rate_stays_and_a_cosine_falls_along_half_a_wave() -> None:
    assert rates_used(PLAN)[0] == [RATE] * 9
    used, _ = rates_used(replace(PLAN, schedule="cosine", epochs=4))
    assert used == pytest.approx([RATE * (1 + cos(pi * step / 12)) / 2 for step in range(12)])


def test_one_cycle_rises_for_three_tenths_and_falls_to_nothing() -> None:
    used, _ = rates_used(replace(PLAN, schedule="one-cycle", epochs=10))
    top = used.index(max(used))
    assert (len(used), top) == (30, 8)
    assert (used[0], used[top]) == (pytest.approx(RATE / 25), pytest.approx(RATE))
    assert used[: top + 1] == sorted(used[: top + 1])
    assert used[top:] == sorted(used[top:], reverse=True)
    assert used[-1] < 1e-4 * RATE


@pytest.mark.parametrize("schedule", ["constant", "one-cycle", "cosine"])
@pytest.mark.parametrize(("epochs", "batch_size"), [(1, ROWS), (1, 20), (5, 20)])
def test_a_schedule_fits_any_number_of_steps(schedule: Any, epochs: int, batch_size: int) -> None:
    used, fit = rates_used(Plan(epochs, batch_size, RATE, schedule))
    steps = len(used) // epochs
    assert (len(used), len(fit.epochs)) == (epochs * -(-ROWS // batch_size), epochs)
    assert 0 < used[0] <= max(used) <= RATE * (1 + 1e-9)
    # The rate recorded is that of the epoch's last step.
    assert [event.learning_rate for event in fit.epochs] == pytest.approx(used[steps - 1 :: steps])


def test_listeners_are_told_of_each_part_of_other_work_before_it_is_done() -> None:
    events: list[Any] = []
    run = run_module.Run(Fit().rows, 3, 0, listeners=[events.append])
    for number, part in enumerate(run.telling("work", ["a", "b"])):
        assert part == "ab"[number]
        assert events[-1] == AtWork("work", number, 2)
    assert len(events) == 2


# What is computed once


@dataclass(frozen=True)
class Found:
    number: int
    values: list[float]


def compute(calls: list[int]) -> Found:
    calls.append(1)
    return Found(3, [0.1 + 0.2, -inf])


def test_what_was_found_is_computed_once_in_a_fit_that_goes_on(tmp_path: Any) -> None:
    calls: list[int] = []
    for _ in range(2):
        with Checkpoint(tmp_path, {}, 0.0) as checkpoint:
            fit = Fit(TWO_STAGES)
            run = fit.run(keeper=checkpoint.begin(7, checkpoint.history))
            assert list(run.train("first", fit.made["first"])) == [] or not calls
            assert run.begins("second") == (not calls)
            found = [run.once("found", lambda: compute(calls), Found) for _ in range(2)]
            assert found == [Found(3, [0.1 + 0.2, -inf])] * 2
            next(iter(run.train("second", fit.made["second"])))
    assert len(calls) == 1


def test_what_was_found_after_ctrl_c_is_computed_again_when_the_fit_goes_on(tmp_path: Any) -> None:
    calls: list[int] = []
    for asked in (True, False):
        interrupt = InterruptGuard()
        with Checkpoint(tmp_path, {}, 0.0) as checkpoint:
            fit = Fit(TWO_STAGES)
            fit.history = checkpoint.history
            ask = after_step(2, lambda asked=asked, interrupt=interrupt: setattr(interrupt, "requested", asked))
            run = fit.run(ask, keeper=checkpoint.begin(7, fit.history), interrupt=interrupt)
            list(run.train("first", fit.made["first"]))
            assert run.interrupted == asked
            run.once("found", lambda: compute(calls), Found)
            assert run.begins("second")
            assert bool(list(run.train("second", fit.made["second"]))) == (not asked)
    assert len(calls) == 2


# What goes wrong


def test_a_fit_goes_back_to_its_last_good_state_and_on_with_a_tenth_of_the_rate() -> None:
    # The fourth step would be taken from a height of 0.3.
    fit = Fit(cliff=0.25).learn()
    assert fit.history.rolled_back == [RolledBack(2, 3, 1, pytest.approx(0.1))]
    assert [event.learning_rate for event in fit.history.epochs] == pytest.approx([RATE / 10] * 3)
    assert [event.epoch for event in fit.history.epochs] == [1, 2, 3]
    assert fit.made["up"].height.item() == pytest.approx(9 * RATE / 10)


def test_a_good_state_is_kept_every_so_many_steps() -> None:
    fit = Fit({"up": replace(PLAN, epochs=3 * GOOD_EVERY)}, cliff=2 * GOOD_EVERY * STEPS * RATE).learn()
    (event,) = fit.history.rolled_back
    assert 0 < (event.epoch - event.back_to) * STEPS <= GOOD_EVERY + 2 * STEPS
    assert [epoch.epoch for epoch in fit.history.epochs] == list(range(1, 3 * GOOD_EVERY + 1))
    assert len(fit.epochs) == 3 * GOOD_EVERY + event.epoch - event.back_to


def test_a_loss_that_stays_no_number_is_an_error_that_says_where_and_what_to_do() -> None:
    fit = Fit(cliff=-1.0)
    with pytest.raises(TrainingError) as caught:
        fit.learn()
    message = str(caught.value)
    assert all(part in message for part in ("epoch 1 of 3", "learning_rate=0.1", "rates down to 0.0001", "Try"))
    assert len(fit.history.rolled_back) == 3
    # No step was taken from such a loss.
    assert fit.made["up"].height.item() == 0


def spoil_once(value: float) -> Any:
    """Spoil the weight in the last step, after its loss was computed."""
    steps = 0

    def spoil(optimiser: torch.optim.Optimizer, *_: object) -> None:
        nonlocal steps
        steps += 1
        if steps == 3 * STEPS:
            with torch.no_grad():
                optimiser.param_groups[0]["params"][0].fill_(value)

    return register_optimizer_step_post_hook(spoil)


@pytest.mark.parametrize("value", [nan, inf])
def test_a_weight_that_is_no_number_after_the_last_step_is_seen(value: float) -> None:
    hook = spoil_once(value)
    try:
        fit = Fit().learn()
    finally:
        hook.remove()
    assert [(event.epoch, event.back_to) for event in fit.history.rolled_back] == [(3, 1)]
    assert fit.made["up"].height.item() == pytest.approx(9 * RATE / 10)


def test_a_held_out_bound_that_is_no_number_sends_back_as_well_and_what_is_kept_beside_too() -> None:
    class Counted:
        looks = 0

        def as_dict(self) -> dict[str, Any]:
            return {"looks": self.looks}

        def restore(self, plain: dict[str, Any]) -> None:
            self.looks = plain["looks"]

    fit, beside, seen = Fit(), Counted(), []
    run = fit.run()
    for epoch in run.train("up", fit.made["up"], beside=beside):
        beside.looks += 1
        seen.append(beside.looks)
        epoch.held_out_bound = nan if len(seen) == 2 else 0.0
    assert seen == [1, 2, 1, 2, 3]
    assert [event.epoch for event in fit.epochs] == [1, 1, 2, 3]


@pytest.mark.parametrize("cliff", [0.15, 0.45, 0.345])
def test_a_fit_that_goes_back_does_so_after_it_was_cut_off_as_well(
    cliff: float, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "GOOD_EVERY", 3)
    plans = {"up": replace(PLAN, epochs=5)}
    expected = Fit(plans, cliff).learn()
    assert expected.history.rolled_back
    for step in range(1, len(expected.steps) + 1):
        with pytest.raises(CutOff):
            Fit(plans, cliff).kept(tmp_path / str(step), after_step(step, cut_off))
        assert Fit(plans, cliff).kept(tmp_path / str(step)).left() == expected.left(), step


# How it ends


def test_an_epoch_that_says_stop_ends_its_stage() -> None:
    fit = Fit()
    fit.learn(between=lambda epoch: setattr(epoch, "stop", epoch.number == 2))
    assert (fit.history.ending, len(fit.epochs)) == ("early stopping", 2)


@pytest.fixture
def pythons_own_handler() -> Iterator[None]:
    # A process started in the background of a script ignores SIGINT; these tests must not depend on that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press(times: int = 1) -> None:
    for _ in range(times):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("pythons_own_handler")
@pytest.mark.parametrize(
    ("step", "rows", "ending"),
    [(1, [17], "interrupted"), (5, [50, 34], "interrupted"), (6, [50, 50], "interrupted"), (15, [50] * 5, "finished")],
)
def test_ctrl_c_ends_the_fit_after_the_step_under_way(step: int, rows: list[int], ending: str) -> None:
    with InterruptGuard() as interrupt:
        fit = Fit(TWO_STAGES).learn(after_step(step, press), interrupt=interrupt)
    assert fit.history.ending == ending
    assert [event.rows for event in fit.epochs] == rows
    assert len(fit.batches) == step
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("pythons_own_handler")
def test_a_second_ctrl_c_interrupts_at_once() -> None:
    fit = Fit()
    with pytest.raises(KeyboardInterrupt), InterruptGuard() as interrupt:
        fit.learn(after_step(5, lambda: press(2)), interrupt=interrupt)
    assert (len(fit.epochs), len(fit.batches)) == (1, 5)


def test_ctrl_c_before_anything_was_learned_leaves_no_model() -> None:
    interrupt = InterruptGuard()
    interrupt.requested = True
    fit = Fit()
    with pytest.raises(KeyboardInterrupt):
        fit.learn(interrupt=interrupt)
    assert fit.events == []
    assert Climb().height.item() == fit.made["up"].height.item()


def test_a_loss_that_was_not_finite_is_so_for_a_fit_that_goes_on_too() -> None:
    means, row = EpochMeans(), torch.ones(1)
    means.add(ClimbTerms(torch.tensor(inf), torch.ones(1, 2) / 2, row, row))
    kept = EpochMeans.from_dict(means.as_dict(), torch.device("cpu"))
    assert (means.finite(), kept.finite()) == (False, False)


def test_a_rank_may_have_no_row_of_a_batch() -> None:
    means, none = EpochMeans(), torch.ones(0)
    means.add(ClimbTerms(torch.zeros(()), torch.ones(0, 2), none, none))
    assert (means.rows, means.finite()) == (0, True)
