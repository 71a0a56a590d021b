"""Clusters of a run edited on the command line."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from builders import quiet
from vaecluster.runs.labels import Labels

pytestmark = quiet


@pytest.fixture
def copy(run_folder, tmp_path) -> Path:
    return Path(shutil.copytree(run_folder, tmp_path / "run"))


def sizes(output: str) -> dict[str, int]:
    """Rows by cluster, as they were printed."""
    lines = [line.split() for line in output.splitlines()]
    start = next(number for number, line in enumerate(lines) if line[:2] == ["cluster", "rows"]) + 1
    return {line[0]: int(line[1]) for line in lines[start:] if line[0].isdecimal() or line[0] == "none"}


def test_edits_are_made_listed_undone_and_saved(copy, rows_file, runs):
    before = sizes(runs("edit", copy))
    runs("edit", copy, "--rename", "2=cats", "--merge", "0,1", "--move", "0-2=2", "--quiet")
    told = runs("edit", copy, "--list")
    assert [line.split(maxsplit=1)[1] for line in told.splitlines()[:3]] == [
        "cluster 2 is called 'cats'",
        "3 rows go to cluster 2",
        "clusters 0 and 1 become one",
    ]
    assert sum(sizes(told).values()) == sum(before.values())
    assert told.splitlines()[-1].endswith("cats")
    assert sizes(told).keys() == {"0", "1"}
    runs("edit", copy, "--undo")
    assert sizes(runs("edit", copy)).keys() == {"0", "1", "2"}
    assert "undone  clusters 0 and 1 become one" in runs("edit", copy, "--list")
    assert sizes(runs("edit", copy, "--redo")) == sizes(told)
    saved = runs("edit", copy, "--save", "v2")
    assert "that you placed" in saved
    version = copy / "versions" / "v2"
    assert (Labels.read(version / "labels.csv").clusters[:3] == 1).all()
    assert "cats" in runs("predict", version, rows_file)
    assert runs("report", version).endswith(f"{version / 'report.html'}\n")
    # The run itself is as it was.
    assert sizes(runs("edit", copy, "--list")) == sizes(told)
    assert (Labels.read(copy / "labels.csv").clusters == Labels.read(version.parents[1] / "labels.csv").clusters).all()


def test_edits_of_one_command_speak_of_the_clusters_before_it(copy, runs):
    before = sizes(runs("edit", copy))
    runs("edit", copy, "--move", "0=3", "--move", "1=4")
    moved = sizes(runs("edit", copy))
    merged = sizes(runs("edit", copy, "--merge", "0,1", "--merge", "3,4", "--rename", "4=pair"))
    assert list(merged.values()) == [moved["0"] + moved["1"], moved["2"], 2]
    assert sum(merged.values()) == sum(before.values())
    assert runs("edit", copy).splitlines()[-1].split() == ["2", "2", "pair"]


def test_a_cluster_is_split_and_rows_are_marked(tmp_path, rows_file, runs):
    tiny = ["--set", "epochs=3", "--set", "hidden=16", "--set", "latent=2", "--set", "generator_epochs=1"]
    fit = ["fit", rows_file, "--clusters", "3", "--method", "stepwise", *tiny, "--output", tmp_path / "run"]
    runs(*fit, "--quiet")
    runs("edit", tmp_path / "run", "--split", "0=2", "--mark", "0,4,9=odd", "--quiet")
    told = runs("edit", tmp_path / "run")
    assert len(sizes(told)) == 5
    assert [line.split()[1:] for line in told.splitlines() if line.endswith("odd")] == [["3", "odd"]]


REFUSED = {
    "no name": (["--rename", "cats"], "--rename is 'cats'; expected CLUSTER=NAME"),
    "no cluster": (["--rename", "x=cats"], "A cluster is 'x'; expected a whole number"),
    "another cluster": (["--rename", "9=cats"], "There is no cluster 9; expected 0 to 2"),
    "two lines": (["--rename", "0=a\nb"], "on one line"),
    "a long name": (["--rename", f"0={'x' * 10_000}"], "1 to 200 letters"),
    "one cluster": (["--merge", "1"], "two clusters or more"),
    "another one to merge": (["--merge", "0,7"], "There is no cluster 7"),
    "half a span": (["--move", "5-=1"], "A row is ''"),
    "a span backwards": (["--move", "5-3=1"], "the smaller number first"),
    "too many rows": (["--move", "0-999999999=1"], "There is no row 150"),
    "a row far behind the last": (["--move", "99999999999=1"], "There is no row 99999999999"),
    "no rows": (["--mark", "=cats"], "A row is ''"),
    "one part": (["--split", "0=1"], "2 or more, or auto"),
    "nothing to undo": (["--undo"], "There is nothing to undo"),
    "nothing to redo": (["--redo"], "There is nothing to redo"),
    "both": (["--undo", "--redo"], "stand for themselves"),
    "undone and edited": (["--undo", "--merge", "0,1"], "stand for themselves"),
    "no folder": (["--save", "../out"], "The name of a version is '../out'"),
    "no rows of the fit": (["--save", "v2", "--source", "gone.npy"], "gone.npy does not exist"),
    "other rows": (["--save", "v2", "--source", "OTHER"], "are not those that"),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_done(copy, fails, tmp_path, words, said):
    np.save(tmp_path / "other.npy", np.ones((150, 4)))
    words = [str(tmp_path / "other.npy") if word == "OTHER" else word for word in words]
    # The first edit could be made, but for the second.
    first = ["--rename", "1=dogs"] if words[0] in ("--rename", "--merge", "--split", "--move", "--mark") else []
    assert said in fails("edit", copy, *first, *words)
    assert not (copy / "edits" / "journal.jsonl").exists()
    assert not (copy / "versions").exists()


def test_a_folder_without_a_run_is_refused(tmp_path, fails):
    assert "holds no run" in fails("edit", tmp_path, "--list")
