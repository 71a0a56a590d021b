"""Runs that are explored."""

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from served import SOURCES
from vaecluster import Bound, VAEClustering
from vaecluster.data.files import read_dataset
from vaecluster.data.pictures.folder import Pictures
from vaecluster.runs.folder import RunFolder


@pytest.fixture(scope="session")
def explored_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each source, which tests must leave as it is."""
    made = {}
    for kind, (name, write) in SOURCES.items():
        source = tmp_path_factory.mktemp(kind) / name
        write(source)
        data = read_dataset(source)
        rows = data.x_train.read() if isinstance(data.x_train, Pictures) else data.x_train
        with warnings.catch_warnings():
            # One epoch need not fill every cluster, and the column of names is left out.
            warnings.simplefilter("ignore")
            method = Bound(epochs=1, network="dense", hidden=(16,), latent=3)
            kind_of_rows = "windows" if kind == "windows" else "auto"
            model = VAEClustering(3, method=method, rows=kind_of_rows, random_state=0).fit(rows)
            folder = RunFolder(source.parent / "run")
            folder.path.mkdir()
            read = type(data)(data.name, rows)
            folder.write(model, read, source=str(source), seconds=1, cpu_seconds=1, scores={})
        made[kind] = folder.path
    return made


@pytest.fixture
def run_of(explored_runs: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy of the run of a source, to be edited."""

    def copied(kind: str) -> Path:
        place = tmp_path / kind
        shutil.copytree(explored_runs[kind], place)
        return place

    return copied
