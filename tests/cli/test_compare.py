"""`vaecluster compare`: what it writes, and how it goes on."""

import csv
import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from processes import Command
from vaecluster.cli import run
from vaecluster.files.atomic import locked
from vaecluster.runs.comparing import FITS

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
TINY = ["epochs=4", "batch_size=50", "hidden=16", "latent=2", "heads=2", "components=6"]
METHODS = ["--methods", "two-views,kmeans", "--threads", "1", "--clusters", "3", "--seeds", "2"]
OPTIONS = [*METHODS, *(word for setting in TINY for word in ("--set", f"two-views.{setting}"))]
WRITTEN = {"compare.json", "compare.html", "labels.csv", ".lock"}


def numbers(folder):
    """Everything but times."""
    record = json.loads((folder / "compare.json").read_text())
    for method in record["methods"]:
        for fit in method["fits"]:
            del fit["seconds"], fit["cpu_seconds"]
    return record


@pytest.fixture(scope="module")
def whole(tmp_path_factory, rows_file) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "comparison"
    assert run(["compare", str(rows_file), *OPTIONS, "--quiet", "--output", str(folder)]) == 0
    return folder


def test_a_page_the_numbers_and_the_labels_are_written(whole, rows_file, blobs):
    assert {path.name for path in whole.iterdir()} == WRITTEN
    record = numbers(whole)
    assert record["source"] == str(rows_file)
    assert [method["method"] for method in record["methods"]] == ["two-views", "kmeans"]
    assert (record["seeds"], record["rows"], record["number"]) == ([0, 1], len(blobs), 3)
    bounds = [[fit["held_out_bound"] for fit in method["fits"]] for method in record["methods"]]
    assert all(isinstance(bound, float) for bound in bounds[0])
    assert bounds[1] == [None, None]
    # The file holds labels.
    assert all("hungarian_accuracy" in fit["scores"] for method in record["methods"] for fit in method["fits"])
    lines = list(csv.DictReader((whole / "labels.csv").read_text().splitlines()))
    assert list(lines[0]) == ["row", "two-views", "kmeans"]
    assert len(lines) == len(blobs)
    assert np.bincount([int(line["kmeans"]) for line in lines]).sum() == len(blobs)


def test_what_was_found_is_said_on_standard_output(rows_file, tmp_path, runs):
    options = ["--methods", "kmeans,gaussian-mixture", "--clusters", 3, "--seeds", 2, "--threads", 1]
    said = runs("compare", rows_file, *options, "--output", tmp_path / "out")
    assert "All methods find nearly the same clusters" in said
    assert said.splitlines()[-1].startswith(f"Written to {tmp_path / 'out'}.")
    # Never beside what was there.
    assert run(["compare", str(rows_file), *map(str, options), "--output", str(tmp_path / "out")]) == 2


def cut_off(rows_file, folder, with_signal) -> tuple[int | None, str]:
    """Begin a comparison in a process, and send it a signal once it has kept a fit; its status and its errors."""
    for _ in range(9):
        process = Command(["compare", rows_file, *OPTIONS, "--output", folder])
        while process.poll() is None and not list((folder / FITS).glob("*.fit")):
            time.sleep(0.002)
        process.send_signal(with_signal)
        _, err = process.communicate()
        if process.returncode != 0:
            return process.returncode, err
        # On a busy machine it may end before the signal comes.
        shutil.rmtree(folder)
    raise AssertionError("no comparison was cut off")


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGINT])
def test_the_same_command_goes_on_and_ends_as_if_it_had_not_been_cut_off(
    with_signal, rows_file, whole, tmp_path, capsys, fails
):
    folder = tmp_path / "comparison"
    status, said = cut_off(rows_file, folder, with_signal)
    kept = len(list((folder / FITS).glob("*.fit")))
    assert kept
    if with_signal == signal.SIGINT:
        assert status == 130
        assert "the same command goes on" in said
        assert "Traceback" not in said
    # What was kept is of these options alone.
    assert "unfinished comparison" in fails("compare", rows_file, *OPTIONS, "--seed", 9, "--output", folder)
    assert run(["compare", str(rows_file), *OPTIONS, "--output", str(folder)]) == 0
    assert capsys.readouterr().err.count("kept from before") == kept
    assert {path.name for path in folder.iterdir()} == WRITTEN
    assert numbers(folder) == numbers(whole)
    assert (folder / "labels.csv").read_bytes() == (whole / "labels.csv").read_bytes()


def test_a_damaged_fit_is_made_again(rows_file, whole, tmp_path):
    folder = tmp_path / "comparison"
    cut_off(rows_file, folder, signal.SIGTERM)
    for path in (folder / FITS).glob("*.fit"):
        path.write_bytes(path.read_bytes()[:-9])
    assert run(["compare", str(rows_file), *OPTIONS, "--quiet", "--output", str(folder)]) == 0
    assert numbers(folder) == numbers(whole)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--methods", "kmeens"], ["--methods names 'kmeens'", "two-views", "umap-mixture"]),
        (["--methods", "kmeans,kmeans"], ["'kmeans' twice"]),
        (["--methods", ","], ["names with commas between them"]),
        (["--seeds", "0"], ["--seeds is 0", "1 or more"]),
        (["--jobs", "0"], ["--jobs is 0"]),
        (["--clusters", "none"], ["--clusters"]),
        (["--set", "heads=3"], ["--set is 'heads=3'", "METHOD.NAME=VALUE"]),
        (["--set", "vade.epochs=3"], ["--set is 'vade.epochs=3'", "two-views"]),
        (["--set", "two-views.heds=3"], ["heds"]),
        (["--clusters", "auto", "--methods", "kmeans"], ["none of kmeans finds a number"]),
        (["--clusters", "999"], ["999"]),
        (["--clusters", "999", "--methods", "kmeans"], ["999", "ask for fewer clusters"]),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_leaves_nothing(options, parts, rows_file, tmp_path, fails):
    folder = tmp_path / "comparison"
    common = {"--methods": "two-views,kmeans", "--threads": "1", "--clusters": "3"}
    chosen = common | dict(zip(options[::2], options[1::2], strict=True))
    words = [word for pair in chosen.items() for word in pair]
    message = fails("compare", rows_file, *words, "--quiet", "--output", folder)
    assert [part for part in parts if part not in message] == [], message
    assert not folder.exists()


def test_a_folder_in_use_or_with_something_in_it_stays_as_it_is(rows_file, tmp_path, fails):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("keep")
    assert "not empty" in fails("compare", rows_file, *METHODS, "--output", tmp_path / "mine")
    assert "is a file" in fails("compare", rows_file, *METHODS, "--output", tmp_path / "mine" / "note.txt")
    with locked(tmp_path / "used"):
        assert "in use" in fails("compare", rows_file, *METHODS, "--output", tmp_path / "used")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["note.txt"]


def test_a_method_that_is_not_installed_is_named_and_left_out(rows_file, tmp_path, runs):
    from vaecluster.peers import UmapMixture

    if UmapMixture.missing() is None:
        pytest.skip("UMAP is installed")
    options = ["--methods", "kmeans,umap-mixture", "--clusters", 3, "--seeds", 1, "--quiet"]
    runs("compare", rows_file, *options, "--output", tmp_path / "out")
    assert "vaecluster[peers]" in numbers(tmp_path / "out")["left_out"]["umap-mixture"]
    assert "umap-mixture is left out" in (tmp_path / "out" / "compare.html").read_text()
