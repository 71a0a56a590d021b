"""What tests of the command line share."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vaecluster.cli import run

# Settings that make a fit small.
TINY = "--set epochs=4 --set batch_size=50 --set hidden=16 --set latent=2 --set heads=2 --set components=6 --threads 1"


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    return TINY.split()


@pytest.fixture(scope="session")
def rows_file(tmp_path_factory, blobs) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.npz"
    np.savez(path, X=blobs, y=(blobs[:, 0] > 50).astype(int))
    return path


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory, rows_file, tiny) -> Path:
    """A run, which tests must leave as it is."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    # So short a fit may leave clusters empty, of which it warns whichever test comes first.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert run(["fit", str(rows_file), "--clusters", "3", *tiny, "--output", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture
def runs(capsys) -> Callable[..., str]:
    """Runs a command that is to succeed; what it leaves on standard output."""

    def output_of(*arguments: object) -> str:
        capsys.readouterr()
        assert run([str(argument) for argument in arguments]) == 0
        return capsys.readouterr().out

    return output_of


@pytest.fixture
def fails(capsys) -> Callable[..., str]:
    """Runs a command that is to fail; the one line that it leaves on standard error, its exit status being 2."""

    def line_of(*arguments: object) -> str:
        status = run([str(argument) for argument in arguments])
        lines = capsys.readouterr().err.strip().splitlines()
        assert (status, len(lines)) == (2, 1)
        assert lines[0].startswith("Error: ")
        return lines[0]

    return line_of
