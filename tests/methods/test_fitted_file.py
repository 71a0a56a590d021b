import os
import resource
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file

from builders import TINY, estimator, images, quiet, vectors
from vaecluster import VAEClustering
from vaecluster.errors import FileError, SettingError
from vaecluster.files.container import read_content, write_content
from vaecluster.methods.fitted_file import FORMAT
from vaecluster.model.vae import ClusteringVAE

pytestmark = quiet
DAMAGE = r"model is damaged or was changed: .*Use a copy"
# How the parts of a file are called where nothing else is said.
SETTINGS, BLOCK, HISTORY, TREE = (
    ("method", "settings"),
    ("schema", "blocks", 0),
    ("fitted", "history"),
    ("fitted", "hierarchy"),
)
NAN, INFINITY = float("nan"), float("inf")
DIFFERENCE = {"column": "a", "value": None, "inside": 1.0, "overall": 0.0, "effect": 1.0, "words": "a: 1 against 0"}
Content = dict[str, Any]


@cache
def fitted(method: str, kind: str = "vectors") -> VAEClustering:
    if kind == "images":
        return estimator(method).fit(images())
    return estimator(method).fit(pd.DataFrame(vectors(), columns=list("abcd")))


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    fitted("two-views").save(tmp_path / "model")
    return tmp_path / "model"


def opened(path: Path) -> VAEClustering:
    return VAEClustering.load(path, device="cpu")


def put(value: Any, *place: Any) -> Callable[[Content], None]:
    """A change of a content at one place."""

    def change(content: Any) -> None:
        *way, last = place
        for key in way:
            content = content[key]
        content[last] = value

    return change


def without(*place: Any) -> Callable[[Content], None]:
    """A change that leaves out what is at one place."""

    def change(content: Any) -> None:
        *way, last = place
        for key in way:
            content = content[key]
        del content[last]

    return change


def rewrite(path: Path, *changes: Callable[[Content], None]) -> None:
    """The same file with its content changed, and whole again."""
    content = read_content(path)
    for change in changes:
        change(content)
    write_content(path, content)


def refused(path: Path, *changes: Callable[[Content], None], by: str = DAMAGE) -> BaseException:
    """What the error came from; the file is as it was afterwards."""
    before = path.read_bytes()
    rewrite(path, *changes)
    with pytest.raises(FileError, match=by) as caught:
        opened(path)
    assert type(caught.value) is FileError
    path.write_bytes(before)
    return caught.value.__context__


# What is written


