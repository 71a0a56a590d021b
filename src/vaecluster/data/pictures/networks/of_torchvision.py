"""Networks of torchvision by their names, such as `torchvision:resnet18`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vaecluster.data.pictures.networks.base import (
    Network,
    cannot_import,
    in_torch_hub,
    name_and_weights,
    reason,
    unknown,
)
from vaecluster.data.pictures.networks.program import trained_network
from vaecluster.errors import FileError


def weights_file(features: str) -> Path:
    """Weights behind @, or in torch.hub's folder, which is looked into, never filled."""
    name, weights = name_and_weights(features)
    trained = _trained(features, name)
    if weights is not None:
        return weights
    command = f"import torchvision; torchvision.models.get_model('{name}', weights='DEFAULT')"
    return in_torch_hub(features, trained.url, command)


def beside(weights: Path) -> Sequence[Path]:
    """None."""
    return ()


def network(features: str, weights: Path) -> Network:
    """The network without its last layer, with the scaling of colours that it was trained with."""
    models, name = _models(), name_and_weights(features)[0]
    transforms = _trained(features, name).transforms()
    try:
        model = models.get_model(name, weights=None)
        model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    except Exception as problem:
        raise FileError(f"{weights} has no weights for {features} ({reason(problem)}). Give those of it.") from None
    without_head(model)
    return trained_network(features, model.eval(), transforms.crop_size[0], transforms.mean, transforms.std)


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
