"""A folder of pictures on the command line, also one that is killed while pictures are decoded."""

import csv
import hashlib
import json
import os
import signal
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builders import splits
from onnx_files import mean_colour
from processes import Command
from vaecluster import TwoViews, VAEClustering
from vaecluster.cli import run
from vaecluster.errors import SkippedFilesWarning

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")


def made(folder: Path, number: int) -> Path:
    """Red and blue pictures of several sizes, in two folders."""
    random = np.random.default_rng(0)
    for one in range(number):
        colour = [(220, 30, 30), (30, 30, 220)][one % 2]
        noise = random.normal(colour, 15, (10 + one % 5, 12, 3)).clip(0, 255)
        path = folder / ["one", "two"][one % 2] / f"{one:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise.astype(np.uint8)).save(path)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    return made(tmp_path_factory.mktemp("data") / "photos", 30)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, photos, tiny) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert run(["fit", str(photos), "--clusters", "2", *tiny, "--output", str(folder), "--quiet"]) == 0
    return folder


def ids_of(table: str) -> list[str]:
    return [row["path"] for row in csv.DictReader(table.splitlines())]


def test_labels_carry_the_paths_of_the_pictures(fitted, photos):
    names = sorted(str(path.relative_to(photos)) for path in photos.rglob("*.png"))
    assert ids_of((fitted / "labels.csv").read_text()) == names
    assert json.loads((fitted / "run.json").read_text())["row_shape"] == [12, 12, 3]
    assert not (fitted / "skipped.csv").exists()


@splits
def test_other_pictures_are_put_into_the_clusters(fitted, photos, tmp_path, runs):
    assert ids_of(runs("predict", fitted, made(tmp_path / "other", 4))) == [
        "one/000.png",
        "one/002.png",
        "two/001.png",
        "two/003.png",
    ]
    labels = {row["path"]: row for row in csv.DictReader((fitted / "labels.csv").read_text().splitlines())}
    (alone,) = csv.DictReader(runs("predict", fitted, photos / "one" / "004.png").splitlines())
    assert alone["path"] == "004.png"
    assert (alone["cluster"], alone["confidence"]) == tuple(
        labels["one/004.png"][name] for name in ("cluster", "confidence")
    )
    runs("transform", fitted, photos, "--output", tmp_path / "codes.npy")
    assert len(np.load(tmp_path / "codes.npy")) == 30
    assert "30 rows" in runs("score", fitted, photos)
    runs("cut", fitted, 3, "--output", tmp_path / "cut")
    assert ids_of((tmp_path / "cut" / "labels.csv").read_text()) == list(labels)
    runs("name", tmp_path / "cut", "0=red")
    assert ids_of((tmp_path / "cut" / "labels.csv").read_text()) == list(labels)


def test_python_gives_what_the_command_line_does(fitted, photos):
    settings = {"epochs": 4, "batch_size": 50, "hidden": (16,), "latent": 2, "heads": 2, "components": 6}
    model = VAEClustering(2, method=TwoViews(**settings), random_state=0).fit(photos)
    found = [int(row["cluster"]) for row in csv.DictReader((fitted / "labels.csv").read_text().splitlines())]
    assert model.labels_.tolist() == found
    assert model.row_names_.tolist() == ids_of((fitted / "labels.csv").read_text())
    assert model.predict(str(photos)).tolist() == found
    assert model.fit(np.zeros((4, 3)) + np.arange(4)[:, None]).row_names_ is None