def test_a_file_holds_no_rows_of_the_fit_and_nothing_that_is_executed(model_file: Path) -> None:
    content = model_file.read_bytes()
    assert str(fitted("two-views").fitted_.data["sha256"]).encode() in content
    with safe_open(model_file, framework="pt") as file:
        shapes = {tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    assert not any(40 in shape for shape in shapes)


def test_names_and_columns_and_what_may_be_missing(model_file: Path, tmp_path: Path) -> None:
    model = opened(model_file).name_clusters({0: "ape", 2: 7})
    model.save(tmp_path / "named")
    assert opened(tmp_path / "named").cluster_names_ == {0: "ape", 2: 7}
    assert opened(tmp_path / "named").feature_names_in_.tolist() == list("abcd")
    places = ("sizes", "hierarchy", "evidence", "calibration", "data")
    rewrite(model_file, *(put(None, "fitted", name) for name in places), put([], "fitted", "feature_names"))
    bare = opened(model_file)
    np.testing.assert_array_equal(
        bare.predict(vectors()), model.predict(pd.DataFrame(vectors(), columns=list("abcd")))
    )
    assert (bare.hierarchy_, bare.evidence_, bare.calibration_) == (None, None, None)
    with pytest.raises(SettingError, match=r"older format.*Fit again"):
        bare.outlier_score(vectors())


def test_an_unknown_device_is_not_the_files_fault(model_file: Path) -> None:
    with pytest.raises(SettingError, match="device is 'tpu-7'"):
        VAEClustering.load(model_file, device="tpu-7")


def test_more_heads_than_the_file_holds_are_not_built(model_file: Path) -> None:
    # Only the head that was chosen is in the file.
    rewrite(model_file, put(10**9, *SETTINGS, "heads"))
    assert sum(values.nbytes for values in opened(model_file).model_.state_dict().values()) < model_file.stat().st_size


# Formats


def test_a_newer_format_says_who_wrote_it_and_what_to_do(model_file: Path) -> None:
    version = put({"vaecluster": "7.1"}, "versions")
    by = rf"model has format {FORMAT + 1}, written by a newer version of vaecluster{{}}.*Upgrade"
    refused(model_file, put(FORMAT + 1, "format"), version, by=by.format(r" \(7\.1\)"))
    refused(model_file, put(FORMAT + 1, "format"), put(None, "versions"), by=by.format(";"))


def test_a_format_that_is_too_old_says_what_to_do(model_file: Path) -> None:
    by = rf"model has format 1; this version reads formats 2 to {FORMAT}\. Use the version .*, or fit again"
    refused(model_file, put(1, "format"), by=by)


@pytest.mark.parametrize(
    "wrong", [None, "3", 2.0, True, [3], 0, -1, float("nan"), 10**400], ids=lambda it: str(it)[:9]
)
def test_a_format_that_cannot_be_one_is_damage(model_file: Path, wrong: object) -> None:
    refused(model_file, put(wrong, "format"), by="model is damaged or was changed: its format is")


# What is wrong is refused

PARTS = [
    *[
        ("format",),
        ("parameters",),
        ("method",),
        ("method", "name"),
        SETTINGS,
        ("schema",),
        ("schema", "blocks"),
        BLOCK,
    ],
    *[("fitted",), *(("fitted", name) for name in ("clusters", "history", "names", "feature_names")), ("weights",)],
    *[HISTORY, TREE, *(("fitted", name) for name in ("evidence", "calibration", "confidence"))],
    *[(*BLOCK, "block"), (*BLOCK, "dtype")],
]
WRONG = [True, -1, 0.5, NAN, "x", [None], [[[]]], {"x": 1}, 10**400]


@pytest.mark.parametrize("place", PARTS, ids=lambda place: str(place[-2:]))
def test_a_part_that_is_missing_or_of_another_type_is_damage(model_file: Path, place: tuple[Any, ...]) -> None:
    by = "is no model file but a checkpoint" if place == ("weights",) else "damaged or was changed"
    refused(model_file, without(*place), by=by)
    for wrong in WRONG:
        # A history may be empty, and names that a record does not have are not read.
        if place != HISTORY or wrong != {"x": 1}:
            refused(model_file, put(wrong, *place), by="damaged or was changed")


# Values by the place where they cannot be.
IMPOSSIBLE: dict[tuple[Any, ...], tuple[Any, ...]] = {
    ("parameters", "unheard_of"): (1,),
    ("parameters", "random_state"): (-1, "x", [1], 2**40, 0.5, {}),
    ("parameters", "min_confidence"): (1, -0.5, True, None, "high", [0.5], NAN, 10**400),
    ("parameters", "outlier_fraction"): (1, -0.5, True, None, "high", [0.5], NAN, 10**400),
    (*SETTINGS, "unheard_of"): (1,),
    (*SETTINGS, "views"): (
        [{"view": "Unheard"}],
        [{"view": "Neighbours", "number": -1}],
        {"number": 3},
        [],
        None,
        [3],
    ),
    (*SETTINGS, "latent"): (None, 0, -2, 2.0, "8", True, [8], NAN),
    (*SETTINGS, "hidden"): (None, 16, [], [0], [-16], [16.0], ["16"], [[16]], [True], [17]),
    (*SETTINGS, "precision"): (0, -1.0, NAN, INFINITY, "high", None, 10**400),
    (*SETTINGS, "components"): (0, -3, 2, 0.5, "many", None),
    (*SETTINGS, "epochs"): (None, 0, 1, 2.5),
    (*SETTINGS, "heads"): (0, None, "all"),
    (*SETTINGS, "cluster_weights"): ("learned", [0.5, -0.5], [[1.0]], [NAN] * 3, 7, {"a": 1}, None, True),
    (*SETTINGS, "likelihood"): ("poisson", None, [], {}),
    (*BLOCK, "scale"): ([0.0] * 4, [1.0] * 3, [-1.0] * 4, [NAN] * 4, [], None, 3, ["a"] * 4),
    (*BLOCK, "offset"): ([INFINITY] * 4, [[1.0]] * 4, [1.0] * 3, None),
    (*BLOCK, "dtype"): ("<U5", "O", "nothing", None),
    (*BLOCK, "block"): ("pixels", "nothing", None),
    (*HISTORY, "ending"): ("perished",),
    (*HISTORY, "epochs"): (None, [{}]),
    (*HISTORY, "merged_again"): ([{"epoch": 1}],),
    (*HISTORY, "epochs", 0, "epoch"): ("soon",),
    (*HISTORY, "epochs", 0, "rows"): (True, 10**400),
    (*HISTORY, "epochs", 0, "terms"): ([1.0], {"latent_kl": None}),
    (*HISTORY, "epochs", 0, "held_out_bound"): ("low",),
    (*TREE, "components"): (7, 10**9),
    (*TREE, "merges"): ([[0, 1]], [[0, 1]] * 5, [[0, 1, 2]], None),
    (*TREE, "merges", 0): ([0, 0], [-1, 0], [0, 9], [4, 6]),
    (*TREE, "losses"): ([0.1], ["a"] * 5, [NAN] * 5),
    (*TREE, "shares"): (["a"] * 6, [0.5]),
    ("fitted", "evidence", "density"): ([], [None] * 5),
    ("fitted", "evidence", "agreement", 0): (INFINITY,),
    ("fitted", "evidence", "found"): ("six", [], [0], [[3]], None),
    ("fitted", "calibration", "bounds"): ([NAN], [[0.5]], None, ["a"]),
    ("fitted", "confidence", "weights"): ([], [[0.5]], [0.5] * 9, [[NAN] * 3] * 9, None, [["a"] * 3] * 9),
    ("fitted", "confidence", "cluster_of"): ([], [3] * 6, [-1] * 6, [0] * 5, [0.5] * 6, None),
    ("fitted", "names"): ({"3": "ape"}, {"-1": "ape"}, {"x": "ape"}, {"0": None}),
    ("fitted", "feature_names"): ([1, 2, 3, 4], ["a", "b"], "abcd"),
    ("fitted", "sizes"): ([1, 2], [1, 2, -3], ["a", "b", "c"], [0.5, 1, 2]),
    ("fitted", "profile"): ([], [[]] * 2, "abc", [[{"column": "a"}]] * 3, [[DIFFERENCE | {"effect": NAN}]] * 3),
    ("fitted", "data", "rows"): (0, -1, 0.5, None),
    ("fitted", "clusters"): (0, 2, 4, 6),
    ("weights", "not.of.the.model"): (torch.ones(1),),
    ("weights", "encoder.mean.bias"): (
        *[torch.full((2,), NAN), torch.ones(2, dtype=torch.float64), torch.ones(3), torch.ones(2, 1), 3, None],
    ),
    ("weights", "grouping.cluster_of"): (
        torch.full((6,), 3),
        torch.full((6,), -1),
        torch.zeros(6).long(),
        torch.zeros(6),
    ),
    ("weights", "prior.weights.shares"): (torch.zeros(6), torch.full((6,), INFINITY)),
    ("weights", "prior.components.scale_tril"): (torch.full((6, 2, 2), 3e38),),
}


@pytest.mark.parametrize("place", IMPOSSIBLE, ids=lambda place: str(place[-2:]))
def test_a_value_that_no_fit_could_leave_is_damage(model_file: Path, place: tuple[Any, ...]) -> None:
    for wrong in IMPOSSIBLE[place]:
        refused(model_file, put(wrong, *place))


def test_a_negative_spread_of_a_component_and_a_missing_tensor_are_damage(tmp_path: Path) -> None:
    fitted("su2018").save(tmp_path / "model")
    refused(tmp_path / "model", put(torch.tensor(-1.0), "weights", "prior.components.scale"))
    refused(tmp_path / "model", without("weights", "encoder.mean.bias"))


def test_outliers_without_a_calibration_are_damage(model_file: Path) -> None:
    refused(model_file, put(None, "fitted", "calibration"), put(0.5, "parameters", "outlier_fraction"))


@pytest.mark.parametrize("place", [(*SETTINGS, "views"), ("fitted", "data"), ("versions",)], ids=str)
@pytest.mark.parametrize("brackets", ["[]", ('{"a":', "}")], ids=str)
def test_a_description_deeper_than_python_can_go_is_damage(model_file: Path, place: Any, brackets: Any) -> None:
    rewrite(model_file, put("deep", *place))
    with safe_open(model_file, framework="pt") as file:
        header, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    deep = brackets[0] * 100_000 + ("" if brackets == "[]" else "1") + brackets[1] * 100_000
    header["nested"] = header["nested"].replace('"deep"', deep)
    save_file(tensors, model_file, header)
    with pytest.raises(FileError, match="damaged or was changed"):
        opened(model_file)


CLAIMS: dict[str, list[tuple[Any, ...]]] = {
    "wide layers": [(*SETTINGS, "hidden", [16 * 10**8])],
    "very wide layers": [(*SETTINGS, "hidden", [16 * 10**17])],
    "many layers": [(*SETTINGS, "hidden", [16] * 10**5)],
    "long codes": [(*SETTINGS, "latent", 10**9)],
    "many components": [(*SETTINGS, "components", 10**9)],
    "more components than numbers": [(*SETTINGS, "components", 10**30)],
    "many clusters": [("fitted", "clusters", 10**9)],
    "as many clusters as numbers": [("fitted", "clusters", 900)],
    "many clusters of components": [("fitted", "clusters", 10**9), (*SETTINGS, "components", 10**9)],
    # Together with the width of the first layer they are more than is allowed below.
    "long rows": [
        *[(*BLOCK, "offset", [0.0] * 10**5), (*BLOCK, "scale", [1.0] * 10**5)],
        (*SETTINGS, "hidden", [1600]),
    ],
    "large images": [(*BLOCK, "row_shape", [10**6, 10**6, 3])],
    "images larger than numbers": [(*BLOCK, "row_shape", [10**30, 3])],
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere addresses cannot be bounded")
@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("method", TINY)
def test_a_description_that_claims_more_than_the_file_holds_allocates_nothing(
    method: str, claim: str, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    fitted(method, "images" if "images" in claim else "vectors").save(path)
    opened(path)  # what is loaded once, such as code, is no part of it
    rewrite(path, *(put(value, *place) for *place, value in CLAIMS[claim]))
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
    assert "allocate memory" not in str(problem)


# Files that are none


def test_what_is_no_model_file_is_refused_with_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no weights")
    (tmp_path / "empty").touch()
    Image.new("L", (8, 8)).save(tmp_path / "picture", "png")
    np.savez(tmp_path / "archive.npz", X=np.eye(3))
    save_file({"some": torch.zeros(2)}, tmp_path / "weights")
    write_content(tmp_path / "checkpoint", {"format": 2, "stage": "up"})
    reasons = {
        "nothing": "There is no model file",
        "": r"is a folder, but a model file is expected\. Name the file in it",
        "weights": "holds weights, but not of a vaecluster model",
        "checkpoint": "is no model file but a checkpoint",
    } | dict.fromkeys(("text", "empty", "picture", "archive.npz"), "is no model file, or damaged")
    for name, reason in reasons.items():
        with pytest.raises(FileError, match=reason) as caught:
            opened(tmp_path / name)
        assert name in str(caught.value)


@pytest.mark.parametrize("kept", [0, 7, 8, 100, 3000, -1])
def test_a_file_that_is_cut_short_is_refused(model_file: Path, kept: int) -> None:
    model_file.write_bytes(model_file.read_bytes()[:kept])
    with pytest.raises(FileError, match="is no model file, or damaged"):
        opened(model_file)


def test_a_flipped_bit_in_a_weight_is_seen(model_file: Path) -> None:
    content = bytearray(model_file.read_bytes())
    content[-9] ^= 1
    model_file.write_bytes(content)
    with pytest.raises(FileError, match="damaged or was changed: its checksum"):
        opened(model_file)


@pytest.mark.parametrize("refusing", ["open", "is_file"])
def test_a_file_that_may_not_be_read_is_answered_with_the_reason(
    model_file: Path, refusing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, os.strerror(13))

    # Not by `chmod`: the superuser may read everything.
    monkeypatch.setattr(Path, refusing, refuse)
    with pytest.raises(FileError, match="cannot be opened: Permission denied"):
        opened(model_file)


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=r"model' cannot be written"):
        fitted("vade").save(tmp_path / "file" / "model")
    assert isinstance(fitted("vade").model_, ClusteringVAE)
