"""A fitted model as one file: weights as safetensors, everything else as JSON in its header. No pickle."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any, final

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vaecluster.atomic import write_atomically
from vaecluster.data.preprocessing import Preprocessing
from vaecluster.errors import FileError
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.checksum import checksum_of
from vaecluster.training.fitting import METHODS, MethodSettings, empty_model
from vaecluster.training.settings import is_whole
from vaecluster.training.shared_settings import SharedSettings

FORMAT = 3
_KEY = "vaecluster"

# What Python, numpy and torch raise when a description is not what it should be; our own errors are ValueErrors.
_WRONG = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError, AssertionError)


@final
@dataclass(frozen=True)
class ModelRecord:
    """What a model file holds: `facts` is plain JSON, for the surface to read; `weights` is a state dict."""

    clusters: int
    settings: MethodSettings
    preprocessing: Preprocessing
    weights: dict[str, Tensor]
    facts: dict[str, Any]


def write_model(path: Path, record: ModelRecord) -> None:
    """Write the record atomically; raises `FileError` if the place cannot be written to."""
    preprocessing = record.preprocessing
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in record.weights.items()}
    tensors["preprocessing.offset"] = torch.from_numpy(np.array(preprocessing.offset))
    tensors["preprocessing.scale"] = torch.from_numpy(np.array(preprocessing.scale))
    header = {
        "format": FORMAT,
        "clusters": record.clusters,
        "method": next(name for name, kind in METHODS.items() if isinstance(record.settings, kind)),
        "settings": asdict(record.settings),
        "row_shape": preprocessing.row_shape,
        "dtype": preprocessing.dtype,
        "checksum": checksum_of(tensors),
        "facts": record.facts,
    }
    write_atomically(path, save(tensors, {_KEY: json.dumps(header, default=repr)}))


def read_model(path: Path) -> ModelRecord:
    """Read a record; nothing in the file is executed. Raises `FileError` for a file that is no model of ours.

    Older formats come back as today's. Settings and preprocessing are checked; the weights are when `rebuild_model`
    uses them.
    """
    header, tensors = _read(path)
    with told_as_damage(path):
        header = _upgraded(header)
        # Older formats have none.
        if header["checksum"] not in (None, checksum_of(tensors)):
            raise ValueError("its weights are not those that were written")
        kind = METHODS[header["method"]]
        settings = kind(**{key: _tuple(value) for key, value in header["settings"].items()})
        offset, scale = tensors.pop("preprocessing.offset"), tensors.pop("preprocessing.scale")
        preprocessing = Preprocessing(tuple(header["row_shape"]), header["dtype"], offset.numpy(), scale.numpy())
        record = ModelRecord(header["clusters"], settings, preprocessing, tensors, header["facts"])
        if not is_whole(record.clusters, 1) or not isinstance(record.facts, dict):
            raise ValueError("expected a number of clusters and a dictionary of facts")
        _check_preprocessing(preprocessing)
        _check_settings(record)
    return record


def rebuild_model(record: ModelRecord, path: Path) -> ClusteringVAE:
    """The model of a record that was read from `path`, on the CPU; `FileError` if its parts do not fit together.

    A description may claim a network of any size: nothing is allocated that the file does not hold.
    """
    with told_as_damage(path):
        _check_size(record)
        # On the meta device a tensor has a shape and a type, but no memory.
        with torch.device("meta"):
            model = empty_model(record.settings, record.preprocessing.data_shape, record.clusters)
        expected = {name: (values.shape, values.dtype) for name, values in model.state_dict().items()}
        if expected != {name: (values.shape, values.dtype) for name, values in record.weights.items()}:
            raise ValueError("its weights do not fit its description")
        # Not `assign=True`, which would keep the file's layout and alignment: kernels round by them, and answers are
        # to be those of the fit to the last byte.
        model.to_empty(device="cpu").load_state_dict(record.weights)
        with torch.random.fork_rng(devices=[]):
            _check_weights(model, record.clusters)
    return model


@contextmanager
def told_as_damage(path: Path) -> Iterator[None]:
    """Whatever a wrong description leads to inside becomes one `FileError` that names the file."""
    try:
        yield
    except _WRONG as problem:
        told = f"there is no {problem}" if isinstance(problem, KeyError) else str(problem) or type(problem).__name__
        reason = shorten(told, 300).removesuffix(".")
        raise FileError(f"{path} is damaged or was changed: {reason}. Use a copy of it, or fit again.") from None


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The description and the tensors of a file; the tensors are only read if the description is one of ours."""
    _check_file(path)
    try:
        with safe_open(path, framework="pt") as file, told_as_damage(path):
            header = _header(path, (file.metadata() or {}).get(_KEY))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileError:
        raise
    except (SafetensorError, OSError):
        raise FileError(f"{path} is no model file, or damaged. Give a file that `save` or `fit` wrote.") from None
    return header, tensors


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


