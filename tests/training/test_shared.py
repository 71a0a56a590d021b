import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from vaecluster.data.preprocessing import standard_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.errors import SettingError, TrainingError
from vaecluster.evaluation.inference import assignments
from vaecluster.training.events import EpochDone, Event, StepDone
from vaecluster.training.fitting import Fitted
from vaecluster.training.history import History
from vaecluster.training.merging import merge_components
from vaecluster.training.pairs import Pairs
from vaecluster.training.shared import SharedSettings, build_headed, choose_head, fit_shared, joint_tables
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import Views

SMALL = SharedSettings(epochs=5, batch_size=30, hidden=(16,), latent=2, heads=2, components=6, component_share=0.4)
NUMBER, CLUSTERS = 50, 3
NAN, INFINITY = float("nan"), float("inf")


def some_rows(number: int = NUMBER) -> Rows:
    random = np.random.default_rng(0)
    array = random.normal(size=(number, 4)) + 4 * random.integers(0, 3, (number, 1))
    return Rows(array, standard_preprocessing(array), torch.device("cpu"))


def some_pairs(number: int = NUMBER) -> Pairs:
    rows = some_rows(number)
    return Pairs(rows, Views(Neighbours(5)).prepare(rows), SMALL.decoded_share)


def fit(settings: SharedSettings = SMALL, *listeners: object, number: int = NUMBER, seed: int = 0) -> Fitted:
    torch.manual_seed(seed)
    model = build_headed(settings, (4,), CLUSTERS)
    chosen, tree, ending = fit_shared(model, some_pairs(number), settings, CLUSTERS, listeners)
    return Fitted(chosen, ending, tree)


# The settings


def complaint(**choice: object) -> str:
    with pytest.raises(SettingError) as caught:
        replace(SMALL, **choice).check(CLUSTERS)
    return str(caught.value)


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        *[(name, wrong) for name in ("steps", "batch_size", "latent", "heads") for wrong in (0, 1.5, True, "8", None)],
        *[("components", wrong) for wrong in (0, 2.0, "many")],
        *[("epochs", wrong) for wrong in (0, -1, 2.0, "8")],
        *[
            (name, wrong)
            for name in ("precision", "learning_rate", "information_weight")
            for wrong in (0, -1.0, NAN, INFINITY, "1", None)
        ],
        *[("agreement_weight", wrong) for wrong in (-0.1, NAN, INFINITY, None)],
        *[(name, wrong) for name in ("component_share", "decoded_share") for wrong in (0, 1, -0.1, 2, NAN, "0.5")],
        *[("likelihood", wrong) for wrong in ("nothing", None)],
        *[("hidden", wrong) for wrong in ((), (30,), 12)],
    ],
)
def test_a_wrong_setting_is_named_with_what_came(setting: str, wrong: object) -> None:
    assert complaint(**{setting: wrong}).startswith(f"{setting} is {wrong!r}")


def test_fewer_components_than_clusters_are_refused() -> None:
    assert complaint(components=2) == ("components is 2, fewer than n_clusters=3. Give several for each cluster.")
    replace(SMALL, components=3).check(CLUSTERS)


@pytest.mark.parametrize(
    "choice", [{}, {"epochs": None}, {"agreement_weight": 0}, {"epochs": np.int64(3)}, {"likelihood": "bernoulli"}]
)
def test_right_settings_pass(choice: dict[str, object]) -> None:
    replace(SMALL, **choice).check(CLUSTERS)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.99])
@pytest.mark.parametrize("epochs", [2, 3, 10, 101])
def test_the_two_stages_share_the_epochs(epochs: int, share: float) -> None:
    first, second = replace(SMALL, epochs=epochs, component_share=share).stages(NUMBER)
    assert first.epochs + second.epochs == epochs
    assert min(first.epochs, second.epochs) >= 1
    assert abs(first.epochs - share * epochs) <= 1
    for plan in (first, second):
        assert (plan.batch_size, plan.learning_rate) == (SMALL.batch_size, SMALL.learning_rate)


# Of batches of 256: 4,000 steps, but no more than 200 epochs, though 1,000 steps in any case, and one epoch a stage.
@pytest.mark.parametrize(("rows", "epochs"), [(60_000, 17), (3000, 200), (300, 500), (30, 1000), (10**7, 2)])
def test_without_epochs_their_number_follows_from_the_steps(rows: int, epochs: int) -> None:
    first, second = replace(SMALL, epochs=None, steps=4000, batch_size=256).stages(rows)
    assert first.epochs + second.epochs == epochs


# The parts


def test_a_head_chosen_is_the_models_own_and_shares_its_networks() -> None:
    torch.manual_seed(0)
    headed, rows = build_headed(SMALL, (4,), CLUSTERS).eval(), some_rows()
    chosen, components, weights = choose_head(headed, 1, np.array([0, 1, 2, 2, 1, 0]), CLUSTERS)
    chosen.eval()
    assert chosen.encoder is headed.encoder
    assert chosen.decoder is headed.decoder
    assert (chosen.prior.components, chosen.prior.weights) == (components, weights)
    expected = headed.heads(headed.encoder.features(rows[:]))[:, 1]
    torch.testing.assert_close(chosen.assign(rows[:]).probs, expected)