def test_the_size_can_be_chosen(photos, tmp_path, tiny, runs, fails):
    runs("fit", photos, "--size", 5, "--clusters", 2, *tiny, "--output", tmp_path / "run", "--quiet")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["row_shape"] == [5, 5, 3]
    assert "--size is 0; expected a whole number from 1" in fails("fit", photos, "--size", 0)
    assert "--size is for pictures" in fails("fit", "digits", "--size", 8, "--output", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_cannot_be_read_is_in_the_run_folder(tmp_path, tiny, runs, fails, capsys):
    photos = made(tmp_path / "photos", 6)
    (photos / "cut.png").write_bytes((photos / "one" / "000.png").read_bytes()[:50])
    with pytest.warns(SkippedFilesWarning, match="1 of 7 pictures"):
        VAEClustering(2, method=TwoViews(epochs=2, components=6), random_state=0).fit(photos)
    command = ["fit", photos, "--clusters", 2, *tiny, "--output", tmp_path / "run"]
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert run([*map(str, command), "--quiet"]) == 0
    assert "Warning: Left out of" in capsys.readouterr().err
    assert (tmp_path / "run" / "skipped.csv").read_text().splitlines()[1].startswith("cut.png,")
    for number in range(9):
        (photos / f"{number}.jpg").touch()
    line = fails(*command[:-1], tmp_path / "broken")
    assert "10 of 16 pictures cannot be read" in line
    assert "skipped.csv' lists all" in line
    for number in range(9):
        (photos / f"{number}.jpg").unlink()
    # What the refused fit left is no reason to ask for --overwrite.
    (photos / "cut.png").unlink()
    assert run([*map(str, command[:-1]), str(tmp_path / "broken"), "--quiet"]) == 0


@splits
def test_features_are_clustered_and_pictures_are_shown(photos, tmp_path, tiny, runs, fails):
    number = len(list(photos.rglob("*.png")))
    features = np.random.default_rng(0).normal(size=(number, 3)) + 20 * (np.arange(number)[:, None] < number / 2)
    np.save(tmp_path / "features.npy", features)
    other = made(tmp_path / "other", 4)
    np.save(tmp_path / "other.npy", features[[0, -1, 0, -1]])
    folder = tmp_path / "run"
    options = ["--features", tmp_path / "features.npy", "--clusters", 2, *tiny, "--output", folder, "--quiet"]
    runs("fit", photos, *options)
    assert json.loads((folder / "run.json").read_text())["row_shape"] == [3]
    assert np.load(folder / "examples.npz")["0"].shape[1:] == (12, 12, 3)
    labels = [row["cluster"] for row in csv.DictReader((folder / "labels.csv").read_text().splitlines())]
    # The same again for the same pictures, and for features alone; others need features of their own.
    for source in (photos, tmp_path / "features.npy"):
        assert [row["cluster"] for row in csv.DictReader(runs("predict", folder, source).splitlines())] == labels
    for command in ("predict", "score", "transform"):
        to = ["--output", tmp_path / "c.npy"] if command == "transform" else []
        assert "features of other pictures" in fails(command, folder, other, *to)
    few = tmp_path / "few.npy"
    np.save(few, features[:3])
    assert "3 rows for 4 pictures" in fails("predict", folder, other, "--features", few)
    table = runs("predict", folder, other, "--features", tmp_path / "other.npy")
    assert [row["cluster"] for row in csv.DictReader(table.splitlines())] == [labels[0], labels[-1]] * 2
    runs("cut", folder, 3, "--output", tmp_path / "cut")
    assert np.load(tmp_path / "cut" / "examples.npz")["0"].ndim == 4
    runs("report", folder, "--output", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "Its rows" in page
    assert "<b>Generated</b>" not in page
    runs("report", folder, "--format", "png", "--output", tmp_path / "png")
    names = {path.name for path in (tmp_path / "png").iterdir()}
    assert "cluster-00-rows.png" in names
    assert "cluster-00-generated.png" not in names
    assert "--features is for pictures" in fails("fit", "digits", "--features", "a.npy", "--output", tmp_path / "none")


@splits
def test_a_network_of_the_run_makes_features_of_other_pictures(photos, tmp_path, tiny, runs, fails, monkeypatch):
    network = mean_colour(tmp_path / "mean.onnx")
    folder, other = tmp_path / "run", made(tmp_path / "other", 4)
    monkeypatch.chdir(tmp_path)
    runs("fit", photos, "--features", network.name, "--clusters", 2, *tiny, "--output", folder, "--quiet")
    given = json.loads((folder / "run.json").read_text())["pictures"]
    assert given == {"features": str(network), "features_sha256": hashlib.sha256(network.read_bytes()).hexdigest()}
    labels = [row["cluster"] for row in csv.DictReader((folder / "labels.csv").read_text().splitlines())]
    assert [row["cluster"] for row in csv.DictReader(runs("predict", folder, photos).splitlines())] == labels
    moved = network.rename(tmp_path / "moved.onnx")
    mean_colour(network, (2, 3, 16, 16))
    for command in ("predict", "score", "transform"):
        to = ["--output", tmp_path / "c.npy"] if command == "transform" else []
        assert "is another file than in the fit" in fails(command, folder, other, *to)
        assert "is another file than in the fit" in fails(command, folder, other, "--features", network, *to)
        runs(command, folder, other, "--features", moved, *to)
    assert np.load(tmp_path / "c.npy").shape == (4, 2)


@splits
def test_stored_features_are_not_taken_for_pictures_of_other_names(tmp_path, tiny, runs, fails):
    photos, folder = made(tmp_path / "photos", 8), tmp_path / "run"
    np.save(tmp_path / "f.npy", np.random.default_rng(0).normal(size=(8, 3)))
    runs("fit", photos, "--features", tmp_path / "f.npy", "--clusters", 2, *tiny, "--output", folder, "--quiet")
    runs("predict", folder, photos)
    (photos / "one" / "000.png").rename(photos / "one" / "100.png")
    assert "8 pictures, and there were 8 in the fit; 2 are in one of both alone, such as" in fails(
        "predict", folder, photos
    )


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_fit_that_is_killed_while_it_decodes_goes_on_from_there(tmp_path, tiny):
    photos = tmp_path / "photos"
    photos.mkdir()
    random = np.random.default_rng(0)
    for one in range(3):
        Image.fromarray(random.integers(0, 255, (400, 400, 3), np.uint8)).save(photos / f"{one}.png")
        for other in range(250):
            os.link(photos / f"{one}.png", photos / f"{one}-{other}.png")
    options = ["--clusters", "2", *tiny, "--size", "6", "--quiet"]
    folder = tmp_path / "run"
    journal, pixels = folder / "decoded" / "pixels.jsonl", folder / "decoded" / "pixels.npy"
    process = Command(["fit", photos, *options, "--output", folder])
    deadline = time.monotonic() + 120
    while not journal.exists() or journal.read_bytes().count(b"\n") < 250:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = pixels.read_bytes()[128:]
    begun = journal.stat().st_ctime_ns
    assert 0 < len(kept) < 753 * 108
    assert run(["fit", "--resume", str(folder), "--quiet"]) == 0
    assert journal.stat().st_ctime_ns > begun
    assert pixels.read_bytes()[128:].startswith(kept)
    assert len(np.load(pixels)) == 753
    assert json.loads((folder / "run.json").read_text())["rows"] == 753
