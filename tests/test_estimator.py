"""What a user may rely on whatever the method and the rows: a table of cases, and laws that hold of each."""

import os
import pickle
import tempfile
import warnings
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from builders import CLUSTERS, colour_images, estimator, frame, images, number_frame, splits, tiny, vectors
from vaecluster import Bound, TwoViews, VAEClustering
from vaecluster.errors import (
    DataError,
    EmptyClustersWarning,
    FewCluesWarning,
    SettingError,
    TrainingError,
)
from vaecluster.methods import METHODS
from vaecluster.settings import Either, Flag, Kind, Nothing, Number, OneOf, Shares, Whole, Widths, declared
from vaecluster.training.state import tensors_of
from vaecluster.views import Neighbours
from vaecluster.views.presets import ViewsSetting

pytestmark = pytest.mark.filterwarnings(
    "ignore::vaecluster.errors.EmptyClustersWarning",
    "ignore::vaecluster.errors.FewCluesWarning",
    "ignore::vaecluster.errors.UnnamedClustersWarning",
    "ignore:X (has|does not have valid) feature names",
)
ROWS = 40
KINDS: dict[str, Callable[[], Any]] = {
    "vectors": vectors,
    "images": images,
    "colour images": colour_images,
    "frame of numbers": number_frame,
    "frame": frame,
    "frame of polars": lambda: pl.DataFrame(frame().replace({np.nan: None}).to_dict("list")),
}
ANSWERS = ("predict_proba", "predict", "transform", "score_samples", "outlier_score")


@dataclass(frozen=True)
class Case:
    """A method on a kind of rows; it is fitted once, and its model must not be changed."""

    method: str
    kind: str

    def new(self, **choice: Any) -> VAEClustering:
        return estimator(self.method, **choice)

    @cached_property
    def X(self) -> Any:
        return KINDS[self.kind]()

    @cached_property
    def model(self) -> VAEClustering:
        return self.new().fit(self.X)

    @cached_property
    def answers(self) -> dict[str, np.ndarray]:
        return answers_of(self.model, self.X)


CASES = {f"{method}, {kind}": Case(method, kind) for method in METHODS for kind in KINDS}
FEW = [
    "two-views, vectors",
    "two-views, frame",
    "su2018, images",
    "su2018, frame of polars",
    "vade, frame of numbers",
    "idec, frame",
]


def of(names: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [CASES[name] for name in names], ids=names)


