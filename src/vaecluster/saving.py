"""A fitted estimator as a model file, and back."""

from dataclasses import is_dataclass
from math import prod
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from vaecluster.environment import versions
from vaecluster.evaluation.doubt import Calibration
from vaecluster.model.vae import ClusteringVAE
from vaecluster.parameters import check_doubt, check_random
from vaecluster.training.device import choose_device
from vaecluster.training.history import History
from vaecluster.training.merging import Hierarchy
from vaecluster.training.model_file import ModelRecord, read_model, rebuild_model, told_as_damage, write_model
from vaecluster.training.number import Evidence
from vaecluster.training.presets import plain_value
from vaecluster.training.settings import is_whole
from vaecluster.views.presets import describe, undescribe


def write_fit(fitted: BaseEstimator, path: Path) -> None:
    """Write a fitted `VAEClustering` to one file; raises `FileError` if the place cannot be written to."""
    sizes = getattr(fitted, "cluster_sizes_", None)
    facts = {
        "parameters": _plain(fitted.get_params()) | {"views": describe(fitted.views)},
        "versions": versions(),
        "cluster_sizes": None if sizes is None else sizes.tolist(),
        "feature_names": getattr(fitted, "feature_names_in_", np.array([])).tolist(),
        "history": fitted.history_.as_dict(),
        "hierarchy": None if fitted.hierarchy_ is None else fitted.hierarchy_.as_dict(),
        "evidence": None if fitted.evidence_ is None else fitted.evidence_.as_dict(),
        "cluster_names": {str(cluster): name for cluster, name in fitted.cluster_names_.items()},
        "calibration": None if fitted.calibration_ is None else fitted.calibration_.as_dict(),
        "data": fitted.data_,
    }
    weights = fitted.model_.state_dict()
    write_model(path, ModelRecord(fitted.n_clusters_, fitted.settings_, fitted.preprocessing_, weights, facts))


def read_fit(empty: BaseEstimator, path: Path, device: str) -> None:
    """Make of a new `VAEClustering` what the file holds; raises `FileError` if it is no such file or damaged."""
    place = choose_device(device)
    record = read_model(path)
    model = rebuild_model(record, path).to(place)
    with told_as_damage(path):
        _take(empty, record, model, device)


def _take(empty: BaseEstimator, record: ModelRecord, model: ClusteringVAE, device: str) -> None:
    """Make of a new `VAEClustering` what the record says; raises what wrong facts lead to, at once and not in use."""
    facts, clusters, components = record.facts, record.clusters, len(model.grouping.cluster_of)
    parameters = facts["parameters"] | {"device": device, "views": undescribe(facts["parameters"]["views"])}
    if parameters["hidden"] is not None:
        parameters["hidden"] = tuple(parameters["hidden"])  # JSON has no tuples
    empty.set_params(**parameters)
    empty.settings_, empty.preprocessing_ = record.settings, record.preprocessing
    empty.calibration_ = None if facts["calibration"] is None else Calibration.from_dict(facts["calibration"])
    _check_used(parameters, empty.calibration_)
    empty.model_ = model
    empty.history_ = History.from_dict(facts["history"])
    if not _is_of(empty.history_, History):
        raise ValueError("its history holds values of other types")
    tree, evidence = facts["hierarchy"], facts["evidence"]
    empty.hierarchy_ = None if tree is None else Hierarchy.from_dict(tree)
    empty.evidence_ = None if evidence is None else Evidence.from_dict(evidence)
    _check_tree(empty.hierarchy_, components)
    _check_evidence(empty.evidence_, components)
    empty.n_clusters_ = clusters
    empty.cluster_names_ = {int(cluster): name for cluster, name in facts["cluster_names"].items()}
    if not all(0 <= cluster < clusters for cluster in empty.cluster_names_):
        raise ValueError("its cluster_names are those of other clusters")
    if not _is_of(empty.cluster_names_, dict[int, int | str]):
        raise ValueError("its cluster_names are neither texts nor whole numbers")
    empty.data_ = facts["data"]
    if empty.data_ is not None and not is_whole(empty.data_["rows"], 1):
        raise ValueError("its data are of no whole number of rows")
    if facts["cluster_sizes"] is not None:
        empty.cluster_sizes_ = np.array(facts["cluster_sizes"])
        if not _are_numbers(empty.cluster_sizes_, (clusters,), "i") or (empty.cluster_sizes_ < 0).any():
            raise ValueError("its cluster_sizes are not one whole number per cluster")
    empty.n_features_in_ = prod(record.preprocessing.row_shape)
    names = facts["feature_names"]
    if not _is_of(names, list[str]) or len(names) not in (0, empty.n_features_in_):
        raise ValueError("its feature_names are not one name per column")
    if names:
        empty.feature_names_in_ = np.array(names, dtype=object)


