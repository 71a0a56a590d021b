import json

import numpy as np
import pytest
from PIL import Image

from vaecluster import TwoViews, VAEClustering
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