# Every kind of rows with the default method, and every other method with two of them in turn.
TURNS = [
    name
    for number, name in enumerate(CASES)
    if name.startswith("two-views") or (number // len(KINDS) - number % len(KINDS)) % 3 == 0
]
every_case, case_in_turn, few_cases = of(CASES), of(TURNS), of(FEW)
TREES = [name for name in CASES if name.startswith("two-views")]
trees = of(TREES)


def in_turn(names: str, values: Iterable[Any], cases: Iterable[str] = FEW, every: int = 3) -> pytest.MarkDecorator:
    """All values with the first case, and every third in turn with each of the others: for laws of either."""
    met = []
    for number, case in enumerate(cases):
        for turn, value in enumerate(values):
            given = value if isinstance(value, tuple) else (value,)
            if number == 0 or (number + turn) % every == 0:
                met.append(pytest.param(CASES.get(case, case), *given, id=", ".join(map(str, (case, *given)))))
    return pytest.mark.parametrize(names, met)


def answers_of(model: VAEClustering, X: Any) -> dict[str, np.ndarray]:
    return {name: getattr(model, name)(X) for name in ANSWERS}


def bytes_of(values: Any) -> Any:
    """All of an array, a frame, several of them, or the weights of a model, for a comparison."""
    if isinstance(values, VAEClustering):
        return bytes_of({name: tensor.numpy() for name, tensor in tensors_of(values.model_).items()})
    if isinstance(values, dict):
        return {name: bytes_of(value) for name, value in values.items()}
    if isinstance(values, np.ndarray):
        return values.dtype, values.shape, values.tobytes()
    return repr([(name, values[name].dtype, list(values[name])) for name in values.columns])


def some(X: Any, chosen: Any) -> Any:
    return X.iloc[chosen] if isinstance(X, pd.DataFrame) else X[chosen]


# What is said of a row


@every_case
def test_labels_are_predictions_are_likeliest_clusters(case: Case) -> None:
    model, chances = case.model, case.answers["predict_proba"]
    assert bytes_of(model.labels_) == bytes_of(case.answers["predict"]) == bytes_of(chances.argmax(1))
    assert bytes_of(model.confidence_) == bytes_of(chances.max(1))
    assert chances.shape == (ROWS, model.n_clusters_)
    assert chances.min() >= 0
    np.testing.assert_allclose(chances.sum(1), 1, rtol=0, atol=1e-12)
    assert model.cluster_sizes_.tolist() == np.bincount(model.labels_, minlength=CLUSTERS).tolist()
    assert list(map(bytes_of, model.assign(case.X))) == [bytes_of(model.labels_), bytes_of(model.confidence_)]
    assert model.score(case.X) == case.answers["score_samples"].mean()


@in_turn("case, number", [1, 2, 300], TURNS)
def test_a_rows_answer_depends_on_no_other_row(case: Case, number: int) -> None:
    random = np.random.default_rng(number)
    for _ in range(1 if number > ROWS else 2):
        chosen = random.integers(0, ROWS, number)
        found = answers_of(case.model, some(case.X, chosen))
        assert bytes_of(found) == bytes_of({name: whole[chosen] for name, whole in case.answers.items()})


@every_case
def test_the_score_of_an_outlier_falls_as_its_bound_rises(case: Case) -> None:
    score, bound = case.answers["outlier_score"], case.answers["score_samples"]
    assert ((score >= 0) & (score < 1)).all()
    assert (np.diff(score[np.argsort(bound)]) <= 0).all()


@case_in_turn
def test_rows_are_left_out_by_doubt_and_the_more_the_higher_it_is(case: Case) -> None:
    labels, confidence, score = case.model.labels_, case.model.confidence_, case.answers["outlier_score"]
    for threshold in np.minimum([*np.quantile(confidence, [0.3, 0.7]), confidence[3]], 0.999):
        found = case.model.predict(case.X, min_confidence=threshold)
        assert found.tolist() == np.where(confidence < threshold, -1, labels).tolist()
        assert found.tolist() == case.model.assign(case.X, min_confidence=threshold)[0].tolist()
    for fraction in (0.1, 0.5):
        found = case.model.predict(case.X, outlier_fraction=fraction)
        assert found.tolist() == np.where(1 - score <= fraction * (1 + 1e-9), -1, labels).tolist()
    assert (found == -1).any()


def opened(model: VAEClustering, times: int = 1) -> VAEClustering:
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            model.save(Path(folder) / "model")
            model = VAEClustering.load(Path(folder) / "model", device="cpu")
    return model


COPIES = {
    "opened twice": lambda model: opened(model, 2),
    "pickled": lambda model: pickle.loads(pickle.dumps(model)),
    "copied": deepcopy,
}


@in_turn("case, way", COPIES, TURNS)
def test_a_copy_says_and_draws_and_is_called_the_same(case: Case, way: str) -> None:
    model = deepcopy(case.model).name_clusters({1: "one", 2: 2})
    copied = COPIES[way](model)
    assert bytes_of(answers_of(copied, case.X)) == bytes_of(case.answers)
    assert bytes_of(copied.sample(9)) == bytes_of(model.sample(9))
    assert copied.cluster_names_ == {1: "one", 2: 2}
    for name in ("cluster_sizes_", "n_features_in_", "feature_names_in_"):
        assert np.array_equal(getattr(copied, name, None), getattr(model, name, None))
    # A file holds the method as it was completed.
    expected = model if way in ("pickled", "copied") else deepcopy(model).set_params(method=model.method_)
    assert copied.get_params() == expected.get_params()
    assert hasattr(copied, "labels_") == (expected is model)


# What it gives back


@every_case
def test_rows_come_in_the_type_and_layout_of_the_fit(case: Case) -> None:
    model, X = case.model, case.X
    codes = model.transform(X)
    assert codes.shape == (ROWS, 2)
    assert codes.dtype == (X.dtype if isinstance(X, np.ndarray) and X.dtype.kind == "f" else codes.dtype)
    for made in (model.sample(ROWS), model.sample(ROWS, cluster=1), model.inverse_transform(codes)):
        assert isinstance(made, np.ndarray if case.kind == "frame of numbers" else type(X))
        if isinstance(made, np.ndarray):
            whole = np.asarray(X)
            assert (made.shape, made.dtype) == (whole.shape, whole.dtype)
            assert np.abs(made - whole.mean()).max() < 2 * np.abs(whole - whole.mean()).max()
        else:
            assert made.shape == X.shape
            assert list(made.columns) == list(X.columns)
            assert list(made.dtypes) == list(X.dtypes)
            assert set(made["colour"]) <= set(X["colour"])


@every_case
def test_imputing_fills_the_gaps_and_nothing_else(case: Case) -> None:
    for made in (case.model.impute(case.X), case.model.imputed(case.X).rows):
        assert type(made) is type(case.X)
        assert list(getattr(made, "columns", ())) == list(getattr(case.X, "columns", ()))
    filled = pd.DataFrame(np.asarray(case.model.impute(case.X)).reshape(ROWS, -1))
    before = pd.DataFrame(np.asarray(case.X).reshape(ROWS, -1))
    assert not filled.isna().any(axis=None)
    assert ((filled == before) | before.isna()).all(axis=None)


@case_in_turn
def test_samples_repeat_with_a_seed(case: Case) -> None:
    drawn = case.model.sample(5)
    assert bytes_of(case.model.sample(5)) == bytes_of(drawn) == bytes_of(case.model.sample(5, random_state=0))
    assert bytes_of(case.model.sample(5, random_state=1)) != bytes_of(drawn)
    assert bytes_of(case.model.sample(5, cluster=1)) != bytes_of(drawn)


@every_case
def test_codes_can_be_had_as_a_frame_with_names(case: Case) -> None:
    model = deepcopy(case.model)
    names = model.get_feature_names_out().tolist()
    assert names == ["vaeclustering0", "vaeclustering1"]
    for container, kind in (("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("default", np.ndarray)):
        codes = model.set_output(transform=container).transform(case.X)
        assert isinstance(codes, kind)
        np.testing.assert_array_equal(codes, case.answers["transform"])
        assert list(getattr(codes, "columns", names)) == names
        if isinstance(case.X, pd.DataFrame) and container == "pandas":
            assert codes.index.equals(case.X.index)


def test_it_is_a_step_of_a_pipeline_that_gives_frames() -> None:
    pipeline = make_pipeline(StandardScaler(), estimator()).set_output(transform="pandas")
    codes = pipeline.fit_transform(number_frame())
    assert list(codes.columns) == pipeline.get_feature_names_out().tolist() == ["vaeclustering0", "vaeclustering1"]


# Seeds


@few_cases
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(case: Case) -> None:
    # Of every method it is tested where methods are.
    again = clone(case.model)
    assert bytes_of(again.fit_predict(case.X)) == bytes_of(case.model.labels_)
    for fitted in (again, again.fit(case.X)):
        assert bytes_of(fitted) == bytes_of(case.model)
        assert fitted.history_.curves().keys() == case.model.history_.curves().keys()
    assert bytes_of(again.set_params(random_state=1).fit(case.X)) != bytes_of(case.model)


@few_cases
def test_a_random_state_is_drawn_from_once(case: Case) -> None:
    one, other = (case.new(random_state=np.random.RandomState(7)) for _ in range(2))
    first = bytes_of(one.fit(case.X))
    assert bytes_of(other.fit(case.X)) == first
    assert bytes_of(one.fit(case.X)) == bytes_of(other.fit(case.X)) != first


# Parameters


def others(kind: Kind) -> list[Any]:
    """Values that a kind accepts, of which one or more is not the default."""
    if isinstance(kind, Either):
        return [value for part in kind.kinds for value in others(part)]
    values: dict[type[Kind], Callable[[Any], list[Any]]] = {
        Whole: lambda kind: [kind.least + 1, kind.least + 2],
        Number: lambda kind: [0.625, 0.375],
        Flag: lambda kind: [True, False],
        OneOf: lambda kind: list(kind.names),
        Widths: lambda kind: [(16, 32)],
        Shares: lambda kind: [(3.0, 2.0, 1.0)],
        Nothing: lambda kind: [None],
        ViewsSetting: lambda kind: [(Neighbours(2),), "vectors"],
    }
    return values[type(kind)](kind)


SETTINGS = [(method, name) for method in METHODS for name in declared(METHODS[method])]


@pytest.mark.parametrize(("method", "name"), SETTINGS)
def test_every_setting_of_a_method_is_a_parameter(method: str, name: str) -> None:
    model, parameter = estimator(method), f"method__{name}"
    before, parameters = model.method, model.get_params()
    assert parameters[parameter] == getattr(before, name)
    for value in others(declared(METHODS[method])[name].kind):
        assert model.set_params(**{parameter: value}) is model
        assert model.method == replace(before, **{name: value})
        assert (
            clone(model).get_params() == model.get_params() == parameters | {"method": model.method, parameter: value}
        )
        # The record that the user gave stays as it is.
        assert getattr(before, name) == parameters[parameter]


@pytest.mark.parametrize("method", ["two-views", "stepwise"])
def test_a_grid_search_sets_parameters_methods_and_their_settings(method: str) -> None:
    grid = [{"n_clusters": [2], "method__latent": [1, 3]}, {"method": [tiny("vade"), tiny(method, hidden=(32,))]}]
    search = GridSearchCV(estimator(method), grid, cv=2, error_score="raise").fit(vectors())
    assert len(search.cv_results_["params"]) == 4
    best = search.best_estimator_
    assert all(best.get_params()[name] == value for name, value in search.best_params_.items())
    assert best.predict(vectors()).shape == (ROWS,)


def test_a_method_may_be_named_and_set_in_any_order() -> None:
    assert VAEClustering().get_params()["method__heads"] == TwoViews().heads
    assert VAEClustering().set_params(method__heads=7).method == TwoViews(heads=7)
    for names in (["method", "method__epochs"], ["method__epochs", "method"]):
        values = {"method": "su2018", "method__epochs": 3}
        assert VAEClustering().set_params(**{name: values[name] for name in names}).method == Bound(epochs=3)
    assert "method__heads" not in VAEClustering(method="unknown").get_params()


@pytest.mark.parametrize(
    "choice",
    [
        {"n_clusters": np.int64(3), "epochs": np.int32(2), "latent": np.uint8(2), "random_state": np.int64(3)},
        {"learning_rate": np.float32(1e-3), "min_confidence": np.float64(0.1), "checkpoint_every": np.float32(3)},
        {"hidden": [16, 16], "cluster_weights": np.array([1.0, 2, 3]), "verbose": np.int8(0)},
        {"likelihood": np.str_("gaussian"), "warm_start": np.True_},
    ],
)
def test_numbers_of_numpy_are_numbers(choice: dict[str, Any]) -> None:
    model = estimator(**choice).fit(vectors())
    assert opened(model).get_params().keys() == model.get_params().keys()


# Forms of the same rows


def mapped(X: np.ndarray) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "rows.npy", X)
        # What is mapped stays readable without its name.
        return np.load(Path(folder) / "rows.npy", mmap_mode="r")


def read_only(X: np.ndarray) -> np.ndarray:
    X = X.copy()
    X.flags.writeable = False
    return X


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "every second row of more": lambda X: np.repeat(X, 2, axis=0)[::2],
    "every second column of more": lambda X: np.repeat(X, 2, axis=-1)[..., ::2],
    "columns first": np.asfortranarray,
    "backwards": lambda X: X[::-1, ..., ::-1].copy()[::-1, ..., ::-1],
    "read-only": read_only,
    "other bytes first": lambda X: X.astype(X.dtype.newbyteorder()),
} | ({"mapped": mapped} if os.name == "posix" else {})


@in_turn("case, layout", LAYOUTS, ["two-views, images", "two-views, vectors", "su2018, images", "dec, vectors"])
def test_the_layout_of_rows_in_memory_changes_no_byte(case: Case, layout: str) -> None:
    X = LAYOUTS[layout](case.X)
    before = X.tobytes()
    assert bytes_of(answers_of(case.model, X)) == bytes_of(case.answers)
    assert bytes_of(case.new().fit(X)) == bytes_of(case.model)
    assert X.tobytes() == before


WHOLE = (vectors() * 10).round()
NUMBERS = {"vectors": WHOLE, "images": images()}


@in_turn("method, name", NUMBERS, METHODS, every=2)
def test_the_type_of_the_same_numbers_changes_nothing(method: str, name: str) -> None:
    rows = NUMBERS[name]
    model = estimator(method).fit(rows.astype(np.float64))
    chances, labels = model.predict_proba(rows.astype(np.float64)), model.labels_
    for kind in ("float32", "int64", "int32"):
        assert bytes_of(estimator(method).fit(rows.astype(kind))) == bytes_of(model)
        assert bytes_of(model.predict_proba(rows.astype(kind))) == bytes_of(chances)
    # Types of two bytes are scaled in single precision.
    for kind in ("int16", "float16"):
        assert model.predict(rows.astype(kind)).tolist() == labels.tolist()
        np.testing.assert_allclose(model.predict_proba(rows.astype(kind)), chances, atol=1e-5)
    there = rows > rows.mean()
    assert model.predict(there).tolist() == model.predict(there.astype(np.uint8)).tolist()


NAMES = ["age", "height", "weight", "pulse"]
FORMS: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pd.DataFrame(WHOLE, columns=NAMES, index=[f"row {row}" for row in range(ROWS)]),
    "pandas, a type for each column": lambda: pd.DataFrame(WHOLE, columns=NAMES).astype(
        {"age": "int16", "height": "float32", "weight": "Int64", "pulse": object}
    ),
    "polars": lambda: pl.DataFrame(WHOLE, schema=NAMES),
    "polars, a type for each column": lambda: pl.DataFrame(WHOLE, schema=NAMES).with_columns(
        pl.col("age").cast(pl.Int16), pl.col("height").cast(pl.Float32)
    ),
    "lists": WHOLE.tolist,
}


