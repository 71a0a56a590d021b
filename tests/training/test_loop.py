import os
import signal
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from math import cos, isfinite, nan, pi

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from vaecluster.data.preprocessing import standard_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.errors import TrainingError
from vaecluster.evaluation.inference import mean_bound
from vaecluster.model.objective import elbo_terms
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training import early_stopping
from vaecluster.training.build import build_model, build_objective
from vaecluster.training.early_stopping import HeldOutWatch
from vaecluster.training.events import EpochDone, Event, Listener, RolledBack, StepDone
from vaecluster.training.history import History
from vaecluster.training.loop import GOOD_EVERY, train
from vaecluster.training.settings import Settings

SMALL = Settings(
    network="dense",
    latent=2,
    likelihood="gaussian",
    precision=2.5,
    epochs=3,
    batch_size=20,
    learning_rate=1e-2,
    hidden=(16,),
)
NUMBER, CLUSTERS, STEPS = 50, 3, 3  # 50 rows in batches of at most 20 are 3 steps an epoch, of 17, 17 and 16 rows


def some_rows(number: int = NUMBER, seed: int = 0) -> Rows:
    random = np.random.default_rng(seed)
    array = random.normal(size=(number, 4)) + 4 * random.integers(0, 3, (number, 1))
    return Rows(array, standard_preprocessing(array), torch.device("cpu"))


def fit(
    settings: Settings = SMALL,
    *listeners: Listener,
    model: ClusteringVAE | None = None,
    held_out: Rows | None = None,
    seed: int = 0,
) -> tuple[ClusteringVAE, History]:
    torch.manual_seed(seed)
    model = model or build_model(settings, (4,), CLUSTERS)
    history = History()
    history.ending = train(
        model,
        some_rows(),
        build_objective(settings),
        settings,
        watch=HeldOutWatch(model, held_out, settings.patience) if held_out is not None else None,
        listeners=(history, *listeners),
    )
    return model, history


