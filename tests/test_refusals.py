"""Wrong uses from Python: the error says what came, what was expected or what to do, and changes nothing."""

import re
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from builders import estimator, frame, images, number_frame, vectors
from vaecluster import VAEClustering
from vaecluster.errors import DataError, FileError, SettingError
from vaecluster.methods import METHODS
from vaecluster.settings import Either, Flag, Kind, Nothing, Number, OneOf, Shares, Whole, Widths, declared
from vaecluster.views import GaussianNoise, Neighbours, RandomCrop
from vaecluster.views.presets import ViewsSetting

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
ROWS = vectors()


@cache
def fitted(method: str = "two-views") -> VAEClustering:
    """Fitted once, and not to be changed."""
    return estimator(method).fit(ROWS)


def says(error: BaseException, *parts: str) -> None:
    """Check that a message is one line of whole sentences, with an expectation or advice, that holds these parts."""
    message = str(error)
    assert [part for part in parts if part not in message] == [], message
    assert re.search(r"[;:] |\. [A-Z$X]|\? [A-Z]", message), message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 500


def refused(model: VAEClustering, use: Callable[[], Any], error: type[Exception], *parts: str) -> None:
    """Check that the use is refused so, and leaves the estimator as it was."""
    before = dict(vars(model))
    with pytest.raises(error) as caught:
        use()
    says(caught.value, *parts)
    assert list(vars(model)) == list(before)
    assert all(vars(model)[name] is value for name, value in before.items())


# Settings of methods


def wrong(kind: Kind) -> list[Any]:
    """Values that are not of the kind."""
    if isinstance(kind, Either):
        return [value for part in kind.kinds for value in wrong(part) if not any(map(_accepting(value), kind.kinds))]
    if isinstance(kind, Number):
        ends = [kind.least, kind.most] if kind.open_ else [kind.least - 0.5, kind.most + 0.5]
        return [*ends, nan, inf, "0.1", True, None, 1 + 1j]
    values: dict[type[Kind], list[Any]] = {
        Whole: [getattr(kind, "least", 1) - 1, getattr(kind, "most", 0) + 1, 2.5, True, "8", None, nan, inf, [3]],
        Flag: ["yes", 1, 2, None],
        OneOf: ["other", "", 3, True, None, ["code"]],
        Widths: [(), (0,), (10,), (16.0,), (16, True), (16, -16), 64, "big", None],
        Shares: [[], [1, 2, -1], [1, 0], [1, nan], ["a", "b"], [[1, 2]], "12"],
        Nothing: ["nothing"],
        ViewsSetting: ["digit", [], 7, [None], {"a": 1}, None, Neighbours, [GaussianNoise(), Neighbours()]],
    }
    return values[type(kind)]


def _accepting(value: Any) -> Callable[[Kind], bool]:
    return lambda kind: kind.accepts(value)


SETTINGS = [(method, name) for method in METHODS for name in declared(METHODS[method])]


@pytest.mark.parametrize(("method", "name"), SETTINGS)
def test_a_wrong_setting_is_refused_where_it_is_given(method: str, name: str) -> None:
    kind, owner = declared(METHODS[method])[name].kind, METHODS[method].__name__
    assert wrong(kind)
    for value in wrong(kind):
        # What is wrong in a list of views is named itself.
        parts = (
            ["views", "expected"] if name == "views" else [f"{name} of {owner} is {value!r}", kind.expected_for(value)]
        )
        model = estimator(method)
        refused(model, lambda value=value: METHODS[method](**{name: value}), SettingError, *parts)
        changes = {"n_clusters": 7, f"method__{name}": value}
        refused(model, lambda changes=changes, model=model: model.set_params(**changes), SettingError, *parts)
    grid = GridSearchCV(estimator(method), {f"method__{name}": [wrong(kind)[0]]}, cv=2, error_score="raise")
    with pytest.raises(SettingError, match=name):
        grid.fit(ROWS)


@pytest.mark.parametrize(
    ("use", "error", "parts"),
    [
        (lambda: VAEClustering(nclusters=3), TypeError, ["'nclusters'"]),
        (lambda: VAEClustering().set_params(nclusters=3), ValueError, ["'nclusters'", "VAEClustering"]),
        (
            lambda: VAEClustering().set_params(method__head=3),
            SettingError,
            ["TwoViews", "'head'", "Did you mean heads"],
        ),
        (
            lambda: VAEClustering().set_params(method="vade", method__heads=3),
            SettingError,
            ["VaDE", "'heads'", "epochs"],
        ),
        (lambda: VAEClustering().set_params(method="vad", method__latent=3), SettingError, ["'vad'", "'vade'"]),
        (lambda: METHODS["su2018"](views="auto"), TypeError, ["'views'"]),
    ],
)
def test_a_name_that_is_not_there_is_named(use: Callable[[], Any], error: type[Exception], parts: list[str]) -> None:
    with pytest.raises(error) as caught:
        use()
    assert all(part in str(caught.value) for part in parts), caught.value


