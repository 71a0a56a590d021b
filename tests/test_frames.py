import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet
from sklearn.metrics import adjusted_rand_score

from builders import CLUSTERS, estimator, quiet, vectors
from frame_cases import (
    COLUMNS,
    COUNTED,
    NUMBERS,
    ROWS,
    SMALL,
    TEXTS,
    TRUTHS,
    frame_of_column,
    gaps,
    is_missing,
    whole_pandas,
    whole_polars,
)
from vaecluster import TwoViews, VAEClustering
from vaecluster.errors import DataError, FileError, IgnoredColumnsWarning, SettingError, UnseenCategoriesWarning
from vaecluster.methods import METHODS

pytestmark = quiet

# Frames, and the methods that they are fitted with: every type with the quickest, all types at once with each.
FRAMES: dict[str, Callable[[], Any]] = {name: lambda name=name: frame_of_column(name) for name in COLUMNS} | {
    "all of pandas": whole_pandas,
    "all of polars": whole_polars,
    "names that are numbers": lambda: whole_pandas().set_axis(range(3, 3 + whole_pandas().shape[1]), axis=1),
    "one column of categories": lambda: pd.DataFrame({"it": gaps(TEXTS)}),
    "one column of numbers": lambda: pd.DataFrame({"it": gaps(NUMBERS)}),
    "one column of polars": lambda: pl.DataFrame({"it": gaps(TEXTS)}),
}
CASES = [("su2018", name) for name in FRAMES] + [
    (method, name) for method in ("two-views", "vade") for name in FRAMES if name not in COLUMNS
]
every_case = pytest.mark.parametrize(("method", "name"), CASES)


def in_turn(*libraries: str) -> pytest.MarkDecorator:
    """All libraries with the first method, and with each of the others one of them in turn."""
    met = [
        (method, library)
        for number, method in enumerate(METHODS)
        for turn, library in enumerate(libraries)
        if number == 0 or (number + turn) % len(libraries) == 0
    ]
    return pytest.mark.parametrize(("method", "library"), met)


@cache
def fitted(method: str, name: str) -> VAEClustering:
    return estimator(method).fit(FRAMES[name]())


def opened(model: VAEClustering) -> VAEClustering:
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        return VAEClustering.load(Path(folder) / "model", device="cpu")


def values_of(frame: Any) -> dict[Any, list[Any]]:
    return {name: list(frame[name]) for name in frame.columns}


@every_case
def test_rows_come_back_as_a_frame_with_the_same_columns_and_types(method: str, name: str) -> None:
    model, X = fitted(method, name), FRAMES[name]()
    for made in (model.sample(9), model.sample(9, cluster=1), model.inverse_transform(model.transform(X))):
        assert type(made) is type(X)
        assert list(made.columns) == list(X.columns)
        assert list(made.dtypes) == list(X.dtypes)
        assert not any(is_missing(value) for column in values_of(made).values() for value in column)
        assert len(model.predict(made)) == len(made)


@every_case
def test_imputing_fills_what_is_missing_and_leaves_all_else_to_the_bit(method: str, name: str) -> None:
    model, X = fitted(method, name), FRAMES[name]()
    filled = model.impute(X)
    assert type(filled) is type(X)
    assert list(filled.dtypes) == list(X.dtypes)
    assert not isinstance(X, pd.DataFrame) or filled.index.equals(X.index)
    assert list(filled.columns) == list(X.columns)
    for before, after in zip(values_of(X).values(), values_of(filled).values(), strict=True):
        assert not any(map(is_missing, after))
        kept = [(old, new) for old, new in zip(before, after, strict=True) if not is_missing(old)]
        assert all(old == new and type(old) is type(new) for old, new in kept)
    # The frame that was given is as it was.
    assert repr(values_of(X)) == repr(values_of(FRAMES[name]()))


@every_case
def test_an_opened_model_says_and_draws_the_same(method: str, name: str) -> None:
    model, X = fitted(method, name), FRAMES[name]()
    other = opened(model)
    assert other.fitted_.schema.frame == model.fitted_.schema.frame
    np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
    assert repr(values_of(other.sample(5))) == repr(values_of(model.sample(5)))
    assert repr(values_of(other.impute(X))) == repr(values_of(model.impute(X)))