@cache
def of_whole(method: str) -> VAEClustering:
    """Fitted once, and not to be changed."""
    return estimator(method).fit(WHOLE)


@in_turn("method, form", FORMS, METHODS)
def test_a_table_in_any_form_is_its_values_and_names(method: str, form: str) -> None:
    rows, plain = FORMS[form](), of_whole(method)
    model = estimator(method).fit(rows)
    assert bytes_of(model) == bytes_of(plain)
    for fitted in (model, plain):
        assert bytes_of(fitted.predict_proba(rows)) == bytes_of(plain.predict_proba(WHOLE))
    assert getattr(model, "feature_names_in_", np.array(NAMES)).tolist() == NAMES


# A fit that fails


def stop(batch: Any) -> Any:
    raise RuntimeError("stopped in the middle")


def without_a_pixel(X: Any) -> Any:
    if not isinstance(X, np.ndarray):
        return X[list(X.columns)[1:]]
    return X[..., 1:]


Failure = tuple[dict[str, Any], Callable[[Any], dict[str, Any]]]
# Parameters, what is given, by the rows; a fit of rows alone would succeed.
FAILURES: dict[str, Failure] = {
    "other rows": ({}, lambda X: {"X": without_a_pixel(X), "y": [1]}),
    "no rows": ({}, lambda X: {"X": some(X, [])}),
    "text": ({}, lambda X: {"X": [["a", "b"], ["c", "d"]]}),
    "labels of other rows": ({}, lambda X: {"X": X, "y": [-1, 1]}),
    "labels of two kinds": ({}, lambda X: {"X": X, "y": ["a", 1, *[None] * (ROWS - 2)]}),
    "weights of other rows": ({}, lambda X: {"X": X, "sample_weight": [1.0, 2.0]}),
    "weights below 0": ({}, lambda X: {"X": X, "sample_weight": np.arange(ROWS) - 1.0}),
    "a wrong parameter": ({"random_state": -1}, lambda X: {"X": X}),
    "a folder that is a file": ({"log_dir": __file__}, lambda X: {"X": X}),
    "a loss beyond all numbers": ({"method__learning_rate": 1e300}, lambda X: {"X": X}),
}


