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
from vaecluster.model.heads import HeadedVAE
from vaecluster.training.events import ClustersMergedAgain, EpochDone, Event, StepDone
from vaecluster.training.fitted import Fitted
from vaecluster.training.history import History
from vaecluster.training.pairs import Pairs
from vaecluster.training.passes import component_tables
from vaecluster.training.regrouping import LOOKS
from vaecluster.training.shared import build_headed, build_shared, fit_shared
from vaecluster.training.shared_settings import LEAST_STEPS, SharedSettings
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import Views

SMALL = SharedSettings(epochs=5, batch_size=30, hidden=(16,), latent=2, heads=2, components=6, component_share=0.4)
NUMBER, CLUSTERS = 50, 3
NAN, INFINITY = float("nan"), float("inf")


def some_rows(number: int = NUMBER) -> Rows:
    random = np.random.default_rng(0)
    array = random.normal(size=(number, 4)) + 4 * random.integers(0, 3, (number, 1))
    return Rows(array, standard_preprocessing(array), torch.device("cpu"))


def some_pairs(number: int = NUMBER, views: Views | None = None) -> Pairs:
    rows = some_rows(number)
    return Pairs(rows, (views or Views(Neighbours(5))).prepare(rows), SMALL.decoded_share)


def headed(settings: SharedSettings = SMALL, seed: int = 0) -> HeadedVAE:
    torch.manual_seed(seed)
    return build_headed(settings, (4,))


def fit(
    settings: SharedSettings = SMALL,
    *listeners: object,
    number: int = NUMBER,
    seed: int = 0,
    clusters: int | None = CLUSTERS,
) -> Fitted:
    return fit_shared(headed(settings, seed), some_pairs(number), settings, clusters, listeners)


# The settings


def complaint(**choice: object) -> str:
    with pytest.raises(SettingError) as caught:
        replace(SMALL, **choice).resolve(CLUSTERS)
    return str(caught.value)


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        *[
            (name, wrong)
            for name in ("steps", "most_epochs", "batch_size", "latent", "heads")
            for wrong in (0, 1.5, True, "8", None)
        ],
        *[("components", wrong) for wrong in (0, 2.0, "many")],
        *[("epochs", wrong) for wrong in (0, -1, 2.0, "8")],
        *[
            (name, wrong)
            for name in ("precision", "learning_rate", "information_weight")
            for wrong in (0, -1.0, NAN, INFINITY, "1", None)
        ],
        *[
            (name, wrong)
            for name in ("agreement_weight", "balance_weight")
            for wrong in (-0.1, NAN, INFINITY, "1", True, None)
        ],
        *[("scaling", wrong) for wrong in ("rows", "Columns", None, ["common"])],
        *[("arithmetic", wrong) for wrong in ("float16", "half", 16, None)],
        *[("cluster_weights", wrong) for wrong in ("learned", "", "equal")],
        *[(name, wrong) for name in ("component_share", "decoded_share") for wrong in (0, 1, -0.1, 2, NAN, "0.5")],
        *[("likelihood", wrong) for wrong in ("nothing", None)],
        *[("hidden", wrong) for wrong in ((), (30,), 12)],
    ],
)
def test_a_wrong_setting_is_named_with_what_came(setting: str, wrong: object) -> None:
    assert complaint(**{setting: wrong}).startswith(f"{setting} is {wrong!r}")


def test_fewer_components_than_clusters_are_refused() -> None:
    assert complaint(components=2) == ("components is 2, fewer than n_clusters=3. Give several for each cluster.")
    replace(SMALL, components=3).resolve(CLUSTERS)
    # One cluster is what is left where nothing speaks for more.
    replace(SMALL, components=1).resolve(None)


@pytest.mark.parametrize(("clusters", "components"), [(None, 80), (1, 80), (26, 80), (27, 81), (100, 300)])
def test_without_components_there_are_several_for_each_cluster(clusters: int | None, components: int) -> None:
    unsaid = replace(SMALL, components=None)
    assert unsaid.resolve(clusters) == replace(unsaid, components=components)


@pytest.mark.parametrize("clusters", [None, CLUSTERS])
def test_settings_with_components_resolve_to_themselves(clusters: int | None) -> None:
    assert SMALL.resolve(clusters) == SMALL


@pytest.mark.parametrize(
    "choice",
    [
        {},
        {"epochs": None},
        {"most_epochs": 1},
        {"agreement_weight": 0},
        {"balance_weight": 0},
        {"balance_weight": 3.5},
        {"epochs": np.int64(3)},
        {"likelihood": "bernoulli"},
        {"scaling": "common"},
        {"arithmetic": "bfloat16"},
        {"cluster_weights": "uniform"},
        {"cluster_weights": (1, 2, 3)},
        {"cluster_weights": np.array([0.2, 0.3, 0.5])},
    ],
    ids=str,
)
def test_right_settings_pass(choice: dict[str, object]) -> None:
    replace(SMALL, **choice).resolve(CLUSTERS)