# Parameters of the estimator

DOUBT = [1, -0.1, nan, "a", True, None, 1 + 1j]
PLACES = [3, "", True, "a\0b"]
PARAMETERS: dict[str, tuple[list[Any], str]] = {
    "n_clusters": (
        [0, -1, 2.5, "10", None, True, nan, inf, [3], np.float64(3), (3, 2), (0, 2), (2, 3, 4), (2, 2.5), "2-10"],
        "a whole number of 1 or more, 'auto', or a range",
    ),
    "method": (
        ["two-view", None, ["vade"], METHODS["vade"], 3],
        ", ".join(map(repr, METHODS)),
    ),
    "columns": (["a", 3, ["age"]], "a dict of kinds by names"),
    "batch": ([3, "", ["donor"]], "the name of a column of obs"),
    "min_confidence": (DOUBT, "a number from 0 to"),
    "outlier_fraction": (DOUBT, "a number from 0 to"),
    "rows": (["pictures", None], "one of 'auto', 'images', 'windows'"),
    "warm_start": (["yes", 2, None], "True or False"),
    "checkpoint_dir": (PLACES, "the path of a folder"),
    "checkpoint_every": ([-1, nan, "a", None, True], "a number of 0 or more"),
    "log_dir": (PLACES, "the path of a folder"),
    "device": (["gpu", None, 3, "tpu:7", "meta"], "'auto', 'cpu'"),
    "random_state": (["a", -1, 1.5, 2**32, [1, 2]], "a whole number from 0 to 4294967295"),
    "memory": (["a", "2", "0B", 0, -1, 1.5, True], "a size such as '2GB'"),
    "verbose": (["a", -1, 1.5, None], "0 (silent) or 1"),
}