@in_turn("case, failure, way", list(product(FAILURES, ["fit", "fit again", "warm start", "partial_fit"])))
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(case: Case, failure: str, way: str) -> None:
    choice, given = FAILURES[failure]
    model = case.new() if way == "fit" else deepcopy(case.model)
    model.set_params(warm_start=way == "warm start", **choice)
    before = dict(vars(model))
    with pytest.raises((ValueError, OSError, TrainingError)):
        (model.partial_fit if way == "partial_fit" else model.fit)(**given(case.X))
    assert list(vars(model)) == list(before)
    assert all(getattr(model, name) is value for name, value in before.items())
    if way != "fit":
        assert bytes_of(model) == bytes_of(case.model)
        assert bytes_of(answers_of(model, case.X)) == bytes_of(case.answers)


def test_a_view_that_fails_in_the_middle_leaves_the_estimator_as_it_was() -> None:
    model = estimator(views=[Neighbours(5)]).fit(vectors())
    before = bytes_of(model)
    model.set_params(method__views=[Neighbours(5), stop])
    for learn in (model.fit, model.partial_fit):
        with pytest.raises(RuntimeError, match="in the middle"):
            learn(vectors())
        assert bytes_of(model) == before


# Weights


@few_cases
def test_equal_weights_are_none_and_only_proportions_count(case: Case) -> None:
    for weight in (7, np.full(ROWS, 1e-300)):
        assert bytes_of(case.new().fit(case.X, sample_weight=weight)) == bytes_of(case.model)
    weights = np.arange(ROWS) % 3 + 1
    model = bytes_of(case.new().fit(case.X, sample_weight=weights))
    assert model != bytes_of(case.model)
    forms = (weights * 1e100, weights.tolist(), pd.Series(weights, index=range(ROWS, 0, -1)), pl.Series(weights))
    for alike in forms if case is CASES[FEW[0]] else forms[:1]:
        assert bytes_of(case.new().fit(case.X, sample_weight=alike)) == model


