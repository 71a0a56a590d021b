"""What a fit leaves as one file, and back: a container of plain values and tensors, without pickle."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any, final

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.overrides import TorchFunctionMode

from vaecluster import settings
from vaecluster.clusters.hierarchy import Hierarchy
from vaecluster.clusters.number import Evidence
from vaecluster.clusters.scores import Label
from vaecluster.data.schema import Schema
from vaecluster.errors import FileError
from vaecluster.files import record
from vaecluster.files.container import content_of, read_parts, write_content
from vaecluster.files.paths import MODEL_FILE
from vaecluster.files.provenance import versions
from vaecluster.inference.confidence import Confidence
from vaecluster.inference.doubt import Calibration
from vaecluster.inference.imputing import Errors
from vaecluster.inference.profile import Difference
from vaecluster.methods import METHODS
from vaecluster.methods.base import Fitted, Method, number_completed_for
from vaecluster.methods.older_files import FIRST_NESTED, OLDEST, content_of_nested, content_of_older
from vaecluster.methods.relabelling import relabelled
from vaecluster.model.distributions import draw
from vaecluster.model.grouping import Grouping
from vaecluster.model.networks.initial import in_memory
from vaecluster.model.vae import ClusteringVAE
from vaecluster.settings import is_whole
from vaecluster.training.listeners.history import History
from vaecluster.training.state import load_tensors, tensors_of

FORMAT = 6

# What Python, numpy and torch raise when a description is not what it should be; our own errors are ValueErrors.
_WRONG = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError, AssertionError)


@final
@dataclass(frozen=True)
class Described:
    """What a file holds beside method, schema and weights."""

    clusters: int
    history: History
    hierarchy: Hierarchy | None
    evidence: Evidence | None
    calibration: Calibration | None
    confidence: Confidence | None
    names: dict[int, Label]
    sizes: list[int] | None
    data: dict[str, Any] | None
    feature_names: list[str]
    # Files that were written before they were known do not have them.
    errors: Errors | None = None
    profile: list[list[Difference]] | None = None
    relabelled: bool = False


def write_fitted(path: Path, fitted: Fitted, parameters: dict[str, Any]) -> None:
    """Write what a fit left, with the parameters of its estimator; `FileError` if the place cannot be written to."""
    described = Described(
        clusters=fitted.clusters,
        history=fitted.history,
        hierarchy=fitted.hierarchy,
        evidence=fitted.evidence,
        calibration=fitted.calibration,
        confidence=fitted.confidence,
        names=fitted.names or {},
        sizes=None if fitted.sizes is None else fitted.sizes.tolist(),
        data=fitted.data,
        feature_names=list(fitted.feature_names),
        errors=fitted.errors,
        profile=fitted.profile,
        relabelled=fitted.relabelled,
    )
    write_content(
        path,
        {
            "format": FORMAT,
            "versions": versions(),
            "parameters": parameters,
            "method": {"name": fitted.method.name, "settings": settings.plain(fitted.method)},
            "schema": fitted.schema.as_dict(),
            "fitted": record.plain(described),
            "weights": tensors_of(fitted.model),
        },
    )


def read_fitted(path: Path, device: torch.device) -> tuple[Fitted, dict[str, Any]]:
    """What a fit left, on the device, and the parameters of its estimator; nothing in the file is executed.

    Of a run folder its model is taken. Older formats are read as today's. Raises `FileError` for a file that is no
    model of ours, is damaged, or comes from a newer version.
    """
    if os.path.isfile(path / MODEL_FILE):
        path = path / MODEL_FILE
    content = _read(path)
    with wrong_as_damage(path):
        method = method_of(content["method"])
        schema = Schema.from_dict(content["schema"])
        described = record.typed(Described, content["fitted"])
        weights, parameters = content["weights"], content["parameters"]
        if not isinstance(parameters, dict) or not isinstance(weights, dict):
            raise ValueError("its parameters or weights have no names")
        model = _model(method, schema, described, weights).to(device)
        fitted = Fitted(
            method=method,
            schema=schema,
            model=model,
            history=described.history,
            hierarchy=described.hierarchy,
            evidence=described.evidence,
            calibration=described.calibration,
            confidence=described.confidence,
            names=described.names,
            sizes=None if described.sizes is None else np.array(described.sizes, dtype=np.intp),
            data=described.data,
            feature_names=tuple(described.feature_names),
            errors=described.errors,
            profile=described.profile,
            relabelled=described.relabelled,
        )
        _check(fitted)
    return fitted, parameters


def method_of(plain: dict[str, Any]) -> Method:
    """The method that was written down."""
    return settings.restored(METHODS[plain["name"]], plain["settings"])


@contextmanager
def wrong_as_damage(path: Path) -> Iterator[None]:
    """Whatever a wrong description leads to inside becomes one `FileError` that names the file."""
    try:
        yield
    except FileError:
        raise
    except _WRONG as problem:
        text = f"there is no {problem}" if isinstance(problem, KeyError) else str(problem) or type(problem).__name__
        # What torch says can go on with its own stack.
        reason = shorten(text.splitlines()[0], 300).removesuffix(".")
        raise FileError(f"{path} is damaged or was changed: {reason}. Use a copy of it, or fit again.") from None


def _read(path: Path) -> dict[str, Any]:
    """The content of a file, in today's words."""
    _check_file(path)
    try:
        header, tensors = read_parts(path)
    except (SafetensorError, OSError):
        raise FileError(f"{path} is no model file, or damaged. Give a file that `save` or `fit` wrote.") from None
    with wrong_as_damage(path):
        if "vaecluster" in header:
            older = json.loads(header["vaecluster"])
            _check_format(path, older["format"], older)
            return content_of_older(older, tensors)
        if "nested" not in header:
            raise FileError(f"{path} holds weights, but not of a vaecluster model. Give a file that `save` wrote.")
        content = content_of(header, tensors)
        _check_format(path, content["format"], content)
        if content["format"] < FIRST_NESTED or "weights" not in content:
            raise FileError(f"{path} is no model file but a checkpoint. Give a file that `save` or `fit` wrote.")
        if content["format"] < FORMAT:
            return content_of_nested(content)
    return content


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise FileError(
                f"{path} is a folder, but a model file is expected. Name the file in it, such as model.vaecluster."
            )
        if not path.is_file():
            raise FileError(f"There is no model file {path}. Give the folder or file that `vaecluster fit` wrote.")
        with path.open("rb"):
            pass
    except FileError:
        raise
    except OSError as problem:
        raise FileError(f"{path} cannot be opened: {problem.strerror}. Choose a file that you may read.") from None


