"""Wide tables that are mostly 0 are the same rows in memory and in files, whatever wrote them."""

import gzip
import warnings
from collections.abc import Callable
from copy import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather

from builders import estimator, quiet
from h5ad_files import counts_of_groups
from vaecluster import VAEClustering
from vaecluster.data.blocks import Expression, Numbers, Sparse
from vaecluster.data.frames import FrameSource
from vaecluster.data.given import given_rows
from vaecluster.data.raw import RowNames
from vaecluster.errors import DataError, IgnoredColumnsWarning, SettingError

pytestmark = quiet
RANDOM = np.random.default_rng(0)
COUNTS = np.hstack([np.tile(counts_of_groups()[0], (1, 6)), np.zeros((120, 700), np.int64)])
ROWS = len(COUNTS)
OWN = np.arange(300) % 12 == (np.arange(ROWS) % 3)[:, None]
WEIGHTS = np.where(OWN & (RANDOM.random(OWN.shape) < 0.5), RANDOM.uniform(0.5, 1, OWN.shape), 0)
LENGTHS = RANDOM.normal(size=(ROWS, 300))
EMBEDDINGS = LENGTHS / np.linalg.norm(LENGTHS, axis=1, keepdims=True)
CODES = np.eye(ROWS)[:, np.arange(300) % ROWS]
QUICK = {"epochs": 2, "batch_size": 120, "hidden": (16,), "latent": 2, "heads": 1, "components": 4}


def table(values: Any, **others: Any) -> pd.DataFrame:
    columns = pd.DataFrame(values, columns=[f"c{number}" for number in range(values.shape[1])])
    return pd.concat([pd.DataFrame(others, index=range(ROWS)), columns], axis=1)


