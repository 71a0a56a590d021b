"""A fitted estimator as a model file, and back."""

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from vaecluster.environment import versions
from vaecluster.training.device import choose_device, forked_random_state
from vaecluster.training.fitting import empty_model
from vaecluster.training.history import History
from vaecluster.training.merging import Hierarchy
from vaecluster.training.model_file import ModelRecord, load_weights, read_model, write_model
from vaecluster.training.number import Evidence
from vaecluster.training.presets import plain_value
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
    }
    weights = fitted.model_.state_dict()
    write_model(path, ModelRecord(fitted.n_clusters_, fitted.settings_, fitted.preprocessing_, weights, facts))


def read_fit(empty: BaseEstimator, path: Path, device: str) -> None:
    """Make of a new `VAEClustering` what the file holds; raises `FileError` if it is no such file or damaged."""
    record = read_model(path)
    facts, place = record.facts, choose_device(device)
    parameters = facts["parameters"] | {"device": device, "views": undescribe(facts["parameters"]["views"])}
    for name, value in parameters.items():
        # JSON has no tuples; widths are one.
        empty.set_params(**{name: tuple(value) if name == "hidden" and value is not None else value})
    empty.settings_, empty.preprocessing_ = record.settings, record.preprocessing
    with forked_random_state(place, 0):
        model = empty_model(record.settings, record.preprocessing.data_shape, record.clusters)
    load_weights(model, record, path)
    empty.model_ = model.to(place)
    empty.history_ = History.from_dict(facts["history"])
    tree, evidence = facts["hierarchy"], facts["evidence"]
    empty.hierarchy_ = None if tree is None else Hierarchy.from_dict(tree)
    empty.evidence_ = None if evidence is None else Evidence.from_dict(evidence)
    empty.n_clusters_ = record.clusters
    if facts["cluster_sizes"] is not None:
        empty.cluster_sizes_ = np.array(facts["cluster_sizes"])
    empty.n_features_in_ = prod(record.preprocessing.row_shape)
    if facts["feature_names"]:
        empty.feature_names_in_ = np.array(facts["feature_names"], dtype=object)


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters as JSON holds them; a RandomState cannot be written down and becomes None."""
    return {
        name: None if isinstance(value, np.random.RandomState) else plain_value(value)
        for name, value in parameters.items()
    }
