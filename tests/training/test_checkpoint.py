import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from climb import IDENTITY, SEED, CutOff, Fit, after_step, cut_off
from vaecluster.errors import CheckpointWarning, FileError
from vaecluster.files.container import read_content, write_content
from vaecluster.training.checkpoint import ARRAYS, FILE, FINISHED, Checkpoint
from vaecluster.training.events import Event, StepDone


def cut_off_fit(folder: Path, step: int = 5, every: float = 0.0) -> None:
    with pytest.raises(CutOff):
        Fit().kept(folder, after_step(step, cut_off), every=every)


# Going on


def test_keeping_a_fit_changes_nothing_about_it(tmp_path: Path) -> None:
    assert Fit().kept(tmp_path).left() == Fit().learn().left()


def test_what_was_learned_is_not_learned_again(tmp_path: Path) -> None:
    cut_off_fit(tmp_path)
    again = Fit().kept(tmp_path)
    # The step at which it was cut off had not been kept yet.
    assert len(again.steps) == 9 - 5 + 1
    assert again.left() == Fit().learn().left()


def test_a_fit_that_is_done_is_not_learned_again(tmp_path: Path) -> None:
    whole = Fit().kept(tmp_path)
    again = Fit().kept(tmp_path)
    assert again.left() == whole.left()
    assert again.events == []


