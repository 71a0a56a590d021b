import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from builders import estimator, quiet
from vaecluster import VAEClustering
from vaecluster.data.blocks import Words
from vaecluster.data.texts import TextSource
from vaecluster.errors import DataError, EmptyClustersWarning, IgnoredColumnsWarning, UnseenCategoriesWarning
from vaecluster.files import record

TOPICS = np.array(
    [["wheat", "corn", "grain", "farm"], ["oil", "barrel", "opec", "crude"], ["bank", "loan", "bond", "rate"]]
)
RANDOM = np.random.default_rng(0)
TEXTS = [f"the {' and the '.join(RANDOM.choice(TOPICS[number % 3], 3))} number{number}" for number in range(60)]


@pytest.fixture(scope="module")
def model() -> VAEClustering:
    with warnings.catch_warnings():
        # Of clusters that were empty on the way; whichever test comes first would hear it.
        warnings.simplefilter("ignore", EmptyClustersWarning)
        return estimator(epochs=40).fit(TEXTS)


@cache
def soon() -> VAEClustering:
    return estimator(epochs=3).fit(TEXTS)


def test_the_weights_are_those_of_scikit_learn() -> None:
    source = TextSource.of_fit(TEXTS, "")
    words = source.block.words
    assert sorted(words) == sorted(TOPICS.ravel())
    expected = TfidfVectorizer(vocabulary=list(words), sublinear_tf=True).fit_transform(TEXTS).toarray()
    assert source.read(slice(None)) == pytest.approx(expected, abs=1e-6)
    assert source.read(np.array([3, 1])) == pytest.approx(expected[[3, 1]], abs=1e-6)


@quiet
@pytest.mark.filterwarnings("ignore::vaecluster.errors.IgnoredColumnsWarning")
@pytest.mark.parametrize(
    "given",
    [
        tuple(TEXTS),
        np.array(TEXTS),
        pd.DataFrame({"text": TEXTS}),
        pa.table({"nr": list(range(60)), "text": TEXTS}),
        pd.Series(TEXTS, index=range(100, 160), dtype="string"),
        pl.Series(TEXTS),
        pa.chunked_array([TEXTS[:7], TEXTS[7:]]),
    ],
    ids=["tuple", "array", "pandas", "pyarrow", "a column of pandas", "a column of polars", "a column of pyarrow"],
)
def test_texts_alone_are_rows_however_they_are_given(given: Any) -> None:
    found = estimator(epochs=3).fit(given)
    assert found.transform(TEXTS).tolist() == soon().transform(TEXTS).tolist()
    assert found.labels_.tolist() == soon().labels_.tolist() == found.predict(given).tolist()
    assert (found.predict(TEXTS[:7]) == found.labels_[:7]).all()


def test_missing_texts_are_empty_wherever_they_are(model: VAEClustering) -> None:
    for missing in (None, float("nan"), pd.NA):
        with_gaps = [missing, *TEXTS[1:9], missing]
        assert (model.predict_proba(with_gaps) == model.predict_proba(["", *TEXTS[1:9], ""])).all()


FRAMES: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "a single column": lambda columns: pd.DataFrame({"review": columns["text"]}),
    "columns without names": lambda columns: pd.DataFrame(columns).set_axis([0, 1], axis=1),
}


@quiet
@pytest.mark.filterwarnings("ignore::vaecluster.errors.IgnoredColumnsWarning")
@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_frames_of_texts_come_back_as_frames(make: Callable[[dict[str, list[Any]]], Any]) -> None:
    numbers = list(range(60))
    found = estimator(epochs=1).fit(make({"nr": numbers, "text": TEXTS}))
    some, wanted = make({"nr": numbers, "text": [None, *TEXTS[1:]]}), make({"nr": numbers, "text": ["", *TEXTS[1:]]})
    for filled in (found.impute(some), found.imputed(some).rows):
        assert type(filled) is type(some)
        assert nw.from_native(filled).to_dict(as_series=False) == nw.from_native(wanted).to_dict(as_series=False)


@pytest.mark.parametrize("texts", [[""], ["", "   "], ["我喜欢这个产品", "😀"], ["nothing known"]])
def test_texts_without_any_known_word_bring_a_warning(texts: list[str], model: VAEClustering) -> None:
    with pytest.warns(UnseenCategoriesWarning, match="No text holds any word that the fit knew"):
        assert len(model.predict(texts)) == len(texts)
    # As for categories: others say something.
    assert len(model.predict([*texts, TEXTS[0]])) == len(texts) + 1


@quiet
def test_a_model_of_texts_is_saved_samples_weights_and_names_words(model: VAEClustering, tmp_path: Path) -> None:
    model.save(tmp_path / "model.vaecluster")
    again = VAEClustering.load(tmp_path / "model.vaecluster")
    assert again.predict(TEXTS).tolist() == model.labels_.tolist()
    assert again.sample(2).shape == (2, 12)
    assert {one.word for some in model.words(TEXTS) for one in some} <= set(TOPICS.ravel())
    with pytest.warns(UnseenCategoriesWarning):
        assert model.transform(["", "nothing of this"]).shape == (2, 2)


@quiet
def test_a_column_of_texts_is_found_by_its_name() -> None:
    table = pd.DataFrame({"nr": range(60), "text": TEXTS})
    with pytest.warns(IgnoredColumnsWarning, match="'nr'"):
        model = estimator().fit(table)
    assert model.predict(table[["text"]]).tolist() == model.labels_.tolist()
    assert model.predict(table.assign(more=1)).tolist() == model.labels_.tolist()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (np.zeros((3, 12)), "expected texts"),
        ([1.0], "expected texts"),
        (["a", 3], "holds 3 for row 1"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), "no column ''"),
    ],
    ids=str,
)
def test_what_are_no_texts_is_refused(rows: Any, says: str, model: VAEClustering) -> None:
    with pytest.raises(DataError, match=says):
        model.predict(rows)


def test_texts_without_a_common_word_are_refused() -> None:
    with pytest.raises(DataError, match="No word is in two"):
        estimator().fit(["eins", "zwei"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"words": ("a", "a")},
        {"words": ()},
        {"rarity": np.zeros(2)},
        {"topics": np.ones((3, 1))},
        {"scale": np.zeros(1)},
    ],
)
def test_a_block_that_no_texts_have_is_refused(wrong: dict[str, Any]) -> None:
    block = Words(np.ones((2, 1)), np.zeros(1), np.ones(1), ("a", "b"), np.ones(2))
    record.typed(Words, record.plain(block)).check()
    with pytest.raises(ValueError, match=r"words|scale"):
        Words(**vars(block) | wrong).check()


@quiet
def test_components_of_texts_are_merged_by_their_codes_too(model: VAEClustering) -> None:
    assert model.method_.merges_by_code(model.fitted_.schema)
