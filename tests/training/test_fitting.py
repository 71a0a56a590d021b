from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from vaecluster.data.preprocessing import standard_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.evaluation.inference import assignments, bounds, decode, draw_codes
from vaecluster.training.device import gains_by_bfloat16
from vaecluster.training.fitted import Fitted
from vaecluster.training.fitting import METHODS, MethodSettings, empty_model, fit_model
from vaecluster.training.history import History
from vaecluster.training.settings import Settings
from vaecluster.training.shared_settings import Arithmetic, SharedSettings

# Three steps an epoch; these 201 are few, so each is large.
SHARED = SharedSettings(
    epochs=67,
    batch_size=100,
    learning_rate=1e-2,
    hidden=(32,),
    latent=4,
    precision=10.0,
    heads=2,
    components=12,
    component_share=0.5,
)
BOUND = Settings(
    network="dense",
    latent=3,
    likelihood="gaussian",
    precision=2.5,
    epochs=2,
    batch_size=50,
    learning_rate=1e-3,
    hidden=(16,),
)
QUICK = replace(SHARED, epochs=2)
METHOD_SETTINGS = pytest.mark.parametrize("settings", [BOUND, QUICK], ids=["bound", "shared"])
CENTRES = 4 * np.array([[1, 1, -1, -1], [1, -1, 1, -1], [-1, 1, 1, -1], [-1, -1, -1, 1]])
NUMBER, CLUSTERS = 300, 4


def blobs(seed: int) -> tuple[Rows, np.ndarray]:
    """Four groups of spread 1, their centres 11 and more apart, and which row is of which."""
    random = np.random.default_rng(seed)
    group = random.integers(0, CLUSTERS, NUMBER)
    array = CENTRES[group] + random.normal(size=(NUMBER, 4))
    return Rows(array, standard_preprocessing(array), torch.device("cpu")), group


def fit(settings: MethodSettings, rows: Rows, *listeners: History, seed: int = 0) -> Fitted:
    torch.manual_seed(seed)
    return fit_model(settings, rows, CLUSTERS, listeners)


@pytest.mark.parametrize("seed", range(3))
def test_the_default_method_finds_separate_groups_and_generates_each(seed: int) -> None:
    rows, group = blobs(seed)
    fitted = fit(SHARED, rows, seed=seed)
    assert adjusted_rand_score(group, assignments(fitted.model, rows).argmax(1)) > 0.9
    assert fitted.hierarchy is not None
    # Four groups as large as each other hold log 4 nats, and merging to four loses next to none of them.
    assert fitted.hierarchy.information(CLUSTERS) > 0.9 * fitted.hierarchy.losses.sum()
    torch.manual_seed(0)
    for cluster in range(CLUSTERS):
        drawn = decode(fitted.model, draw_codes(fitted.model, 100, cluster))
        with torch.no_grad():
            back = fitted.model.grouping.sum(fitted.model.assign(drawn).probs).argmax(-1)
        assert float((back == cluster).float().mean()) > 0.8


def test_the_default_method_finds_how_many_groups_there_are() -> None:
    rows, group = blobs(0)
    torch.manual_seed(0)
    fitted = fit_model(SHARED, rows, None, ())
    assert fitted.evidence is not None
    assert (fitted.evidence.clusters, fitted.evidence.strength) == (CLUSTERS, "clear")
    assert adjusted_rand_score(group, assignments(fitted.model, rows).argmax(1)) > 0.9


@METHOD_SETTINGS
def test_a_fitted_model_answers_for_every_row(settings: MethodSettings) -> None:
    rows, _ = blobs(0)
    history = History()
    fitted = fit(settings, rows, history)
    assert fitted.ending == "finished"
    assert (fitted.hierarchy is not None) == isinstance(settings, SharedSettings)
    assert (fitted.evidence is not None) == isinstance(settings, SharedSettings)
    assert [event.epoch for event in history.epochs] == [1, 2]
    assert assignments(fitted.model, rows).shape == (NUMBER, CLUSTERS)
    assert np.isfinite(bounds(fitted.model, rows)).all()


@METHOD_SETTINGS
def test_an_empty_model_takes_the_weights_of_a_fitted_one(settings: MethodSettings) -> None:
    rows, _ = blobs(0)
    model = fit(settings, rows).model
    torch.manual_seed(99)
    empty = empty_model(settings, rows.preprocessing.data_shape, CLUSTERS)
    empty.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(assignments(empty, rows), assignments(model, rows))
    np.testing.assert_array_equal(bounds(empty, rows), bounds(model, rows))
    draws = []
    for either in (model, empty):
        torch.manual_seed(0)
        draws.append(draw_codes(either, 10, 1))
    assert torch.equal(*draws)


@pytest.mark.parametrize("arithmetic", ["float32", "bfloat16"])
def test_separate_groups_are_found_in_either_arithmetic(arithmetic: Arithmetic) -> None:
    rows, group = blobs(0)
    fitted = fit(replace(SHARED, arithmetic=arithmetic), rows)
    assert {values.dtype for values in fitted.model.state_dict().values()} <= {torch.float32, torch.int64}
    assert adjusted_rand_score(group, assignments(fitted.model, rows).argmax(1)) > 0.9


def test_arithmetic_is_in_bfloat16_by_itself_where_the_device_gains_by_it() -> None:
    rows, _ = blobs(0)
    choices = ("auto", "float32", "bfloat16")
    chosen, exact, reduced = (assignments(fit(replace(QUICK, arithmetic=name), rows).model, rows) for name in choices)
    assert (exact != reduced).any()
    np.testing.assert_array_equal(chosen, reduced if gains_by_bfloat16(rows.device) else exact)


@METHOD_SETTINGS
def test_the_seed_decides_the_assignments(settings: MethodSettings) -> None:
    rows, _ = blobs(0)
    first, again, other = (assignments(fit(settings, rows, seed=seed).model, rows) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_held_out_rows_decide_when_early_stopping_ends() -> None:
    history = History()
    fit(replace(BOUND, early_stopping=True), blobs(0)[0], history)
    assert all(event.held_out_bound is not None for event in history.epochs)
    assert {event.rows for event in history.epochs} == {270}


def test_what_is_no_methods_settings_is_refused_by_name() -> None:
    with pytest.raises(NotImplementedError, match="dict is no method's settings"):
        fit_model({}, blobs(0)[0], CLUSTERS, ())
    with pytest.raises(NotImplementedError, match="dict is no method's settings"):
        empty_model({}, (4,), CLUSTERS)


def test_every_method_has_a_name_of_its_own() -> None:
    assert {type(settings) for settings in (BOUND, SHARED)} == set(METHODS.values())
