"""What a user may rely on whatever the rows, drawn by hypothesis from a few small fits."""

import os
import pickle
import signal
import tempfile
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_digits, make_blobs

import vaecluster.session
from vaecluster import VAEClustering
from vaecluster.errors import DataError, InterruptedFitWarning, SettingError
from vaecluster.training.events import Event, StepDone
from vaecluster.views import Neighbours

pytestmark = [
    pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning"),
    pytest.mark.filterwarnings("ignore::vaecluster.errors.UnnamedClustersWarning"),
]


def examples(number: int) -> settings:
    # Always the same ones; fixtures of a function are pytest's own patches, undone after all of its examples. Where
    # each is a fit or more, a smaller one that fails too is not looked for.
    return settings(
        max_examples=number,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if number > 5 else [Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


ANSWERS = ("predict_proba", "transform", "score_samples", "outlier_score")
CLUSTERS, ROWS = 3, 150


@dataclass(frozen=True)
class Case:
    """A method on a kind of rows, its fit, and what the fit says of them."""

    parameters: dict[str, Any]
    X: np.ndarray
    model: VAEClustering
    answers: dict[str, np.ndarray]

    def __repr__(self) -> str:
        return f"{self.parameters['preset']} {self.X.shape}"

    def new(self, **others: Any) -> VAEClustering:
        return VAEClustering(**self.parameters | others)


def small(preset: str, **others: Any) -> dict[str, Any]:
    """Parameters of a fit that takes a tenth of a second."""
    parts = {"heads": 2, "components": 6} if preset == "shared" else {"network": "dense"}
    size = {"hidden": (16,), "latent": 2, "epochs": 4, "batch_size": 50}
    return {"n_clusters": CLUSTERS, "preset": preset, "random_state": 0, **size, **parts, **others}


def the_rows(kind: str) -> np.ndarray:
    """Whole numbers of one byte, so that every type holds the same ones."""
    if kind == "images":
        return (load_digits().images[:ROWS] * 15).astype(np.uint8)
    return (make_blobs(ROWS, n_features=4, centers=CLUSTERS, random_state=0)[0] * 8 + 120).round().clip(0, 255)


def answers_of(model: VAEClustering, X: Any) -> dict[str, np.ndarray]:
    return {name: getattr(model, name)(X) for name in ANSWERS}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(one[name].tobytes() == other[name].tobytes() for name in ANSWERS)


def weights_of(model: VAEClustering) -> bytes:
    return b"".join(values.numpy().tobytes() for values in model.model_.state_dict().values())


@pytest.fixture(
    scope="session",
    params=[(preset, kind) for preset in ("shared", "su2018") for kind in ("vectors", "images")],
    ids=" ".join,
)
def case(request) -> Case:
    preset, kind = request.param
    X, parameters = the_rows(kind), small(preset)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = VAEClustering(**parameters).fit(X)
    return Case(parameters, X, model, answers_of(model, X))


indices = st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=2 * ROWS).map(np.array)


# What is said of a row


def test_labels_are_predictions_are_likeliest_clusters(case):
    assert case.model.labels_.tobytes() == case.model.predict(case.X).tobytes()
    assert case.model.labels_.tobytes() == case.answers["predict_proba"].argmax(1).tobytes()
    assert case.model.confidence_.tobytes() == case.answers["predict_proba"].max(1).tobytes()


unheard_of = st.lists(st.lists(st.integers(-(10**6), 10**6), min_size=64, max_size=64), min_size=1, max_size=5)


@examples(25)
@given(drawn=unheard_of)
def test_probabilities_are_such_and_sum_to_one_for_any_rows(case, drawn):
    X = np.array(drawn, dtype=np.float64)
    X = X.reshape(-1, 8, 8) if case.X.ndim > 2 else X[:, :4]
    probabilities = case.model.predict_proba(X)
    assert ((probabilities >= 0) & (probabilities <= 1 + 1e-12)).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=0, atol=1e-12)
    assert (case.model.predict(X) == probabilities.argmax(1)).all()