@few_cases
@pytest.mark.parametrize(("doubt", "weights"), [(0.0, np.arange(ROWS) % 4), (0.2, np.arange(ROWS) % 3 > 0)])
def test_rows_of_no_weight_play_no_part(case: Case, doubt: float, weights: np.ndarray) -> None:
    counted = np.flatnonzero(weights)
    model = case.new(outlier_fraction=doubt).fit(case.X, sample_weight=weights / 1.0)
    without = case.new(outlier_fraction=doubt).fit(some(case.X, counted), sample_weight=weights[counted] / 1.0)
    assert bytes_of(model) == bytes_of(without)
    assert model.labels_.tolist() == model.predict(case.X).tolist()
    assert model.labels_[counted].tolist() == without.labels_.tolist()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rows", [vectors, colour_images])
def test_rows_of_no_weight_may_be_far_away(method: str, rows: Callable[[], np.ndarray]) -> None:
    weights, X = np.arange(ROWS) % 4, rows()
    X[weights == 0] += 1e6
    model = estimator(method).fit(X, sample_weight=weights)
    assert bytes_of(model) == bytes_of(estimator(method).fit(X[weights > 0], sample_weight=weights[weights > 0]))


# Groups that are found


GROUPS = np.arange(150) % CLUSTERS
GROUPED = vectors(150)
LEARNED: dict[str, dict[str, Any]] = {
    "two-views": {"epochs": 40, "components": 12, "random_state": 1},
    "su2018": {"epochs": 60, "precision": 100.0, "random_state": 0},
    "vade": {"warm_epochs": 20, "epochs": 20, "latent": 3, "random_state": 1},
    "dec": {"warm_epochs": 40, "epochs": 20, "generator_epochs": 20, "latent": 3},
    "idec": {"warm_epochs": 40, "epochs": 20, "generator_epochs": 20, "latent": 3, "random_state": 1},
    "stepwise": {"epochs": 40, "generator_epochs": 20, "latent": 3, "random_state": 1},
    "dgg": {"warm_epochs": 20, "epochs": 20, "latent": 3, "random_state": 1},
}
every_method = pytest.mark.parametrize("method", METHODS)


