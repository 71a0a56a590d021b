import json
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from sklearn.datasets import make_blobs

from vaecluster import VAEClustering
from vaecluster.data.preprocessing import choose_preprocessing, standard_preprocessing
from vaecluster.errors import FileError
from vaecluster.training.fitting import MethodSettings, empty_model
from vaecluster.training.model_file import FORMAT, UPGRADES, ModelRecord, read_model, rebuild_model, write_model
from vaecluster.training.presets import PRESETS

FILES = Path(__file__).parent / "files"
MODELS = sorted(FILES.glob("*.vaecluster"))
CLUSTERS = 3
KEY = "vaecluster"
every_method = pytest.mark.parametrize("settings", [kinds["vectors"] for kinds in PRESETS.values()], ids=PRESETS)


def record_of(settings: MethodSettings) -> ModelRecord:
    preprocessing = standard_preprocessing(np.random.default_rng(0).normal(size=(9, 4)))
    settings = settings.resolve(CLUSTERS)
    torch.manual_seed(0)
    model = empty_model(settings, (4,), CLUSTERS)
    # An empty model has all its components in one cluster where clusters are groups of them.
    model.grouping.cluster_of.copy_(torch.arange(len(model.grouping.cluster_of)) % CLUSTERS)
    weights = model.state_dict()
    return ModelRecord(CLUSTERS, settings, preprocessing, weights, {"note": [1, None, "two"]})


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    write_model(tmp_path / "model", record_of(PRESETS["shared"]["vectors"]))
    return tmp_path / "model"


def rewrite(path: Path, change: Callable[[dict[str, Any]], object] = dict, **tensors: torch.Tensor) -> None:
    """The same file with its description changed in place, and with other tensors."""
    with safe_open(path, framework="pt") as file:
        described = json.loads(file.metadata()[KEY])
        own = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(described)
    save_file(own | tensors, path, {KEY: json.dumps(described)})