@examples(20)
@given(chosen=indices, place=st.integers(0, 2 * ROWS))
def test_any_rows_in_any_order_and_number_get_the_same_bytes(case, chosen, place):
    parts = [part for part in np.split(chosen, [min(place, len(chosen))]) if len(part)]
    found = [answers_of(case.model, case.X[part]) for part in parts]
    for name, whole in case.answers.items():
        assert np.concatenate([part[name] for part in found]).tobytes() == whole[chosen].tobytes()


def test_rows_one_at_a_time_get_the_same_bytes(case):
    for row in range(0, ROWS, 15):
        alone = answers_of(case.model, case.X[row : row + 1])
        assert all(alone[name].tobytes() == whole[row : row + 1].tobytes() for name, whole in case.answers.items())


# Copies, files and interruptions


def opened(model: VAEClustering, times: int = 1) -> VAEClustering:
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            model.save(Path(folder) / "model")
            model = VAEClustering.load(Path(folder) / "model")
    return model


COPIES = {
    "saved and opened": opened,
    "saved and opened twice": lambda model: opened(model, 2),
    "pickled": lambda model: pickle.loads(pickle.dumps(model)),
    "copied": deepcopy,
}


IN_DOUBT = {"outlier_fraction": 0.1, "min_confidence": 0.4}


@pytest.mark.parametrize(("way", "doubt"), [(way, {} if "twice" in way else IN_DOUBT) for way in COPIES], ids=str)
def test_a_copy_says_and_draws_and_learns_the_same(case, way, doubt):
    model = case.new(**doubt).fit(case.X).name_clusters({1: "one", 2: "two"})
    copied = COPIES[way](model)
    assert same(answers_of(copied, case.X), answers_of(model, case.X))
    assert copied.predict(case.X).tobytes() == model.labels_.tobytes()
    assert copied.sample(9).tobytes() == model.sample(9).tobytes()
    assert copied.cluster_names_ == model.cluster_names_
    assert copied.cluster_sizes_.tolist() == model.cluster_sizes_.tolist()
    assert copied.get_params() | {"device": "auto"} == model.get_params()
    assert weights_of(copied.partial_fit(case.X[:90])) == weights_of(model.partial_fit(case.X[:90]))
    assert same(answers_of(copied, case.X), answers_of(model, case.X))


def test_a_clone_that_is_fitted_again_has_the_same_bytes(case):
    again = clone(case.model).fit(case.X)
    assert weights_of(again) == weights_of(case.model)
    assert again.labels_.tobytes() == case.model.labels_.tobytes()
    assert again.sample(9).tobytes() == case.model.sample(9).tobytes()
    assert weights_of(again.fit(case.X)) == weights_of(case.model)


class Display:
    """In place of the progress bar: does something at one step, and nothing when there is no such step."""

    def __init__(self, step: int, what: Callable[[], None]) -> None:
        self.left, self.what = step, what

    def __call__(self, event: Event) -> None:
        self.left -= isinstance(event, StepDone)
        if self.left == 0 and isinstance(event, StepDone):
            self.what()

    def close(self) -> None:
        pass


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


