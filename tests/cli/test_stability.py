import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vaecluster import VAEClustering
from vaecluster.cli import run
from vaecluster.stability import stability

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")


@pytest.fixture(scope="module")
def command(tmp_path_factory, blobs) -> list[str]:
    path = tmp_path_factory.mktemp("data") / "rows.npy"
    np.save(path, blobs)
    return ["stability", str(path), "--clusters", "3", "--runs", "3", "--epochs", "2", "--seed", "4"]


def test_stability_writes_a_picture_and_says_what_it_shows(command, tmp_path, blobs, capsys):
    assert run([*command, "--output", str(tmp_path / "new" / "chart.png")]) == 0
    with Image.open(tmp_path / "new" / "chart.png") as picture:
        assert picture.width > 500
    found = stability(VAEClustering(3, epochs=2, random_state=4), blobs, 3)
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[0].endswith(f"mean {found.mean_ari:.3f}  worst {found.worst_ari:.3f}")
    assert lines[1].split() == ["cluster", "rows", "mean", "Jaccard", "worst"]
    table = zip(found.clusters, found.sizes, found.mean_jaccard, found.jaccard.min(0), strict=True)
    expected = [[str(cluster), str(size), f"{mean:.3f}", f"{worst:.3f}"] for cluster, size, mean, worst in table]
    assert [line.split()[:4] for line in lines[2 : 2 + len(expected)]] == expected
    assert lines[-1] == f"Written to {tmp_path / 'new' / 'chart.png'}"
    assert "3/3 runs done" in shown.err


def test_stability_writes_all_numbers_whatever_the_number_of_jobs(command, tmp_path, blobs, capsys):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert run([*command, "--quiet", "--output", str(one)]) == 0
    assert run([*command, "--quiet", "--output", str(two), "--jobs", "2"]) == 0
    assert capsys.readouterr() == ("", "")
    assert one.read_bytes() == two.read_bytes()
    record = json.loads(one.read_text())
    assert record["seeds"] == [4, 5, 6]
    assert record["source"] == command[1]
    assert (record["runs"], record["rows"]) == (3, len(blobs))
    assert np.shape(record["ari"]) == (3, 3)


def test_help_names_every_option(capsys):
    assert run(["stability", "--help"]) == 0
    shown = capsys.readouterr().out
    for option in ("--clusters", "--runs", "--jobs", "--views", "--epochs", "--seed", "--threads", "--output"):
        assert option in shown


def test_another_suffix_is_refused_before_anything_is_read_or_fitted(tmp_path, fails):
    message = fails("stability", tmp_path / "missing.npy", "--output", tmp_path / "chart.pdf")
    assert "ends in .png or .json" in message
    assert list(Path(tmp_path).iterdir()) == []


def test_bad_options_are_one_line_and_leave_no_file(command, tmp_path, fails):
    output = ["--output", tmp_path / "chart.png", "--quiet"]
    assert "--runs is 1" in fails(*command[:2], "--runs", "1", *output)
    assert "--jobs is 0" in fails(*command, "--jobs", "0", *output)
    assert "--threads is 0" in fails(*command, "--threads", "0", *output)
    assert "epochs" in fails(*command[:2], "--epochs", "0", "--jobs", "2", *output)
    assert "mnits" in fails("stability", "mnits", *output)
    assert list(tmp_path.iterdir()) == []
