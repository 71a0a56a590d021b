"""`vaecluster fit` that is cut off, and `--resume`, as processes of their own."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from processes import Command
from vaecluster import TwoViews
from vaecluster.cli import run
from vaecluster.files.atomic import locked

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
# Long enough to be cut off, short enough to be waited for.
EPOCHS = 24
SETTINGS = f"--set epochs={EPOCHS} --set hidden=16 --set latent=2 --set heads=2 --set components=9"
OPTIONS = f"--clusters 3 {SETTINGS} --threads 1 --quiet".split()


@pytest.fixture(scope="module")
def rows_file(tmp_path_factory, blobs) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.npz"
    np.savez(path, X=np.tile(blobs, (4, 1)))
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory, rows_file) -> Path:
    """A run that was not cut off."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert run(["fit", str(rows_file), *OPTIONS, "--output", str(folder)]) == 0
    return folder


def some_epochs_done(folder: Path) -> bool:
    history = folder / "history.jsonl"
    return history.exists() and history.read_text().count("\n") >= 5


def cut_off(
    rows_file: Path, folder: Path, with_signal: signal.Signals, when: Callable[[Path], bool] = some_epochs_done
) -> tuple[int | None, str]:
    """Begin a fit in a process, and send it a signal at a moment that the folder tells; its status and its errors."""
    process = Command(["fit", rows_file, *OPTIONS, "--output", folder])
    deadline = time.monotonic() + 120
    while not when(folder):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(with_signal)
    _, err = process.communicate()
    return process.returncode, err


def resume(folder: Path, cwd: Path | None = None) -> None:
    with chdir(cwd or "."):
        assert run(["fit", "--resume", str(folder), "--quiet"]) == 0


def content(folder: Path, *names: str) -> list[bytes]:
    return [(folder / name).read_bytes() for name in names]


@pytest.mark.parametrize(
    "when",
    [some_epochs_done, lambda folder: (folder / ".lock").exists()],
    ids=["after some epochs", "as soon as there is a folder"],
)
def test_a_run_that_was_killed_ends_as_one_that_was_not(when, rows_file, whole, tmp_path):
    killed = tmp_path / "run"
    assert cut_off(rows_file, killed, signal.SIGKILL, when)[0] == -signal.SIGKILL
    assert not (killed / "run.json").exists()
    if (killed / "fit.json").exists():
        # From another folder: the source is known by its whole path.
        resume(killed, cwd=tmp_path)
    else:
        assert run(["fit", str(rows_file), *OPTIONS, "--output", str(killed)]) == 0
    assert content(killed, "labels.csv", "examples.npz") == content(whole, "labels.csv", "examples.npz")
    assert not (killed / "checkpoint").exists()
    assert json.loads((killed / "run.json").read_text())["ending"] == "finished"
    lines = [json.loads(line) for line in (killed / "history.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines if line["event"] == "epoch"] == list(range(1, EPOCHS + 1))


def test_after_ctrl_c_there_is_a_model_and_the_fit_can_go_on(rows_file, whole, tmp_path, fails):
    stopped = tmp_path / "run"
    status, said = cut_off(rows_file, stopped, signal.SIGINT)
    assert status == 0
    assert "The fit was interrupted" in said
    assert json.loads((stopped / "run.json").read_text())["ending"] == "interrupted"
    message = fails("fit", rows_file, *OPTIONS, "--output", stopped)
    assert f"unfinished fit. Go on with it by `vaecluster fit --resume {stopped}`" in message
    assert "--overwrite" in message
    resume(stopped)
    assert content(stopped, "labels.csv") == content(whole, "labels.csv")


def test_ctrl_c_before_anything_is_learned_leaves_nothing(rows_file, tmp_path):
    result = cut_off(rows_file, tmp_path / "run", signal.SIGINT, lambda folder: (folder / "fit.json").exists())
    assert result == (130, "Interrupted.\n")
    assert not (tmp_path / "run").exists()


def test_what_is_finished_cannot_be_resumed(whole, fails):
    assert "holds no unfinished fit" in fails("fit", "--resume", whole)


def test_an_order_can_be_resumed_before_there_is_any_state(blobs, tiny, tmp_path, runs):
    folder = tmp_path / "run"
    np.save(tmp_path / "few.npy", blobs[:60])
    runs("fit", tmp_path / "few.npy", "--clusters", 3, *tiny, "--output", folder, "--quiet")
    labels = content(folder, "labels.csv")
    for path in folder.iterdir():
        if path.is_file() and path.name != "fit.json":
            path.unlink()
    runs("fit", "--resume", folder, "--quiet")
    assert content(folder, "labels.csv") == labels


def test_a_folder_in_use_is_left_alone(rows_file, tmp_path, fails):
    with locked(tmp_path / "run"):
        line = fails("fit", rows_file, *OPTIONS, "--output", tmp_path / "run", "--overwrite")
    assert "is in use by another process. Wait for it" in line
    assert [file.name for file in (tmp_path / "run").iterdir()] == [".lock"]


REFUSED = ["--clusters 1000000", "--set views=none", "--set epochs=0", "--outlier-fraction 0.001"]


@pytest.mark.parametrize("wrong", REFUSED)
def test_a_fit_that_is_refused_leaves_nothing_behind_and_an_earlier_run_as_it_was(
    wrong, rows_file, whole, tmp_path, fails
):
    before = {file: file.read_bytes() for file in whole.rglob("*") if file.is_file()}
    fails("fit", rows_file, "--quiet", *wrong.split(), "--output", tmp_path / "a" / "run")
    assert not (tmp_path / "a" / "run").exists()
    fails("fit", rows_file, "--quiet", *wrong.split(), "--output", whole, "--overwrite")
    assert {file: file.read_bytes() for file in whole.rglob("*") if file.is_file()} == before


def test_a_fit_that_has_no_memory_leaves_nothing_behind_and_an_earlier_run_as_it_was(
    rows_file, whole, tmp_path, fails, monkeypatch
):
    def without_memory(*_):
        raise MemoryError

    monkeypatch.setattr(TwoViews, "fit", without_memory)
    before = {file: file.read_bytes() for file in whole.rglob("*") if file.is_file()}
    for folder, more in ((tmp_path / "run", []), (whole, ["--overwrite"])):
        assert "not enough memory" in fails("fit", rows_file, *OPTIONS, "--output", folder, *more)
    assert not (tmp_path / "run").exists()
    assert {file: file.read_bytes() for file in whole.rglob("*") if file.is_file()} == before


def test_other_rows_under_the_same_name_are_refused(blobs, tmp_path, fails):
    source, folder = tmp_path / "rows.npz", tmp_path / "run"
    np.savez(source, X=np.tile(blobs, (4, 1)))
    cut_off(source, folder, signal.SIGKILL)
    np.savez(source, X=np.tile(blobs, (4, 1)) + 1)
    assert "is of another fit: the data was" in fails("fit", "--resume", folder)


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc").is_dir(), reason="root can write almost anywhere")
def test_a_folder_that_cannot_be_made_is_one_line(rows_file, fails):
    place = Path("/proc/run") if Path("/proc").is_dir() else Path("/run/of/nobody")
    assert "cannot be written" in fails("fit", rows_file, *OPTIONS, "--output", place)
