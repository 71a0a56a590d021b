import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vaecluster.benchmark import judge
from vaecluster.benchmark.ablations import ABLATIONS
from vaecluster.cli import run

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
VAECLUSTER = Path(sys.executable).with_name("vaecluster")


@pytest.fixture(scope="module")
def rows_file(tmp_path_factory, blobs) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.npz"
    np.savez(path, X=blobs, y=(blobs[:, 0] > 50).astype(int))
    return path


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory, rows_file) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    command = ["fit", str(rows_file), "--clusters", "3", "--epochs", "3", "--output", str(folder), "--quiet"]
    assert run(command) == 0
    return folder


def test_fit_leaves_a_folder_that_other_programs_can_read(run_folder, blobs):
    described = json.loads((run_folder / "run.json").read_text())
    assert described["rows"] == sum(entry["size"] for entry in described["clusters"]) == len(blobs)
    assert 0 < described["scores"]["train"]["hungarian_accuracy"] <= 1
    lines = (run_folder / "labels.csv").read_text().splitlines()
    assert lines[0] == "row,cluster,confidence"
    assert len(lines) == len(blobs) + 1


def test_predict_gives_the_labels_of_the_fit_again(run_folder, rows_file, tmp_path, capsys):
    assert run(["predict", str(run_folder), str(rows_file), "--output", str(tmp_path / "labels.csv")]) == 0
    assert (tmp_path / "labels.csv").read_text() == (run_folder / "labels.csv").read_text()
    capsys.readouterr()
    assert run(["predict", str(run_folder), str(rows_file)]) == 0
    assert capsys.readouterr().out == (run_folder / "labels.csv").read_text()
    assert run(["predict", str(run_folder), str(rows_file), "--output", str(tmp_path / "labels.npy")]) == 0
    assert np.load(tmp_path / "labels.npy").shape == (150,)


def test_sample_writes_rows_or_a_picture(run_folder, tmp_path, blobs):
    rows, picture = tmp_path / "rows.npy", tmp_path / "rows.png"
    assert run(["sample", str(run_folder), "--cluster", "1", "--number", "5", "--output", str(rows)]) == 0
    assert np.load(rows).shape == (5, 4)
    assert run(["sample", str(run_folder), "--output", str(picture)]) == 0
    with Image.open(picture) as opened:
        assert opened.width > 50


def test_report_writes_one_page_or_pictures(run_folder, tmp_path):
    assert run(["report", str(run_folder)]) == 0
    page = (run_folder / "report.html").read_text()
    assert page.count("<section") + page.count("<article") >= 3
    assert not re.search(r"(src|href)=.https?:", page)
    assert run(["report", str(run_folder), "--format", "png", "--output", str(tmp_path / "pictures")]) == 0
    assert (tmp_path / "pictures" / "overview.png").is_file()


def test_without_a_number_of_clusters_one_is_found_and_reported(rows_file, tmp_path, capsys):
    command = ["fit", str(rows_file), "--epochs", "100", "--batch-size", "100", "--learning-rate", "0.01"]
    assert run([*command, "--output", str(tmp_path / "run")]) == 0
    assert "150 rows in 3 clusters: [50, 50, 50]" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "run" / "run.json").read_text())["clusters"]) == 3
    assert run(["report", str(tmp_path / "run")]) == 0
    page = (tmp_path / "run" / "report.html").read_text()
    assert re.search(r"<dt>Clusters</dt>\s*<dd>3</dd>", page)


def test_an_output_that_exists_is_kept_unless_told_otherwise(run_folder, rows_file, fails):
    before = (run_folder / "labels.csv").read_bytes()
    message = fails("fit", rows_file, "--output", run_folder, "--epochs", 1)
    assert "is not empty" in message
    assert "--overwrite" in message
    assert (run_folder / "labels.csv").read_bytes() == before


def test_overwrite_replaces_the_run(rows_file, tmp_path):
    command = ["fit", str(rows_file), "--epochs", "1", "--output", str(tmp_path / "run"), "--quiet", "--clusters"]
    assert run([*command, "2"]) == 0
    assert run([*command, "3", "--overwrite"]) == 0
    assert len(json.loads((tmp_path / "run" / "run.json").read_text())["clusters"]) == 3