def learned(method: str, **choice: Any) -> VAEClustering:
    """An estimator that finds the groups."""
    return estimator(method, **{"learning_rate": 1e-2, "batch_size": 50} | LEARNED[method] | choice)


@cache
def found(method: str) -> VAEClustering:
    """Fitted once, and not to be changed."""
    model = learned(method).fit(GROUPED)
    assert len(set(zip(GROUPS, model.labels_, strict=True))) == len(set(model.labels_)) == CLUSTERS
    return model


@every_method
def test_a_code_stands_for_its_row_and_a_sample_is_of_its_cluster(method: str) -> None:
    model = found(method)
    back = model.inverse_transform(model.transform(GROUPED))
    assert np.square(back - GROUPED).sum() < 0.3 * np.square(GROUPED.mean(0) - GROUPED).sum()
    assert model.history_.curves()["reconstruction"][-1] > model.history_.curves()["reconstruction"][0]
    for cluster in range(CLUSTERS):
        assert (model.predict(model.sample(100, cluster=cluster)) == cluster).mean() >= 0.99


@in_turn("method, order", [["cedar", "ash", "birch"], [7, 3, 5]], METHODS, every=2)
def test_known_labels_name_and_number_clusters_and_change_nothing_else(method: str, order: list[Any]) -> None:
    model, known = found(method), GROUPED[:, 0] > 0
    known[:CLUSTERS] = True
    y = np.array([order[group] if sure else -1 for group, sure in zip(GROUPS, known, strict=True)], dtype=object)
    named = learned(method).fit(GROUPED, y)
    names = sorted(order)
    assert named.cluster_names_ == dict(enumerate(names))
    assert [names[cluster] for cluster in named.labels_] == [order[group] for group in GROUPS]
    was = [int(model.labels_[named.labels_ == cluster][0]) for cluster in range(CLUSTERS)]
    assert named.predict_proba(GROUPED).tobytes() == model.predict_proba(GROUPED)[:, was].tobytes()
    assert named.cluster_sizes_.tolist() == model.cluster_sizes_[was].tolist()
    for answer in ("transform", "score_samples", "outlier_score"):
        assert getattr(named, answer)(GROUPED).tobytes() == getattr(model, answer)(GROUPED).tobytes()
    for cluster, other in enumerate(was):
        assert named.sample(3, cluster=cluster).tobytes() == model.sample(3, cluster=other).tobytes()


@in_turn("case, y", [np.arange(ROWS), (np.arange(ROWS) % 5).astype(str), np.arange(ROWS) + 0.5])
def test_labels_of_which_none_is_unknown_are_ignored(case: Case, y: np.ndarray) -> None:
    model = case.new().fit(case.X, y)
    assert model.cluster_names_ == {}
    assert bytes_of(model) == bytes_of(case.model)


@few_cases
def test_naming_clusters_changes_their_names_and_nothing_else(case: Case) -> None:
    model = deepcopy(case.model).name_clusters({0: "zero"})
    before = {name: value for name, value in vars(model).items() if name != "fitted_"}
    for given in ({}, {1: "one", 2: 2}, {np.int64(0): np.str_("null")}):
        expected = model.cluster_names_ | given
        assert model.name_clusters(given) is model
        assert model.cluster_names_ == expected
    with pytest.raises(SettingError, match="expected 0 to 2"):
        model.name_clusters({1: "uno", 3: "none"})
    assert model.cluster_names_ == {0: "null", 1: "one", 2: 2}
    assert all(vars(model)[name] is value for name, value in before.items())
    assert bytes_of(answers_of(model, case.X)) == bytes_of(case.answers)
    assert bytes_of(model.sample(3, cluster=1)) == bytes_of(case.model.sample(3, cluster=1))


