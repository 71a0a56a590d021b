"""Pages that may be given away: no row is told by its name."""

import base64
import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from scipy.sparse import csr_array

from builders import estimator, frame, images, number_frame, quiet
from h5ad_files import cells, counts_of_groups, write_h5ad
from vaecluster import write_report

pytestmark = [quiet, pytest.mark.filterwarnings("ignore::vaecluster.errors.IgnoredColumnsWarning")]

NAMES = [f"Ada{number:02}X" for number in range(40)]


def _pictures(place: Path) -> Path:
    place.mkdir()
    for name, picture in zip(NAMES, images(), strict=True):
        Image.fromarray(picture).save(place / f"{name}.png")
    return place


def _csv(rows: pd.DataFrame) -> Callable[[Path], Path]:
    def write(place: Path) -> Path:
        rows.to_csv(place.with_suffix(".csv"), index=False)
        return place.with_suffix(".csv")

    return write


def _numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """As a table is read whose first line holds no names."""
    return rows.set_axis(range(rows.shape[1]), axis=1)


def _cells(place: Path) -> Path:
    made = cells(csr_array(counts_of_groups()[0]))
    made.obs_names = [f"Ada{number:02}X" for number in range(len(made.obs_names))]
    return write_h5ad(place.with_suffix(".h5ad"), made)


TEXTS = ["the rain fell on wheat and barley today", "the bank gave a loan and money today"] * 20
SOURCES: dict[str, Callable[[Path], Any]] = {
    "file names": _pictures,
    "an identifier": _csv(frame().assign(who=NAMES)),
    "an identifier of numbers alone": _csv(number_frame().assign(who=NAMES)),
    # Nothing is learned from them, as they are texts; the identifier is another column.
    "two columns of names": _csv(
        frame().assign(key=range(1000, 1040), who=[f"{name} van der Mu of B" for name in NAMES])
    ),
    "texts with an identifier": _csv(pd.DataFrame({"who": NAMES, "review": TEXTS})),
    "cells": _cells,
    "columns without names": lambda place: _numbered(frame().assign(who=NAMES)),
}


def whole(page: Path) -> str:
    """The page, and what is packed in it."""
    text = page.read_text(encoding="utf-8")
    packed = re.search(r'id="map-data">([^<]+)<', text)
    assert packed is not None
    return text + gzip.decompress(base64.b64decode(packed[1])).decode()


@pytest.mark.parametrize("name", SOURCES)
def test_no_name_is_in_a_page_without_names(name: str, tmp_path: Path) -> None:
    source = SOURCES[name](tmp_path / "rows")
    model = estimator().fit(source)
    found = {}
    for names in (True, False):
        write_report(model, source, tmp_path / "page.html", names=names)
        found[names] = whole(tmp_path / "page.html")
    assert sum(name in found[True] for name in NAMES) > len(NAMES) / 2
    assert [name for name in NAMES if name in found[False]] == []
    assert "Cluster 0" in found[False]
    # What rows are shown with, and nothing was learned from, is said to be so.
    assert ("Left out" in found[True]) == (name not in ("file names", "cells"))
    assert "Left out" not in found[False]
    # Whoever reads it still sees what was learned from.
    assert all(column in found[False] for column in model.fitted_.columns if column in found[True])
