"""`vaecluster fit` that is cut off, and `--resume`, as processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from vaecluster.atomic import locked

VAECLUSTER = Path(sys.executable).with_name("vaecluster")
pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
# Long enough to be cut off, short enough to be waited for.
SETTINGS = ["--clusters", "3", "--epochs", "60", "--threads", "1", "--quiet"]


@pytest.fixture(scope="module")
def rows_file(tmp_path_factory, blobs) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.npz"
    np.savez(path, X=np.tile(blobs, (10, 1)))
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory, rows_file) -> Path:
    """A run that was not cut off."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    subprocess.run([VAECLUSTER, "fit", rows_file, *SETTINGS, "--output", folder], check=True)
    return folder


def cut_off(rows_file: Path, folder: Path, with_signal: signal.Signals) -> subprocess.CompletedProcess:
    """Begin a fit in a process, and send it a signal when some of its epochs are done."""
    command = [VAECLUSTER, "fit", rows_file, *SETTINGS, "--output", folder]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    history, deadline = folder / "history.jsonl", time.monotonic() + 60
    while not (history.exists() and history.read_text().count("\n") >= 5):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(with_signal)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def resume(folder: Path, cwd: Path | None = None) -> None:
    subprocess.run([VAECLUSTER, "fit", "--resume", folder, "--quiet"], check=True, cwd=cwd)


def content(folder: Path, *names: str) -> list[bytes]:
    return [(folder / name).read_bytes() for name in names]


def test_a_run_that_was_killed_ends_as_one_that_was_not(rows_file, whole, tmp_path):
    killed = tmp_path / "run"
    assert cut_off(rows_file, killed, signal.SIGKILL).returncode == -signal.SIGKILL
    assert not (killed / "run.json").exists()
    assert (killed / "checkpoint").is_dir()
    # From another folder: the source is known by its whole path.
    resume(killed, cwd=tmp_path)
    assert content(killed, "labels.csv", "examples.npz") == content(whole, "labels.csv", "examples.npz")
    assert not (killed / "checkpoint").exists()
    assert json.loads((killed / "run.json").read_text())["ending"] == "finished"
    lines = [json.loads(line) for line in (killed / "history.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines if line["event"] == "epoch"] == list(range(1, 61))


def test_after_ctrl_c_there_is_a_model_and_the_fit_can_go_on(rows_file, whole, tmp_path):
    stopped = tmp_path / "run"
    result = cut_off(rows_file, stopped, signal.SIGINT)
    assert result.returncode == 0
    assert "The fit was interrupted" in result.stderr
    assert json.loads((stopped / "run.json").read_text())["ending"] == "interrupted"
    resume(stopped)
    assert content(stopped, "labels.csv") == content(whole, "labels.csv")


def test_what_is_finished_cannot_be_resumed(whole, fails):
    assert "holds no unfinished fit" in fails("fit", "--resume", whole)


def test_a_folder_in_use_is_left_alone(rows_file, tmp_path, fails):
    with locked(tmp_path / "run"):
        line = fails("fit", rows_file, *SETTINGS, "--output", tmp_path / "run", "--overwrite")
    assert "is in use by another process. Wait for it" in line
    assert [file.name for file in (tmp_path / "run").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "wrong", [["--clusters", "1000000"], ["--views", "none"], ["--epochs", "0"], ["--outlier-fraction", "0.001"]]
)
def test_a_fit_that_is_refused_leaves_nothing_behind(wrong, rows_file, tmp_path, fails):
    fails("fit", rows_file, *SETTINGS[4:], *wrong, "--output", tmp_path / "a" / "run")
    assert not (tmp_path / "a" / "run").exists()


def test_a_fit_that_is_refused_leaves_an_earlier_run_as_it_was(rows_file, whole, tmp_path, fails):
    before = {file: file.read_bytes() for file in whole.rglob("*") if file.is_file()}
    fails("fit", rows_file, *SETTINGS[4:], "--epochs", "0", "--output", whole, "--overwrite")
    assert {file: file.read_bytes() for file in whole.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"source": 3}', None])
def test_a_damaged_order_is_one_line(damage, rows_file, tmp_path, fails):
    folder = tmp_path / "run"
    cut_off(rows_file, folder, signal.SIGKILL)
    order = folder / "fit.json"
    order.unlink() if damage is None else order.write_text(damage)
    assert "fit.json' is missing or damaged. Fit again, with --overwrite." in fails("fit", "--resume", folder)


def test_other_rows_under_the_same_name_are_refused(blobs, tmp_path, fails):
    source, folder = tmp_path / "rows.npz", tmp_path / "run"
    np.savez(source, X=np.tile(blobs, (10, 1)))
    cut_off(source, folder, signal.SIGKILL)
    np.savez(source, X=np.tile(blobs, (10, 1)) + 1)
    assert "is of another fit: the data was" in fails("fit", "--resume", folder)


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc").is_dir(), reason="root can write almost anywhere")
def test_a_folder_that_cannot_be_made_is_one_line(rows_file, fails):
    place = Path("/proc/run") if Path("/proc").is_dir() else Path("/run/of/nobody")
    assert "cannot be written" in fails("fit", rows_file, *SETTINGS, "--output", place)