@pytest.mark.parametrize("way", ["weights", "repeated rows"])
def test_a_weight_counts_as_so_many_equal_rows(way: str) -> None:
    # To the last digit only on average, since rows come in another order; the scale is the same.
    weights = np.array([2, 1, 1])[GROUPS]
    given = (GROUPED, None, weights) if way == "weights" else (np.repeat(GROUPED, weights, axis=0),)
    model = learned("two-views").fit(*given)
    np.testing.assert_allclose(model.fitted_.schema.blocks[0].offset, np.average(GROUPED, 0, weights))
    labels, shares = model.predict(GROUPED), model.model_.grouping.sum(model.model_.prior.weights().probs)
    assert len(set(zip(GROUPS, labels, strict=True))) == CLUSTERS
    np.testing.assert_allclose(shares, np.bincount(labels, weights, CLUSTERS) / weights.sum(), atol=0.01)


# Doubt in a fit


@few_cases
def test_labels_are_predictions_where_there_is_doubt_too(case: Case) -> None:
    model = case.new(outlier_fraction=0.2, min_confidence=0.5).fit(case.X)
    assert model.calibration_.held_out
    assert model.labels_.tolist() == model.predict(case.X).tolist()
    assert -1 in model.labels_
    assert model.cluster_sizes_.sum() == (model.labels_ >= 0).sum()
    assert opened(model).predict(case.X).tolist() == deepcopy(model).predict(case.X).tolist() == model.labels_.tolist()
    if model.hierarchy_ is not None:
        assert model.cut(2, case.X).labels_.tolist() == model.cut(2).predict(case.X).tolist()
    more = some(case.X, list(range(30)))
    for on in (deepcopy(model).partial_fit(more), deepcopy(model).set_params(warm_start=True).fit(more)):
        assert on.labels_.tolist() == on.predict(more).tolist()


@every_method
def test_new_rows_of_the_same_kind_are_seldom_outliers(method: str) -> None:
    fraction, new, shares = 0.05, vectors(1000, seed=2), []
    for seed in range(2):
        # Other rows each time: the same ones are held out whatever the seed.
        rows = vectors(600, seed=seed + 10)
        model = estimator(method, random_state=seed, outlier_fraction=fraction, batch_size=100).fit(rows)
        shares.append((model.predict(new) == -1).mean())
        assert (model.predict(new[:50] + 1000) == -1).all()
    # A fit holds out 120 rows; with those the share of one fit varies by 0.02.
    assert np.mean(shares) < fraction + 3 * np.sqrt(fraction * (1 - fraction) * (1 / 120 + 1 / len(new)) / len(shares))


# Learning on


@few_cases
def test_learning_on_gives_the_same_bytes_each_time(case: Case) -> None:
    more = some(case.X, list(range(5, 35)))
    one, other, pickled = (deepcopy(case.model), deepcopy(case.model), pickle.loads(pickle.dumps(case.model)))
    assert bytes_of(one.partial_fit(more)) == bytes_of(other.partial_fit(more)) == bytes_of(pickled.partial_fit(more))
    assert bytes_of(one) != bytes_of(case.model)
    assert one.labels_.tolist() == one.predict(more).tolist()
    assert len(one.history_.epochs) == 1
    assert bytes_of(case.new().partial_fit(case.X)) == bytes_of(case.model)


@every_method
@pytest.mark.parametrize("kept", [[0], [1, 2]])
def test_clusters_keep_their_numbers_while_learning(method: str, kept: list[int]) -> None:
    model = deepcopy(found(method)).name_clusters({0: "zero"})
    new = GROUPED[np.isin(model.labels_, kept)] + 0.3
    for _ in range(2):
        model.partial_fit(new)
    warm = deepcopy(found(method)).set_params(warm_start=True, method__epochs=3).fit(GROUPED)
    assert len(warm.history_.epochs) == 3
    for on in (model, warm):
        assert (on.predict(GROUPED) == found(method).labels_).mean() >= 0.95
        assert bytes_of(on) != bytes_of(found(method))
    assert model.cluster_names_ == {0: "zero"}
    y = np.where(np.arange(150) % 2, GROUPS, -1)
    assert sorted(warm.partial_fit(GROUPED, y).cluster_names_.values()) == [0, 1, 2]
    assert (warm.labels_ == found(method).labels_).mean() >= 0.95


@splits
def test_a_cut_and_its_model_learn_on_apart() -> None:
    for number in (1, 2, 5):
        model = deepcopy(found("two-views"))
        cut = model.cut(number)
        before, labels = bytes_of(answers_of(cut, GROUPED)), cut.predict(GROUPED)
        model.partial_fit(GROUPED)
        assert bytes_of(answers_of(cut, GROUPED)) == before
        after = bytes_of(answers_of(model, GROUPED))
        assert (cut.partial_fit(GROUPED).predict(GROUPED) == labels).mean() >= 0.9
        assert cut.n_clusters_ == number
        assert bytes_of(answers_of(model, GROUPED)) == after


# Other numbers of clusters


