"""Networks of timm by their names, such as `timm:vit_small_patch14_dinov2`."""

from pathlib import Path
from typing import Any

import numpy as np

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
    """Weights behind @, or in the caches of huggingface_hub and torch.hub; both are looked into, never filled."""
    import torch

    name, weights = name_and_weights(features)
    timm = _timm()
    if not timm.is_model(name):
        raise unknown(features, name, timm.list_models())
    if weights is not None:
        return weights
    command = f"import timm; timm.create_model('{name}', pretrained=True)"
    try:
        config = timm.get_pretrained_cfg(name).to_dict()
    # Names of weights that the architecture does not have.
    except RuntimeError:
        raise unknown(features, name, timm.list_pretrained()) from None
    if config.get("hf_hub_id"):
        from huggingface_hub import try_to_load_from_cache

        asked = config.get("hf_hub_filename")
        for one in (asked,) if asked else ("model.safetensors", "pytorch_model.bin"):
            found = try_to_load_from_cache(config["hf_hub_id"], one)
            if isinstance(found, str):
                return Path(found)
        raise no_weights(features, config["hf_hub_id"], command)
    url = config.get("url") or ""
    place = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if not url or not place.is_file():
        raise no_weights(features, place if url else "a file", command)
    return place


def network(features: str) -> Network:
    """The network without its last layer, with the scaling of colours that it was trained with."""
    timm, weights, name = _timm(), weights_file(features), name_and_weights(features)[0]
    if not weights.is_file():
        raise FileError(f"{weights} does not exist or is no file. Check the features.")
    try:
        # With a file there is nothing that timm would look for elsewhere.
        overlay = {"file": str(weights), "url": "", "hf_hub_id": None, "source": ""}
        model = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=0).eval()
        config = timm.data.resolve_model_data_config(model)
    except Exception as problem:
        raise FileError(f"{weights} has no weights for {features} ({reason(problem)}). Give those of it.") from None
    mean, std = (np.array(config[key], np.float32)[:, None, None] for key in ("mean", "std"))
    made = torch_network(features, model, config["input_size"][-1])
    return Network(features, lambda batch: made.compute((batch - mean) / std), made.side)


def _timm() -> Any:
    try:
        import timm
    # It imports torchvision, which raises RuntimeError beside another torch.
    except Exception as problem:
        raise cannot_import("timm", problem) from None
    return timm
