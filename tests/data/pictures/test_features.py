import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from vaecluster.data.pictures import cache
from vaecluster.data.pictures.folder import Pictures
from vaecluster.errors import DataError, FileError, SettingError, SkippedFilesWarning

NAMES = ["a.png", "b/a.png", "b/c.png", "d.png"]


@pytest.fixture
def photos(tmp_path):
    """Four pictures of one colour each."""
    for number, name in enumerate(NAMES):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 20), (50 * number, 100, 0)).save(path)
    return tmp_path / "photos"


class Mean(nn.Module):
    """The mean colour of an image."""

    def forward(self, images):
        return images.mean((2, 3))


class Strange(nn.Module):
    def forward(self, images):
        return images.mean()


def exported(path, network=None, shape=(2, 3, 16, 16), dynamic=None):
    program = torch.export.export(network or Mean(), (torch.zeros(shape),), dynamic_shapes=dynamic)
    torch.export.save(program, path)
    return path


COLOURS = np.array([[50 * number / 255, 100 / 255, 0] for number in range(4)])


@pytest.mark.parametrize("dynamic", [None, ({0: torch.export.Dim("n")},)], ids=["two at a time", "any number"])
def test_a_program_makes_features_of_squares(photos, tmp_path, dynamic, monkeypatch):
    monkeypatch.setattr(cache, "BLOCK", 3)
    program = exported(tmp_path / "mean.pt2", dynamic=dynamic)
    data = Pictures(photos, features=program).read()
    np.testing.assert_allclose(data.values, COLOURS, atol=1e-5)
    assert (data.values.dtype, data.pixels.shape) == (np.float32, (4, 20, 20, 3))
    assert data.paths.tolist() == NAMES


def test_features_are_not_made_again(photos, tmp_path):
    told = []

    def telling(what, parts):
        told.append((what, len(parts)))
        return parts

    program = exported(tmp_path / "mean.pt2")
    pictures = Pictures(photos, features=program)
    pictures.read(keep=tmp_path / "run", telling=telling)
    again = pictures.read(keep=tmp_path / "run", telling=telling)
    assert told == [
        ("decoding pictures", 1),
        ("features of pictures", 1),
        ("decoding pictures", 0),
        ("features of pictures", 0),
    ]
    np.testing.assert_allclose(again.values, COLOURS, atol=1e-5)


def test_features_of_a_file_go_by_order_or_by_path(photos, tmp_path):
    features = np.random.default_rng(0).normal(size=(4, 5))
    np.save(tmp_path / "f.npy", features)
    order = [2, 0, 3, 1]
    np.savez(tmp_path / "f.npz", paths=np.array(NAMES)[order], features=features[order])
    for name in ("f.npy", "f.npz"):
        np.testing.assert_array_equal(Pictures(photos, features=tmp_path / name).read().values, features)
    # Rows of pictures that are broken are left out, whether they are there or not.
    (photos / "b" / "c.png").write_bytes(b"")
    kept = features[[0, 1, 3]]
    np.save(tmp_path / "g.npy", kept)
    for name in ("f.npy", "f.npz", "g.npy"):
        with pytest.warns(SkippedFilesWarning):
            data = Pictures(photos, features=tmp_path / name).read()
        np.testing.assert_array_equal(data.values, kept)
        assert data.paths.tolist() == ["a.png", "b/a.png", "d.png"]


def test_features_that_are_none_are_refused(photos, tmp_path):
    np.save(tmp_path / "few.npy", np.ones((3, 2)))
    np.save(tmp_path / "cubes.npy", np.ones((4, 2, 2)))
    np.savez(tmp_path / "other.npz", x=np.ones((4, 2)))
    np.savez(tmp_path / "some.npz", paths=np.array(NAMES[:3]), features=np.ones((3, 2)))
    (tmp_path / "text.pt2").write_text("no program")
    exported(tmp_path / "grey.pt2", shape=(2, 1, 16, 16))
    exported(tmp_path / "strange.pt2", Strange())
    for name, problem, words in (
        ("few.npy", DataError, "holds 3 rows, but there are 4 pictures"),
        ("cubes.npy", DataError, r"shape \(4, 2, 2\)"),
        ("other.npz", DataError, r"has x; expected paths \(rows,\) and features"),
        ("some.npz", DataError, "1 of 4 pictures, such as 'd.png'"),
        ("text.pt2", FileError, "cannot be read as a program"),
        ("none.pt2", FileError, "cannot be read as a program"),
        ("grey.pt2", FileError, r"expected \(n, 3, H, W\)"),
        ("strange.pt2", DataError, "fails on images"),
    ):
        with pytest.raises(problem, match=words):
            Pictures(photos, features=tmp_path / name).read()
    with pytest.raises(SettingError, match=r"features is 'a.txt'; expected a file that ends in .npy, .npz, .pt2"):
        Pictures(photos, features="a.txt")