@every_case
def test_every_answer_is_finite_and_learning_goes_on(method: str, name: str) -> None:
    X = FRAMES[name]()
    model = opened(fitted(method, name)).partial_fit(X)
    for answer in (model.predict_proba(X), model.transform(X), model.score_samples(X)):
        assert np.isfinite(answer).all()
    assert all(np.isfinite(curve).all() for curve in model.history_.curves().values())


@in_turn("pandas", "polars", "pyarrow")
def test_counts_are_whole_and_ordered_categories_ordered_in_all_answers(method: str, library: str) -> None:
    order = ["low", "middle", "high"]
    grades = pd.Categorical(gaps([order[one] for one in SMALL]), order, ordered=True)
    frame = pd.DataFrame({"size": NUMBERS, "visits": pd.Series(gaps(COUNTED), dtype="float64"), "grade": grades})
    table = as_arrow(frame)
    types: Any = {"size": pl.Float64, "visits": pl.Float64, "grade": pl.Enum(order)}
    X = {"pandas": frame, "polars": pl.DataFrame(table.to_pydict(), types), "pyarrow": table}[library]
    # An Enum of polars is in an order that need not count.
    model = opened(estimator(method).set_params(columns={"grade": "ordinal"} if library == "polars" else None).fit(X))
    kinds = {name: type(block).__name__ for block in model.fitted_.schema.blocks for name in block.columns}
    assert kinds == {"size": "Numbers", "visits": "Counts", "grade": "Ordinal"}
    for made in (model.sample(30), model.impute(X), model.sample(5, cluster=0)):
        lists = made.to_pydict() if library == "pyarrow" else values_of(made)
        visits, found = lists["visits"], lists["grade"]
        assert all(one >= 0 and one == round(one) for one in visits)
        assert set(found) <= set(order)
        assert made.schema == X.schema if library != "pandas" else list(made.dtypes) == list(X.dtypes)
    assert np.isfinite(model.score_samples(X)).all()
    assert all(np.isfinite(one.effect) for some in model.profile(X) for one in some)


def as_arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.table({name: pa.array(frame[name], from_pandas=True) for name in frame})


PANDAS_FRAME = pd.DataFrame({"size": gaps(NUMBERS), "colour": TEXTS})


@in_turn("pandas", "polars")
def test_a_category_that_the_fit_has_not_seen_is_as_good_as_missing_and_stays(method: str, library: str) -> None:
    make = pd.DataFrame if library == "pandas" else pl.DataFrame
    columns = {"size": gaps(NUMBERS), "colour": TEXTS}
    model = estimator(method).fit(make(columns))
    unseen, missing = (make(columns | {"colour": [value, *TEXTS[1:]]}) for value in ("violet", None))
    np.testing.assert_array_equal(model.predict_proba(unseen), model.predict_proba(missing))
    np.testing.assert_array_equal(model.score_samples(unseen), model.score_samples(missing))
    assert model.impute(unseen)["colour"][0] == "violet"
    assert model.impute(missing)["colour"][0] in TEXTS


def test_a_filled_in_category_need_not_be_one_that_the_new_frame_declares() -> None:
    model = estimator().fit(PANDAS_FRAME.astype({"colour": "category"}))
    new = pd.DataFrame({"size": [0.0], "colour": pd.Categorical([None], categories=["violet"])})
    filled = model.impute(new)["colour"]
    assert filled[0] in TEXTS
    assert list(filled.cat.categories) == ["violet", filled[0]]


# One column of each kind, and what new rows may have in its place: no value, of whatever type a reader of files gives.
KINDS = {"size": gaps(NUMBERS), "colour": gaps(TEXTS), "odd": gaps(TRUTHS), "code": pd.Categorical(gaps(SMALL))}
EMPTY = [
    *(pd.Series([None] * ROWS, dtype=dtype) for dtype in ("object", "float64", "str", "boolean", "Int8", "category")),
    *(pl.Series([None] * ROWS, dtype=dtype) for dtype in (pl.Null, pl.Float64, pl.String, pl.Boolean, pl.Categorical)),
]
# The types that are for such values; a category that declares nothing is for none.
KEPT = {
    "size": ["float64", "Int8", "Float64"],
    "colour": ["str", "String", "Categorical"],
    "odd": ["boolean", "Boolean"],
}


def of_kinds(library: str) -> Any:
    frame = pd.DataFrame(KINDS)
    # Categories that are numbers exist in pandas alone.
    return frame if library == "pandas" else pl.DataFrame({name: KINDS[name] for name in ("size", "colour", "odd")})


