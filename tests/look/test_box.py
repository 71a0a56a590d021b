"""What a notebook shows of a model."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn

from builders import colour_images, estimator, frame, images, quiet, splits, vectors
from vaecluster import VAEClustering

pytestmark = quiet
HOSTILE = "<script>alert('1')</script>\"'&{x}<img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """The tags of a page, their attributes, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


def hostile_frame() -> pd.DataFrame:
    made = frame().replace({"colour": {"red": HOSTILE}})
    return made.rename(columns={"height": HOSTILE})


KINDS: dict[str, Any] = {
    "images": images(),
    "colour images": colour_images(),
    "noise": np.random.default_rng(0).random((40, 64, 64, 3)),
    "table": hostile_frame(),
    "embeddings": vectors(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_box_is_small_loads_nothing_and_keeps_names_as_text(kind: str) -> None:
    model = estimator().fit(KINDS[kind])
    model.name_clusters({0: HOSTILE})
    text = model._repr_html_()
    page = Page(text)
    assert len(text.encode()) < 100_000
    assert set(page.tags) <= {"div", "p", "b", "br", "table", "tr", "th", "td", "img", "details", "summary", "pre"}
    assert {name for name, _ in page.attributes} <= {"style", "scope", "src", "alt"}
    assert all(value and value.startswith("data:image/png;") for name, value in page.attributes if name == "src")
    assert not re.search(r"url\(|https?:|//", re.sub(r'src="[^"]*"', "", text))
    assert page.words.count("<script>alert(") >= 1
    for size in model.cluster_sizes_.tolist():
        assert f"{size:,}" in page.words


def test_pictures_are_generated_rows_and_tables_have_what_sets_clusters_apart() -> None:
    assert Page(estimator().fit(images())._repr_html_()).tags.count("img") == 3
    model = estimator().fit(frame())
    page = Page(model._repr_html_())
    assert "img" not in page.tags
    assert all(some[0].words in page.words for some in model.fitted_.profile or [] if some)


def test_a_hundred_clusters_of_noise_are_shown_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    model = estimator("su2018", 100).fit(random.random((120, 32, 32, 3)))
    monkeypatch.setattr(type(model), "sample", lambda self, number, **_: random.random((number, 32, 32, 3)))
    text = model._repr_html_()
    assert len(text.encode()) < 100_000
    assert "and 88 smaller ones" in text
    assert Page(text).tags.count("tr") == 12


def test_a_box_changes_neither_the_model_nor_its_random_state() -> None:
    state = np.random.RandomState(0)
    model = estimator(random_state=state).fit(images())
    before, shown = state.get_state()[1].tolist(), model._repr_html_()
    assert state.get_state()[1].tolist() == before
    assert model._repr_html_() == shown


@splits
def test_a_cut_without_rows_has_a_box_without_sizes() -> None:
    page = Page(estimator().fit(frame()).cut(2)._repr_html_())
    assert page.tags.count("tr") == 2
    assert "rows" not in page.words.partition("Parameters")[0]


def test_before_a_fit_it_is_scikit_learns_and_text_where_text_is_asked_for() -> None:
    assert "sk-" in VAEClustering(3)._repr_html_()
    model = estimator().fit(vectors())
    assert model._repr_mimebundle_()["text/html"] == model._repr_html_()
    with sklearn.config_context(display="text"):
        assert "text/html" not in model._repr_mimebundle_()
        assert not hasattr(model, "_repr_html_")


def test_matplotlib_is_loaded_by_who_draws_and_pyplot_by_nobody() -> None:
    code = (
        "import sys, vaecluster; vaecluster.VAEClustering; print('matplotlib' in sys.modules); "
        "vaecluster.plot.map; print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True", "False"]