def _check_format(path: Path, written: Any, content: dict[str, Any]) -> None:
    if not is_whole(written, 1, 10**9):
        raise ValueError(f"its format is {written!r}; expected a whole number")
    if written > FORMAT:
        match content:
            case {"versions": {"vaecluster": str(version)}} | {"facts": {"versions": {"vaecluster": str(version)}}}:
                writer = f" ({version})"
            case _:
                writer = ""
        raise FileError(
            f"{path} has format {written}, written by a newer version of vaecluster{writer}; this version reads "
            f"formats up to {FORMAT}. Upgrade vaecluster."
        )
    if "weights" not in content and "facts" not in content:
        return
    if written < OLDEST:
        raise FileError(
            f"{path} has format {written}; this version reads formats {OLDEST} to {FORMAT}. Use the version of "
            "vaecluster that wrote it, or fit again."
        )


def _model(method: Method, schema: Schema, described: Described, weights: dict[str, Tensor]) -> ClusteringVAE:
    """The model of a description, on the CPU; whatever size it claims, nothing is allocated that is not there."""
    clusters = described.clusters
    if not is_whole(clusters, 1):
        raise ValueError("expected a number of clusters of 1 or more")
    if not all(isinstance(values, Tensor) for values in weights.values()):
        raise ValueError("its weights are no tensors")
    # Of clusters that were made by hand there may be more than the method would allow.
    number = number_completed_for(method, 1 if described.relabelled else clusters)
    if method.completed(schema, 2, number) != method:
        raise ValueError("its settings are not complete")
    _check_size(method, clusters, weights)
    # A method whose components are its clusters has more of them where some were merged.
    components = max(clusters, len(weights["grouping.cluster_of"]))
    with _WithoutMemory():
        if described.relabelled:
            model = relabelled(method.build(schema, number_completed_for(method, 1)), components, clusters)
        else:
            built = method.build(schema, components)
            model = built.regrouped(Grouping(built.grouping.cluster_of, clusters))
    expected = {name: (values.shape, values.dtype) for name, values in tensors_of(model).items()}
    if expected != {name: (values.shape, values.dtype) for name, values in weights.items()}:
        raise ValueError("its weights do not fit its description")
    # Copied, so that the file's layout and alignment do not come along: kernels round by them, and answers must be
    # those of the fit to the last byte.
    load_tensors(in_memory(model), weights)
    _check_weights(model, clusters)
    return model