@cache
def fitted_to_kinds(library: str) -> VAEClustering:
    return estimator().fit(of_kinds(library))


@pytest.mark.parametrize(
    ("column", "empty"),
    [(name, empty) for name in KINDS for empty in EMPTY if name != "code" or isinstance(empty, pd.Series)],
)
def test_new_rows_may_lack_a_column_altogether_whatever_its_type(column: str, empty: Any) -> None:
    """It comes back with its own type where that is for such values, else with that of the fit."""
    library = "pandas" if isinstance(empty, pd.Series) else "polars"
    X = of_kinds(library)
    new = X.assign(**{column: empty}) if library == "pandas" else X.with_columns(empty.alias(column))
    filled = fitted_to_kinds(library).impute(new)[column]
    # polars adds how a type is ordered to its name, in some versions.
    kept = str(empty.dtype).partition("(")[0] in KEPT.get(column, ())
    assert filled.dtype == (empty if kept else X[column]).dtype
    known = [value for value in X[column].to_list() if not is_missing(value)]
    assert all(value in known or (column == "size" and not is_missing(value)) for value in filled.to_list())


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_without_any_value_is_filled_in_either_library(library: str) -> None:
    other = {"pandas": "polars", "polars": "pandas"}[library]
    model = estimator().fit(of_kinds(other)[["size", "colour", "odd"]])
    make = pd.DataFrame if library == "pandas" else pl.DataFrame
    filled = model.impute(make({"size": NUMBERS[:2], "colour": [None, None], "odd": [None, None]}))
    assert set(filled["colour"].to_list()) <= set(TEXTS)
    assert set(filled["odd"].to_list()) <= {True, False}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_of_nothing_but_unseen_categories_is_warned_of(library: str) -> None:
    X = of_kinds(library)
    upper = [value and value.upper() for value in KINDS["colour"]]
    new = X.assign(colour=upper) if library == "pandas" else X.with_columns(pl.Series("colour", upper))
    message = (
        r"'colour' holds only values .* 'BLUE'; the fit knew 'blue', 'green', 'red'\. .* Write them as in the fit"
    )
    with pytest.warns(UnseenCategoriesWarning, match=message):
        labels = fitted_to_kinds(library).predict(new)
    assert len(labels) == ROWS


@pytest.mark.parametrize(
    ("new", "parts"),
    [
        (PANDAS_FRAME.assign(size="large"), ["'size'", "holds texts", "held numbers", "as in the fit"]),
        (PANDAS_FRAME.assign(colour=1.5), ["'colour'", "holds numbers", "held texts", "as in the fit"]),
        (PANDAS_FRAME.assign(colour=pd.Timestamp(0)), ["'colour'", "holds dates", "held texts"]),
        (PANDAS_FRAME.assign(colour=True), ["'colour'", "holds booleans (type bool)", "held texts"]),
        (PANDAS_FRAME.assign(colour=pd.Categorical([True] * ROWS)), ["'colour'", "holds booleans", "held texts"]),
        (PANDAS_FRAME.assign(colour=pd.Categorical([1] * ROWS)), ["'colour'", "holds categories", "held texts"]),
        (PANDAS_FRAME[["size"]], ["no column 'colour'", "it has 'size'", "in any order"]),
        (PANDAS_FRAME.assign(size=np.inf), ["'size'", "infinite", "Leave those rows out"]),
        (np.zeros((3, 2)), ["frame with columns of several kinds"]),
    ],
)
def test_new_rows_of_another_kind_are_refused_by_name(new: Any, parts: list[str]) -> None:
    model = estimator("su2018").fit(PANDAS_FRAME)
    with pytest.raises(DataError) as error:
        model.predict(new)
    assert all(part in str(error.value) for part in parts), error.value


def test_columns_are_found_by_name_and_others_are_ignored_with_a_warning() -> None:
    named = PANDAS_FRAME.assign(key=[f"K{n:04}" for n in range(ROWS)])
    with pytest.warns(IgnoredColumnsWarning, match=r"left out: 'key' \(another value in each row\).*columns="):
        model = estimator("su2018").fit(named)
    assert list(model.feature_names_in_) == list(PANDAS_FRAME.columns)
    expected = model.predict(PANDAS_FRAME)
    assert model.labels_.tolist() == expected.tolist()
    # Without a warning: in another order, with and without what the fit left out.
    assert model.predict(named[named.columns[::-1]]).tolist() == expected.tolist()
    with pytest.warns(IgnoredColumnsWarning, match="did not have are ignored: 'new'"):
        assert model.predict(PANDAS_FRAME.assign(new=1)).tolist() == expected.tolist()