def test_benchmark_keeps_every_seed(tmp_path, capsys, fails):
    command = [
        "benchmark",
        "digits",
        "--method",
        "su2018",
        "--epochs",
        "1",
        "--seeds",
        "2",
        "--output",
        str(tmp_path),
        "--quiet",
    ]
    assert run(command) == 0
    record = json.loads((tmp_path / "digits-su2018-1-epochs.json").read_text())
    assert [entry["seed"] for entry in record["runs"]] == [0, 1]
    accuracies = [entry["test"]["hungarian_accuracy"] for entry in record["runs"]]
    assert record["summary"]["test"]["hungarian_accuracy"]["worst"] == min(accuracies)
    assert record["settings"]["epochs"] == 1
    assert run([*command[:6], "--seeds", "3", *command[8:]]) == 0
    longer = json.loads((tmp_path / "digits-su2018-1-epochs.json").read_text())
    assert longer["runs"][:2] == record["runs"]
    assert len(longer["runs"]) == 3
    capsys.readouterr()
    assert "other parameters" in fails(*command, "--device", "cpu")
    assert {"torch", "vaecluster"} <= set(record["versions"])


def test_benchmark_runs_baselines_in_the_same_way(tmp_path, capsys):
    assert run(["benchmark", "digits", "--method", "kmeans", "--seeds", "2", "--output", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "digits-kmeans.json").read_text())
    assert record["data"]["kind"] == "digits"
    assert [entry["seed"] for entry in record["runs"]] == [0, 1]
    assert "nmi" in capsys.readouterr().out


def benchmark_of_digits(folder, *options) -> list[dict]:
    """The records that a benchmark of two epochs leaves in the folder."""
    command = ["benchmark", "digits", "--epochs", "2", "--quiet", "--output", str(folder), *options]
    assert run(command) == 0
    return [json.loads(path.read_text()) for path in sorted(folder.iterdir())]


