import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from sklearn.datasets import make_blobs

from vaecluster import VAEClustering
from vaecluster.errors import FileError, SettingError
from vaecluster.inference.answers import assignments
from vaecluster.methods import METHODS
from vaecluster.methods.fitted_file import FORMAT
from vaecluster.methods.older_files import OLDEST
from vaecluster.views import Neighbours

FILES = Path(__file__).parent / "files"
MODELS = sorted(FILES.glob("*.vaecluster"))
X = make_blobs(60, n_features=4, centers=3, random_state=0)[0]


def opened(path: Path) -> VAEClustering:
    return VAEClustering.load(path, device="cpu")


def test_there_is_a_file_of_every_format_and_one_of_every_method() -> None:
    written = [path.stem.split("-", 2)[1:] for path in MODELS]
    assert {int(number) for number, _ in written} == set(range(OLDEST, FORMAT + 1))
    assert {method for number, method in written if int(number) == FORMAT} == set(METHODS)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_file_of_every_format_answers_as_it_did_and_can_be_used_on(path: Path, tmp_path: Path) -> None:
    model = opened(path)
    labels = np.load(path.with_suffix(".npy"))
    np.testing.assert_array_equal(model.predict(X), labels)
    assert model.sample(3, cluster=0).shape == (3, 4)
    assert np.isfinite(model.score_samples(X)).all()
    assert model.method_.completed(model.fitted_.schema, 60, model.n_clusters_) == model.method_
    if model.hierarchy_ is not None:
        assert model.cut(2, X).cluster_sizes_.shape == (2,)
    # Written again it is a file of today.
    model.save(tmp_path / "again")
    np.testing.assert_array_equal(opened(tmp_path / "again").predict(X), labels)
    assert np.isfinite(model.partial_fit(X).predict_proba(X)).all()


@pytest.mark.parametrize("name", ["format-3-shared", "format-4-two-views", "format-6-two-views"])
def test_names_of_clusters_doubt_and_the_rows_are_in_the_file(name: str) -> None:
    fitted = opened(FILES / f"{name}.vaecluster").fitted_
    assert fitted.names == {0: "ape", 1: "bee", 2: "cat"}
    assert (fitted.data["rows"], fitted.data["shape"]) == (60, [60, 4])
    assert len(fitted.calibration.bounds) == 12


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_what_spoke_for_a_number_is_kept_from_the_format_on_that_weighs_as_today(path: Path) -> None:
    _, number, method = path.stem.split("-", 2)
    assert (opened(path).evidence_ is not None) == (int(number) >= 5 and METHODS[method].finds_number)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_before_there_was_a_confidence_probabilities_are_those_of_the_posterior(path: Path) -> None:
    model = opened(path)
    rows = model._given(X)
    assert (model.fitted_.confidence is not None) == (int(path.stem.split("-")[1]) == FORMAT)
    own = assignments(model.model_, rows)
    assert np.array_equal(model.predict_proba(X), own) == (model.fitted_.confidence is None)


def test_what_the_oldest_format_does_not_know_is_none() -> None:
    model = opened(FILES / "format-2-shared.vaecluster")
    assert (model.fitted_.names, model.calibration_, model.fitted_.data) == ({}, None, None)
    assert model.history_.rolled_back == []
    with pytest.raises(SettingError, match="Fit again"):
        model.outlier_score(X)


def rewritten(path: Path, to: Path, change: Callable[[Any], object], **tensors: torch.Tensor) -> Path:
    """A file of an older format with its description changed in place, and with other tensors."""
    with safe_open(path, framework="pt") as file:
        described = json.loads(file.metadata()["vaecluster"])
        own = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(described)
    save_file(own | tensors, to, {"vaecluster": json.dumps(described)})
    return to


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        (None, "auto"),
        ("counts", "counts"),
        (
            [{"view": "Neighbours", "number": 5, "components": 64, "exact_up_to": 20000}],
            (Neighbours(5, components=64),),
        ),
    ],
    ids=str,
)
def test_views_are_read_as_they_were_written(views: Any, expected: Any, tmp_path: Path) -> None:
    path = rewritten(
        FILES / "format-3-shared.vaecluster",
        tmp_path / "model",
        lambda described: described["facts"]["parameters"].update(views=views),
    )
    assert opened(path).method_.views == expected


def test_a_function_among_the_views_is_known_by_its_name_alone(tmp_path: Path) -> None:
    path = rewritten(
        FILES / "format-3-shared.vaecluster",
        tmp_path / "model",
        lambda described: described["facts"]["parameters"].update(views="shifted"),
    )
    model = opened(path)
    assert model.predict(X).tolist() == np.load(FILES / "format-3-shared.npy").tolist()
    with pytest.raises(SettingError, match=r"the function 'shifted'.*Set the views"):
        model.partial_fit(X)


def wrong_everywhere(described: Any) -> list[Callable[[Any], object]]:
    """Changes of a description, each of which makes it one that no version wrote."""
    views = "views" in described["settings"]
    changes: list[Callable[[Any], object]] = []
    for part in described.keys() - {"checksum"}:
        changes.append(lambda it, part=part: it.pop(part))
        changes += [lambda it, part=part, wrong=wrong: it.update({part: wrong}) for wrong in (None, -1, "x", [], [[]])]
    for part in ("history", "cluster_sizes", "feature_names", "versions", "parameters", "hierarchy"):
        changes.append(lambda it, part=part: it["facts"].pop(part))
    changes += [lambda it: it["facts"]["parameters"].update(views={"number": 3})] * views
    changes.append(lambda it: it["settings"].update(unheard_of=1))
    changes.append(lambda it: it["settings"].update(hidden=[16 * 10**8]))
    return changes


@pytest.mark.parametrize("name", ["format-2-shared", "format-2-su2018", "format-3-shared", "format-3-su2018"])
def test_an_older_file_that_was_changed_is_refused(name: str, tmp_path: Path) -> None:
    path = FILES / f"{name}.vaecluster"
    with safe_open(path, framework="pt") as file:
        described = json.loads(file.metadata()["vaecluster"])
    for change in wrong_everywhere(described):
        with pytest.raises(FileError, match="model is damaged or was changed"):
            opened(rewritten(path, tmp_path / "model", change))


@pytest.mark.parametrize(
    "tensors",
    [
        {"preprocessing.scale": torch.ones(3, dtype=torch.float64)},
        {"preprocessing.offset": torch.full((4,), float("inf"), dtype=torch.float64)},
        {"encoder.mean.bias": torch.full((2,), float("nan"))},
        {"not.of.the.model": torch.ones(1)},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["format-2-shared", "format-3-su2018"])
def test_an_older_file_with_other_tensors_is_refused(name: str, tensors: Any, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="damaged or was changed"):
        opened(rewritten(FILES / f"{name}.vaecluster", tmp_path / "model", dict, **tensors))