@pytest.mark.parametrize("wrong", [(0.5, 0.5), (0.2, 0.3, 0.3, 0.2), (0.5, 0.5, 0), (1, 1, NAN), (2, -1, 1), None])
def test_shares_of_clusters_are_one_positive_number_for_each(wrong: object) -> None:
    message = complaint(cluster_weights=wrong)
    assert message.startswith("cluster_weights holds ")
    assert "expected 3 positive numbers, one per cluster" in message
    assert message.endswith("or use 'merged' or 'uniform'.")


@pytest.mark.parametrize("wrong", [("a", "b", "c"), ((0.5, 0.2), (0.3,))])
def test_shares_of_clusters_that_are_no_numbers_are_answered_by_what_is_expected(wrong: object) -> None:
    expected = "expected 'merged', 'uniform', or 3 shares."
    assert complaint(cluster_weights=wrong) == f"cluster_weights is {wrong!r}; {expected}"


def test_shares_need_a_number_of_clusters_and_names_do_not() -> None:
    with pytest.raises(SettingError, match=r"holds shares, but n_clusters is 'auto'\. Give the number"):
        replace(SMALL, cluster_weights=(0.5, 0.5)).resolve(None)
    for name in ("merged", "uniform"):
        replace(SMALL, cluster_weights=name).resolve(None)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.99])
