import importlib
import os
import re
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from onnx_files import DOUBLE, external_weights, mean_colour
from vaecluster.data.pictures import cache, features
from vaecluster.data.pictures.folder import Pictures
from vaecluster.errors import DataError, FileError, SettingError, SkippedFilesWarning, StoredFeaturesWarning

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


@pytest.mark.parametrize("shape", [("n", 3, 16, 16), (2, 3, 16, 16), ("n", 3, "h", "w")], ids=str)
def test_an_onnx_file_makes_features_of_squares(photos, tmp_path, shape):
    data = Pictures(photos, features=mean_colour(tmp_path / "mean.onnx", shape)).read()
    np.testing.assert_allclose(data.values, COLOURS, atol=1e-4)
    assert (data.values.dtype, data.paths.tolist()) == (np.float32, NAMES)


def test_the_file_of_features_is_that_of_the_fit_or_refused(photos, tmp_path):
    one, other = mean_colour(tmp_path / "one.onnx"), mean_colour(tmp_path / "other.onnx", (2, 3, 16, 16))
    sha256 = features.sha256_of(str(one))
    moved = one.rename(tmp_path / "moved.onnx")
    assert len(Pictures(photos, features=moved, features_sha256=sha256).read().values) == 4
    with pytest.raises(FileError, match=r"other.onnx is another file than in the fit .*Give the file of the fit"):
        Pictures(photos, features=other, features_sha256=sha256).read()


def test_pictures_that_changed_after_their_features_were_stored_are_told(photos, tmp_path):
    np.save(tmp_path / "f.npy", np.ones((4, 2)))
    later = (tmp_path / "f.npy").stat().st_mtime + 10
    os.utime(photos / "d.png", (later, later))
    with pytest.warns(StoredFeaturesWarning, match=r"1 of 4 pictures, such as 'd.png', changed after"):
        assert Pictures(photos, features=tmp_path / "f.npy").read().values.shape == (4, 2)


def library(name):
    """A library of networks that tests can do without; it raises more than ImportError beside another torch."""
    try:
        return importlib.import_module(name)
    except Exception as problem:
        pytest.skip(f"{name}: {problem}")


def saved_weights(path, network):
    torch.save(network.state_dict(), path)
    return path


def test_a_network_of_timm_takes_weights_from_a_file_and_nothing_is_downloaded(photos, tmp_path, monkeypatch):
    timm = library("timm")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(FileError, match=r"not on this machine .*nothing is downloaded.*resnet18@FILE"):
        Pictures(photos, features="timm:resnet18").read()
    with pytest.raises(SettingError, match=r"no network 'resnet81'.* Did you mean .*resnet"):
        Pictures(photos, features="timm:resnet81").read()
    torch.manual_seed(0)
    network = timm.create_model("test_resnet", num_classes=1000).eval()
    weights = saved_weights(tmp_path / "weights.pth", network)
    data = Pictures(photos, features=f"timm:test_resnet@{weights}").read()
    assert data.values.shape == (4, network.num_features)
    again = Pictures(photos, features=f"timm:test_resnet@{weights}").read()
    np.testing.assert_array_equal(data.values, again.values)
    with pytest.raises(FileError, match="has no weights for timm:resnet18"):
        Pictures(photos, features=f"timm:resnet18@{weights}").read()


def test_a_network_of_torchvision_takes_weights_from_a_file_and_nothing_is_downloaded(photos, tmp_path, monkeypatch):
    models = library("torchvision.models")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(FileError, match=r"not on this machine .*nothing is downloaded.*resnet18@FILE"):
        Pictures(photos, features="torchvision:resnet18").read()
    with pytest.raises(SettingError, match=r"no network 'resnet81'.* Did you mean .*resnet"):
        Pictures(photos, features="torchvision:resnet81").read()
    network = models.get_model("mobilenet_v3_small", weights=None)
    weights = saved_weights(tmp_path / "weights.pth", network)
    data = Pictures(photos, features=f"torchvision:mobilenet_v3_small@{weights}").read()
    assert data.values.shape == (4, 1024)
    with pytest.raises(FileError, match="has no weights for torchvision:resnet18"):
        Pictures(photos, features=f"torchvision:resnet18@{weights}").read()


