import csv
import json
import re
import shutil
from importlib import import_module
from inspect import signature

import numpy as np
import pytest
from PIL import Image

from builders import TINY, splits
from vaecluster import VAEClustering
from vaecluster.cli import COMMANDS
from vaecluster.data.dataset import DataSet
from vaecluster.data.named import load_named
from vaecluster.methods import METHODS
from vaecluster.settings import declared

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")


@pytest.fixture(scope="module")
def model(run_folder) -> VAEClustering:
    return VAEClustering.load(run_folder / "model.vaecluster")


def described(folder) -> dict:
    return json.loads((folder / "run.json").read_text())


def labelled(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_fit_leaves_a_folder_that_other_programs_can_read(run_folder, blobs):
    run = described(run_folder)
    assert run["rows"] == sum(entry["size"] for entry in run["clusters"]) == len(blobs)
    assert 0 < run["scores"]["train"]["hungarian_accuracy"] <= 1
    lines = (run_folder / "labels.csv").read_text().splitlines()
    assert lines[0] == "row,cluster,confidence,second"
    assert len(lines) == len(blobs) + 1


def test_settings_that_are_given_are_those_of_the_method(model):
    given = {"epochs": 4, "batch_size": 50, "hidden": (16,), "latent": 2, "heads": 2, "components": 6}
    assert {name: getattr(model.method_, name) for name in given} == given


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_fitted(method, runs, rows_file, tmp_path):
    words = f"--method {method} --clusters 3 --threads 1 --set hidden=16".split()
    for name, value in (TINY[method] | {"epochs": 1, "batch_size": 50}).items():
        words += ["--set", f"{name}={value}"] if name != "hidden" else []
    assert "150 rows in 3 clusters" in runs("fit", rows_file, *words, "--output", tmp_path / "run")
    assert VAEClustering.load(tmp_path / "run" / "model.vaecluster").method_.name == method


def test_a_number_that_is_asked_for_where_nothing_lies_apart_is_told_so(runs, tiny, tmp_path):
    np.save(tmp_path / "noise.npy", np.random.default_rng(0).uniform(size=(60, 3)))
    words = ["fit", tmp_path / "noise.npy", *tiny, "--overwrite", "--output", tmp_path / "run"]
    assert "No boundary between them was seen: nowhere" in runs(*words, "--clusters", "3")
    assert "No boundary" not in runs(*words, "--clusters", "1")


def test_predict_gives_the_labels_of_the_fit_again(run_folder, rows_file, model, blobs, tmp_path, runs):
    table, array = tmp_path / "labels.csv", tmp_path / "labels.npy"
    runs("predict", run_folder, rows_file, "--output", table)
    assert table.read_text() == (run_folder / "labels.csv").read_text() == runs("predict", run_folder, rows_file)
    runs("predict", run_folder, rows_file, "--output", array)
    np.testing.assert_array_equal(np.load(array), model.predict(blobs))


def test_predict_tells_doubt_where_it_is_asked_to(run_folder, rows_file, model, blobs, runs):
    rows = labelled(runs("predict", run_folder, rows_file, "--outlier-scores", "--min-confidence", "0.9"))
    assert list(rows[0]) == ["row", "cluster", "confidence", "second", "outlier_score"]
    assert [row["outlier_score"] for row in rows] == [f"{score:.4f}" for score in model.outlier_score(blobs)]
    assert [int(row["cluster"]) for row in rows] == model.predict(blobs, min_confidence=0.9).tolist()


def test_transform_and_score_give_what_the_model_gives(run_folder, rows_file, model, blobs, tmp_path, runs):
    runs("transform", run_folder, rows_file, "--output", tmp_path / "codes.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), model.transform(blobs))
    shown = runs("score", run_folder, rows_file, "--output", tmp_path / "bounds.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "bounds.npy"), model.score_samples(blobs))
    assert shown.startswith(f"{model.score(blobs):.3f} nats per row")


def test_sample_writes_rows_or_a_picture(run_folder, model, tmp_path, runs):
    rows, picture = tmp_path / "rows.npy", tmp_path / "rows.png"
    runs("sample", run_folder, "--cluster", 1, "--number", 5, "--output", rows)
    np.testing.assert_array_equal(np.load(rows), model.sample(5, cluster=1))
    runs("sample", run_folder, "--output", picture)
    with Image.open(picture) as opened:
        assert opened.width > 50


def test_endings_may_be_in_capitals(run_folder, rows_file, model, blobs, tmp_path, runs):
    runs("sample", run_folder, "--output", tmp_path / "rows.PNG")
    with Image.open(tmp_path / "rows.PNG") as opened:
        assert opened.format == "PNG"
    runs("predict", run_folder, rows_file, "--output", tmp_path / "labels.NPY")
    np.testing.assert_array_equal(np.load(tmp_path / "labels.NPY"), model.predict(blobs))


def test_the_home_folder_is_found_where_the_shell_does_not(run_folder, tmp_path, runs, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    runs("sample", run_folder, "--output=~/rows.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.npy"]


def test_report_writes_one_page_or_pictures(run_folder, tmp_path, runs):
    runs("report", run_folder, "--output", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert page.count("<section") + page.count("<article") >= 3
    assert not re.search(r"(src|href)=.https?:", page)
    runs("report", run_folder, "--format", "png", "--output", tmp_path / "pictures")
    assert (tmp_path / "pictures" / "overview.png").is_file()


def test_without_a_number_of_clusters_one_is_found_and_reported(rows_file, tmp_path, runs):
    settings = ["epochs=60", "batch_size=100", "learning_rate=0.01", "hidden=32", "latent=2", "components=12"]
    words = [word for setting in settings for word in ("--set", setting)]
    assert "150 rows in 3 clusters: [50, 50, 50]" in runs("fit", rows_file, *words, "--output", tmp_path / "run")
    assert len(described(tmp_path / "run")["clusters"]) == 3
    runs("report", tmp_path / "run")
    assert " in 3 clusters: " in (tmp_path / "run" / "report.html").read_text()


def test_overwrite_replaces_the_run(rows_file, tiny, tmp_path, runs):
    for number, more in ((2, []), (3, ["--overwrite"])):
        runs("fit", rows_file, *tiny, "--output", tmp_path / "run", "--quiet", "--clusters", number, *more)
        assert len(described(tmp_path / "run")["clusters"]) == number


def test_a_demo_replaces_what_a_demo_wrote_and_no_run_of_the_user(tmp_path, runs, fails, monkeypatch):
    small = {"epochs": 1, "hidden": (16,), "latent": 2, "heads": 1, "components": 12, "views": "vectors"}
    monkeypatch.setattr("vaecluster.methods.TwoViews", lambda **given: METHODS["two-views"](**(given | small)))
    whole = load_named("digits")
    few = DataSet("digits", whole.x_train[:150], whole.y_train[:150], whole.x_test[:50], whole.y_test[:50])
    monkeypatch.setattr("vaecluster.data.named.load_named", lambda name: few)
    demo, own = tmp_path / "demo", tmp_path / "own"
    for seed in (0, 1):
        runs("demo", "--output", demo, "--seed", seed, "--quiet", "--threads", 1)
        assert VAEClustering.load(demo).random_state == seed
        if seed == 0:
            runs("edit", demo, "--rename", "0=mine")
    assert "holds edits of another fit" in fails("edit", demo, "--list")
    # A cut is the user's own, of the digits as the demo.
    runs("cut", demo, 3, "--output", own)
    assert described(own)["source"] == described(demo)["source"] == "digits"
    before = described(own)
    assert "'own' is not empty" in fails("demo", "--output", own).replace(str(tmp_path) + "/", "")
    assert described(own) == before
    runs("demo", "--output", own, "--quiet", "--threads", 1, "--overwrite")
    assert described(own)["demo"] is True


@splits
def test_cut_writes_a_run_with_other_clusters_of_the_same_rows(run_folder, model, blobs, tmp_path, runs):
    runs("cut", run_folder, 2, "--output", tmp_path / "two")
    wanted = model.cut(2, blobs)
    assert [int(row["cluster"]) for row in labelled((tmp_path / "two" / "labels.csv").read_text())] == (
        wanted.labels_.tolist()
    )
    before, after = described(run_folder), described(tmp_path / "two")
    assert [entry["size"] for entry in after["clusters"]] == wanted.cluster_sizes_.tolist()
    assert (after["source"], after["seconds"]) == (before["source"], before["seconds"])
    runs("report", tmp_path / "two")
    # Back to the number of the fit, into a folder that holds a run.
    runs("cut", tmp_path / "two", 3, "--output", tmp_path / "two", "--overwrite")
    np.testing.assert_array_equal(
        VAEClustering.load(tmp_path / "two" / "model.vaecluster").cut(3).predict(blobs), model.cut(3).predict(blobs)
    )


def test_cut_finds_rows_that_were_moved_and_names_its_folder_itself(
    run_folder, rows_file, tmp_path, runs, monkeypatch
):
    shutil.copytree(run_folder, tmp_path / "run")
    shutil.copy(rows_file, tmp_path / "moved.npz")
    monkeypatch.chdir(tmp_path / "run")
    runs("cut", ".", 2, "--source", tmp_path / "moved.npz")
    assert described(tmp_path / "run-2")["source"] == str(tmp_path / "moved.npz")


def test_names_are_kept_in_the_model_and_in_the_labels(run_folder, rows_file, tmp_path, runs):
    run = tmp_path / "run"
    shutil.copytree(run_folder, run)
    before = labelled((run / "labels.csv").read_text())
    assert "0 is cats, 2 is old boots" in runs("name", run, "0=cats", "2=old boots")
    after = labelled((run / "labels.csv").read_text())
    names = {"0": "cats", "2": "old boots"}
    assert after == [row | {"name": names.get(row["cluster"], "")} for row in before]
    assert runs("predict", run, rows_file) == (run / "labels.csv").read_text()
    runs("name", run, "0=dogs")
    assert VAEClustering.load(run / "model.vaecluster").cluster_names_ == {0: "dogs", 2: "old boots"}


def test_methods_lists_every_setting_with_its_default_and_its_meaning(runs):
    shown = runs("methods")
    for method in METHODS.values():
        one = runs("methods", method.name)
        assert one in shown
        text = " ".join(one.split())
        for name, setting in declared(method).items():
            assert re.search(rf"^  {name} \(default [^()]+\)$", one, re.MULTILINE)
            assert " ".join(setting.text.split()) in text
    assert "hidden (default 512,512 for images, 256,256 for vectors)" in shown
    assert not re.search(r"None|True|False|\[Neighbours", shown)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_option(command, runs):
    shown = runs(command, "--help")
    function = getattr(import_module(f"vaecluster.cli.{command}"), command)
    names = {"settings": "set", "other": "with", "show": "list"}
    for name, parameter in signature(function).parameters.items():
        name = names.get(name, name).replace("_", "-")
        assert (f"--{name}" if parameter.kind is parameter.KEYWORD_ONLY else name.upper()) in shown
    if "settings" in signature(function).parameters:
        assert "vaecluster methods lists" in " ".join(re.sub("[│\n]", " ", shown).split())


def test_help_says_what_each_command_does(runs):
    shown = runs("--help")
    assert runs() == shown
    for command in COMMANDS:
        assert re.search(rf"│ {command} +[A-Z]\w+[ ,]", shown)


def test_a_damaged_run_is_one_line(run_folder, rows_file, tmp_path, fails):
    damaged = tmp_path / "run"
    shutil.copytree(run_folder, damaged)
    model, labels = damaged / "model.vaecluster", damaged / "labels.csv"
    for content in (b"row,cluster\n0,x\n", b"\xff", b"a\n1\n"):
        labels.write_bytes(content)
        assert "labels.csv" in fails("name", damaged, "0=cats")
    model.write_bytes(model.read_bytes()[:1000])
    assert "model.vaecluster" in fails("predict", damaged, rows_file)
    for content in ("{", '{"format": 1}', '{"format": 1, "source": 3, "seconds": 1, "cpu_seconds": 1}'):
        (damaged / "run.json").write_text(content)
        assert "run.json" in fails("cut", damaged, 2, "--output", tmp_path / "two")
    assert not (tmp_path / "two").exists()