# A fit of four epochs has 12 steps.
@examples(4)
@given(weighted=st.booleans(), steps=st.lists(st.integers(1, 12), min_size=1, max_size=2))
def test_a_fit_that_is_interrupted_and_resumed_is_the_same(case, monkeypatch, weighted, steps):
    doubt = {"outlier_fraction": 0.1} if weighted else {}
    given = {"sample_weight": np.arange(ROWS) % 4} if weighted else {"y": np.where(np.arange(ROWS) < 20, 7, -1)}
    whole = case.new(**doubt).fit(case.X, **given)
    with tempfile.TemporaryDirectory() as folder:
        kept = {**doubt, "checkpoint_dir": folder, "checkpoint_every": 1e9}
        for step in steps:
            monkeypatch.setattr(
                vaecluster.session, "progress_display", lambda _, step=step: Display(step, press_ctrl_c)
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", InterruptedFitWarning)
                stopped = case.new(**kept).fit(case.X, **given)
            assert stopped.labels_.tobytes() == stopped.predict(case.X).tobytes()
        monkeypatch.undo()
        resumed = case.new(**kept).fit(case.X, **given)
    assert weights_of(resumed) == weights_of(whole)
    assert same(answers_of(resumed, case.X), answers_of(whole, case.X))
    assert resumed.labels_.tobytes() == whole.labels_.tobytes()
    assert resumed.cluster_names_ == whole.cluster_names_
    assert [epoch.terms for epoch in resumed.history_.epochs] == [epoch.terms for epoch in whole.history_.epochs]


def test_what_learns_on_can_be_interrupted_and_resumed_too(case, monkeypatch, tmp_path):
    kept = {"checkpoint_dir": tmp_path, "checkpoint_every": 1e9}
    whole = deepcopy(case.model).partial_fit(case.X[::-1])
    monkeypatch.setattr(vaecluster.session, "progress_display", lambda _: Display(2, press_ctrl_c))
    with pytest.warns(InterruptedFitWarning):
        deepcopy(case.model).set_params(**kept).partial_fit(case.X[::-1])
    monkeypatch.undo()
    assert weights_of(deepcopy(case.model).set_params(**kept).partial_fit(case.X[::-1])) == weights_of(whole)


# Types and layouts of rows


def mapped(X: np.ndarray) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "rows.npy", X)
        # What is mapped stays readable without its name.
        return np.load(Path(folder) / "rows.npy", mmap_mode="r")


def read_only(X: np.ndarray) -> np.ndarray:
    X = X.copy()
    X.flags.writeable = False
    return X


LAYOUTS = {
    "every second row of more": lambda X: np.repeat(X, 2, axis=0)[::2],
    "every second column of more": lambda X: np.repeat(X, 2, axis=-1)[..., ::2],
    "columns first": np.asfortranarray,
    "rows backwards": lambda X: X[::-1].copy()[::-1],
    "columns backwards": lambda X: X[..., ::-1].copy()[..., ::-1],
    "read-only": read_only,
    "mapped": pytest.param(mapped, marks=pytest.mark.skipif(os.name != "posix", reason="open files keep their names")),
    "other bytes first": lambda X: X.astype(X.dtype.newbyteorder()),
}


def params(table: dict[str, Any]) -> list[Any]:
    return [
        pytest.param(*value.values, marks=value.marks, id=name)
        if isinstance(value, type(pytest.param()))
        else pytest.param(value, id=name)
        for name, value in table.items()
    ]


@pytest.mark.parametrize("laid_out", params(LAYOUTS))
def test_the_layout_of_the_same_rows_in_memory_changes_no_byte(case, laid_out):
    X = laid_out(case.X)
    before = X.tobytes()
    assert same(answers_of(case.model, X), case.answers)
    assert weights_of(case.new().fit(X)) == weights_of(case.model)
    assert X.tobytes() == before


@examples(10)
@given(kind=st.sampled_from(["float64", "float32", "int64", "int32", "uint32"]), chosen=indices)
def test_types_of_four_bytes_and_more_change_no_byte(case, kind, chosen):
    X = case.X[chosen]
    found = answers_of(case.model, X.astype(kind))
    expected = answers_of(case.model, X.astype(np.float64))
    # Codes are as exact as the rows.
    expected["transform"] = expected["transform"].astype(np.float64 if kind == "float64" else np.float32)
    assert same(found, expected)


@examples(10)
@given(kind=st.sampled_from(["uint8", "int16", "uint16", "float16"]), chosen=indices)
def test_short_types_change_no_label_and_a_probability_by_rounding_only(case, kind, chosen):
    # They are scaled in single precision.
    X = case.X[chosen].astype(kind)
    assert (case.model.predict(X) == case.model.labels_[chosen]).all()
    np.testing.assert_allclose(case.model.predict_proba(X), case.answers["predict_proba"][chosen], atol=1e-5)


@examples(10)
@given(level=st.integers(50, 200))
def test_true_and_false_are_one_and_zero(case, level):
    X = np.greater(case.X, level)
    assert (case.model.predict(X) == case.model.predict(X.astype(np.float64))).all()
    assert (case.model.predict(X) == case.model.predict(X.astype(np.uint8))).all()