def test_between_two_files_so_many_seconds_pass(tmp_path: Path) -> None:
    cut_off_fit(tmp_path, 9, every=3600.0)
    again = Fit().kept(tmp_path, every=3600.0)
    # The state before the first step is always kept.
    assert len(again.steps) == 9
    assert again.left() == Fit().learn().left()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_fits_that_are_killed_end_as_those_that_were_not() -> None:
    # The long run is `make torture`.
    script = Path(__file__).parent.parent / "torture" / "kill.py"
    run = subprocess.run(
        [sys.executable, script, "--kills", "4", "--commands", "0"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert '"different": []' in run.stdout


def test_arrays_are_those_of_the_fit_that_goes_on(tmp_path: Path) -> None:
    kept = [np.arange(6).reshape(3, 2), np.array([1.5])]
    with Checkpoint(tmp_path, IDENTITY, 0.0) as checkpoint:
        checkpoint.begin(SEED, checkpoint.history).keep_arrays("near", kept)
        assert checkpoint.arrays("far") == []
    # The fit itself had not been kept: another one may have left them.
    with Checkpoint(tmp_path, IDENTITY, 0.0) as checkpoint:
        assert checkpoint.begin(SEED, checkpoint.history).arrays("near") == []
        checkpoint.keep_arrays("near", kept)
        with pytest.raises(CutOff):
            Fit(history=checkpoint.history).learn(after_step(5, cut_off), keeper=checkpoint)
    with Checkpoint(tmp_path, IDENTITY, 0.0) as checkpoint:
        given = checkpoint.begin(SEED, checkpoint.history).arrays("near")
        assert [array.tolist() for array in given] == [array.tolist() for array in kept]
        (tmp_path / ARRAYS / "near" / "1.npy").write_bytes(b"damaged")
        assert checkpoint.arrays("near") == []
        checkpoint.finish()
    assert not (tmp_path / ARRAYS).exists()


def test_arrays_of_a_fit_that_was_killed_are_not_those_of_one_that_is_finished(tmp_path: Path) -> None:
    with Checkpoint(tmp_path, IDENTITY, 0.0) as checkpoint:
        Fit(history=checkpoint.history).learn(keeper=checkpoint.begin(SEED, checkpoint.history))
        checkpoint.finish()
    with Checkpoint(tmp_path, IDENTITY | {"epochs": 9}, 0.0) as other:
        other.begin(SEED, other.history).keep_arrays("near", [np.zeros(3)])
    with Checkpoint(tmp_path, IDENTITY, 0.0) as checkpoint:
        assert checkpoint.begin(SEED, checkpoint.history).arrays("near") == []


def test_arrays_are_kept_whole_or_not_at_all_and_a_users_own_stay(tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", np.zeros(3))
    with Checkpoint(tmp_path, IDENTITY, 0.0) as checkpoint:
        checkpoint.begin(SEED, checkpoint.history)
        (tmp_path / ARRAYS).write_bytes(b"in the way")
        with pytest.warns(CheckpointWarning, match="not kept"):
            checkpoint.keep_arrays("near", [np.zeros(3), np.zeros(3)])
        assert checkpoint.arrays("near") == []
        checkpoint.finish()
    assert np.load(tmp_path / "own.npy").tolist() == [0, 0, 0]


# What is in the way


def test_a_fit_that_is_done_is_not_lost_because_that_cannot_be_written(tmp_path: Path) -> None:
    with Checkpoint(tmp_path, IDENTITY, 0.0) as checkpoint:
        checkpoint.finished.mkdir()
        with pytest.warns(CheckpointWarning, match=r"The fit is done, but .* cannot be written"):
            checkpoint.finish()


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    with Checkpoint(tmp_path, IDENTITY, 0.0), pytest.raises(FileError, match="in use by another process"):
        Checkpoint(tmp_path, IDENTITY, 0.0)
    Checkpoint(tmp_path, IDENTITY, 0.0).close()


def test_the_checkpoint_of_another_fit_is_refused_by_what_differs(tmp_path: Path) -> None:
    cut_off_fit(tmp_path)
    other = IDENTITY | {"epochs": 9, "heads": "a" * 99}
    with pytest.raises(FileError) as caught:
        Checkpoint(tmp_path, other, 0.0)
    assert all(part in str(caught.value) for part in (FILE, "epochs was 3, now 9", "heads was None, now 'aaa", "..."))
    # Refusing has let the folder go.
    Checkpoint(tmp_path, IDENTITY, 0.0).close()


def test_another_fit_takes_the_place_of_one_that_is_finished(tmp_path: Path) -> None:
    Fit().kept(tmp_path)
    with Checkpoint(tmp_path, IDENTITY, 0.0) as checkpoint:
        checkpoint.begin(SEED, checkpoint.history).finish()
    with Checkpoint(tmp_path, IDENTITY, 0.0) as same, pytest.raises(FileError):
        Checkpoint(tmp_path, IDENTITY, 0.0)
    assert (same.seed, same.stage, len(same.history.epochs)) == (SEED, "up", 3)
    same.forget_if_finished()
    assert (same.seed, same.stage, same.history.epochs) == (None, None, [])
    with Checkpoint(tmp_path, IDENTITY | {"epochs": 9}, 0.0) as other:
        assert (other.seed, other.stage) == (None, None)
    # The mark goes as soon as the next fit is kept.
    Fit().kept(tmp_path)
    assert not (tmp_path / FINISHED).exists()


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "foreign"])
def test_a_damaged_checkpoint_is_named(damage: str, tmp_path: Path) -> None:
    cut_off_fit(tmp_path)
    content = bytearray((tmp_path / FILE).read_bytes())
    if damage == "flipped":
        content[20] ^= 0xFF
    damaged = {"empty": b"", "cut": content[:-1], "flipped": content, "foreign": b"PNG" * 99}[damage]
    (tmp_path / FILE).write_bytes(damaged)
    with pytest.raises(FileError, match=rf"{FILE}' is missing or damaged\. Delete it"):
        Checkpoint(tmp_path, IDENTITY, 0.0)


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    cut_off_fit(tmp_path)
    content = read_content(tmp_path / FILE)
    del content["now"]["objective"]["seen"]
    write_content(tmp_path / FILE, content)
    with pytest.raises(FileError, match=r"holds the state of another model\. Delete it"):
        Fit().kept(tmp_path)


@pytest.mark.parametrize("format_", [1, 99, None])
def test_a_checkpoint_of_another_format_says_which_and_what_to_do(format_: int | None, tmp_path: Path) -> None:
    cut_off_fit(tmp_path)
    write_content(tmp_path / FILE, read_content(tmp_path / FILE) | {"format": format_})
    with pytest.raises(FileError, match=rf"has format {format_}; this version reads format 2\. Go on with"):
        Checkpoint(tmp_path, IDENTITY, 0.0)


def test_a_folder_that_cannot_be_written_to_is_an_error_before_anything_is_learned(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        Checkpoint(tmp_path / "file" / "folder", IDENTITY, 0.0)


def test_a_disk_that_fills_up_is_a_warning_and_the_older_checkpoint_stays(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    whole = Fit().learn().left()

    def fill(event: Event) -> None:
        # No file can grow any more: what a full disk does, for one process.
        if isinstance(event, StepDone) and event.epoch == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))

    try:
        with pytest.warns(CheckpointWarning, match=r"the older one stays.*cannot be written") as caught:
            assert Fit().kept(tmp_path, fill).left() == whole
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(caught) == 1
    assert read_content(tmp_path / FILE)["now"]["epoch"] <= 2
    assert Fit().kept(tmp_path).left() == whole