def test_benchmark_scores_what_is_generated(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(judge, "STEPS", 200)
    (record,) = benchmark_of_digits(tmp_path, "--generation")
    assert record["method"] == "shared, 2 epochs"
    assert 0 <= record["runs"][0]["generation"]["named_worst"] <= record["summary"]["generation"]["named_mean"]["mean"]
    assert "training images" in record["anchors"]
    assert record["measures"]["generation"]["judge"]["accuracy"] > 0.5
    assert "frechet_distance" in capsys.readouterr().out


def test_benchmark_leaves_parts_out(tmp_path):
    (record,) = benchmark_of_digits(tmp_path, "--without", "heads")
    assert (record["method"], record["settings"]["heads"]) == ("shared, 2 epochs without heads", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["digits-shared-2-epochs-without-heads.json"]
    assert len(benchmark_of_digits(tmp_path, "--without", "all")) == len(ABLATIONS)


def test_benchmark_makes_a_class_rare(tmp_path):
    (record,) = benchmark_of_digits(tmp_path, "--rare", "4")
    assert (record["data"]["name"], record["data"]["kind"]) == ("digits-rare-4", "digits")
    assert record["runs"][0]["rare"]["train_rows"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["digits-rare-4-shared-2-epochs.json"]


@pytest.mark.filterwarnings("ignore::vaecluster.errors.FewCluesWarning")
def test_benchmark_need_not_tell_the_number_of_clusters(tmp_path, capsys):
    (record,) = benchmark_of_digits(tmp_path, "--auto")
    assert (record["method"], record["parameters"]["n_clusters"]) == ("shared, 2 epochs auto", "auto")
    assert [path.name for path in tmp_path.iterdir()] == ["digits-shared-2-epochs-auto.json"]
    assert f"{record['runs'][0]['found']} clusters found" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["fit", "predict", "sample", "report", "demo", "benchmark"])
def test_help_names_every_option(command, capsys):
    assert run([command, "--help"]) == 0
    assert "vaecluster" in capsys.readouterr().out


def test_bad_files_are_one_line(tmp_path, fails, run_folder):
    text = tmp_path / "rows.npz"
    text.write_text("no archive")
    assert "rows.npz" in fails("fit", text)
    assert "missing.npy" in fails("fit", tmp_path / "missing.npy")
    assert "mnits" in fails("fit", "mnits")
    assert "holds no run" in fails("report", tmp_path)
    assert "holds no run" in fails("predict", tmp_path / "nowhere", text)
    assert ".csv or .npy" in fails("predict", run_folder, text, "--output", tmp_path / "labels.xls")


def test_rows_of_another_layout_are_one_line(run_folder, tmp_path, fails):
    np.save(tmp_path / "narrow.npy", np.zeros((5, 3)))
    np.save(tmp_path / "images.npy", np.zeros((5, 3, 3)))
    assert "3 features, but VAEClustering is expecting 4" in fails("predict", run_folder, tmp_path / "narrow.npy")
    assert "an image of 3x3, but the fit was on" in fails("predict", run_folder, tmp_path / "images.npy")


def test_bad_rows_are_one_line_and_leave_no_run(tmp_path, fails):
    X = np.ones((20, 3))
    X[4, 1] = np.nan
    np.save(tmp_path / "rows.npy", X)
    message = fails("fit", tmp_path / "rows.npy", "--output", tmp_path / "run")
    assert "1 NaN" in message
    assert "column 1" in message
    assert not (tmp_path / "run" / "run.json").exists()


def test_bad_options_are_one_line(fails, run_folder, rows_file, tmp_path):
    assert "clusters" in fails("fit", rows_file, "--clusters", "many")
    assert "--nope" in fails("fit", rows_file, "--nope")
    assert "'auto'" in fails("fit", rows_file, "--preset", "su2018", "--output", tmp_path / "run")
    assert "sur2018" in fails("fit", rows_file, "--preset", "sur2018", "--output", tmp_path / "run")
    assert "--threads" in fails("fit", rows_file, "--threads", "0")
    assert "one of 0 to 2" in fails("sample", run_folder, "--cluster", "3")
    assert "at most 64" in fails("sample", run_folder, "--number", "65", "--output", "a.png")
    assert "fitt" in fails("fitt")
    assert "--seeds" in fails("benchmark", "digits", "--seeds", "0")
    assert "kmeans" in fails("benchmark", "digits", "--method", "k-means")
    assert "counts" in fails("benchmark", "digits", "--kind", "genes")
    assert "'arms'" in fails("benchmark", "digits", "--without", "arms")
    assert "--rare is '10'" in fails("benchmark", "digits", "--rare", "10")
    assert "--clusters" in fails("benchmark", "digits", "--auto", "--clusters", "3")
    assert "must be told" in fails("benchmark", "digits", "--method", "kmeans", "--auto")
    assert "generates no rows" in fails("benchmark", "digits", "--method", "kmeans", "--generation")
    assert "epochs is 3" in fails("benchmark", "digits", "--method", "kmeans", "--epochs", 3)


def test_a_damaged_run_is_one_line(run_folder, rows_file, tmp_path, fails):
    damaged = tmp_path / "run"
    shutil.copytree(run_folder, damaged)
    model = damaged / "model.vaecluster"
    model.write_bytes(model.read_bytes()[:1000])
    assert "model.vaecluster" in fails("predict", damaged, rows_file)
    (damaged / "run.json").write_text("{")
    assert "run.json" in fails("report", damaged)


def test_the_program_itself_exits_with_2_and_no_traceback(tmp_path):
    result = subprocess.run([VAECLUSTER, "fit", tmp_path / "none.npz"], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_ctrl_c_keeps_the_run_and_says_so(tmp_path, rows_file):
    command = [VAECLUSTER, "fit", rows_file, "--epochs", "1000000", "--output", tmp_path / "run"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert process.stderr.readline().startswith("epoch 1/")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "interrupted in epoch" in errors
    assert "Traceback" not in errors
    assert json.loads((tmp_path / "run" / "run.json").read_text())["ending"] == "interrupted"