def test_models_of_the_same_rows_in_other_types_are_the_same(case):
    # Images in bytes are scaled by 255, all others by their smallest and largest value.
    one, *others = (weights_of(case.new().fit(case.X.astype(kind))) for kind in ("float64", "float32", "int64"))
    assert others == [one, one]


def test_missing_values_of_a_masked_array_are_no_values(case):
    holes = np.ma.masked_array(case.X, np.arange(case.X.size).reshape(case.X.shape) % 400 == 3)
    for method in (case.new().fit, case.model.predict):
        with pytest.raises(DataError, match="masked"):
            method(holes)
    assert same(answers_of(case.model, np.ma.masked_array(case.X)), case.answers)


# Lists and frames


@pytest.fixture(scope="session", params=["shared", "su2018"])
def of_vectors(request) -> Case:
    X, parameters = the_rows("vectors"), small(request.param)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = VAEClustering(**parameters).fit(pd.DataFrame(X, columns=NAMES))
        return Case(parameters, X, model, answers_of(VAEClustering(**parameters).fit(X), X))


NAMES = ["age", "height", "weight", "income"]
FRAMES = {
    "pandas": lambda X: pd.DataFrame(X, columns=NAMES),
    "pandas, other row names": lambda X: pd.DataFrame(X, columns=NAMES, index=[f"row {row}" for row in range(len(X))]),
    "pandas, numbers that may be missing": lambda X: pd.DataFrame(X, columns=NAMES).astype("Int64"),
    "pandas, a type for each column": lambda X: pd.DataFrame(X, columns=NAMES).astype(
        {"age": "int8" if X.max() < 128 else "int16", "height": "float32", "weight": "uint64"}
    ),
    "polars": lambda X: pl.DataFrame(X, schema=NAMES),
    "polars, a type for each column": lambda X: pl.DataFrame(X, schema=NAMES).with_columns(
        pl.col("age").cast(pl.Int16), pl.col("height").cast(pl.Float32), pl.col("weight").cast(pl.UInt64)
    ),
}


@pytest.mark.parametrize("frame", params(FRAMES))
def test_a_frame_is_its_values_and_names(of_vectors, frame):
    rows = frame(of_vectors.X)
    found = answers_of(of_vectors.model, rows)
    found["transform"] = found["transform"].astype(np.float64)
    assert same(found, of_vectors.answers)
    fitted = of_vectors.new().fit(rows)
    assert fitted.feature_names_in_.tolist() == NAMES
    assert weights_of(fitted) == weights_of(of_vectors.model)
    assert fitted.labels_.tobytes() == of_vectors.model.labels_.tobytes()


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize(
    "listed", [np.ndarray.tolist, list, lambda X: tuple(map(tuple, X))], ids=["lists", "rows", "tuples"]
)
def test_lists_of_rows_are_rows(of_vectors, listed):
    assert same(answers_of(of_vectors.model, listed(of_vectors.X)), of_vectors.answers)


@pytest.mark.parametrize("frame", params({name: FRAMES[name] for name in ("pandas", "polars")}))
@examples(24)
@given(order=st.permutations(NAMES))
def test_columns_in_another_order_are_refused_and_named(of_vectors, frame, order):
    rows = frame(of_vectors.X)[:9]
    rows = rows[order] if isinstance(rows, pd.DataFrame) else rows.select(order)
    if order == NAMES:
        assert (of_vectors.model.predict(rows) == of_vectors.model.labels_[:9]).all()
        return
    with pytest.raises(DataError, match="should match those that were passed during fit") as caught:
        of_vectors.model.predict(rows)
    assert all(repr(name) in str(caught.value) for name, other in zip(NAMES, order, strict=True) if name != other)