def at(*place: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    """A change of a description at one place."""

    def change(described: Any) -> None:
        *way, last = place
        for key in way:
            described = described[key]
        described[last] = value

    return change


def without(*place: Any) -> Callable[[dict[str, Any]], None]:
    """A change of a description that leaves out what is at one place."""

    def change(described: Any) -> None:
        *way, last = place
        for key in way:
            described = described[key]
        del described[last]

    return change


def opened(path: Path) -> torch.nn.Module:
    return rebuild_model(read_model(path), path)


# What is written comes back


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


EVERY_KIND = [(preset, kind) for preset, kinds in PRESETS.items() for kind in kinds]


@pytest.mark.parametrize(("preset", "kind"), EVERY_KIND, ids=str)
def test_a_rebuilt_model_is_laid_out_like_the_one_that_was_saved(preset: str, kind: Any, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(9, 4) if kind == "vectors" else (9, 8, 8))
    preprocessing = choose_preprocessing(rows, "gaussian")
    settings = PRESETS[preset][kind].resolve(CLUSTERS)
    with torch.random.fork_rng():
        model = empty_model(settings, preprocessing.data_shape, CLUSTERS).eval()
    if preset == "shared":
        model.grouping.cluster_of.copy_(torch.arange(len(model.grouping.cluster_of)) % CLUSTERS)
    write_model(tmp_path / "model", ModelRecord(CLUSTERS, settings, preprocessing, model.state_dict(), {}))
    again = rebuild_model(read_model(tmp_path / "model"), tmp_path / "model").eval()
    before, after = model.state_dict(), again.state_dict()
    assert all(torch.equal(values, after[name]) for name, values in before.items())
    # Kernels round by strides and alignment.
    assert all(values.stride() == after[name].stride() for name, values in before.items())
    assert all(values.data_ptr() % 64 == 0 for values in after.values())
    batch = preprocessing.apply(rows)
    with torch.no_grad():
        assert torch.equal(model.assign(batch).logits, again.assign(batch).logits)
        assert torch.equal(model.decode_mean(model.mean_code(batch)), again.decode_mean(again.mean_code(batch)))


@every_method
def test_a_rebuilt_model_has_memory_for_every_tensor_and_can_be_trained_further(
    settings: MethodSettings, tmp_path: Path
) -> None:
    write_model(tmp_path / "model", record_of(settings))
    model = opened(tmp_path / "model")
    kept = set(model.state_dict())
    assert {name for name, _ in [*model.named_parameters(), *model.named_buffers()]} == kept
    assert all(values.device.type == "cpu" for values in model.state_dict().values())
    assert all(weights.is_leaf and weights.requires_grad for weights in model.parameters())
    optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
    before = model.encoder.mean.weight.detach().clone()
    model.mean_code(torch.ones(2, 4)).square().sum().backward()
    optimiser.step()
    assert not torch.equal(before, model.encoder.mean.weight)


def test_rebuilding_leaves_the_global_random_state_alone(model_file: Path) -> None:
    before = torch.get_rng_state()
    opened(model_file)
    assert torch.equal(before, torch.get_rng_state())


# Formats


def test_every_format_that_can_be_read_is_among_the_files() -> None:
    assert {path.name.split("-")[1] for path in MODELS} == {str(written) for written in (*UPGRADES, FORMAT)}
    assert set(UPGRADES) == set(range(min(UPGRADES), FORMAT))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_file_of_every_format_predicts_what_it_predicted(path: Path) -> None:
    X = make_blobs(60, n_features=4, centers=3, random_state=0)[0]
    model = VAEClustering.load(path, device="cpu")
    np.testing.assert_array_equal(model.predict(X), np.load(path.with_suffix(".npy")))
    assert model.sample(3).shape == (3, 4)


def test_names_of_clusters_doubt_and_the_rows_are_in_the_file() -> None:
    model = VAEClustering.load(FILES / "format-3-shared.vaecluster", device="cpu")
    assert model.cluster_names_ == {0: "ape", 1: "bee", 2: "cat"}
    assert (model.data_["rows"], model.data_["shape"]) == (60, [60, 4])
    assert (model.calibration_.held_out, len(model.calibration_.bounds)) == (True, 12)


def test_what_an_older_format_does_not_know_is_none() -> None:
    facts = read_model(MODELS[0]).facts
    assert (facts["cluster_names"], facts["calibration"], facts["data"]) == ({}, None, None)
    assert facts["history"]["rolled_back"] == []


def test_a_newer_format_says_who_wrote_it_and_what_to_do(model_file: Path) -> None:
    rewrite(model_file, at("format", value=FORMAT + 1))
    rewrite(model_file, at("facts", value={"versions": {"vaecluster": "7.1"}}))
    expected = rf"model has format {FORMAT + 1}, written by a newer version of vaecluster \(7\.1\).*Upgrade"
    with pytest.raises(FileError, match=expected):
        read_model(model_file)
    rewrite(model_file, at("facts", value=None))
    with pytest.raises(FileError, match=r"newer version of vaecluster; this version reads formats up to"):
        read_model(model_file)


def test_a_format_that_is_too_old_says_what_to_do(model_file: Path) -> None:
    rewrite(model_file, at("format", value=1))
    expected = rf"model has format 1; this version reads formats 2 to {FORMAT}\. Use the version .*, or fit again"
    with pytest.raises(FileError, match=expected):
        read_model(model_file)


@pytest.mark.parametrize("wrong", [None, "3", 2.0, True, [3], 0, -1, float("nan"), 10**400])
def test_a_format_that_cannot_be_one_is_damage(model_file: Path, wrong: object) -> None:
    rewrite(model_file, at("format", value=wrong))
    with pytest.raises(FileError, match=r"model is damaged or was changed: its format is"):
        read_model(model_file)


# What is wrong is refused

PARTS = ["format", "clusters", "method", "settings", "row_shape", "dtype", "facts"]


@pytest.mark.parametrize("part", PARTS)
def test_a_description_without_one_of_its_parts_is_damaged(model_file: Path, part: str) -> None:
    rewrite(model_file, without(part))
    with pytest.raises(FileError, match=rf"damaged or was changed: there is no '{part}'\. Use a copy"):
        read_model(model_file)


WRONG_VALUES = [None, True, -1, 0, 0.5, float("nan"), "x", [], {}, [[]], [None], {"x": 1}, 10**400]


# Facts are for the surface to read: here any dictionary will do.
WRONG_PARTS = [(part, wrong) for part in PARTS for wrong in WRONG_VALUES if (part, type(wrong)) != ("facts", dict)]


@pytest.mark.parametrize(("part", "wrong"), WRONG_PARTS, ids=lambda value: str(value)[:9])
def test_a_part_of_another_type_is_damage_and_no_other_error(model_file: Path, part: str, wrong: object) -> None:
    rewrite(model_file, at(part, value=wrong))
    with pytest.raises(FileError, match="damaged or was changed"):
        read_model(model_file)


WRONG_SETTINGS = {
    "latent": (None, 0, -2, 2.0, "8", True, [8], float("nan")),
    "hidden": (None, 16, [], [0], [-16], [16.0], ["16"], [[16]], [True], [17]),
    "precision": (0, -1.0, float("nan"), float("inf"), "high", None, 10**400),
    "components": (0, -3, 2, 0.5, "many", None),
    "heads": (0, None, "all"),
    "cluster_weights": ("learned", [0.5, -0.5], [[1.0]], [float("nan")] * 3, 7, {"a": 1}, None, True),
    "likelihood": ("poisson", None, [], {}),
    "unheard_of": (1,),
}


@pytest.mark.parametrize("name", WRONG_SETTINGS)
def test_a_setting_that_no_fit_could_have_is_damage(model_file: Path, name: str) -> None:
    for wrong in WRONG_SETTINGS[name]:
        rewrite(model_file, at("settings", name, value=wrong))
        with pytest.raises(FileError, match="damaged or was changed"):
            read_model(model_file)


@pytest.mark.parametrize("place", [("settings", "views"), ("facts",)], ids=str)
@pytest.mark.parametrize("brackets", ["[]", ('{"a":', "}")], ids=str)
def test_a_description_deeper_than_python_can_go_is_damage(model_file: Path, place: Any, brackets: Any) -> None:
    with safe_open(model_file, framework="pt") as file:
        described = json.loads(file.metadata()[KEY])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    at(*place, value="deep")(described)
    deep = brackets[0] * 100_000 + ("" if brackets == "[]" else "1") + brackets[1] * 100_000
    save_file(tensors, model_file, {KEY: json.dumps(described).replace('"deep"', deep)})
    with pytest.raises(FileError, match="damaged or was changed: maximum recursion"):
        read_model(model_file)


WRONG_TENSORS = {
    "preprocessing.scale": (
        torch.zeros(4),
        torch.ones(3),
        -torch.ones(4),
        torch.full((4,), float("nan")),
        torch.ones(()),
    ),
    "preprocessing.offset": (torch.full((4,), float("inf")), torch.ones(4, 1), torch.ones(4, dtype=torch.int64)),
    "encoder.mean.bias": (
        torch.full((8,), float("nan")),
        torch.ones(8, dtype=torch.float64),
        torch.ones(7),
        torch.ones(8, 1),
    ),
    "grouping.cluster_of": (torch.full((80,), 3), torch.full((80,), -1), torch.zeros(80).long(), torch.zeros(80)),
    "prior.weights.shares": (torch.zeros(80), torch.full((80,), float("inf"))),
    "prior.components.scale_tril": (torch.full((80, 8, 8), 3e38),),
    "not.of.the.model": (torch.ones(1),),
}


@pytest.mark.parametrize("name", WRONG_TENSORS)
def test_tensors_that_no_fit_could_leave_are_damage(name: str, tmp_path: Path) -> None:
    for wrong in WRONG_TENSORS[name]:
        write_model(tmp_path / "model", record_of(PRESETS["shared"]["vectors"]))
        rewrite(tmp_path / "model", **{name: wrong})
        with pytest.raises(FileError, match="damaged or was changed"):
            opened(tmp_path / "model")


def test_a_negative_spread_of_a_component_is_damage(tmp_path: Path) -> None:
    write_model(tmp_path / "model", record_of(PRESETS["su2018"]["vectors"]))
    rewrite(tmp_path / "model", **{"prior.components.scale": torch.tensor(-1.0)})
    with pytest.raises(FileError, match="damaged or was changed"):
        opened(tmp_path / "model")


def test_a_missing_tensor_is_damage(model_file: Path) -> None:
    with safe_open(model_file, framework="pt") as file:
        described = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys() if name != "encoder.mean.bias"}  # noqa: SIM118
    save_file(tensors, model_file, described)
    with pytest.raises(FileError, match="its weights are not those that were written"):
        opened(model_file)