@splits
@in_turn("case, number", [1, 2, CLUSTERS, np.int64(5), 6], TREES)
def test_a_cut_says_of_rows_what_it_predicts(case: Case, number: int) -> None:
    bare, cut = case.model.cut(number), case.model.cut(number, case.X)
    chances = cut.predict_proba(case.X)
    assert (cut.n_clusters, cut.n_clusters_, chances.shape) == (number, number, (ROWS, number))
    assert bytes_of(bare.predict_proba(case.X)) == bytes_of(chances)
    assert cut.labels_.tolist() == bare.predict(case.X).tolist() == chances.argmax(1).tolist()
    assert cut.confidence_.tolist() == chances.max(1).tolist()
    assert cut.cluster_sizes_.tolist() == np.bincount(cut.labels_, minlength=number).tolist()
    # Without the rows nobody can count them anew.
    assert hasattr(bare, "labels_") == hasattr(bare, "cluster_sizes_") == (number == CLUSTERS)
    for answer in ("transform", "score_samples"):
        assert bytes_of(getattr(cut, answer)(case.X)) == bytes_of(case.answers[answer])
    again = opened(cut)
    assert again.cluster_sizes_.tolist() == cut.cluster_sizes_.tolist()
    for other in (again, opened(bare), opened(case.model).cut(number), case.model.cut(4).cut(number)):
        assert bytes_of(other.predict_proba(case.X)) == bytes_of(chances)
        assert bytes_of(other.sample(5, cluster=0)) == bytes_of(cut.sample(5, cluster=0))
        assert bytes_of(other.cut(CLUSTERS).predict_proba(case.X)) == bytes_of(case.answers["predict_proba"])


@trees
def test_a_cut_leaves_the_model_as_it_was_and_where_it_is_keeps_all(case: Case) -> None:
    model = deepcopy(case.model).name_clusters({0: "zero"})
    before = dict(vars(model))
    assert model.cut(2, case.X).cluster_names_ == {}
    same = model.cut(CLUSTERS)
    assert (same.cluster_names_, same.labels_.tolist()) == ({0: "zero"}, model.labels_.tolist())
    assert all(vars(model)[name] is value for name, value in before.items())
    assert bytes_of(answers_of(model, case.X)) == bytes_of(case.answers)
    with pytest.raises(DataError):
        model.cut(2, without_a_pixel(case.X))


@splits
@pytest.mark.parametrize(("fewer", "more"), [(1, 2), (2, 3), (3, 6), (2, 12)])
def test_fewer_clusters_are_unions_of_more(fewer: int, more: int) -> None:
    model = found("two-views")
    finer, coarser = (model.hierarchy_.cut(number) for number in (more, fewer))
    holder = np.array([coarser[finer == cluster][0] for cluster in range(more)])
    assert (holder[finer] == coarser).all()
    parts, unions = model.cut(more).predict_proba(GROUPED), model.cut(fewer).predict_proba(GROUPED)
    np.testing.assert_allclose(parts @ np.eye(fewer)[holder], unions, rtol=0, atol=1e-12)


# The number of clusters


def test_separate_groups_are_counted_and_found() -> None:
    model = learned("two-views", n_clusters="auto", epochs=100).fit(GROUPED)
    assert (model.n_clusters, model.n_clusters_, model.evidence_.strength) == ("auto", CLUSTERS, "clear")
    assert len(set(zip(GROUPS, model.labels_, strict=True))) == CLUSTERS
    again = opened(model)
    assert (again.n_clusters, again.n_clusters_) == ("auto", CLUSTERS)
    assert again.evidence_.density.tolist() == model.evidence_.density.tolist()


@splits
def test_in_noise_no_clusters_are_seen_and_some_can_be_had() -> None:
    X = np.random.default_rng(0).uniform(size=(150, 4))
    with pytest.warns(FewCluesWarning, match="No clusters were found.* Give a number"):
        model = learned("two-views", n_clusters="auto", epochs=100).fit(X)
    assert (model.n_clusters_, model.cluster_sizes_.tolist()) == (1, [150])
    np.testing.assert_allclose(model.confidence_, 1)
    assert model.sample(3, cluster=0).shape == (3, 4)
    assert model.cut(2).predict_proba(X).shape == (150, 2)


# What a user hears


def test_a_warning_comes_when_the_model_is_there() -> None:
    model = estimator(n_clusters=20, components=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(EmptyClustersWarning, match="of 20 clusters hold any row"):
            model.fit(vectors())
    assert model.predict(vectors()).tolist() == model.labels_.tolist()


@every_method
def test_a_fit_that_diverges_says_where_and_what_to_try(method: str) -> None:
    with pytest.raises(
        TrainingError, match=r"epoch \d+ of \d+, with learning_rate=1e\+300.*much smaller learning_rate"
    ):
        estimator(method, learning_rate=1e300).fit(vectors())
