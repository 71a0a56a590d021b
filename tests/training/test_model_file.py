import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from vaecluster.data.preprocessing import standard_preprocessing
from vaecluster.errors import FileError
from vaecluster.training.fitting import MethodSettings, empty_model
from vaecluster.training.model_file import FORMAT, ModelRecord, load_weights, read_model, write_model
from vaecluster.training.presets import PRESETS

CLUSTERS = 3
KEY = "vaecluster"
every_method = pytest.mark.parametrize("settings", [kinds["vectors"] for kinds in PRESETS.values()], ids=PRESETS)


def record_of(settings: MethodSettings) -> ModelRecord:
    preprocessing = standard_preprocessing(np.random.default_rng(0).normal(size=(9, 4)))
    settings = settings.resolve(CLUSTERS)
    torch.manual_seed(0)
    weights = empty_model(settings, (4,), CLUSTERS).state_dict()
    return ModelRecord(CLUSTERS, settings, preprocessing, weights, {"note": [1, None, "two"]})


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    write_model(tmp_path / "model", record_of(PRESETS["shared"]["vectors"]))
    return tmp_path / "model"


def rewrite(path: Path, **header: Any) -> None:
    """The same file with other entries in its description."""
    with safe_open(path, framework="pt") as file:
        described = json.loads(file.metadata()[KEY]) | header
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, {KEY: json.dumps(described)})


@every_method
def test_a_record_comes_back_as_it_was_written(settings: MethodSettings, tmp_path: Path) -> None:
    record = record_of(settings)
    write_model(tmp_path / "model", record)
    again = read_model(tmp_path / "model")
    assert (again.clusters, again.settings, again.facts) == (record.clusters, record.settings, record.facts)
    assert again.weights.keys() == record.weights.keys()
    assert all(torch.equal(values, again.weights[name]) for name, values in record.weights.items())
    assert (again.preprocessing.row_shape, again.preprocessing.dtype) == ((4,), "<f8")
    np.testing.assert_array_equal(again.preprocessing.offset, record.preprocessing.offset)
    np.testing.assert_array_equal(again.preprocessing.scale, record.preprocessing.scale)
    load_weights(empty_model(again.settings, (4,), CLUSTERS), again, tmp_path / "model")


@pytest.mark.parametrize("other", [FORMAT - 1, FORMAT + 1, None, str(FORMAT)])
def test_a_file_of_another_format_says_which_and_what_to_do(model_file: Path, other: object) -> None:
    rewrite(model_file, format=other)
    expected = rf"model has format {other!r}; this version reads format {FORMAT}\. Use the version .*, or fit again"
    with pytest.raises(FileError, match=expected):
        read_model(model_file)


@pytest.mark.parametrize("part", ["method", "settings", "row_shape", "clusters"])
def test_a_description_without_one_of_its_parts_is_damaged(model_file: Path, part: str) -> None:
    with safe_open(model_file, framework="pt") as file:
        described = json.loads(file.metadata()[KEY])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    del described[part]
    save_file(tensors, model_file, {KEY: json.dumps(described)})
    with pytest.raises(FileError, match=r"damaged: its description is incomplete\. Use a copy"):
        read_model(model_file)


def test_weights_of_other_shapes_are_damaged(model_file: Path) -> None:
    record = read_model(model_file)
    other = empty_model(record.settings, (5,), CLUSTERS)
    with pytest.raises(FileError, match=r"damaged: its weights do not fit its description"):
        load_weights(other, record, model_file)


def test_what_is_no_model_file_is_refused_with_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="There is no model file"):
        read_model(tmp_path / "nothing")
    (tmp_path / "text").write_text("no weights")
    with pytest.raises(FileError, match=r"text is no model file, or damaged"):
        read_model(tmp_path / "text")
    save_file({"some": torch.zeros(2)}, tmp_path / "weights")
    with pytest.raises(FileError, match=r"weights holds weights, but not of a vaecluster model"):
        read_model(tmp_path / "weights")