NAMES = [f"row-{number}" for number in range(ROWS)]
GENES, TOPICS = table(COUNTS, cell=NAMES), table(WEIGHTS, text=NAMES)
# What each table is read as, and the column that names its rows.
SEEN: dict[str, tuple[pd.DataFrame, type, str | None]] = {
    "counts": (table(COUNTS), Expression, None),
    "counts with the names of cells": (GENES, Expression, "cell"),
    "counts with numbers of rows": (table(COUNTS, index=range(ROWS)), Expression, "index"),
    "weights": (table(WEIGHTS), Sparse, None),
    "weights with the names of texts": (TOPICS, Sparse, "text"),
    "weights with numbers of rows": (table(WEIGHTS, index=range(1, ROWS + 1)), Sparse, "index"),
    "embeddings": (table(EMBEDDINGS), Numbers, None),
    "categories beside measures": (table(CODES, age=RANDOM.normal(40, 9, ROWS)), Numbers, None),
    "weights beside categories": (table(WEIGHTS, kind=["a", "b"] * (ROWS // 2)), Numbers, None),
}


def packed(frame: pd.DataFrame, path: Path) -> None:
    with gzip.open(path, "wt") as file:
        frame.to_csv(file, index=False)


WRITTEN: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "t.csv": lambda frame, path: frame.to_csv(path, index=False),
    "t.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "t.csv.gz": packed,
    "t.parquet": lambda frame, path: frame.to_parquet(path, row_group_size=50),
    "t.feather": lambda frame, path: feather.write_feather(frame, path),
}


# Files of the other tables are of two of these kinds.
EVERYWHERE = ("counts with the names of cells", "weights with numbers of rows")


def fit(X: Any, **parameters: Any) -> VAEClustering:
    with warnings.catch_warnings():
        # What is taken for counts, and columns that are always 0, are told of.
        warnings.simplefilter("ignore")
        return estimator(**QUICK, **parameters).fit(X)


def seen(X: Any, **parameters: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return given_rows(estimator(**QUICK, **parameters), X).source


def block_of(source: Any) -> Any:
    from vaecluster.data.blocks.reading import Reading

    return source.schema(Reading("gaussian", "auto")).blocks[0]


@pytest.mark.parametrize("name", SEEN)
def test_a_table_is_seen_alike_in_memory_and_in_files(name: str, tmp_path: Path) -> None:
    frame, kind, called = SEEN[name]
    given: dict[str, Any] = {"pandas": frame, "polars": pl.from_pandas(frame), "pyarrow": pa.Table.from_pandas(frame)}
    for file in WRITTEN if name in EVERYWHERE else ("t.csv", "t.parquet"):
        WRITTEN[file](frame, tmp_path / file)
        given[file] = tmp_path / file
    prints = set()
    for what, X in given.items():
        # Of those that memory has room for.
        source = seen(X, memory="1GB" if what == "t.csv" else None)
        assert isinstance(block_of(source), kind)
        if kind is Numbers:
            continue
        prints.add(source.fingerprint()["sha256"])
        names = source.row_names
        assert (None if names is None else names.called) == called
        assert called is None or list(names.names) == frame[called].tolist()
    assert len(prints) == (0 if kind is Numbers else 1)


def test_embeddings_in_files_keep_one_unit(tmp_path: Path) -> None:
    table(EMBEDDINGS).to_parquet(tmp_path / "t.parquet")
    assert block_of(seen(tmp_path / "t.parquet")).scaled == "all by one spread"


@pytest.fixture(scope="module", params=[GENES, TOPICS], ids=["counts", "weights"])
def fitted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, pd.DataFrame, Path]:
    """A model of a file, its rows, and a folder with it."""
    folder = tmp_path_factory.mktemp("wide")
    for file in ("t.csv", "t.parquet"):
        WRITTEN[file](request.param, folder / file)
    return fit(folder / "t.csv"), request.param, folder


def test_new_rows_are_found_by_their_names_in_whatever_they_come(fitted: Any, tmp_path: Path) -> None:
    model, frame, folder = fitted
    called, names = frame.columns[0], list(frame.columns[1:])
    shuffled, bare = frame[[*names[::-1], called]], frame[names]
    shuffled.to_parquet(tmp_path / "shuffled.parquet")
    bare.to_csv(tmp_path / "bare.csv", index=False)
    for X in (frame, shuffled, bare, pl.from_pandas(shuffled), folder / "t.csv", *tmp_path.iterdir()):
        np.testing.assert_array_equal(model.predict(X), model.labels_)
        np.testing.assert_allclose(model.transform(X), model.transform(frame), atol=1e-5)
    for X in (frame, tmp_path / "shuffled.parquet"):
        assert model.assigned(X).row_names == RowNames(called, NAMES)
    assert model.assigned(bare).row_names is None
    pd.testing.assert_frame_equal(model.impute(frame), frame)
    assert model.sample(2).shape == (2, len(names))
    assert model.feature_names_in_.tolist() == names


def test_tables_that_memory_has_no_room_for_are_read_column_by_column(fitted: Any) -> None:
    _, _, folder = fitted
    assert not isinstance(block_of(seen(folder / "t.parquet", memory="1KB")), Expression | Sparse)


def test_new_rows_that_memory_has_no_room_for_are_the_same(fitted: Any) -> None:
    model, frame, folder = fitted
    tight = copy(model).set_params(memory="1KB")
    np.testing.assert_array_equal(tight.predict(folder / "t.parquet"), model.labels_)
    assert tight.assigned(folder / "t.parquet").row_names == RowNames(frame.columns[0], NAMES)


def test_new_rows_with_other_columns_are_told_of_or_refused(fitted: Any) -> None:
    model, frame, _ = fitted
    with pytest.warns(IgnoredColumnsWarning, match=r"did not have are ignored.*'donor'"):
        np.testing.assert_array_equal(model.predict(frame.assign(donor="a")), model.labels_)
    for wrong, words in (
        (frame.drop(columns="c3"), "no column 'c3'"),
        (frame.assign(c3="many"), r"Column 'c3' holds no numbers"),
        (frame.assign(c3=np.nan), r"NaN.*'c3'"),
        (frame.assign(c3=pd.array([pd.NA] * ROWS, "Float64")), r"NaN.*'c3'"),
        (frame.assign(c3="many", c4="many"), r"Columns 'c3', 'c4' hold no numbers"),
        (frame[:0], "0 sample"),
    ):
        with pytest.raises(DataError, match=words):
            model.predict(wrong)


def test_columns_that_a_user_leaves_out_are_not_learned_from() -> None:
    kinds = ["a", "b"] * (ROWS // 2)
    for frame in (GENES, TOPICS):
        labelled = frame.assign(kind=kinds)
        model = fit(labelled, columns={"kind": "leave-out"})
        assert isinstance(model.fitted_.schema.blocks[0], Expression | Sparse)
        assert model.row_names_.tolist() == NAMES
        assert model.assigned(labelled).row_names == RowNames(frame.columns[0], NAMES)


def test_weights_are_columns_where_a_user_says_how_they_are_scaled() -> None:
    model = fit(table(WEIGHTS), scaling="columns")
    assert isinstance(model.fitted_.schema.blocks[0], Numbers)


def test_columns_of_weights_say_what_sets_a_cluster_apart() -> None:
    model = estimator(**QUICK | {"epochs": 20}).fit(TOPICS)
    assert any(one.column in TOPICS.columns for some in model.fitted_.profile for one in some)


def test_an_extra_column_names_rows_only_if_it_is_texts_or_called_so(fitted: Any) -> None:
    model, frame, _ = fitted
    bare = frame[list(model.feature_names_in_)]
    for called, values in (("donor", NAMES), ("cell_id", range(ROWS)), ("", range(5, 5 + ROWS))):
        for some in (slice(None), slice(5)):
            names = model.assigned(bare.assign(**{called: values})[some]).row_names
            assert names == RowNames(called, list(values)[some])
    for values in (range(ROWS), RANDOM.normal(size=ROWS), pd.date_range("2024", periods=ROWS), [["a"]] * ROWS):
        with pytest.warns(IgnoredColumnsWarning, match="'other'"):
            assert model.assigned(bare.assign(other=values)).row_names is None


def test_numbers_of_new_rows_may_be_of_any_type(fitted: Any) -> None:
    model, frame, _ = fitted
    for made in (
        frame.assign(c3=frame.c3.map(lambda value: Decimal(str(value)))),
        frame.assign(c3=frame.c3.astype("Float64")),
        frame.assign(c3=frame.c3.astype(object)),
        frame.assign(c3=pd.array(frame.c3, pd.ArrowDtype(pa.float64()))),
        pa.Table.from_pandas(frame.assign(c3=frame.c3.map(lambda value: Decimal(str(value))))),
    ):
        np.testing.assert_array_equal(model.predict(made), model.labels_)
    there = frame.assign(c3=frame.c3 > 0)
    np.testing.assert_array_equal(model.predict(there), model.predict(there.astype({"c3": int})))


def test_a_model_of_an_array_takes_tables_of_as_many_columns() -> None:
    model = fit((WEIGHTS > 0).astype(int))
    for made in (pd.DataFrame(WEIGHTS > 0), table(WEIGHTS > 0), pl.from_pandas(table(WEIGHTS > 0))):
        np.testing.assert_array_equal(model.predict(made), model.labels_)
    for wrong, words in ((pd.DataFrame({"a": ["x"]}), "holds no numbers"), (table(WEIGHTS[:, 1:]), "299 columns")):
        with pytest.raises(DataError, match=words):
            model.predict(wrong)


@pytest.mark.parametrize("values", [WEIGHTS, COUNTS], ids=["weights", "counts"])
def test_names_that_are_numbers_are_none(values: Any) -> None:
    bare = pd.DataFrame(values)
    model = fit(bare)
    assert isinstance(model.fitted_.schema.blocks[0], Expression | Sparse)
    assert not hasattr(model, "feature_names_in_")
    for same in (bare, values, bare.set_axis(pd.MultiIndex.from_product([["a"], bare.columns]), axis=1)):
        np.testing.assert_array_equal(model.predict(same), model.labels_)


MORE: dict[str, Any] = {
    "dates": pd.date_range("2024-01-01", periods=ROWS),
    "durations": pd.to_timedelta(range(ROWS), unit="h"),
    "dates as texts": [f"{day % 28 + 1}/{day % 12 + 1}/{1900 + day}" for day in range(ROWS)],
    "sentences": [f"this is the text of row {number}" for number in range(ROWS)],
    "booleans": [True, False] * (ROWS // 2),
    "gaps": [None, *NAMES[1:]],
}


@pytest.mark.parametrize("name", MORE)
def test_a_table_with_a_column_that_says_something_is_read_column_by_column(name: str) -> None:
    assert isinstance(seen(table(WEIGHTS, more=MORE[name])), FrameSource)


def test_columns_of_a_fit_that_cannot_be_read_are_refused_as_those_of_other_tables_are() -> None:
    lists: Any = pd.Series([["a"]] * ROWS)
    with pytest.raises(DataError, match="Column 'tags' holds vectors or records in its cells"):
        fit(table(WEIGHTS, tags=lists))
    with pytest.raises(SettingError, match="Did you mean 'batch'"):
        fit(table(WEIGHTS, batch="a"), columns={"btach": "leave-out"})
    with pytest.raises(DataError, match="exact numbers"):
        fit(table(WEIGHTS, price=[Decimal(number) for number in range(ROWS)]).pipe(pa.Table.from_pandas))


def test_numbers_below_0_name_rows_too() -> None:
    assert seen(table(WEIGHTS, index=range(-60, 60))).row_names.called == "index"


def test_what_a_table_is_does_not_depend_on_the_order_of_its_rows() -> None:
    full = np.vstack([np.ones((6, 300)), WEIGHTS])[:ROWS]
    for rows in (full, full[::-1]):
        assert isinstance(block_of(seen(table(rows))), Sparse)
