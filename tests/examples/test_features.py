import numpy as np
import pytest
from PIL import Image

from onnx_files import mean_colour


def test_pictures_are_told_apart_by_what_a_network_sees(tmp_path, printed):
    pytest.importorskip("onnxruntime")
    random = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for number in range(40):
        colour = [(200, 40, 40), (40, 40, 200)][number % 2]
        noise = random.normal(colour, 30, (20, 24, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noise).save(tmp_path / "photos" / f"{'ab'[number % 2]}{number}.png")
    *lines, again = printed("features", tmp_path / "photos", mean_colour(tmp_path / "n.onnx"))
    clusters = [{line.split("cluster ")[1][0] for line in lines if line.startswith(kind)} for kind in "ab"]
    assert sorted(map(len, clusters)) == [1, 1]
    assert clusters[0] != clusters[1]
    assert again == "the same again: True"