def _check_used(parameters: dict[str, Any], calibration: Calibration | None) -> None:
    """The parameters that an opened model uses; `fit` checks the others."""
    check_random(parameters["random_state"])
    # An older format does not know them.
    outlier_fraction = parameters.get("outlier_fraction", 0.0)
    check_doubt(parameters.get("min_confidence", 0.0), outlier_fraction)
    if calibration is not None and not _are_numbers(calibration.bounds, (len(calibration.bounds),)):
        raise ValueError("its calibration is not one number per row")
    if outlier_fraction and calibration is None:
        raise ValueError("it has an outlier_fraction, but no calibration to tell outliers by")


def _check_tree(tree: Hierarchy | None, components: int) -> None:
    if tree is None:
        return
    merges = components - 1
    arrays = ((tree.merges, (merges, 2)), (tree.losses, (merges,)), (tree.shares, (components,)))
    if tree.components != components or not all(_are_numbers(values, shape) for values, shape in arrays):
        raise ValueError("its hierarchy is of another shape than its components")
    merged = tree.merges.ravel()
    made = np.repeat(components + np.arange(merges), 2)
    if (merged < 0).any() or (merged >= made).any() or len(np.unique(merged)) < len(merged):
        raise ValueError("its hierarchy is no tree: a node is merged twice, or before it is made")


def _check_evidence(evidence: Evidence | None, components: int) -> None:
    if evidence is None:
        return
    arrays = (evidence.losses, evidence.separation, evidence.agreement)
    if not all(_are_numbers(values, (components - 1,)) for values in arrays) or not _is_of(evidence.in_use, float):
        raise ValueError("its evidence is of another shape than its components")


def _are_numbers(values: NDArray[Any], shape: tuple[int, ...], kinds: str = "if") -> bool:
    return values.dtype.kind in kinds and values.shape == shape and bool(np.isfinite(values).all())


def _is_of(value: Any, kind: Any) -> bool:
    """Whether the value is of an annotated type, down to the fields of records and the entries of lists.

    A whole number is a float as well, a bool is neither.
    """
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in inside
    if origin is UnionType:
        return any(_is_of(value, one) for one in inside)
    if origin is list:
        return isinstance(value, list) and all(_is_of(entry, inside[0]) for entry in value)
    if origin is dict:
        return isinstance(value, dict) and all(_is_of(entry, inside[1]) for entry in value.values())
    if is_dataclass(kind):
        fields = get_type_hints(kind).items()
        return type(value) is kind and all(_is_of(getattr(value, name), wanted) for name, wanted in fields)
    if kind in (int, float):
        return is_whole(value, -(2**63), 2**63) or (kind is float and isinstance(value, float))
    return isinstance(value, kind)


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters as JSON holds them.

    A RandomState cannot be written down and becomes None; so do folders, which belong to a machine, not to a model.
    """
    left_out = {"checkpoint_dir", "log_dir"}
    return {
        name: None if isinstance(value, np.random.RandomState) or name in left_out else plain_value(value)
        for name, value in parameters.items()
    }
