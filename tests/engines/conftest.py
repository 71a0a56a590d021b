"""What tests of engines share: a table in Parquet files, and a run that was fitted to some of it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from vaecluster.cli import run
from vaecluster.hearing import unheard

TINY = "--set epochs=3 --set batch_size=50 --set hidden=16 --set latent=2 --set heads=2 --set components=6 --threads 1"


def rows(number: int, seed: int) -> pa.Table:
    random, group = np.random.default_rng(seed), np.arange(number) % 3
    return pa.table(
        {
            "size": 5.0 * group + random.normal(size=number),
            "colour": np.array(["red", "green", "blue"])[group],
            "key": [f"{seed}-{row}" for row in range(number)],
        }
    )


@pytest.fixture(scope="session")
def sales(tmp_path_factory) -> Path:
    """A folder with `run`, and `rows` of two files in 16 groups, each of which takes a while."""
    folder = tmp_path_factory.mktemp("sales")
    (folder / "rows" / "new").mkdir(parents=True)
    parquet.write_table(rows(300, 0), folder / "old.parquet")
    parquet.write_table(rows(25_000, 1), folder / "rows" / "a.parquet", row_group_size=2500)
    parquet.write_table(rows(14_000, 2), folder / "rows" / "new" / "b.parquet", row_group_size=2500)
    words = ["fit", str(folder / "old.parquet"), "--clusters", "3", *TINY.split(), "--column", "key=identifier"]
    with unheard():
        assert run([*words, "--output", str(folder / "run"), "--quiet"]) == 0
    return folder