@pytest.mark.parametrize("frame", params({name: FRAMES[name] for name in ("pandas", "polars")}))
@examples(10)
@given(renamed=st.sets(st.sampled_from(NAMES), min_size=1))
def test_columns_with_other_names_are_refused_and_named(of_vectors, frame, renamed):
    rows = frame(of_vectors.X)[:9]
    names = {name: f"{name} too" for name in renamed}
    rows = rows.rename(columns=names) if isinstance(rows, pd.DataFrame) else rows.rename(names)
    with pytest.raises(DataError, match="should match those that were passed during fit") as caught:
        of_vectors.model.predict(rows)
    assert all(repr(name) in str(caught.value) and repr(f"{name} too") in str(caught.value) for name in renamed)


# Names


names = st.one_of(st.text(), st.integers())


@examples(20)
@given(given=st.dictionaries(st.integers(0, CLUSTERS - 1), names))
def test_naming_clusters_changes_their_names_and_nothing_else(case, given):
    model = deepcopy(case.model).name_clusters({0: "zero"})
    before = {name: value for name, value in vars(model).items() if name != "cluster_names_"}
    assert model.name_clusters(given) is model
    assert model.cluster_names_ == {0: "zero"} | given
    assert {name: value for name, value in vars(model).items() if name != "cluster_names_"}.keys() == before.keys()
    assert all(getattr(model, name) is value for name, value in before.items())
    assert same(answers_of(model, case.X[:9]), {name: whole[:9] for name, whole in case.answers.items()})
    assert model.sample(3, cluster=1).tobytes() == case.model.sample(3, cluster=1).tobytes()


@given(number=st.one_of(st.integers(CLUSTERS, 99), st.integers(-99, -1), st.just("0"), st.just(0.5)))
@examples(10)
def test_a_name_for_no_cluster_is_refused_and_names_none(case, number):
    model = deepcopy(case.model)
    with pytest.raises(SettingError, match="expected 0 to 2"):
        model.name_clusters({0: "zero", number: "none"})
    assert model.cluster_names_ == case.model.cluster_names_


# Far apart, and learned until they are found.
LEARNED = {"learning_rate": 1e-2, "batch_size": 100}


@pytest.fixture(scope="session", params=["shared", "su2018"])
def found(request) -> Case:
    X = make_blobs(300, n_features=4, centers=[[-20] * 4, [20, 20, -20, 0], [0, -20, 20, 20]], random_state=0)[0]
    more = {"epochs": 40, "components": 12} if request.param == "shared" else {"epochs": 60, "precision": 50.0}
    parameters = small(request.param, **LEARNED | more)
    model = VAEClustering(**parameters).fit(X)
    return Case(parameters, X, model, answers_of(model, X))


@pytest.fixture(scope="session")
def groups(found) -> np.ndarray:
    """The groups that the rows are drawn from."""
    return make_blobs(300, n_features=4, centers=[[-20] * 4, [20, 20, -20, 0], [0, -20, 20, 20]], random_state=0)[1]


def test_the_groups_of_these_tests_are_found(found, groups):
    assert len(set(zip(groups, found.model.labels_, strict=True))) == CLUSTERS


@examples(3)
@given(order=st.permutations(["ash", "birch", "cedar"]), known=st.sets(st.integers(0, 299), min_size=60, max_size=90))
def test_other_known_labels_number_the_clusters_anew_and_change_nothing_else(found, groups, order, known):
    some = sorted({*known, 0, *(int(np.flatnonzero(groups == group)[0]) for group in range(CLUSTERS))})
    y = np.full(300, "", dtype="<U5")
    y[some] = np.array(order)[groups[some]]
    model = found.new().fit(found.X, y)
    # In the order of the names, and by the names.
    assert model.cluster_names_ == {0: "ash", 1: "birch", 2: "cedar"}
    assert (np.array(["ash", "birch", "cedar"])[model.labels_] == np.array(order)[groups]).all()
    number = [int(found.model.labels_[model.labels_ == cluster][0]) for cluster in range(CLUSTERS)]
    assert model.predict_proba(found.X).tobytes() == found.answers["predict_proba"][:, number].tobytes()
    assert model.cluster_sizes_.tolist() == found.model.cluster_sizes_[number].tolist()
    for name in ("transform", "score_samples", "outlier_score"):
        assert getattr(model, name)(found.X).tobytes() == found.answers[name].tobytes()
    for cluster in range(CLUSTERS):
        assert model.sample(3, cluster=cluster).tobytes() == found.model.sample(3, cluster=number[cluster]).tobytes()


