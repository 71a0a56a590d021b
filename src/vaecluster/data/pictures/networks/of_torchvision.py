"""Networks of torchvision by their names, such as `torchvision:resnet18`."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vaecluster.data.pictures.networks.base import (
    Network,
    cannot_import,
    name_and_weights,
    no_weights,
    reason,
    unknown,
)
from vaecluster.data.pictures.networks.program import torch_network
from vaecluster.errors import FileError


def weights_file(features: str) -> Path:
    """Weights behind @, or in torch.hub's folder, which is looked into, never filled."""
    name, weights = name_and_weights(features)
    trained = _trained(features, name)
    if weights is not None:
        return weights
    place: Path = Path(torch.hub.get_dir()) / "checkpoints" / trained.url.rpartition("/")[2]
    if not place.is_file():
        command = f"import torchvision; torchvision.models.get_model('{name}', weights='DEFAULT')"
        raise no_weights(features, place, command)
    return place


def network(features: str) -> Network:
    """The network without its last layer, with the scaling of colours that it was trained with."""
    models, weights, name = _models(), weights_file(features), name_and_weights(features)[0]
    if not weights.is_file():
        raise FileError(f"{weights} does not exist or is no file. Check the features.")
    transforms = _trained(features, name).transforms()
    try:
        model = models.get_model(name, weights=None)
        model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    except Exception as problem:
        raise FileError(f"{weights} has no weights for {features} ({reason(problem)}). Give those of it.") from None
    without_head(model)
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (transforms.mean, transforms.std))
    made = torch_network(features, model.eval(), transforms.crop_size[0])
    return Network(features, lambda batch: made.compute((batch - mean) / std), made.side)


def without_head(model: nn.Module) -> None:
    """Let through what the last linear layer reads: the classes of another data set say little of these pictures."""
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    if linear:
        parent, _, last = linear[-1].rpartition(".")
        setattr(model.get_submodule(parent), last, nn.Identity())


def _trained(features: str, name: str) -> Any:
    """The weights that torchvision takes for this network by default."""
    models = _models()
    known = models.list_models(module=models)
    if name not in known:
        raise unknown(features, name, known)
    return models.get_model_weights(name).DEFAULT


def _models() -> Any:
    try:
        from torchvision import models
    # It raises RuntimeError beside another torch.
    except Exception as problem:
        raise cannot_import("torchvision", problem) from None
    return models