@final
class _WithoutMemory(TorchFunctionMode):
    """Inside, tensors are made on the meta device, whatever device is given: there they have no memory."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = dict(kwargs or {})
        if given.get("device") is not None:
            given["device"] = "meta"
        return function(*args, **given)


def _check_size(method: Method, clusters: int, weights: dict[str, Tensor]) -> None:
    """Bound what is not allocated as tensors: one object for each layer and for each component."""
    values = sum(tensor.numel() for tensor in weights.values())
    wide = [value for value in vars(method).values() if isinstance(value, tuple)]
    if max((len(value) for value in wide), default=0) > max(len(weights), clusters):
        raise ValueError("its description claims a larger network than its weights make")
    components = getattr(method, "components", clusters)
    if max(clusters, components if is_whole(components) else 0) > values:
        raise ValueError("its description claims a larger network than its weights make")


@torch.no_grad()
def _check_weights(model: ClusteringVAE, clusters: int) -> None:
    """Refuse weights with which a model would fail only when it is used."""
    if not all(values.isfinite().all() for values in tensors_of(model).values()):
        raise ValueError("its weights hold NaN or infinite values")
    groups = sorted(set(model.grouping.cluster_of.tolist()))
    if len(groups) != clusters or groups[0] != 0 or groups[-1] != clusters - 1:
        raise ValueError(f"its components do not make the {clusters} clusters of its description")
    model.eval()
    # One code of each component: (1, components, latent).
    codes = draw(model.prior.components(), torch.Generator().manual_seed(0), 1)
    if not model.prior.weights().logits.isfinite().all() or not codes.isfinite().all():
        raise ValueError("nothing can be drawn from its prior")
    if not model.prior.component_log_prob(codes[:, 0]).isfinite().all():
        raise ValueError("its prior is no density")


def _check(fitted: Fitted) -> None:
    """Raise `ValueError` where the parts of a description say different things."""
    clusters, components = fitted.clusters, len(fitted.model.grouping.cluster_of)
    if not all(0 <= cluster < clusters for cluster in fitted.names or {}):
        raise ValueError("its names are those of other clusters")
    if fitted.sizes is not None and (fitted.sizes.shape != (clusters,) or (fitted.sizes < 0).any()):
        raise ValueError("its sizes are not one whole number per cluster")
    if fitted.profile is not None and len(fitted.profile) != clusters:
        raise ValueError("its profile is that of other clusters")
    if not all(np.isfinite(one.effect) for some in fitted.profile or [] for one in some):
        raise ValueError("its profile holds differences that are no numbers")
    if fitted.data is not None and not is_whole(fitted.data["rows"], 1):
        raise ValueError("its data are of no whole number of rows")
    if len(fitted.feature_names) not in (0, int(np.prod(fitted.schema.row_shape))):
        raise ValueError("its feature_names are not one name per column")
    # Numbers that are too large to be shown raise here.
    fitted.history.curves()
    _ = [epoch.rows_per_second for epoch in fitted.history.epochs]
    calibration = fitted.calibration
    if calibration is not None and (calibration.bounds.ndim != 1 or not np.isfinite(calibration.bounds).all()):
        raise ValueError("its calibration is not one number per row")
    if fitted.errors is not None:
        shape, spread, regression = fitted.schema.row_shape, fitted.errors.spread, fitted.errors.regression
        if spread.shape != shape or not (np.isfinite(spread) & (spread >= 0)).all():
            raise ValueError("its spread is not one number of 0 or more per column")
        if regression is not None and (regression.shape != (*shape, *shape) or not np.isfinite(regression).all()):
            raise ValueError("its regression is not one number per pair of columns")
    if fitted.confidence is not None:
        weights, cluster_of = fitted.confidence.weights, fitted.confidence.cluster_of
        inputs = 1 + components + fitted.model.encoder.latent
        if weights.ndim != 2 or len(weights) != inputs or not np.isfinite(weights).all():
            raise ValueError("its confidence is not one weight for each input and cluster")
        if cluster_of.shape != (components,) or not set(cluster_of.tolist()) <= set(range(weights.shape[1])):
            raise ValueError("its confidence is one of other components")
    if fitted.hierarchy is not None:
        _check_tree(fitted.hierarchy, components)
    if fitted.evidence is not None:
        evidence = fitted.evidence
        if evidence.found.ndim != 1 or not len(evidence.found) or (evidence.found < 1).any():
            raise ValueError("its evidence holds no number of clusters of each head")
        if not 0 < evidence.apart <= 1:
            raise ValueError("its evidence was counted at no density")
        for values in (evidence.density, evidence.agreement):
            if values.shape != (components - 1,) or not np.isfinite(values).all():
                raise ValueError("its evidence is of another shape than its components")


def _check_tree(tree: Hierarchy, components: int) -> None:
    merges = components - 1
    shapes = ((tree.merges, (merges, 2)), (tree.losses, (merges,)), (tree.shares, (components,)))
    if tree.components != components or not all(
        values.shape == shape and np.isfinite(values).all() for values, shape in shapes
    ):
        raise ValueError("its hierarchy is of another shape than its components")
    merged = tree.merges.ravel()
    made = np.repeat(components + np.arange(merges), 2)
    if (merged < 0).any() or (merged >= made).any() or len(np.unique(merged)) < len(merged):
        raise ValueError("its hierarchy is no tree: a node is merged twice, or before it is made")