def test_every_parameter_is_in_the_table() -> None:
    assert set(PARAMETERS) == set(VAEClustering().get_params(deep=False))


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_wrong_parameter_is_refused_by_every_fit(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values, expected = PARAMETERS[name]
    for value in values:
        parts = [f"{name} is {value!r}", "expected", expected]
        for model in (estimator(), deepcopy(fitted()), deepcopy(fitted()).set_params(warm_start=True)):
            model.set_params(**{name: value})
            refused(model, lambda model=model: model.fit(ROWS), SettingError, *parts)
        if name != "n_clusters":
            refused(model, lambda model=model: model.partial_fit(ROWS), SettingError, *parts)
    assert not list(tmp_path.iterdir())


# What does not go together

Row = tuple[Callable[[], VAEClustering], Any, type[Exception], list[str]]


def warm(**choice: Any) -> VAEClustering:
    return deepcopy(fitted()).set_params(warm_start=True, **choice)


TOGETHER: dict[str, Row] = {
    "more clusters than rows": (lambda: estimator(n_clusters=41), ROWS, DataError, ["n_samples=40", "n_clusters=41"]),
    "a single row": (lambda: estimator(n_clusters=1), ROWS[:1], DataError, ["n_samples=1", "Give at least 2"]),
    "rows all the same": (estimator, np.ones((9, 4)), DataError, ["All 9 rows are the same"]),
    "probabilities beyond 1": (
        lambda: estimator(likelihood="bernoulli"),
        ROWS,
        DataError,
        ["[0, 1]", "column 0 ranges"],
    ),
    "probabilities in a frame": (
        lambda: estimator(likelihood="bernoulli"),
        number_frame(),
        DataError,
        ["column 'age'"],
    ),
    "pixels too far apart": (
        estimator,
        np.stack([np.full((2, 2), value) for value in (-1e308, 1e308, 0)]),
        DataError,
        ["-1e+308", "1e+308", "Scale them"],
    ),
    "too few rows for a small fraction": (
        lambda: estimator(outlier_fraction=0.01),
        ROWS,
        DataError,
        ["outlier_fraction=0.01", "of 40 rows", "at least 500"],
    ),
    "views of images": (lambda: estimator(views="photos"), ROWS, SettingError, ["RandomCrop", "the rows are vectors"]),
    "a view of images": (
        lambda: estimator(views=[RandomCrop()]),
        ROWS,
        SettingError,
        ["RandomCrop", "Use Neighbours"],
    ),
    "views of numbers": (lambda: estimator(views="counts"), frame(), SettingError, ["FeatureDropout", "categories"]),
    "a view that drops columns": (
        lambda: estimator(views=[Neighbours(), drops_columns]),
        ROWS,
        SettingError,
        ["drops_columns", "(20, 2)", "(20, 4)", "must keep the shape"],
    ),
    "a view that gives nothing": (
        lambda: estimator(views=nothing),
        ROWS,
        SettingError,
        ["nothing", "NoneType", "tensor"],
    ),
    "shares without a number": (
        lambda: estimator(n_clusters="auto", cluster_weights=[1, 2]),
        ROWS,
        SettingError,
        ["cluster_weights holds shares", "n_clusters is 'auto'"],
    ),
    "shares of other clusters": (
        lambda: estimator(cluster_weights=[1, 2]),
        ROWS,
        SettingError,
        ["holds 2 shares", "3 clusters"],
    ),
    "few components": (lambda: estimator(components=2), ROWS, SettingError, ["components is 2", "n_clusters=3"]),
    "convolutions of vectors": (
        lambda: estimator("su2018", network="conv"),
        ROWS,
        SettingError,
        ["network is 'conv'", "rows are vectors", "'dense'"],
    ),
    "warm, another number": (lambda: warm(n_clusters=4), ROWS, SettingError, ["n_clusters is 4", "has 3 clusters"]),
    "warm, another method": (lambda: warm(method="vade"), ROWS, SettingError, ["method is 'vade'", "'two-views'"]),
    "warm, another part": (lambda: warm(method__latent=3), ROWS, SettingError, ["latent is 3", "with 2", "anew"]),
    "warm, other columns": (warm, ROWS[:, :3], DataError, ["3 features", "expecting 4"]),
    "warm, a small fraction": (lambda: warm(outlier_fraction=0.001), ROWS, DataError, ["1,000 rows held out"]),
}


def drops_columns(batch: Any) -> Any:
    return batch[:, :2]


def nothing(batch: Any) -> None:
    return None


@pytest.mark.parametrize("case", TOGETHER)
def test_what_does_not_go_together_is_refused_by_fit(case: str, tmp_path: Path) -> None:
    make, rows, error, parts = TOGETHER[case]
    folders = {} if "a view" in case else {"checkpoint_dir": tmp_path / "state", "log_dir": tmp_path / "logs"}
    model = make().set_params(**folders)
    refused(model, lambda: model.fit(rows), error, *parts)
    assert not list(tmp_path.iterdir())


# Questions to a model


@pytest.mark.parametrize(
    ("ask", "parts"),
    [
        *[(lambda model, n=n: model.sample(n), [f"n_samples is {n!r}", "1 or more"]) for n in (0, -1, 2.5, "3", True)],
        *[
            (lambda model, cluster=cluster: model.sample(cluster=cluster), [f"cluster is {cluster!r}", "0 to 2"])
            for cluster in (3, -1, True, 1.0, "a")
        ],
        *[
            (
                lambda model, state=state: model.sample(random_state=state),
                [f"random_state is {state!r}", "expected None"],
            )
            for state in ("a", -1)
        ],
        *[
            (lambda model, n=n: model.cut(n), [f"n_clusters is {n!r}", "from 1 to 6", "components"])
            for n in (0, -1, 7, 2.0, True, "auto", None)
        ],
        (lambda model: fitted("vade").cut(2), ["'vade'", "makes no tree", "Fit again"]),
        (
            lambda model: model.relabel(ROWS, np.arange(len(ROWS)) % 3).cut(2),
            ["edited by hand", "from before the edits", "fit again"],
        ),
        *[
            (lambda model, value=value: model.predict(ROWS, min_confidence=value), [f"min_confidence is {value!r}"])
            for value in (1, -0.1, nan, "a")
        ],
        (lambda model: model.assign(ROWS, outlier_fraction=1.0), ["outlier_fraction is 1.0", "from 0 to below 1"]),
        *[
            (lambda model, cluster=cluster: model.name_clusters({0: "a", cluster: "b"}), [repr(cluster), "0 to 2"])
            for cluster in (3, -1, "0", 0.5, True)
        ],
        *[(lambda model, names=names: model.name_clusters(names), [repr(names), "dict"]) for names in (["a"], None)],
        (lambda model: model.name_clusters({0: 1.5}), ["1.5", "a string or a whole number"]),
        *[
            (lambda model, at=at: model.save(at), [f"path is {at!r}", "the path of a file"])
            for at in (None, "", "a\0b", 3)
        ],
        *[(lambda model, at=at: model.load(at), [f"path is {at!r}", "the path of a file"]) for at in (None, "")],
    ],
)
def test_a_wrong_question_is_answered_with_what_is_possible(ask: Callable[[Any], Any], parts: list[str]) -> None:
    refused(fitted(), lambda: ask(fitted()), SettingError, *parts)


ASKED = ("predict", "predict_proba", "transform", "score_samples", "outlier_score", "score", "assign", "impute")
UNFIT = dict.fromkeys(ASKED, (ROWS,)) | {
    "sample": (),
    "cut": (2,),
    "save": ("model",),
    "name_clusters": ({0: "a"},),
    "inverse_transform": (np.zeros((1, 2)),),
    "get_feature_names_out": (),
}


@pytest.mark.parametrize("name", UNFIT)
def test_before_a_fit_there_is_no_answer(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(estimator(), name)(*UNFIT[name])
    assert not list(tmp_path.iterdir())


def with_gap(rows: np.ndarray) -> np.ndarray:
    return np.where(rows == rows.max(), nan, rows)


OTHER_ROWS: dict[str, tuple[Callable[[], Any], Any, list[str]]] = {
    "fewer columns": (vectors, ROWS[:, :3], ["3 features", "expecting 4", "Give the columns of the fit"]),
    "a gap": (vectors, with_gap(ROWS), ["1 NaN", "finite"]),
    "images": (vectors, images(), ["image of 8x8", "vector of 4 columns"]),
    "vectors": (images, images().reshape(40, -1), ["vector of 64 columns", "image of 8x8", "Resize"]),
    "one column less": (number_frame, number_frame().drop(columns="age"), ["missing are 'age'", "feature_names_in_"]),
    "another kind of column": (frame, frame().assign(colour=1.0), ["'colour'"]),
    "an array": (frame, ROWS, ["frame with columns of several kinds"]),
}


@cache
def fitted_to(rows: Callable[[], Any]) -> VAEClustering:
    return estimator().fit(rows())


@pytest.mark.parametrize("case", OTHER_ROWS)
@pytest.mark.parametrize("name", [*ASKED, "partial_fit"])
def test_rows_of_another_layout_are_refused_by_every_question(case: str, name: str) -> None:
    of, rows, parts = OTHER_ROWS[case]
    refused(fitted_to(of), lambda: getattr(fitted_to(of), name)(rows), DataError, *parts)


# Places; what is damaged or of another fit is in tests/training and tests/methods

PLACED: dict[str, tuple[Callable[[Path], Any], list[str]]] = {
    "state in a file": (lambda at: estimator(checkpoint_dir=at / "file").fit(ROWS), ["AT/file", "cannot be written"]),
    "state below a file": (lambda at: estimator(checkpoint_dir=at / "file/a").fit(ROWS), ["AT/file/a", "Not a dir"]),
    "logs in a file": (lambda at: estimator(log_dir=at / "file").fit(ROWS), ["AT/file", "is a file"]),
    "logs below a file": (lambda at: estimator(log_dir=at / "file/a").fit(ROWS), ["AT/file/a", "Not a directory"]),
    "model over a folder": (lambda at: fitted().save(at), ["AT", "Is a directory"]),
    "model below a file": (lambda at: fitted().save(at / "file/a"), ["AT/file/a", "cannot be written"]),
    "no model": (lambda at: VAEClustering.load(at / "model"), ["AT/model", "There is no model file"]),
    "a folder": (VAEClustering.load, ["AT is a folder", "model.vaecluster"]),
    "no model file": (lambda at: VAEClustering.load(at / "file"), ["AT/file", "no model file"]),
}


@pytest.mark.parametrize("case", PLACED)
def test_a_place_that_cannot_be_used_is_named_and_left_alone(case: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a")
    use, parts = PLACED[case]
    refused(fitted(), lambda: use(tmp_path), FileError, *(part.replace("AT", str(tmp_path)) for part in parts))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "a")]


def test_a_home_folder_and_a_run_folder_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    fitted().save("~/run/model.vaecluster")
    assert [path.name for path in tmp_path.rglob("*")] == ["run", "model.vaecluster"]
    for place in ("~/run/model.vaecluster", "~/run", tmp_path / "run"):
        assert np.array_equal(VAEClustering.load(place).predict(ROWS), fitted().predict(ROWS))


def test_a_device_that_is_not_here_is_refused_by_load(tmp_path: Path) -> None:
    fitted().save(tmp_path / "model")
    with pytest.raises(SettingError) as caught:
        VAEClustering.load(tmp_path / "model", device="gpu")
    says(caught.value, "device is 'gpu'", "'auto', 'cpu'")