@examples(3)
@given(mixed=st.permutations(range(CLUSTERS)), kind=st.sampled_from([np.int64, np.float64, object]))
def test_known_labels_through_a_bijection_permute_the_clusters(found, groups, mixed, kind):
    y = np.where(np.arange(300) % 4 == 0, groups, -1).astype(kind)
    image = np.where(np.arange(300) % 4 == 0, np.array(mixed)[groups], -1).astype(kind)
    model, other = found.new().fit(found.X, y), found.new().fit(found.X, image)
    assert other.predict_proba(found.X)[:, mixed].tobytes() == model.predict_proba(found.X).tobytes()
    assert (np.array(mixed)[model.labels_] == other.labels_).all()


@examples(4)
@given(data=st.data())
def test_labels_of_which_none_is_unknown_are_ignored(case, data):
    labels = data.draw(st.sampled_from(["integers", "names", "numbers"]))
    seed = data.draw(st.integers(0, 99))
    y = np.random.default_rng(seed).integers(0, 5, ROWS)
    y = {"integers": y, "names": y.astype(str), "numbers": y + 0.5}[labels]
    model = case.new().fit(case.X, y)
    assert model.cluster_names_ == {}
    assert weights_of(model) == weights_of(case.model)


# Weights


def weights(least: int) -> st.SearchStrategy[np.ndarray]:
    """One for each row, some of them alike; two above 0."""
    return st.integers(0, 999).map(lambda seed: np.random.default_rng(seed).integers(least, 5, ROWS) / 1.0)


@examples(2)
@given(weight=st.floats(1e-300, 1e300))
def test_equal_weights_are_none(case, weight):
    for alike in (weight, np.full(ROWS, weight)):
        assert weights_of(case.new().fit(case.X, sample_weight=alike)) == weights_of(case.model)


@examples(3)
@given(weight=weights(1), factor=st.floats(1e-100, 1e100))
def test_only_the_proportions_of_weights_count(case, weight, factor):
    model = case.new().fit(case.X, sample_weight=weight)
    scaled = case.new().fit(case.X, sample_weight=weight * factor)
    assert weights_of(scaled) == weights_of(model)
    assert weights_of(model) != weights_of(case.model)


@examples(3)
@given(weight=weights(0), doubt=st.sampled_from([{}, {"outlier_fraction": 0.1}]))
def test_rows_of_no_weight_play_no_part(case, weight, doubt):
    counted = weight > 0
    model = case.new(**doubt).fit(case.X, sample_weight=weight)
    without = case.new(**doubt).fit(case.X[counted], sample_weight=weight[counted])
    assert weights_of(model) == weights_of(without)
    assert model.labels_.shape == (ROWS,)
    assert (model.labels_ == model.predict(case.X)).all()
    assert (model.labels_[counted] == without.labels_).all()


@pytest.mark.parametrize(
    "case", [("shared", "vectors"), ("su2018", "images")], indirect=True, ids=["vectors", "images"]
)
def test_rows_of_no_weight_may_be_far_away(case):
    weight = np.arange(ROWS) % 4 / 1.0
    X = case.X.astype(np.float64)
    X[weight == 0] += 1e6
    model = case.new().fit(X, sample_weight=weight)
    assert weights_of(model) == weights_of(case.new().fit(X[weight > 0], sample_weight=weight[weight > 0]))


def test_weights_of_one_and_none_choose_rows(case):
    weight = (np.arange(ROWS) % 3 > 0) / 1.0
    model = case.new().fit(case.X, sample_weight=weight)
    assert weights_of(model) == weights_of(case.new().fit(case.X[weight > 0]))


def test_weights_may_be_a_list_or_a_series(case):
    weight = np.arange(ROWS) % 3 + 1
    expected = weights_of(case.new().fit(case.X, sample_weight=weight))
    # The names of a series' rows are not looked at.
    for listed in (weight.tolist(), pd.Series(weight, index=range(ROWS, 0, -1)), pl.Series(weight), weight / 1.0):
        assert weights_of(case.new().fit(case.X, sample_weight=listed)) == expected