@pytest.mark.parametrize("name", ["timm", "torchvision"])
def test_a_library_that_cannot_be_imported_is_named(photos, name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(FileError, match=f"need {name}, which cannot be imported"):
        Pictures(photos, features=f"{name}:resnet18").read()


def test_the_last_linear_layer_lets_through_what_it_reads():
    from vaecluster.data.pictures.networks.of_torchvision import without_head

    network = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 2), nn.Softmax(1)))
    network[1][2] = nn.Identity()
    without_head(network)
    assert network(torch.ones(1, 4)).shape == (1, 3)


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
    rows = np.random.default_rng(0).normal(size=(4, 5))
    np.save(tmp_path / "f.npy", rows)
    order = [2, 0, 3, 1]
    np.savez(tmp_path / "f.npz", paths=np.array(NAMES)[order], features=rows[order])
    for name in ("f.npy", "f.npz"):
        np.testing.assert_array_equal(Pictures(photos, features=tmp_path / name).read().values, rows)
    # Rows of pictures that are broken are left out, whether they are there or not.
    (photos / "b" / "c.png").write_bytes(b"")
    kept = rows[[0, 1, 3]]
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
    for name in ("text.pt2", "text.onnx"):
        (tmp_path / name).write_text("no program")
    mean_colour(tmp_path / "two.onnx", inputs=2)
    mean_colour(tmp_path / "double.onnx", kind=DOUBLE)
    mean_colour(tmp_path / "wide.onnx", ("n", 3, 16, 8))
    mean_colour(tmp_path / "last.onnx", ("n", 16, 16, 3))
    exported(tmp_path / "grey.pt2", shape=(2, 1, 16, 16))
    exported(tmp_path / "strange.pt2", Strange())
    for name, problem, words in (
        ("few.npy", DataError, "holds 3 rows for 4 pictures"),
        ("cubes.npy", DataError, "shape (4, 2, 2)"),
        ("other.npz", DataError, "has x; expected paths (rows,) and features"),
        ("some.npz", DataError, "1 of 4 pictures, such as 'd.png'"),
        ("text.pt2", FileError, "cannot be read as a program"),
        ("none.pt2", FileError, "none.pt2 does not exist"),
        ("text.onnx", FileError, "cannot be read as an ONNX file"),
        ("two.onnx", FileError, "cannot be read as an ONNX file with one input"),
        ("double.onnx", FileError, "expected tensor(float)"),
        ("wide.onnx", FileError, "(n, 3, 16, 8); expected images"),
        ("last.onnx", FileError, "(n, 16, 16, 3); expected images"),
        ("grey.pt2", FileError, "expected images (n, 3, H, W)"),
        ("strange.pt2", DataError, "fails on images"),
    ):
        with pytest.raises(problem, match=re.escape(words)):
            Pictures(photos, features=tmp_path / name).read()
    with pytest.raises(
        SettingError, match=r"features is 'a.txt'; expected a file that ends in .npy, .npz, .pt2, .onnx, or timm"
    ):
        Pictures(photos, features="a.txt")
    with pytest.raises(SettingError, match=r"'timm:'; expected a name"):
        Pictures(photos, features="timm:").read()


@pytest.mark.parametrize("name", ["weights.bin", f"{'w' * 150}.bin"])
def test_weights_beside_an_onnx_file_are_a_part_of_what_it_is_known_by(name, tmp_path):
    network = mean_colour(tmp_path / "network.onnx")
    alone = features.sha256_of(str(network))
    network.write_bytes(network.read_bytes() + external_weights(name))
    (tmp_path / name).write_bytes(b"1")
    with_weights = features.sha256_of(str(network))
    (tmp_path / name).write_bytes(b"2")
    (tmp_path / "other.bin").write_bytes(b"3")
    assert len({alone, with_weights, features.sha256_of(str(network))}) == 3
