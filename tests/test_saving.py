import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.torch import save_file

from vaecluster import VAEClustering
from vaecluster.errors import FileError, SettingError

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
KEY = "vaecluster"


@pytest.fixture(scope="session")
def named_model(blobs: np.ndarray) -> VAEClustering:
    frame = pd.DataFrame(blobs, columns=list("abcd"))
    return VAEClustering(3, epochs=2, hidden=(16,), latent=2, components=6, random_state=0).fit(frame)


@pytest.fixture
def saved(named_model: VAEClustering, tmp_path: Path) -> Path:
    named_model.save(tmp_path / "model")
    return tmp_path / "model"


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """The same file with its facts changed in place."""
    with safe_open(path, framework="pt") as file:
        described = json.loads(file.metadata()[KEY])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(described["facts"])
    save_file(tensors, path, {KEY: json.dumps(described)})


def put(value: Any, *place: Any) -> Callable[[dict[str, Any]], None]:
    def change(facts: Any) -> None:
        *way, last = place
        for key in way:
            facts = facts[key]
        facts[last] = value

    return change


def refused(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    before = path.read_bytes()
    rewrite(path, change)
    with pytest.raises(FileError, match=r"model is damaged or was changed: .*Use a copy") as caught:
        VAEClustering.load(path)
    assert type(caught.value) is FileError
    path.write_bytes(before)


FACTS = ["parameters", "cluster_sizes", "feature_names", "history", "hierarchy", "evidence"]


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_that_is_missing_is_damage(fact: str, saved: Path) -> None:
    refused(saved, lambda facts: facts.pop(fact))


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_of_another_type_is_damage(fact: str, saved: Path) -> None:
    for wrong in (True, -1, 0.5, float("nan"), "text", [None], [[[]]], {"x": 1}, 10**400):
        refused(saved, put(wrong, fact))


WRONG = {
    "a parameter that no estimator has": [((1,), "parameters", "unheard_of")],
    "a view that is none": [
        ([{"view": "Unheard"}], "parameters", "views"),
        ([{"view": "Neighbours", "number": -1}], "parameters", "views"),
        ({"number": 3}, "parameters", "views"),
    ],
    "widths that are none": [(16, "parameters", "hidden")],
    "a seed that is none": [(seed, "parameters", "random_state") for seed in (-1, "x", [1], 2**40, 0.5, {})],
    "doubt that cannot be": [
        (value, "parameters", name)
        for name in ("min_confidence", "outlier_fraction")
        for value in (1, -0.5, True, None, "high", [0.5], float("nan"), 10**400)
    ],
    "a history of other types": [
        ("perished", "history", "ending"),
        (None, "history", "epochs"),
        ([{}], "history", "epochs"),
        ([{"epoch": 1}], "history", "merged_again"),
        ("soon", "history", "epochs", 0, "epoch"),
        (True, "history", "epochs", 0, "rows"),
        (10**400, "history", "epochs", 0, "populated_clusters"),
        ([1.0], "history", "epochs", 0, "terms"),
        ({"latent_kl": None}, "history", "epochs", 0, "terms"),
        ("low", "history", "epochs", 0, "held_out_bound"),
    ],
    "a tree of another shape": [
        (7, "hierarchy", "components"),
        (10**9, "hierarchy", "components"),
        ([[0, 1]], "hierarchy", "merges"),
        ([0.1], "hierarchy", "losses"),
        (["a"] * 6, "hierarchy", "shares"),
        (float("nan"), "hierarchy", "losses", 0),
    ],
    "a tree that is none": [
        ([0, 0], "hierarchy", "merges", 0),
        ([-1, 0], "hierarchy", "merges", 0),
        ([0, 9], "hierarchy", "merges", 0),
        ([[0, 1]] * 5, "hierarchy", "merges"),
    ],
    "evidence of another shape": [
        ([], "evidence", "losses"),
        ([None] * 5, "evidence", "agreement"),
        (float("inf"), "evidence", "separation", 0),
        ("six", "evidence", "in_use"),
    ],
    "names that are none": [([1, 2, 3, 4], "feature_names"), (["a", "b"], "feature_names"), ("abcd", "feature_names")],
    "sizes that are none": [
        ([1, 2], "cluster_sizes"),
        ([1, 2, -3], "cluster_sizes"),
        (["a", "b", "c"], "cluster_sizes"),
        ([0.5, 1, 2], "cluster_sizes"),
    ],
}


@pytest.mark.parametrize("kind", WRONG)
def test_facts_with_which_a_model_would_fail_later_are_damage(kind: str, saved: Path) -> None:
    for value, *place in WRONG[kind]:
        refused(saved, put(value, *place))


def test_outliers_without_a_calibration_are_damage(saved: Path) -> None:
    rewrite(saved, put(None, "calibration"))
    refused(saved, put(0.5, "parameters", "outlier_fraction"))


def test_facts_that_may_be_missing_can_be_none(saved: Path, blobs: np.ndarray, named_model: VAEClustering) -> None:
    for fact in ("cluster_sizes", "hierarchy", "evidence"):
        rewrite(saved, put(None, fact))
    rewrite(saved, put([], "feature_names"))
    np.testing.assert_array_equal(VAEClustering.load(saved).predict(blobs), named_model.labels_)


def test_an_unknown_device_is_not_the_files_fault(saved: Path) -> None:
    with pytest.raises(SettingError, match="device is 'tpu-7'"):
        VAEClustering.load(saved, device="tpu-7")