def test_a_column_is_what_the_user_says() -> None:
    frame = PANDAS_FRAME.assign(key=np.arange(ROWS), zone=np.arange(ROWS) % 3)
    kinds = {"key": "leave-out", "zone": "category"}
    model = estimator("su2018").set_params(columns=kinds).fit(frame)
    assert set(model.sample(20)["zone"]) <= {0, 1, 2}
    assert "key" not in model.sample(2).columns
    again = opened(model)
    assert again.columns == kinds
    assert again.predict(frame).tolist() == model.labels_.tolist()
    with pytest.raises(SettingError, match=r"'zones'.*Did you mean 'zone'"):
        estimator("su2018").set_params(columns={"zones": "category"}).fit(frame)
    with pytest.raises(SettingError, match="for tables, but X is an array"):
        estimator("su2018").set_params(columns={"0": "category"}).fit(vectors())


def test_a_file_is_rows(tmp_path: Path) -> None:
    PANDAS_FRAME.to_csv(tmp_path / "t.csv", index=False)
    parquet.write_table(pa.Table.from_pandas(PANDAS_FRAME, preserve_index=False), tmp_path / "t.parquet")
    model = estimator("su2018").fit(tmp_path / "t.csv")
    labels = model.labels_.tolist()
    for rows in (str(tmp_path / "t.csv"), tmp_path / "t.parquet", pa.Table.from_pandas(PANDAS_FRAME)):
        assert model.predict(rows).tolist() == labels
    assert model.sample(3).column_names == list(PANDAS_FRAME.columns)
    with pytest.raises(FileError, match=r"none\.csv does not exist"):
        model.predict("none.csv")


def test_missing_numbers_are_refused_if_the_fit_had_none() -> None:
    model = estimator("su2018").fit(PANDAS_FRAME.fillna({"size": 0.0}))
    with pytest.raises(DataError, match=r"'size' holds missing values, but .*Fill them in"):
        model.predict(PANDAS_FRAME)


def test_missing_counts_are_refused_if_the_fit_had_none_though_other_numbers_were_missing() -> None:
    frame = PANDAS_FRAME.assign(visits=np.arange(len(PANDAS_FRAME)) % 4)
    model = estimator("su2018", columns={"visits": "count"}).fit(frame)
    with pytest.raises(DataError, match=r"'visits' holds missing values, but no column of the kind count did"):
        model.predict(frame.assign(visits=np.nan))


def test_rows_are_the_same_in_either_library_and_any_type() -> None:
    """What a value is counts, not how it is kept."""
    columns = {"size": gaps(NUMBERS), "colour": gaps(TEXTS), "odd": [value > 4 for value in NUMBERS]}
    frames = [
        pd.DataFrame(columns),
        pd.DataFrame(columns).astype({"size": "Float64", "colour": "category", "odd": "boolean"}),
        pd.DataFrame(columns, dtype=object),
        pl.DataFrame(columns),
        pl.DataFrame(columns).with_columns(pl.col("colour").cast(pl.Categorical)),
    ]
    first, *others = (estimator().fit(frame).predict_proba(frame) for frame in frames)
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_a_frame_of_complete_numbers_is_an_array() -> None:
    X = pd.DataFrame(vectors(), columns=list("abcd")).astype({"a": "Float64", "b": object})
    model = estimator().fit(X)
    assert model.fitted_.schema.frame is None
    assert model.feature_names_in_.tolist() == list("abcd")
    assert isinstance(model.sample(2), np.ndarray)
    np.testing.assert_array_equal(model.labels_, estimator().fit(vectors()).labels_)


def test_groups_are_found_where_a_fifth_of_the_values_is_missing() -> None:
    X, missing = vectors(1000), np.random.default_rng(0).random((1000, 4)) < 0.2
    frame = pd.DataFrame(np.where(missing, np.nan, X), columns=list("abcd"))
    method = TwoViews(epochs=60, batch_size=100, hidden=(32,))
    model = VAEClustering(CLUSTERS, method=method, random_state=0, device="cpu").fit(frame)
    # k-means on columns filled with their means reaches 0.89.
    assert adjusted_rand_score(np.arange(1000) % CLUSTERS, model.labels_) > 0.89