# Doubt


@examples(20)
@given(thresholds=st.lists(st.floats(0, 1, exclude_max=True), min_size=2, max_size=2).map(sorted), chosen=indices)
def test_unsure_rows_and_only_those_are_in_no_cluster(case, thresholds, chosen):
    X, probabilities = case.X[chosen], case.answers["predict_proba"][chosen]
    low, high = (case.model.predict(X, min_confidence=threshold) for threshold in thresholds)
    for threshold, labels in zip(thresholds, (low, high), strict=True):
        assert ((labels == -1) == (probabilities.max(1) < threshold)).all()
        assert (labels[labels >= 0] == case.model.labels_[chosen][labels >= 0]).all()
    assert (high[low == -1] == -1).all()


@examples(15)
@given(fractions=st.lists(st.floats(0, 1, exclude_max=True), min_size=2, max_size=2).map(sorted), chosen=indices)
def test_a_larger_fraction_of_outliers_leaves_out_the_same_and_more(case, fractions, chosen):
    low, high = (case.model.predict(case.X[chosen], outlier_fraction=fraction) for fraction in fractions)
    assert (high[low == -1] == -1).all()
    assert (low[low >= 0] == case.model.labels_[chosen][low >= 0]).all()


@examples(12)
@given(drawn=unheard_of, chosen=indices)
def test_the_score_of_an_outlier_falls_as_its_bound_rises(case, drawn, chosen):
    X = np.array(drawn, dtype=np.float64)
    X = np.concatenate([X.reshape(-1, 8, 8) if case.X.ndim > 2 else X[:, :4], case.X[chosen]])
    score, bound = case.model.outlier_score(X), case.model.score_samples(X)
    assert ((score >= 0) & (score < 1)).all()
    assert (np.diff(score[np.argsort(bound)]) <= 0).all()


@pytest.mark.parametrize("preset", ["shared", "su2018"])
def test_new_rows_of_the_same_kind_are_seldom_outliers(preset):
    fraction, rows, new = 0.05, 600, 2000
    X = make_blobs(rows + new, n_features=4, centers=CLUSTERS, random_state=1)[0]
    shares = []
    for seed in range(3):
        model = VAEClustering(**small(preset, random_state=seed, outlier_fraction=fraction)).fit(X[:rows])
        assert (model.labels_ == model.predict(X[:rows])).all()
        shares.append((model.predict(X[rows:]) == -1).mean())
        assert (model.predict(X[rows:] + 1000) == -1).all()
    # A fit holds out 120 rows; with those the share of one fit varies by 0.02.
    assert np.mean(shares) < fraction + 3 * np.sqrt(fraction * (1 - fraction) * (1 / 120 + 1 / new) / len(shares))


def test_labels_are_predictions_where_there_is_doubt_too(case):
    model = case.new(outlier_fraction=0.1, min_confidence=0.6).fit(case.X)
    assert model.labels_.tobytes() == model.predict(case.X).tobytes()
    assert (model.labels_ == -1).any()
    assert model.cluster_sizes_.sum() == (model.labels_ >= 0).sum()
    if case.model.hierarchy_ is not None:
        assert model.cut(2).labels_.tobytes() == model.cut(2).predict(case.X).tobytes()
    for learned in (model.partial_fit(case.X[:100]), model.set_params(warm_start=True).fit(case.X[:100])):
        assert learned.labels_.tobytes() == learned.predict(case.X[:100]).tobytes()


# Learning on


def agreement(model: VAEClustering, case: Case) -> float:
    return float((model.predict(case.X) == case.model.labels_).mean())


@examples(6)
@given(kept=st.sets(st.integers(0, CLUSTERS - 1), min_size=1), times=st.integers(1, 3), moved=st.floats(-0.5, 0.5))
def test_clusters_keep_their_numbers_while_learning_from_new_rows_of_some_of_them(found, kept, times, moved):
    model = deepcopy(found.model)
    new = found.X[np.isin(model.labels_, list(kept))] + moved
    for _ in range(times):
        model.partial_fit(new)
    assert agreement(model, found) >= 0.95
    assert model.labels_.tobytes() == model.predict(new).tobytes()


