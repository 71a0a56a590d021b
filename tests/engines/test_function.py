"""`predict_function`: whatever a batch is, and wherever it is called, it answers what the model answers."""

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from builders import estimator, frame, images, number_frame, quiet, vectors
from vaecluster import VAEClustering, predict_function
from vaecluster.data.frames import names_of
from vaecluster.engines import function as module
from vaecluster.errors import DataError, FileError, SettingError

pytestmark = quiet
ALL = ("cluster", "confidence", "second", "name", "outlier_score")
KEYS = [f"k{row}" for row in range(40)]
TEXTS = ["rain wind storm", "bread butter jam"] * 20
FITS: dict[str, Callable[[], Any]] = {
    "mixed": frame,
    "numbers": number_frame,
    "vectors": vectors,
    "images": images,
    "texts": lambda: pd.DataFrame({"text": TEXTS}),
}


@cache
def fitted(name: str) -> VAEClustering:
    model = estimator(n_clusters=2 if name == "texts" else 3).fit(FITS[name]())
    return model.name_clusters({0: "first"})


def with_keys(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(key=KEYS).set_index(pd.Index(range(100, 140)))


def in_columns(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    return {"key": np.array(KEYS, object)} | {name: rows[name].to_numpy() for name in rows}


TABLES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": with_keys,
    "polars": lambda rows: pl.from_pandas(with_keys(rows)),
    "pyarrow": lambda rows: pa.Table.from_pandas(with_keys(rows), preserve_index=False),
    "arrays": in_columns,
}
ARRAYS: dict[str, Callable[[np.ndarray], Any]] = {
    "arrays": lambda rows: {"key": np.array(KEYS, object), "rows": rows},
    "pyarrow": lambda rows: pa.table({"key": KEYS, "rows": pa.FixedShapeTensorArray.from_numpy_ndarray(rows)}),
}
CASES = [(fit, batch) for fit in ("mixed", "numbers", "texts") for batch in TABLES]
CASES += [(fit, batch) for fit in ("vectors", "images") for batch in ARRAYS]


def batch_of(fit: str, batch: str) -> Any:
    return (ARRAYS if fit in ("vectors", "images") else TABLES)[batch](FITS[fit]())


def columns(found: Any) -> dict[str, list[Any]]:
    names = list(found) if isinstance(found, dict) else names_of(found)
    return {name: list(np.asarray(found[name])) for name in names}


def without_rows(batch: Any) -> Any:
    return {name: values[:0] for name, values in batch.items()} if isinstance(batch, dict) else batch[:0]


@pytest.mark.parametrize(("fit", "batch"), CASES)
def test_a_batch_is_answered_as_the_model_answers_for_its_rows(fit, batch):
    model, given = fitted(fit), batch_of(fit, batch)
    sent = pickle.loads(pickle.dumps(predict_function(model, ALL)))
    found = sent(given)
    assert type(found) is type(given)
    expected = model.assigned(FITS[fit](), outlier_scores=True)
    assert columns(found) == {
        "key": KEYS,
        "cluster": expected.labels.tolist(),
        "confidence": expected.confidence.tolist(),
        "second": expected.second.tolist(),
        "name": [model.cluster_names_.get(cluster, "") for cluster in expected.labels.tolist()],
        "outlier_score": expected.outlier_score.tolist(),
    }
    empty = sent(without_rows(given))
    assert columns(empty) == {name: [] for name in ("key", *ALL)}
    if isinstance(found, pd.DataFrame):
        assert found.index.equals(given.index)
        assert (found.dtypes == empty.dtypes).all()


def test_a_function_is_small_and_opens_its_model_once(tmp_path, monkeypatch):
    model = fitted("mixed")
    model.save(tmp_path / "model.vaecluster")
    of_path = predict_function(tmp_path)
    assert len(pickle.dumps(of_path)) < 1000
    assert len(pickle.dumps(predict_function(model))) < 20_000
    monkeypatch.setattr(module, "_OPENED", {})
    loads: list[Any] = []
    load = VAEClustering.load
    monkeypatch.setattr(VAEClustering, "load", lambda *given, **named: loads.append(given) or load(*given, **named))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: pickle.loads(pickle.dumps(of_path))(frame()), range(8)))
    assert len(loads) == 1


def test_spark_gets_a_function_of_columns_without_names():
    model, rows = fitted("mixed"), frame()
    made = predict_function(model).for_spark("colour", "height", "width")()
    found = made(*(rows[name].to_numpy() for name in ("colour", "height", "width")))
    assert {name: values.tolist() for name, values in found.items()} == {
        "cluster": model.predict(rows).tolist(),
        "confidence": model.assign(rows)[1].tolist(),
    }


def test_doubt_is_as_it_is_asked_for():
    sure = predict_function(fitted("mixed"), min_confidence=0.9999)
    expected = fitted("mixed").predict(frame(), min_confidence=0.9999)
    assert -1 in expected
    assert sure(frame())["cluster"].tolist() == expected.tolist()


WRONG: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "unknown answers": (
        lambda place: predict_function(fitted("mixed"), ("colour",)),
        SettingError,
        "expected some of",
    ),
    "a confidence that is none": (
        lambda place: predict_function(fitted("mixed"), min_confidence=2.0),
        SettingError,
        "min_confidence is 2.0",
    ),
    "no file": (lambda place: predict_function(place / "none"), FileError, "Give a model"),
    "a missing column": (
        lambda place: predict_function(fitted("mixed"))(frame().drop(columns="width")),
        DataError,
        "'width'",
    ),
    "no column of the fit": (
        lambda place: predict_function(fitted("mixed"))({"key": np.arange(3)}),
        DataError,
        "no column of the fit, such as 'height'",
    ),
    "a column that an answer is called": (
        lambda place: predict_function(fitted("mixed"))(frame().assign(cluster=1)),
        DataError,
        "Rename it",
    ),
    "no column of arrays": (
        lambda place: predict_function(fitted("images"))({"key": np.arange(3)}),
        DataError,
        "expected one of (rows, 8, 8)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused(name, tmp_path):
    call, error, message = WRONG[name]
    with pytest.raises(error) as caught:
        call(tmp_path)
    assert message in str(caught.value)


def test_a_file_that_is_another_by_now_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_OPENED", {})
    fitted("mixed").save(tmp_path / "model")
    function = predict_function(tmp_path / "model")
    estimator(random_state=1).fit(frame()).save(tmp_path / "model")
    with pytest.raises(FileError, match="has changed"):
        function(frame())