@pytest.mark.parametrize("epochs", [2, 3, 10, 101])
def test_the_two_stages_share_the_epochs(epochs: int, share: float) -> None:
    first, second = replace(SMALL, epochs=epochs, component_share=share).stages(NUMBER)
    assert first.epochs + second.epochs == epochs
    assert min(first.epochs, second.epochs) >= 1
    # Components must settle: they have four epochs, or half of fewer than eight, whatever their share.
    assert abs(first.epochs - max(share * epochs, min(4, epochs // 2))) <= 1
    for plan in (first, second):
        assert (plan.batch_size, plan.learning_rate) == (SMALL.batch_size, SMALL.learning_rate)


# Of batches of 256: 4,000 steps, but no more than 200 epochs, though 800 steps in any case, and one epoch a stage.
@pytest.mark.parametrize(
    ("rows", "epochs"),
    [(60_000, 17), (3000, 200), (4 * 256, LEAST_STEPS // 4), (300, LEAST_STEPS // 2), (30, LEAST_STEPS), (10**7, 2)],
)
def test_without_epochs_their_number_follows_from_the_steps(rows: int, epochs: int) -> None:
    assert epochs_of(rows) == epochs


def epochs_of(rows: int, **choice: int) -> int:
    """In both stages, with 4,000 steps of 256 rows if nothing else is said."""
    settings = replace(SMALL, **{"epochs": None, "steps": 4000, "batch_size": 256} | choice)
    return sum(stage.epochs for stage in settings.stages(rows))


@pytest.mark.parametrize("most_epochs", [1, 10, 50, 200])
@pytest.mark.parametrize("rows", [30, 3000, 60_000])
def test_there_are_no_more_epochs_than_the_most_unless_the_steps_are_too_few(rows: int, most_epochs: int) -> None:
    steps_an_epoch = -(-rows // 256)
    epochs = epochs_of(rows, most_epochs=most_epochs)
    assert epochs <= max(2, most_epochs, round(LEAST_STEPS / steps_an_epoch))
    assert epochs * steps_an_epoch >= min(LEAST_STEPS - steps_an_epoch, most_epochs * steps_an_epoch)


@pytest.mark.parametrize("steps", [1, 100, LEAST_STEPS])
@pytest.mark.parametrize("rows", [1, 30, 256])
def test_the_least_steps_are_no_more_than_were_asked_for(rows: int, steps: int) -> None:
    assert epochs_of(rows, steps=steps, most_epochs=1) == max(2, steps)


def test_epochs_that_are_given_are_the_epochs_whatever_the_steps() -> None:
    assert epochs_of(30, epochs=300, most_epochs=2, steps=5) == 300


# The parts


def test_every_head_has_a_symmetric_joint_table_over_all_rows() -> None:
    model, rows = headed(), some_rows()
    tables = component_tables(model, some_pairs(views=Views()))  # each row is its own partner
    with torch.no_grad():
        assignment = model.heads(model.encoder.features(rows[:])).double()
    expected = torch.einsum("nhc,nhd->hcd", assignment, assignment) / NUMBER
    np.testing.assert_allclose(tables.joint, expected.numpy(), atol=1e-6)
    np.testing.assert_allclose(tables.joint.sum((1, 2)), 1, atol=1e-5)


def test_every_two_heads_have_a_table_of_their_components_on_the_same_rows() -> None:
    model, rows = headed(replace(SMALL, heads=3)), some_rows()
    overlap = component_tables(model, some_pairs()).overlap  # whatever the partners are
    with torch.no_grad():
        assignment = model.heads(model.encoder.features(rows[:])).double().numpy()
    assert overlap.shape == (3, 3, 6, 6)
    for one in range(3):
        for other in range(3):
            expected = assignment[:, one].T @ assignment[:, other] / NUMBER
            np.testing.assert_allclose(overlap[one, other], expected, atol=1e-6)


def test_a_model_for_weights_has_the_parts_of_a_fitted_one() -> None:
    fitted, empty = fit().model.state_dict(), build_shared(SMALL, (4,), CLUSTERS).state_dict()
    assert {name: values.shape for name, values in empty.items()} == {
        name: values.shape for name, values in fitted.items()
    }


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


@pytest.mark.parametrize("ignorant", [0, 1])
def test_a_head_that_knows_less_than_another_is_not_kept(ignorant: int) -> None:
    model = headed()
    with torch.no_grad():
        for values in model.heads.linear.parameters():
            values.view(2, 6, -1)[ignorant] = 0
    chosen = fit_shared(model, some_pairs(), SMALL, CLUSTERS, ()).model
    kept = model.heads.posterior(1 - ignorant).state_dict()
    for name, values in chosen.cluster_posterior.state_dict().items():
        assert torch.equal(values, kept[name])


def test_the_order_of_the_heads_does_not_matter() -> None:
    curves = []
    for order in ([0, 1], [1, 0]):
        model, history = headed(), History()
        with torch.no_grad():
            for values in model.heads.linear.parameters():
                by_head = values.view(2, 6, -1)
                by_head.copy_(by_head[order].clone())
        fit_shared(model, some_pairs(), SMALL, CLUSTERS, (history,))
        curves.append(history.curves())
    # The head that the prior follows is the same one; sums in another order round otherwise.
    for name in ("latent_kl", "agreement"):
        np.testing.assert_allclose(curves[1][name], curves[0][name], rtol=2e-3)


def test_the_model_kept_has_the_networks_that_were_fitted() -> None:
    model = headed()
    chosen = fit_shared(model, some_pairs(), SMALL, CLUSTERS, ()).model
    assert chosen.encoder is model.encoder
    assert chosen.decoder is model.decoder


def test_every_head_is_refined() -> None:
    # The first stage is the same for both, being a share of the epochs.
    heads = []
    for clusters in (2, 4):
        model = headed()
        fit_shared(model, some_pairs(), SMALL, clusters, ())
        heads.append(model.heads.linear.weight.detach().view(2, 6, -1))
    assert (heads[0] != heads[1]).any(-1).all()


@pytest.mark.parametrize("clusters", [1, 2, CLUSTERS, 6])
def test_the_number_of_clusters_asked_for_is_kept_whatever_the_evidence(clusters: int) -> None:
    fitted = fit(clusters=clusters)
    assert fitted.model.grouping.clusters == clusters
    assert sorted(set(fitted.model.grouping.cluster_of.tolist())) == list(range(clusters))


@pytest.mark.parametrize("seed", range(3))
def test_without_a_number_the_evidence_has_its_way(seed: int) -> None:
    asked, left_open = fit(seed=seed), fit(seed=seed, clusters=None)
    assert left_open.evidence is not None
    assert left_open.model.grouping.clusters == left_open.evidence.clusters
    # What was seen does not depend on what was asked for.
    assert asked.evidence is not None
    assert left_open.evidence.as_dict() == asked.evidence.as_dict()


@pytest.mark.parametrize("choice", [{"heads": 1}, {"components": 1}, {"components": 2}], ids=str)
def test_one_head_and_few_components_are_enough_to_look_for_a_number(choice: dict[str, int]) -> None:
    fitted = fit(replace(SMALL, **choice), clusters=None)
    assert fitted.evidence is not None
    assert fitted.model.grouping.clusters == fitted.evidence.clusters
    assert all(values.isfinite().all() for values in fitted.model.state_dict().values())


def test_dead_clusters_are_told_of_after_the_epochs_of_the_second_stage() -> None:
    # At such a rate nothing is learned: all clusters stay the same.
    events: list[Event] = []
    fit(replace(SMALL, epochs=20, learning_rate=1e-9), events.append)
    again = [event for event in events if isinstance(event, ClustersMergedAgain)]
    assert len(again) == len(LOOKS)
    assert {event.epochs for event in again} == {20}
    assert all(8 < event.epoch < 20 for event in again)
    for event in again:
        # Of both heads together, one cluster of each being alive.
        assert 1 <= event.dead_clusters <= 2 * (CLUSTERS - 1)
        before = events[events.index(event) - 1]
        assert isinstance(before, EpochDone)
        assert before.epoch == event.epoch


@pytest.mark.parametrize("choice", [{"balance_weight": 0.0}, {"cluster_weights": "uniform"}], ids=str)
def test_how_sizes_count_changes_what_is_learned(choice: dict[str, object]) -> None:
    usual, other = (fit(settings).model.state_dict() for settings in (SMALL, replace(SMALL, **choice)))
    assert any(not torch.equal(values, other[name]) for name, values in usual.items())


def test_the_order_and_the_unit_of_given_shares_do_not_matter() -> None:
    first, other = (
        fit(replace(SMALL, cluster_weights=shares)).model.state_dict() for shares in ((1, 2, 5), (0.625, 0.125, 0.25))
    )
    assert all(torch.equal(values, other[name]) for name, values in first.items())


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
    with pytest.raises(TrainingError, match="Try a much smaller learning_rate"):
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