def test_clusters_keep_their_numbers_in_a_warm_start(found):
    model = deepcopy(found.model).set_params(warm_start=True, epochs=5).fit(found.X)
    assert agreement(model, found) >= 0.95
    assert weights_of(model) != weights_of(found.model)


def test_clusters_of_a_cut_keep_their_numbers_while_learning(found):
    if found.model.hierarchy_ is None:
        with pytest.raises(SettingError, match="no tree to cut"):
            found.model.cut(2)
        return
    for number in (1, 2, 5):
        cut = found.model.cut(number)
        before = cut.predict(found.X)
        assert (cut.cut(CLUSTERS).labels_ == found.model.labels_).all()
        assert (cut.partial_fit(found.X).predict(found.X) == before).mean() >= 0.95
        assert cut.n_clusters_ == number


def test_the_model_that_a_cut_shares_is_not_changed_by_learning(found):
    if found.model.hierarchy_ is None:
        pytest.skip("there is no tree to cut")
    model = deepcopy(found.model)
    cut = model.cut(2)
    before, labels = answers_of(cut, found.X), cut.labels_.copy()
    model.partial_fit(found.X)
    assert same(answers_of(cut, found.X), before)
    assert (cut.labels_ == labels).all()
    before = answers_of(model, found.X)
    cut.partial_fit(found.X)
    assert same(answers_of(model, found.X), before)


@examples(4)
@given(chosen=st.lists(st.integers(0, ROWS - 1), min_size=60, max_size=99).map(np.array))
def test_learning_on_twice_from_the_same_model_gives_the_same_bytes(case, chosen):
    one, other = (deepcopy(case.model).partial_fit(case.X[chosen]) for _ in range(2))
    assert weights_of(one) == weights_of(other)
    assert weights_of(one) != weights_of(case.model)
    assert one.labels_.tobytes() == other.labels_.tobytes()


def stop() -> None:
    raise RuntimeError("stopped in the middle")


REFUSED = {
    "a value that is none": lambda X: {
        "X": np.where(np.arange(len(X[0].ravel())).reshape(X[0].shape) == 2, np.nan, X)
    },
    "other rows": lambda X: {"X": X[:, :3]},
    "no rows": lambda X: {"X": X[:0]},
    "labels of other rows": lambda X: {"X": X, "y": np.full(len(X) - 1, -1)},
    "labels of two kinds": lambda X: {"X": X, "y": ["a", 1, *[None] * (len(X) - 2)]},
    "weights of other rows": lambda X: {"X": X, "sample_weight": np.ones(len(X) - 1)},
    "weights below 0": lambda X: {"X": X, "sample_weight": np.arange(len(X)) - 1.0},
    "an error in the middle": lambda X: {"X": X},
}


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("wrong", REFUSED)
def test_learning_on_that_fails_leaves_the_model_as_it_was(case, wrong, warm_start, monkeypatch):
    model = deepcopy(case.model).set_params(warm_start=warm_start)
    before = dict(vars(model))
    if wrong == "an error in the middle":
        monkeypatch.setattr(vaecluster.session, "progress_display", lambda _: Display(2, stop))
    with pytest.raises((ValueError, RuntimeError)):
        (model.fit if warm_start else model.partial_fit)(**REFUSED[wrong](case.X))
    assert vars(model).keys() == before.keys()
    assert all(getattr(model, name) is value for name, value in before.items())
    assert weights_of(model) == weights_of(case.model)
    assert same(answers_of(model, case.X), case.answers)


def test_a_view_that_fails_while_learning_on_leaves_the_model_as_it_was():
    working = [True]

    def view(batch):
        return batch if working[0] else stop()

    X = the_rows("vectors")
    model = VAEClustering(**small("shared", views=[Neighbours(5), view])).fit(X)
    before = answers_of(model, X)
    working[0] = False
    with pytest.raises(RuntimeError, match="in the middle"):
        model.partial_fit(X)
    assert same(answers_of(model, X), before)
