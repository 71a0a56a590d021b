import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vaecluster.data.preprocessing import standard_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.errors import CheckpointWarning, FileError
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.build import build_model, build_objective
from vaecluster.training.checkpoint import FILE, Checkpoint
from vaecluster.training.events import EpochDone, Event, Listener, RolledBack, StepDone
from vaecluster.training.fitting import MethodSettings, fit_model
from vaecluster.training.history import History
from vaecluster.training.keeper import NOTHING_KEPT, FitKeeper
from vaecluster.training.loop import train
from vaecluster.training.nested_file import read_nested, write_nested
from vaecluster.training.settings import Settings
from vaecluster.training.shared_settings import SharedSettings

SHARED = SharedSettings(epochs=8, batch_size=20, hidden=(16,), latent=2, heads=2, components=6)
BOUND = Settings("dense", 2, "gaussian", 2.5, epochs=6, batch_size=20, learning_rate=1e-2, hidden=(16,))
STOPPING = replace(BOUND, early_stopping=True, patience=2, schedule="cosine", epochs=12)
METHODS = pytest.mark.parametrize("settings", [SHARED, BOUND, STOPPING], ids=["shared", "bound", "early stopping"])
NUMBER, CLUSTERS, SEED = 60, 3, 7
IDENTITY = {"epochs": 8, "the data": "these"}
NAN = float("nan")


def some_rows() -> Rows:
    random = np.random.default_rng(0)
    array = random.normal(size=(NUMBER, 4)) + 4 * random.integers(0, 3, (NUMBER, 1))
    return Rows(array, standard_preprocessing(array), torch.device("cpu"))


def fit(
    settings: MethodSettings, keeper: FitKeeper = NOTHING_KEPT, history: History | None = None, *listeners: Listener
) -> tuple[bytes, list]:
    """The bytes of all weights, and the terms of all epochs."""
    history = history or History()
    torch.manual_seed(SEED)
    model = fit_model(settings, some_rows(), CLUSTERS, (history, *listeners), keeper).model
    weights = b"".join(values.numpy().tobytes() for values in model.state_dict().values())
    return weights, [(epoch.epoch, epoch.terms) for epoch in history.epochs]


def fit_kept(settings: MethodSettings, folder: Path, *listeners: Listener, every: float = 0.0) -> tuple[bytes, list]:
    with Checkpoint(folder, IDENTITY, every) as checkpoint:
        history = checkpoint.history
        return fit(settings, checkpoint.begin(SEED, history), history, *listeners)


class CutOff(BaseException):
    """What ends a fit in these tests as a kill would, but for the process."""


def cut_off_after(number: int) -> Listener:
    steps = 0

    def listen(event: Event) -> None:
        nonlocal steps
        steps += isinstance(event, StepDone)
        if steps == number:
            raise CutOff

    return listen


def steps_of(settings: MethodSettings) -> int:
    events: list[Event] = []
    fit(settings, NOTHING_KEPT, None, events.append)
    return sum(isinstance(event, StepDone) for event in events)


# Going on


@METHODS
def test_a_fit_cut_off_at_any_step_ends_as_one_that_was_not(settings: MethodSettings, tmp_path: Path) -> None:
    whole, total = fit(settings), steps_of(settings)
    # Five and three, the steps of an epoch, have no divisor in common: all places in an epoch come up.
    for step in range(1, total + 1, 5):
        folder = tmp_path / str(step)
        with pytest.raises(CutOff):
            fit_kept(settings, folder, cut_off_after(step))
        assert fit_kept(settings, folder) == whole, step


