"""A fitted model as one file: weights as safetensors, everything else as JSON in its header. No pickle."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
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
from vaecluster.training.fitting import METHODS, MethodSettings

FORMAT = 2
_KEY = "vaecluster"


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
        "facts": record.facts,
    }
    write_atomically(path, save(tensors, {_KEY: json.dumps(header, default=repr)}))


def read_model(path: Path) -> ModelRecord:
    """Read a record; nothing in the file is executed. Raises `FileError` for a file that is no model of ours."""
    header, tensors = _read(path)
    try:
        settings = METHODS[header["method"]](**{key: _tuple(value) for key, value in header["settings"].items()})
        offset, scale = tensors.pop("preprocessing.offset"), tensors.pop("preprocessing.scale")
        preprocessing = Preprocessing(tuple(header["row_shape"]), header["dtype"], offset.numpy(), scale.numpy())
        return ModelRecord(header["clusters"], settings, preprocessing, tensors, header["facts"])
    except (KeyError, TypeError, AttributeError):
        raise FileError(f"{path} is damaged: its description is incomplete. Use a copy, or fit again.") from None


def load_weights(model: ClusteringVAE, record: ModelRecord, path: Path) -> None:
    """Put the record's weights into a model built from its settings; `FileError` if they do not fit."""
    try:
        model.load_state_dict(record.weights)
    except RuntimeError:
        raise FileError(f"{path} is damaged: its weights do not fit its description. Use a copy.") from None


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    if not path.is_file():
        raise FileError(f"There is no model file {path}. Give the folder or file that `vaecluster fit` wrote.")
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = json.loads(text) if text is not None else None
    except (SafetensorError, json.JSONDecodeError, OSError):
        raise FileError(f"{path} is no model file, or damaged. Give a file that `save` or `fit` wrote.") from None
    if not isinstance(header, dict):
        raise FileError(f"{path} holds weights, but not of a vaecluster model. Give a file that `save` wrote.")
    if header.get("format") != FORMAT:
        raise FileError(
            f"{path} has format {header.get('format')!r}; this version reads format {FORMAT}. Use the "
            "version of vaecluster that wrote it, or fit again."
        )
    return header, tensors


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