CLAIMS = {
    "wide layers": [("settings", "hidden", [16 * 10**8])],
    "very wide layers": [("settings", "hidden", [16 * 10**17])],
    "a million layers": [("settings", "hidden", [16] * 10**6)],
    "long codes": [("settings", "latent", 10**9)],
    "many components": [("settings", "components", 10**9)],
    "more components than numbers": [("settings", "components", 10**30)],
    "many clusters": [("clusters", 10**9)],
    "many clusters of components": [("clusters", 10**9), ("settings", "components", 10**9)],
    "too many heads": [("settings", "heads", 10**18)],
    "long rows": [("row_shape", [10**9])],
    "very long rows": [("row_shape", [10**30])],
    "large images": [("row_shape", [10**6, 10**6, 3])],
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere addresses cannot be bounded")
@pytest.mark.parametrize("claim", CLAIMS)
@every_method
def test_a_description_that_claims_more_than_the_file_holds_allocates_nothing(
    settings: MethodSettings, claim: str, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    write_model(path, record_of(settings))
    opened(path)  # what is loaded once, such as code, is no part of it
    for *place, value in CLAIMS[claim]:
        if place == ["row_shape"] and len(value) > 1:
            rewrite(path, **{f"preprocessing.{name}": torch.ones(()) for name in ("offset", "scale")})
        rewrite(path, at(*place, value=value))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, before[1]))
    try:
        with pytest.raises(FileError, match="damaged or was changed") as caught:
            opened(path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    problem = caught.value.__context__
    assert not isinstance(problem, MemoryError)
    assert "allocate" not in str(problem)


def test_more_heads_than_the_file_tells_of_are_not_built(model_file: Path) -> None:
    # Only the head that was chosen is in the file.
    rewrite(model_file, at("settings", "heads", value=10**9))
    assert sum(values.nbytes for values in opened(model_file).state_dict().values()) < model_file.stat().st_size


def test_a_cut_model_keeps_the_shares_of_the_clusters_that_were_learned(tmp_path: Path) -> None:
    settings = replace(PRESETS["shared"]["vectors"], cluster_weights=(0.5, 0.3, 0.1, 0.1)).resolve(4)
    record = replace(record_of(PRESETS["shared"]["vectors"]), settings=settings)
    write_model(tmp_path / "model", record)
    assert read_model(tmp_path / "model").settings.cluster_weights == (0.5, 0.3, 0.1, 0.1)


# Files that are none


def test_what_is_no_model_file_is_refused_with_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="There is no model file"):
        read_model(tmp_path / "nothing")
    with pytest.raises(FileError, match=r"is a folder, but a model file is expected\. Name the file in it"):
        read_model(tmp_path)
    (tmp_path / "text").write_text("no weights")
    (tmp_path / "empty").touch()
    Image.new("L", (8, 8)).save(tmp_path / "picture", "png")
    np.savez(tmp_path / "archive.npz", X=np.eye(3))
    for name in ("text", "empty", "picture", "archive.npz"):
        with pytest.raises(FileError, match=rf"{name} is no model file, or damaged"):
            read_model(tmp_path / name)
    save_file({"some": torch.zeros(2)}, tmp_path / "weights")
    with pytest.raises(FileError, match=r"weights holds weights, but not of a vaecluster model"):
        read_model(tmp_path / "weights")


@pytest.mark.parametrize("kept", [0, 7, 8, 100, 3000, -1])
def test_a_file_that_is_cut_short_is_refused(model_file: Path, kept: int) -> None:
    model_file.write_bytes(model_file.read_bytes()[:kept])
    with pytest.raises(FileError, match="is no model file, or damaged"):
        read_model(model_file)


@pytest.mark.parametrize("refused", ["open", "is_file"])
def test_a_file_that_may_not_be_read_is_told_with_the_reason(
    model_file: Path, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, os.strerror(13))

    # Not by `chmod`: the superuser may read everything.
    monkeypatch.setattr(Path, refused, refuse)
    with pytest.raises(FileError, match="cannot be opened: Permission denied"):
        read_model(model_file)