def same_weights(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return all(torch.equal(values, second[name]) for name, values in first.items())


# What is recorded


def test_every_epoch_is_recorded_with_its_terms_and_diagnostics() -> None:
    _, history = fit()
    assert [event.epoch for event in history.epochs] == [1, 2, 3]
    for event in history.epochs:
        assert list(event.terms) == ["bound", "reconstruction", "latent_kl", "cluster_kl"]
        assert all(map(isfinite, event.terms.values()))
        rest = event.terms["reconstruction"] - event.terms["latent_kl"] - event.terms["cluster_kl"]
        assert event.terms["bound"] == pytest.approx(rest, rel=1e-5)
        assert (event.epochs, event.rows) == (3, NUMBER)
        assert 1 <= event.populated_clusters <= CLUSTERS
        assert 1 / CLUSTERS <= event.mean_confidence <= 1
        assert event.seconds > 0
        assert event.learning_rate == SMALL.learning_rate
        assert event.held_out_bound is None
    assert history.ending == "finished"


def test_every_step_says_how_many_rows_are_done() -> None:
    steps: list[StepDone] = []
    fit(SMALL, lambda event: steps.append(event) if isinstance(event, StepDone) else None)
    assert [(step.epoch, step.rows_done) for step in steps] == [
        (epoch, (epoch - 1) * NUMBER + rows) for epoch in (1, 2, 3) for rows in (17, 34, 50)
    ]
    assert {step.rows_in_all for step in steps} == {3 * NUMBER}


def test_the_running_means_after_the_last_step_are_those_of_the_epoch() -> None:
    asked = []
    _, history = fit(replace(SMALL, epochs=1), lambda event: asked.append(getattr(event, "means", dict)()))
    assert asked[STEPS - 1] == history.epochs[0].terms


@pytest.mark.parametrize("posterior", ["code", "features", "bayes"])
def test_the_means_recorded_are_those_of_all_rows(posterior: str) -> None:
    # A rate this small moves no weight, so every batch can be computed again by hand.
    settings = replace(SMALL, epochs=2, learning_rate=1e-15, cluster_posterior=posterior)
    torch.manual_seed(0)
    model = build_model(settings, (4,), CLUSTERS)
    _, history = fit(settings, model=model, seed=5)

    rows = some_rows()
    torch.manual_seed(5)
    for event in history.epochs:
        order = torch.randperm(NUMBER).numpy()
        with torch.no_grad():
            parts = [elbo_terms(model, rows[part]) for part in np.array_split(order, STEPS)]
        for name, mean in event.terms.items():
            assert mean == pytest.approx(float(torch.cat([part.named()[name] for part in parts]).mean()), rel=1e-4)
        confidence, cluster = torch.cat([part.assignment for part in parts]).max(-1)
        assert event.mean_confidence == pytest.approx(float(confidence.mean()), rel=1e-4)
        assert event.populated_clusters == len(cluster.unique())


def test_every_row_is_seen_once_an_epoch_in_another_order() -> None:
    class Watched:
        def __init__(self, rows: Rows) -> None:
            self.rows, self.seen = rows, []

        def __len__(self) -> int:
            return len(self.rows)

        def __getitem__(self, indices: np.ndarray) -> Tensor:
            self.seen.append(indices)
            return self.rows[indices]

    torch.manual_seed(0)
    watched = Watched(some_rows())
    train(build_model(SMALL, (4,), CLUSTERS), watched, build_objective(SMALL), SMALL)
    epochs = np.concatenate(watched.seen).reshape(SMALL.epochs, NUMBER)
    for epoch in epochs:
        assert sorted(epoch) == list(range(NUMBER))
    assert not (epochs[0] == epochs[1]).all()


# What is learned


def test_a_fit_makes_the_bound_better() -> None:
    _, history = fit(replace(SMALL, epochs=20))
    bounds = [event.terms["bound"] for event in history.epochs]
    assert bounds[-1] > bounds[0] + 1


def test_the_seed_decides_the_weights() -> None:
    first, again, other = fit(seed=1)[0], fit(seed=1)[0], fit(seed=2)[0]
    assert same_weights(first.state_dict(), again.state_dict())
    assert not same_weights(first.state_dict(), other.state_dict())


def test_listeners_do_not_change_what_is_learned() -> None:
    quiet, watched = fit()[0], fit(SMALL, lambda event: getattr(event, "means", dict)())[0]
    assert same_weights(quiet.state_dict(), watched.state_dict())


def test_watching_held_out_rows_does_not_change_how_the_weights_are_learned() -> None:
    states: list[dict[str, Tensor]] = []
    model = build_model(SMALL, (4,), CLUSTERS)
    start = deepcopy(model.state_dict())
    for held_out in (None, some_rows(9, seed=1)):
        model.load_state_dict(start)
        fit(SMALL, keep_states(model, states), model=model, held_out=held_out)
    assert len(states) == 6
    assert all(same_weights(*pair) for pair in zip(states[:3], states[3:], strict=True))


def test_a_batch_larger_than_the_data_is_one_step() -> None:
    _, history = fit(replace(SMALL, batch_size=1000))
    assert [event.rows for event in history.epochs] == [NUMBER] * 3


def test_a_fit_of_one_row_is_possible() -> None:
    torch.manual_seed(0)
    model = build_model(SMALL, (4,), 1)
    assert train(model, some_rows(1), build_objective(SMALL), SMALL) == "finished"


# The learning rate


def rates_used(settings: Settings) -> tuple[list[float], History]:
    used: list[float] = []
    hook = register_optimizer_step_pre_hook(lambda optimiser, *_: used.append(float(optimiser.param_groups[0]["lr"])))
    try:
        _, history = fit(settings)
    finally:
        hook.remove()
    return used, history


def test_a_constant_rate_stays() -> None:
    used, _ = rates_used(SMALL)
    assert used == [SMALL.learning_rate] * 9


def test_the_cosine_schedule_falls_along_half_a_wave() -> None:
    used, _ = rates_used(replace(SMALL, schedule="cosine", epochs=4))
    expected = [SMALL.learning_rate * (1 + cos(pi * step / 12)) / 2 for step in range(12)]
    assert used == pytest.approx(expected)


def test_the_one_cycle_schedule_rises_for_three_tenths_and_falls_to_nothing() -> None:
    settings = replace(SMALL, schedule="one-cycle", epochs=10)
    used, _ = rates_used(settings)
    top = used.index(max(used))
    assert len(used) == 30
    assert used[0] == pytest.approx(settings.learning_rate / 25)
    assert top == 8  # the ninth of thirty
    assert used[top] == pytest.approx(settings.learning_rate)
    assert used[: top + 1] == sorted(used[: top + 1])
    assert used[top:] == sorted(used[top:], reverse=True)
    assert used[-1] < 1e-4 * settings.learning_rate


@pytest.mark.parametrize("schedule", ["constant", "one-cycle", "cosine"])
@pytest.mark.parametrize("epochs", [1, 2, 5])
def test_a_schedule_fits_any_number_of_epochs(schedule: str, epochs: int) -> None:
    used, history = rates_used(replace(SMALL, schedule=schedule, epochs=epochs))
    assert len(used) == STEPS * epochs
    assert len(history.epochs) == epochs
    assert max(used) <= SMALL.learning_rate * (1 + 1e-9)


@pytest.mark.parametrize("schedule", ["constant", "one-cycle", "cosine"])
def test_a_fit_of_a_single_step_moves_the_weights(schedule: str) -> None:
    used, _ = rates_used(replace(SMALL, schedule=schedule, epochs=1, batch_size=NUMBER))
    assert len(used) == 1
    assert used[0] > 0


@pytest.mark.parametrize("schedule", ["constant", "one-cycle", "cosine"])
def test_the_rate_recorded_for_an_epoch_is_one_that_its_steps_used(schedule: str) -> None:
    used, history = rates_used(replace(SMALL, schedule=schedule, epochs=3))
    for number, event in enumerate(history.epochs):
        in_this_epoch = used[number * STEPS : (number + 1) * STEPS]
        assert any(event.learning_rate == pytest.approx(rate) for rate in in_this_epoch)


# Early stopping


def keep_states(model: ClusteringVAE, states: list[dict[str, Tensor]]) -> Listener:
    def listener(event: Event) -> None:
        if isinstance(event, EpochDone):
            states.append(deepcopy(model.state_dict()))

    return listener


def scripted(monkeypatch: pytest.MonkeyPatch, bounds: list[float]) -> None:
    """The held-out bound of each epoch, by hand."""
    answers = iter(bounds)
    monkeypatch.setattr(early_stopping, "mean_bound", lambda model, rows: next(answers))


@pytest.mark.parametrize(
    ("bounds", "patience", "best", "ending"),
    [
        ([-3.0, -2.0, -5.0, -4.0, 0.0], 2, 2, "early stopping"),  # the better one at the end is never reached
        ([-3.0, -4.0, -2.0, -5.0, -4.0], 2, 3, "early stopping"),
        ([-3.0, -3.0, -3.0, -3.0], 3, 1, "early stopping"),  # equal is not better
        ([-3.0, -2.0, -1.0], 1, 3, "finished"),
        ([-3.0, -2.0, -4.0], 5, 2, "finished"),
    ],
)
def test_the_best_weights_are_kept_and_patience_ends_the_fit(
    monkeypatch: pytest.MonkeyPatch, bounds: list[float], patience: int, best: int, ending: str
) -> None:
    settings = replace(SMALL, epochs=len(bounds), patience=patience)
    scripted(monkeypatch, bounds)
    torch.manual_seed(0)
    model = build_model(settings, (4,), CLUSTERS)
    states: list[dict[str, Tensor]] = []
    _, history = fit(settings, keep_states(model, states), model=model, held_out=some_rows(9))
    assert history.ending == ending
    assert len(history.epochs) == (best + patience if ending == "early stopping" else len(bounds))
    assert [event.held_out_bound for event in history.epochs] == bounds[: len(history.epochs)]
    assert same_weights(model.state_dict(), states[best - 1])


def test_the_weights_kept_are_those_with_the_best_bound_on_the_held_out_rows() -> None:
    settings, held_out = replace(SMALL, epochs=30, learning_rate=0.1, patience=3), some_rows(40, seed=1)
    model, history = fit(settings, held_out=held_out)
    bounds = [event.held_out_bound for event in history.epochs]
    assert mean_bound(model, held_out) == max(bounds)


def test_a_model_that_breaks_in_its_last_step_is_an_error_and_not_a_result() -> None:
    # One step at a rate beyond all reason: its loss was finite, the weights after it give none that is.
    settings = replace(SMALL, epochs=1, batch_size=NUMBER, learning_rate=1e30)
    with pytest.raises(TrainingError, match="epoch 1 of 1"):
        fit(settings, held_out=some_rows(9))


# What goes wrong


def break_weights(model: ClusteringVAE, value: float, epoch: int, times: int = 10**9) -> Listener:
    """Spoil a weight at the end of that epoch, so often."""
    broken = 0

    def listener(event: Event) -> None:
        nonlocal broken
        if isinstance(event, EpochDone) and event.epoch == epoch and broken < times:
            broken += 1
            torch.nn.init.constant_(model.encoder.mean.bias, value)

    return listener


@pytest.mark.parametrize("value", [nan, float("inf")])
def test_a_loss_that_stays_no_number_names_its_epoch_and_what_to_do(value: float) -> None:
    torch.manual_seed(0)
    model = build_model(SMALL, (4,), CLUSTERS)
    with pytest.raises(TrainingError) as caught:
        fit(SMALL, break_weights(model, value, epoch=1), model=model)
    message = str(caught.value)
    assert "epoch 2 of 3" in message
    assert "learning_rate=0.01" in message
    assert "rates down to 1e-05" in message
    assert "Try" in message


def test_no_step_is_taken_from_a_loss_that_is_no_number() -> None:
    torch.manual_seed(0)
    model = build_model(SMALL, (4,), CLUSTERS)
    states: list[dict[str, Tensor]] = []
    with pytest.raises(TrainingError):
        fit(SMALL, keep_states(model, states), break_weights(model, nan, epoch=1), model=model)
    weights = model.state_dict()
    last = states[-1].items()
    assert all(torch.equal(values, weights[name]) for name, values in last if name != "encoder.mean.bias")


def test_a_fit_goes_back_to_its_last_good_state_and_on_with_a_tenth_of_the_rate() -> None:
    torch.manual_seed(0)
    model = build_model(SMALL, (4,), CLUSTERS)
    events: list[Event] = []
    _, history = fit(SMALL, break_weights(model, nan, epoch=1, times=1), events.append, model=model)
    assert history.rolled_back == [RolledBack(epoch=2, epochs=3, back_to=1, rate_factor=pytest.approx(0.1))]
    assert [epoch.epoch for epoch in history.epochs] == [1, 2, 3]
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [1, 1, 2, 3]
    assert [epoch.learning_rate for epoch in history.epochs] == pytest.approx([SMALL.learning_rate / 10] * 3)
    assert all(torch.isfinite(values).all() for values in model.state_dict().values())


def test_a_weight_that_is_no_number_after_the_last_step_is_seen() -> None:
    # The step itself spoils it, so no loss is computed with it any more.
    settings = replace(SMALL, epochs=1)
    torch.manual_seed(0)
    model = build_model(settings, (4,), CLUSTERS)
    steps = 0

    def spoil(*args: object) -> None:
        nonlocal steps
        steps += 1
        if steps == STEPS:
            with torch.no_grad():
                model.encoder.mean.bias.fill_(nan)

    handle = register_optimizer_step_post_hook(spoil)
    try:
        _, history = fit(settings, model=model)
    finally:
        handle.remove()
    assert [event.back_to for event in history.rolled_back] == [1]
    assert all(torch.isfinite(values).all() for values in model.state_dict().values())


def test_a_good_state_is_kept_every_so_many_steps() -> None:
    settings = replace(SMALL, epochs=3 * GOOD_EVERY)
    torch.manual_seed(0)
    model = build_model(settings, (4,), CLUSTERS)
    last = 2 * GOOD_EVERY
    _, history = fit(settings, break_weights(model, nan, epoch=last, times=1), model=model)
    (event,) = history.rolled_back
    assert 0 < (event.epoch - event.back_to) * STEPS <= GOOD_EVERY + 2 * STEPS
    assert [epoch.epoch for epoch in history.epochs] == list(range(1, settings.epochs + 1))


# Ctrl-C


@pytest.fixture
def pythons_own_handler() -> Iterator[None]:
    # A process started in the background of a script ignores SIGINT; these tests must not depend on that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c(times: int, when: Callable[[Event], bool]) -> Listener:
    def listener(event: Event) -> None:
        if when(event):
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)

    return listener


def in_second_epoch(event: Event) -> bool:
    return isinstance(event, StepDone) and event.epoch == 2


@pytest.mark.usefixtures("pythons_own_handler")
def test_ctrl_c_ends_the_fit_after_the_step_under_way() -> None:
    model, history = fit(SMALL, press_ctrl_c(1, in_second_epoch))
    assert history.ending == "interrupted"
    assert [event.rows for event in history.epochs] == [NUMBER, 17]
    assert all(map(isfinite, history.epochs[-1].terms.values()))
    assert all(values.isfinite().all() for values in model.state_dict().values())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("pythons_own_handler")
def test_ctrl_c_after_an_epochs_last_step_ends_the_fit_with_that_epoch() -> None:
    _, history = fit(SMALL, press_ctrl_c(1, lambda event: isinstance(event, EpochDone)))
    assert history.ending == "interrupted"
    assert [event.rows for event in history.epochs] == [NUMBER]


@pytest.mark.usefixtures("pythons_own_handler")
def test_a_second_ctrl_c_interrupts_at_once() -> None:
    history = History()
    with pytest.raises(KeyboardInterrupt):
        fit(SMALL, history, press_ctrl_c(2, in_second_epoch))
    assert len(history.epochs) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