def _header(path: Path, text: str | None) -> dict[str, Any]:
    """The description, of a format that can be read."""
    if text is None:
        raise FileError(f"{path} holds weights, but not of a vaecluster model. Give a file that `save` wrote.")
    header: dict[str, Any] = json.loads(text)
    written = header["format"]
    if not is_whole(written, 1, 10**9):
        raise ValueError(f"its format is {written!r}; expected a whole number")
    if written > FORMAT:
        raise FileError(
            f"{path} has format {written}, written by a newer version of vaecluster{_writer(header)}; this version "
            f"reads formats up to {FORMAT}. Upgrade vaecluster."
        )
    if written < min(UPGRADES):
        raise FileError(
            f"{path} has format {written}; this version reads formats {min(UPGRADES)} to {FORMAT}. Use the version "
            "of vaecluster that wrote it, or fit again."
        )
    return header


def _writer(header: dict[str, Any]) -> str:
    """The version that wrote the file, if it is found where it is today."""
    match header:
        case {"facts": {"versions": {"vaecluster": str(version)}}}:
            return f" ({version})"
    return ""


def _to_format_3(header: dict[str, Any]) -> dict[str, Any]:
    """Format 3 has a checksum, and knows names of clusters, a calibration, the rows, and when a fit went back."""
    facts = header["facts"]
    history = {"rolled_back": []} | facts["history"]
    facts = {"cluster_names": {}, "calibration": None, "data": None} | facts | {"history": history}
    return header | {"checksum": None, "facts": facts}


# From a format to the next. To change the format, raise FORMAT, write a function that adds what is new and name it
# here, and add a file of the old format to the tests.
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {2: _to_format_3}


def _upgraded(header: dict[str, Any]) -> dict[str, Any]:
    for written in range(header["format"], FORMAT):
        header = UPGRADES[written](header) | {"format": written + 1}
    return header


def _check_preprocessing(preprocessing: Preprocessing) -> None:
    shape, offset, scale = preprocessing.row_shape, preprocessing.offset, preprocessing.scale
    if not 1 <= len(shape) <= 3 or not all(is_whole(size, 1) for size in shape):
        raise ValueError(f"row_shape is {shape}; expected one to three sizes")
    if not isinstance(preprocessing.dtype, str) or np.dtype(preprocessing.dtype).kind not in "biuf":
        raise ValueError(f"dtype is {preprocessing.dtype!r}; expected a type of numbers")
    expected = () if preprocessing.is_image else shape
    if not all(values.dtype.kind == "f" and values.shape == expected for values in (offset, scale)):
        raise ValueError("the offset or scale of rows has another shape than a row")
    if not np.isfinite(offset).all() or not np.isfinite(scale).all() or not (scale > 0).all():
        raise ValueError("the offset or scale of rows holds values that no rows have")


def _check_settings(record: ModelRecord) -> None:
    settings, clusters = record.settings, record.clusters
    shares = settings.cluster_weights
    if isinstance(settings, SharedSettings) and isinstance(shares, tuple):
        # `cut` changes the number of clusters, but not the shares that the fit was given.
        clusters = len(shares)
    if settings.resolve(clusters) != settings:
        raise ValueError("its settings are not complete")


def _check_size(record: ModelRecord) -> None:
    """Bound what is not allocated as tensors: one object for each layer and for each component."""
    settings, values = record.settings, sum(tensor.numel() for tensor in record.weights.values())
    components = settings.components if isinstance(settings, SharedSettings) else record.clusters
    if len(settings.hidden) > len(record.weights) or max(record.clusters, components or 0) > values:
        raise ValueError("its description claims a larger network than its weights make")


@torch.no_grad()
def _check_weights(model: ClusteringVAE, clusters: int) -> None:
    """Refuse weights with which a model would only fail when it is asked something."""
    if not all(values.isfinite().all() for values in model.state_dict().values()):
        raise ValueError("its weights hold NaN or infinite values")
    groups = sorted(set(model.grouping.cluster_of.tolist()))
    if len(groups) != clusters or groups[0] != 0 or groups[-1] != clusters - 1:
        raise ValueError(f"its components do not make the {clusters} clusters of its description")
    prior = model.prior
    if not prior.weights().logits.isfinite().all() or not prior.components().sample().isfinite().all():
        raise ValueError("nothing can be drawn from its prior")


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
