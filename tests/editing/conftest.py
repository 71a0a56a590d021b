"""Runs that tests of editing share; each test gets a copy of its own."""

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from builders import estimator, frame, images, vectors
from h5ad_files import cells, counts_of_groups, write_h5ad
from vaecluster.data.files import read_dataset
from vaecluster.runs.folder import RunFolder

ROWS = 160


def written(folder: Path, source: Path, **choice) -> RunFolder:
    """A run on the rows of a file."""
    data = read_dataset(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = estimator(**choice).fit(data.x_train)
    folder.mkdir()
    run = RunFolder(folder)
    run.write(model, data, source=str(source), seconds=1.0, cpu_seconds=1.0, scores={})
    return run


def _array(folder: Path, rows: np.ndarray, **choice) -> RunFolder:
    np.save(folder / "rows.npy", rows)
    return written(folder / "run", folder / "rows.npy", **choice)


def _table(folder: Path) -> RunFolder:
    frame(ROWS).to_csv(folder / "rows.csv", index=False)
    return written(folder / "run", folder / "rows.csv")


def _counts(folder: Path) -> RunFolder:
    write_h5ad(folder / "cells.h5ad", cells(counts_of_groups(ROWS)[0]))
    return written(folder / "run", folder / "cells.h5ad")


# So much is learned that clusters are those of the rows.
LEARNED = {"hidden": (32,), "latent": 4, "epochs": 40}
KINDS: dict[str, Callable[[Path], RunFolder]] = {
    "vectors": lambda folder: _array(folder, vectors(ROWS, 4), n_clusters=2, **LEARNED),
    "images": lambda folder: _array(folder, images(ROWS)),
    "table": _table,
    "counts": _counts,
    "rows in no cluster": lambda folder: _array(folder, vectors(ROWS), outlier_fraction=0.1),
}


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Callable[[str], Path]:
    """The folder of a kind of run and of its rows, made once."""
    found: dict[str, Path] = {}

    def of(kind: str) -> Path:
        if kind not in found:
            found[kind] = tmp_path_factory.mktemp("run")
            KINDS[kind](found[kind])
        return found[kind]

    return of


@pytest.fixture
def run_of(made, tmp_path) -> Callable[[str], RunFolder]:
    """A copy of a kind of run; its rows stay where they are."""

    def of(kind: str) -> RunFolder:
        return RunFolder.open(Path(shutil.copytree(made(kind) / "run", tmp_path / "run")))

    return of


@pytest.fixture
def run(run_of) -> RunFolder:
    """Vectors in two clusters, each of which is two groups."""
    return run_of("vectors")