def test_every_head_has_a_symmetric_joint_table_over_all_rows() -> None:
    torch.manual_seed(0)
    headed, rows = build_headed(SMALL, (4,), CLUSTERS), some_rows()
    alone = Pairs(rows, Views().prepare(rows), 0.5)  # each row is its own partner
    tables = joint_tables(headed, alone)
    with torch.no_grad():
        assignment = headed.heads(headed.encoder.features(rows[:])).double()
    expected = torch.einsum("nhc,nhd->hcd", assignment, assignment) / NUMBER
    np.testing.assert_allclose(tables, expected.numpy(), atol=1e-6)
    np.testing.assert_allclose(tables.sum((1, 2)), 1, atol=1e-5)


# The fit


def test_the_epochs_run_on_from_the_first_stage_to_the_second() -> None:
    events: list[Event] = []
    fit(SMALL, events.append)
    done = [event for event in events if isinstance(event, EpochDone)]
    assert [event.epoch for event in done] == [1, 2, 3, 4, 5]
    assert {event.epochs for event in events} == {5}
    assert ["component_information" in event.terms for event in done] == [True, True, False, False, False]
    assert ["information" in event.terms for event in done] == [False, False, True, True, True]
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [step.rows_done for step in steps] == [epoch * NUMBER + rows for epoch in range(5) for rows in (25, 50)]
    assert {step.rows_in_all for step in steps} == {5 * NUMBER}
    assert [step.epoch for step in steps] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_the_history_has_every_curve_over_both_stages() -> None:
    history = History()
    fit(SMALL, history)
    curves = history.curves()
    assert {len(curve) for curve in curves.values()} == {5}
    assert np.isnan(curves["information"]).tolist() == [True, True, False, False, False]
    assert np.isnan(curves["component_information"]).tolist() == [False, False, True, True, True]


def test_the_clusters_are_the_trees_cut_and_the_prior_fits_all_codes() -> None:
    fitted = fit()
    model = fitted.model.eval()
    assert fitted.ending == "finished"
    assert fitted.hierarchy is not None
    np.testing.assert_array_equal(model.grouping.cluster_of.numpy(), fitted.hierarchy.cut(CLUSTERS))
    with torch.no_grad():
        rows = some_rows()[:]
        assigned, codes = model.assign(rows).probs, model.mean_code(rows)
    torch.testing.assert_close(model.prior.weights().probs, assigned.mean(0), atol=1e-5, rtol=0)
    mean = model.prior.weights().probs @ model.prior.components.means
    torch.testing.assert_close(mean, codes.mean(0), atol=1e-4, rtol=0)


def test_the_head_with_the_most_information_left_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    # By hand: head 1 knows three clusters, head 0 nothing.
    tables = np.stack([np.full((6, 6), 1 / 36), np.kron(np.eye(3), np.ones((2, 2))) / 12])
    monkeypatch.setattr("vaecluster.training.shared.joint_tables", lambda model, pairs: tables)
    fitted = fit()
    assert fitted.hierarchy is not None
    assert fitted.hierarchy.as_dict() == merge_components(tables[1]).as_dict()
    assert fitted.model.grouping.cluster_of.tolist() == [0, 0, 1, 1, 2, 2]


def test_the_seed_decides_the_weights() -> None:
    first, again, other = (fit(seed=seed).model.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(values, again[name]) for name, values in first.items())
    assert not all(torch.equal(values, other[name]) for name, values in first.items())


@pytest.mark.parametrize(
    ("number", "batch_size"), [(6, 1), (7, 2), (1, 30)], ids=["batches of one", "a last batch of one", "one row"]
)
def test_a_fit_with_batches_of_one_row_is_possible(number: int, batch_size: int) -> None:
    model = fit(replace(SMALL, batch_size=batch_size), number=number).model
    assert all(values.isfinite().all() for values in model.state_dict().values())


def test_a_rate_beyond_all_reason_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(TrainingError, match="Try a tenth of the learning rate"):
        fit(replace(SMALL, learning_rate=1e30))


# Ctrl-C


@pytest.fixture
def pythons_own_handler() -> Iterator[None]:
    # A process started in the background of a script ignores SIGINT; these tests must not depend on that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("pythons_own_handler")
@pytest.mark.parametrize("epoch", [1, 4], ids=["first stage", "second stage"])
def test_ctrl_c_in_either_stage_leaves_a_usable_model(epoch: int) -> None:
    def press(event: Event) -> None:
        if isinstance(event, StepDone) and event.epoch == epoch:
            os.kill(os.getpid(), signal.SIGINT)

    history = History()
    fitted = fit(SMALL, history, press)
    assert fitted.ending == "interrupted"
    assert [event.epoch for event in history.epochs] == list(range(1, epoch + 1))
    probabilities = assignments(fitted.model, some_rows())
    assert probabilities.shape == (NUMBER, CLUSTERS)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    assert all(values.isfinite().all() for values in fitted.model.state_dict().values())
    # The prior knows the codes even where the second stage never began.
    assert float(fitted.model.prior.components.mass.sum()) == pytest.approx(1, abs=1e-5)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
