"""Networks of timm by their names, such as `timm:vit_small_patch14_dinov2`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vaecluster.data.pictures.networks.base import (
    Network,
    cannot_import,
    in_torch_hub,
    name_and_weights,
    no_weights,
    reason,
    unknown,
)
from vaecluster.data.pictures.networks.program import trained_network
from vaecluster.errors import FileError


def weights_file(features: str) -> Path:
    """Weights behind @, or in the caches of huggingface_hub and torch.hub; both are looked into, never filled."""
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
    if not url:
        raise no_weights(features, "a file", command)
    return in_torch_hub(features, url, command)


def beside(weights: Path) -> Sequence[Path]:
    """None."""
    return ()


def network(features: str, weights: Path) -> Network:
    """The network without its last layer, with the scaling of colours that it was trained with."""
    timm, name = _timm(), name_and_weights(features)[0]
    try:
        # With a file there is nothing that timm would look for elsewhere.
        overlay = {"file": str(weights), "url": "", "hf_hub_id": None, "source": ""}
        model = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=0).eval()
        config = timm.data.resolve_model_data_config(model)
    except Exception as problem:
        raise FileError(f"{weights} has no weights for {features} ({reason(problem)}). Give those of it.") from None
    return trained_network(features, model, config["input_size"][-1], config["mean"], config["std"])


def _timm() -> Any:
    try:
        import timm
    # It imports torchvision, which raises RuntimeError beside another torch.
    except Exception as problem:
        raise cannot_import("timm", problem) from None
    return timm