@METHODS
def test_what_was_learned_is_not_learned_again(settings: MethodSettings, tmp_path: Path) -> None:
    total = steps_of(settings)
    with pytest.raises(CutOff):
        fit_kept(settings, tmp_path, cut_off_after(total // 2))
    events: list[Event] = []
    fit_kept(settings, tmp_path, events.append)
    # The step at which it was cut off had not been kept yet.
    assert sum(isinstance(event, StepDone) for event in events) == total - total // 2 + 1


@METHODS
def test_a_fit_that_is_done_is_not_learned_again(settings: MethodSettings, tmp_path: Path) -> None:
    whole = fit_kept(settings, tmp_path)
    events: list[Event] = []
    assert fit_kept(settings, tmp_path, events.append) == whole
    assert events == []


@METHODS
def test_between_two_files_so_many_seconds_pass(settings: MethodSettings, tmp_path: Path) -> None:
    whole = fit(settings)
    with pytest.raises(CutOff):
        fit_kept(settings, tmp_path, cut_off_after(steps_of(settings)), every=3600.0)
    events: list[Event] = []
    assert fit_kept(settings, tmp_path, events.append, every=3600.0) == whole
    assert any(isinstance(event, StepDone) for event in events)


def test_keeping_a_fit_changes_nothing_about_it(tmp_path: Path) -> None:
    assert fit_kept(SHARED, tmp_path) == fit(SHARED)


def spoil(model: ClusteringVAE) -> Listener:
    """Spoil a weight at the end of the second epoch, once."""
    spoilt = False

    def listen(event: Event) -> None:
        nonlocal spoilt
        if isinstance(event, EpochDone) and event.epoch == 2 and not spoilt:
            spoilt = True
            torch.nn.init.constant_(model.encoder.mean.bias, NAN)

    return listen


@pytest.mark.parametrize("step", range(1, 15))
def test_a_fit_that_goes_back_does_so_after_it_was_cut_off_as_well(step: int, tmp_path: Path) -> None:
    def run(folder: Path, *listeners: Listener) -> tuple[list[bytes], History]:
        torch.manual_seed(SEED)
        model = build_model(BOUND, (4,), CLUSTERS)
        with Checkpoint(folder, IDENTITY, 0.0) as checkpoint:
            history = checkpoint.history
            kept = checkpoint.begin(SEED, history).at("bound", {})
            told = (history, *listeners, *([] if history.rolled_back else [spoil(model)]))
            train(model, some_rows(), build_objective(BOUND), BOUND.plan, listeners=told, keeper=kept)
        return [values.numpy().tobytes() for values in model.state_dict().values()], history

    whole, history = run(tmp_path / "whole")
    assert history.rolled_back == [RolledBack(3, 6, 1, 0.1)]
    with pytest.raises(CutOff):
        run(tmp_path / "cut", cut_off_after(step))
    assert run(tmp_path / "cut")[0] == whole


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_fits_that_are_killed_end_as_those_that_were_not() -> None:
    # The long run is `make torture`.
    script = Path(__file__).parent.parent / "torture" / "kill.py"
    run = subprocess.run(
        [sys.executable, script, "--kills", "52"], capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert '"different": []' in run.stdout


# What is in the way


def cut_off_fit(folder: Path) -> None:
    with pytest.raises(CutOff):
        fit_kept(BOUND, folder, cut_off_after(5))


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    with Checkpoint(tmp_path, IDENTITY, 0.0), pytest.raises(FileError, match="in use by another process"):
        Checkpoint(tmp_path, IDENTITY, 0.0)
    Checkpoint(tmp_path, IDENTITY, 0.0).close()


def test_the_checkpoint_of_another_fit_is_refused_by_what_differs(tmp_path: Path) -> None:
    cut_off_fit(tmp_path)
    with pytest.raises(FileError, match=r"is of another fit: epochs was 8, now 9\."):
        Checkpoint(tmp_path, IDENTITY | {"epochs": 9}, 0.0)
    # Refusing has let the folder go.
    Checkpoint(tmp_path, IDENTITY, 0.0).close()


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "foreign"])
def test_a_damaged_checkpoint_is_named(damage: str, tmp_path: Path) -> None:
    cut_off_fit(tmp_path)
    file = tmp_path / FILE
    content = bytearray(file.read_bytes())
    if damage == "flipped":
        content[20] ^= 0xFF
    file.write_bytes({"empty": b"", "cut": content[:-1], "flipped": content, "foreign": b"PNG" * 99}[damage])
    with pytest.raises(FileError, match=r"is missing or damaged\. Delete it and begin anew\."):
        Checkpoint(tmp_path, IDENTITY, 0.0)


def test_no_bit_of_a_checkpoint_changes_unnoticed(tmp_path: Path) -> None:
    cut_off_fit(tmp_path)
    content, whole = (tmp_path / FILE).read_bytes(), read_nested(tmp_path / FILE)
    random = np.random.default_rng(0)
    for place in random.integers(0, len(content), 200):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(random.integers(8))
        (tmp_path / FILE).write_bytes(damaged)
        try:
            found = read_nested(tmp_path / FILE)
        except FileError:
            continue
        # Only where a bit has no meaning, such as in the spaces that pad the header.
        assert repr(found) == repr(whole), place


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    cut_off_fit(tmp_path)
    with pytest.raises(FileError, match="does not fit the model that is learned"):
        fit_kept(replace(BOUND, latent=3), tmp_path)


def test_a_checkpoint_of_a_newer_format_says_so(tmp_path: Path) -> None:
    cut_off_fit(tmp_path)
    write_nested(tmp_path / FILE, read_nested(tmp_path / FILE) | {"format": 99})
    with pytest.raises(FileError, match="has format 99"):
        Checkpoint(tmp_path, IDENTITY, 0.0)


def test_a_folder_that_cannot_be_written_to_is_an_error_before_anything_is_learned(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        Checkpoint(tmp_path / "file" / "folder", IDENTITY, 0.0)


def test_a_disk_that_fills_up_is_a_warning_and_the_older_checkpoint_stays(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    whole = fit(BOUND)

    def fill(event: Event) -> None:
        # No file can grow any more: what a full disk does, for one process.
        if isinstance(event, StepDone) and event.epoch == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))

    try:
        with pytest.warns(CheckpointWarning, match=r"the older one stays.*cannot be written") as caught:
            assert fit_kept(BOUND, tmp_path, fill) == whole
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(caught) == 1
    assert read_nested(tmp_path / FILE)["now"]["epoch"] <= 2
    assert fit_kept(BOUND, tmp_path) == whole


# The file


def test_tensors_and_plain_values_come_back_as_they_were(tmp_path: Path) -> None:
    content = {
        "nested": [{"values": torch.arange(6.0).view(2, 3).T}, None, True, 0.1 + 0.2, float("-inf"), "text"],
        "empty": torch.empty(0, dtype=torch.long),
        "scalar": torch.tensor(2.5, dtype=torch.float64),
    }
    write_nested(tmp_path / "file", content)
    back = read_nested(tmp_path / "file")
    assert torch.equal(back["nested"][0]["values"], content["nested"][0]["values"])
    assert back["nested"][1:] == content["nested"][1:]
    assert back["empty"].dtype == torch.long
    assert torch.equal(back["scalar"], content["scalar"])
