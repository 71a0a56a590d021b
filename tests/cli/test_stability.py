import json
import shutil

import numpy as np
import pytest
from PIL import Image

from vaecluster import TwoViews, VAEClustering
from vaecluster import cli as command_line
from vaecluster.report.collect import collect
from vaecluster.runs.folder import RunFolder
from vaecluster.stability import stability

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")


@pytest.fixture(scope="module")
def command(rows_file, tiny) -> list[object]:
    return ["stability", rows_file, "--clusters", 3, "--runs", 3, *tiny, "--seed", 4]


def test_stability_writes_a_picture_and_says_what_it_shows(command, tmp_path, blobs, runs):
    picture = tmp_path / "new" / "chart.png"
    lines = runs(*command, "--output", picture).splitlines()
    with Image.open(picture) as opened:
        assert opened.width > 500
    method = TwoViews(epochs=4, batch_size=50, hidden=(16,), latent=2, heads=2, components=6)
    found = stability(VAEClustering(3, method=method, random_state=4), blobs, 3)
    assert lines[0].endswith(f"mean {found.mean_ari:.3f}  worst {found.worst_ari:.3f}")
    assert lines[1].split() == ["cluster", "rows", "mean", "Jaccard", "worst"]
    table = zip(found.clusters, found.sizes, found.mean_jaccard, found.jaccard.min(0), strict=True)
    expected = [[str(cluster), str(size), f"{mean:.3f}", f"{worst:.3f}"] for cluster, size, mean, worst in table]
    assert [line.split()[:4] for line in lines[2 : 2 + len(expected)]] == expected
    assert lines[-1] == f"Written to {picture}"


def test_stability_writes_all_numbers_whatever_the_number_of_jobs(command, rows_file, tmp_path, blobs, runs):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert runs(*command, "--quiet", "--output", one) == ""
    assert runs(*command, "--quiet", "--output", two, "--jobs", 2) == ""
    assert one.read_bytes() == two.read_bytes()
    record = json.loads(one.read_text())
    assert record["seeds"] == [4, 5, 6]
    assert record["source"] == str(rows_file)
    assert (record["runs"], record["rows"]) == (3, len(blobs))
    assert np.shape(record["ari"]) == (3, 3)


def test_another_suffix_is_refused_before_anything_is_read_or_fitted(tmp_path, fails):
    message = fails("stability", tmp_path / "missing.npy", "--output", tmp_path / "chart.pdf")
    assert "ends in .png or .json" in message
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def fitted(rows_file, tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stability") / "run"
    command_line.run(
        ["fit", str(rows_file), "--clusters", "3", *map(str, tiny), "--seed", "4", "--output", str(folder)]
    )
    return folder


def test_a_run_is_compared_with_other_seeds_by_its_own_settings(command, fitted, tmp_path, runs):
    runs(*command, "--quiet", "--output", tmp_path / "asked.json")
    said = runs("stability", fitted, "--runs", 3)
    asked, found = (json.loads(file.read_text()) for file in (tmp_path / "asked.json", fitted / "stability.json"))
    assert found == asked
    assert f"vaecluster report {fitted}" in said
    page = collect(RunFolder(fitted))
    assert "stability" in [section.anchor for section in page.sections]
    assert any("Made 2 more times with other seeds" in sentence for sentence in page.summary)
    assert not any("vaecluster stability" in sentence for sentence in page.advice)


@pytest.mark.parametrize(
    "option",
    [["--clusters", 3], ["--method", "vade"], ["--set", "heads=2"], ["--column", "a=count"], ["--seed", 0]],
    ids=lambda option: option[0],
)
def test_a_run_has_settings_of_its_own(fitted, option, fails):
    assert f"is a run, which has settings of its own. Leave out {option[0]}." in fails("stability", fitted, *option)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"runs": 2}', '{"runs": 1e9}', "[" * 100_000])
def test_what_stability_did_not_write_is_refused_in_one_line(content, fitted, tmp_path, fails):
    run = shutil.copytree(fitted, tmp_path / "run")
    (run / "stability.json").write_text(content)
    assert "is damaged. Run `vaecluster stability" in fails("report", run)
