"""Tables for which there is little memory are learned as those in memory are."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet
from sklearn.base import BaseEstimator

from builders import tiny
from vaecluster import VAEClustering
from vaecluster.data import spilled
from vaecluster.data import stored as stored_module
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.frames import FrameSource
from vaecluster.data.given import given_rows
from vaecluster.data.raw import Coded
from vaecluster.data.room import FileArray
from vaecluster.data.spilled import SpilledSource
from vaecluster.errors import DataError, IgnoredColumnsWarning

ROWS, LEAST = 3000, 200


def customers() -> pa.Table:
    random, group = np.random.default_rng(0), np.arange(ROWS) % 3
    return pa.table(
        {
            "number": np.arange(ROWS) + 7,
            "age": 30.0 + 20 * group + random.normal(size=ROWS),
            # The only gaps, and the only row of a category.
            "income": [None if n in (2801, 2803) else 10.0 + n % 7 for n in range(ROWS)],
            "city": ["Oslo" if n == 2777 else ("Ulm", "Kiel", "Bonn")[n % 3] for n in range(ROWS)],
            "member": [n % 2 == 0 for n in range(ROWS)],
            "day": (np.datetime64("2024-01-01") + np.arange(ROWS) % 90).astype("datetime64[D]"),
        }
    )


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spilled, "LEAST_SAMPLED", LEAST)
    monkeypatch.setattr(stored_module, "READ_BYTES", 4000)
    warnings.simplefilter("ignore", IgnoredColumnsWarning)


def named(column: Coded) -> list[Any]:
    return [(*column.values, None)[code] for code in column.codes]


def within(memory: int | None) -> BaseEstimator:
    estimator = BaseEstimator()
    estimator.memory = memory
    return estimator


def both(path: Path) -> tuple[Any, Any]:
    """The source in memory, and the one in a file."""
    return given_rows(within(None), path).source, given_rows(within(20_000), path).source


@pytest.fixture(params=["t.parquet", "t.csv"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    place = tmp_path / request.param
    if request.param == "t.csv":
        csv.write_csv(customers(), place)
    else:
        parquet.write_table(customers(), place, row_group_size=500)
    return place


def test_rows_are_those_of_the_table(path: Path) -> None:
    whole, stored = both(path)
    assert isinstance(whole, FrameSource)
    assert isinstance(stored, SpilledSource)
    assert len(stored) == ROWS
    assert len(stored.numbers) < 2 * LEAST + 20
    for numbers in (slice(0, 10), slice(2770, 2810), np.array([5, 2803, 2777, 5])):
        expected, found = whole.read(numbers), stored.read(numbers)
        assert list(found) == list(expected)
        for name, values in expected.items():
            if isinstance(values, Coded):
                assert named(found[name]) == named(values)
            else:
                np.testing.assert_array_equal(found[name], values)


def test_columns_are_what_they_are_in_all_rows(path: Path) -> None:
    whole, stored = both(path)
    expected, found = (source.schema(Reading("gaussian", "columns")) for source in (whole, stored))
    # One that numbers the rows is seen to do so also in a sample.
    assert expected.frame.left_out == found.frame.left_out == {"number": "identifier"}
    assert expected.frame.held == found.frame.held
    assert [type(block) for block in found.blocks] == [type(block) for block in expected.blocks]
    # Gaps and categories of single rows are known; scales are those of a sample.
    assert found.embedded_shape == expected.embedded_shape
    for one, other in zip(expected.blocks, found.blocks, strict=True):
        assert getattr(one, "values", None) == getattr(other, "values", None)
        if hasattr(one, "scale"):
            np.testing.assert_allclose(other.scale, one.scale, rtol=0.2)


def test_columns_are_given_whole_and_tell_the_same_content(path: Path) -> None:
    whole, stored = both(path)
    expected = {name: (values, type_) for name, values, type_ in whole.by_column()}
    for name, values, type_ in stored.by_column():
        assert type_ == expected[name][1]
        if not isinstance(values, Coded):
            np.testing.assert_array_equal(values, expected[name][0])
    again = both(path)[1]
    assert stored.fingerprint() == again.fingerprint()
    assert stored.fingerprint()["rows"] == ROWS
    with pytest.raises(DataError, match="do not fit into memory"):
        stored.filled(None, None)


@pytest.mark.parametrize("path", ["t.parquet"], indirect=True)
def test_a_fit_and_its_answers_need_no_whole_table(path: Path) -> None:
    given: dict[str, Any] = {"method": tiny("two-views", batch_size=500, epochs=1), "random_state": 0}
    weights = 1.0 + np.arange(ROWS) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = VAEClustering(3, memory="20kB", **given).fit(path, sample_weight=weights)
        assert model.predict(path).tolist() == model.labels_.tolist()
        assert {one.column for some in model.profile(path) for one in some} <= {
            "age",
            "income",
            "city",
            "member",
            "day",
        }
        model.partial_fit(path)
    assert len(model.labels_) == ROWS


def test_vectors_are_kept_in_a_file_too(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(500, 4))
    parquet.write_table(pa.table({"v": list(rows)}), tmp_path / "v.parquet")
    source = given_rows(within(10_000), tmp_path / "v.parquet").source
    assert isinstance(source.array, FileArray)
    np.testing.assert_array_equal(source.read(np.array([400, 3])), rows[[400, 3]])
    assert source.fingerprint()["shape"] == [500, 4]
    assert [values.shape for _, values, _ in source.by_column()] == [(500,)] * 4


def test_a_table_that_fits_is_read_whole(path: Path) -> None:
    assert isinstance(given_rows(within(10**8), path).source, FrameSource)


def test_numbers_beyond_all_are_refused_wherever_they_are(tmp_path: Path) -> None:
    values = np.arange(ROWS) % 11 / 7
    values[2900] = np.inf
    parquet.write_table(pa.table({"a": values, "b": values[::-1]}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"Column '[ab]' holds infinite values"):
        given_rows(within(20_000), tmp_path / "t.parquet")


# Each is seen only in the last row, which no sample need hold, or goes in turns.
LATE: dict[str, tuple[Any, dict[str, str]]] = {
    "a second value": ([*[1.5] * (ROWS - 1), 2.5], {}),
    "a first value": ([*[None] * (ROWS - 1), 2.5], {}),
    "a second boolean": (np.arange(ROWS) == ROWS - 1, {}),
    "a second duration": ((np.arange(ROWS) == ROWS - 1).astype("timedelta64[s]"), {}),
    "a negative amount": (np.append(np.exp(2 * np.random.default_rng(0).normal(size=ROWS - 1)), -1.0), {}),
    "a negative count": (np.append(np.random.default_rng(0).poisson(0.5, ROWS - 1), -1), {}),
    "a fraction": (np.append(np.random.default_rng(0).poisson(0.5, ROWS - 1), 0.5), {}),
    "a step of an order": (np.append(np.arange(ROWS - 1) % 4, 5), {"late": "ordinal"}),
    "a category among gaps": (np.append(np.where(np.arange(ROWS - 1) % 3, np.nan, 1.0), 5.0), {"late": "category"}),
    "nothing as a category": (
        pa.DictionaryArray.from_arrays(np.append(np.arange(ROWS - 1) % 2, 2), pa.array(["a", "b", None])),
        {},
    ),
    "numbers beyond those with signs": (np.append(np.full(ROWS - 1, 2**63, np.uint64), np.uint64(7)), {}),
}


@pytest.mark.parametrize("name", LATE)
def test_what_is_seen_late_counts_as_it_does_in_memory(name: str, tmp_path: Path) -> None:
    values, kinds = LATE[name]
    table = pa.table({"a": np.random.default_rng(1).normal(size=ROWS), "late": values})
    feather.write_feather(table, str(tmp_path / "t.feather"), chunksize=500)
    estimators = within(None), within(20_000)
    for one in estimators:
        one.columns = kinds
    whole, stored = (given_rows(one, tmp_path / "t.feather").source for one in estimators)
    assert isinstance(stored, SpilledSource)
    expected, found = whole.read(slice(None)), stored.read(slice(None))
    assert list(found) == list(expected)
    for column, one in expected.items():
        if isinstance(one, Coded):
            assert named(found[column]) == named(one)
        else:
            np.testing.assert_allclose(found[column], one)
    schemas = [source.schema(Reading("gaussian", "columns")) for source in (whole, stored)]
    assert [type(block) for block in schemas[1].blocks] == [type(block) for block in schemas[0].blocks]
    # Later on, rows are read as those of the fit.
    again = given_rows(estimators[1], tmp_path / "t.feather", schemas[1]).source
    assert again.fingerprint() == stored.fingerprint()


def test_texts_and_categories_of_polars_are_seen_late_too(tmp_path: Path) -> None:
    texts = ["late" if row == ROWS - 1 else "ab"[row % 2] for row in range(ROWS)]
    frame = pl.DataFrame({"text": texts, "kind": pl.Series(texts, dtype=pl.Categorical)})
    # As texts are kept in its own memory.
    frame.write_ipc(tmp_path / "t.feather")
    whole, stored = (source.read(slice(None)) for source in both(tmp_path / "t.feather"))
    for name in ("text", "kind"):
        assert named(stored[name]) == named(whole[name]) == texts


def test_a_sample_has_rows_enough_beside_many_different_texts(tmp_path: Path) -> None:
    texts = {f"text {n}": [f"{n} {row}" for row in range(ROWS)] for n in range(3)}
    parquet.write_table(pa.table({"age": np.random.default_rng(0).normal(size=ROWS)} | texts), tmp_path / "t.parquet")
    source = given_rows(within(20_000), tmp_path / "t.parquet").source
    assert list(source.columns) == ["age"]
    # The last of those that show nothing new.
    assert LEAST / 2 < (source.numbers > ROWS / 2).sum() * 2 < 2 * LEAST


def test_texts_are_read_again_as_in_the_fit(tmp_path: Path) -> None:
    words = np.array(["dogs and cats", "ships at sea", "trees in a wood"])
    sentences = [f"number {row} says a lot about {words[row % 3]}" for row in range(400)]
    parquet.write_table(pa.table({"text": sentences}), tmp_path / "t.parquet")
    source = given_rows(within(5_000), tmp_path / "t.parquet").source
    again = given_rows(within(5_000), tmp_path / "t.parquet", source.schema(Reading("gaussian", "columns"))).source
    assert again.fingerprint() == source.fingerprint()
