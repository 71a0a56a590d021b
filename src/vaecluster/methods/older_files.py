"""Model files of older formats in the words of today's format.

Formats 2 and 3 held the weights as safetensors by name, and all else as JSON under the key "vaecluster". Up to 4 they
weighed numbers of clusters otherwise; what spoke for a number then is left out. Up to 5 there was no confidence:
probabilities are then those of the model's own posterior.
"""

from typing import Any

import torch
from torch import Tensor

from vaecluster.files.checksum import checksum_of

OLDEST = 2
# From this one on a file holds one container.
FIRST_NESTED = 4

# Format 3 to 4: what methods were called, and parts of names of weights.
_METHODS = {"shared": "two-views", "bound": "su2018"}
_LIKELIHOOD_BUFFERS = ("decoder.scale", "decoder.log_scale")
# What the default method did before it had these settings.
_OLDER_SETTINGS = {"apartness": 0.0, "information": "mutual"}
# Parameters of the estimator that are still its own.
_PARAMETERS = ("n_clusters", "min_confidence", "outlier_fraction", "warm_start", "random_state", "verbose")


def content_of_older(header: dict[str, Any], tensors: dict[str, Tensor]) -> dict[str, Any]:
    """The content of a file of format 2 or 3 as one of today's; raises what a wrong description leads to."""
    facts = header["facts"]
    if header.get("checksum") not in (None, checksum_of(tensors)):
        raise ValueError("its weights are not those that were written")
    offset, scale = tensors.pop("preprocessing.offset"), tensors.pop("preprocessing.scale")
    image = len(header["row_shape"]) > 1
    # Format 3 has names of clusters, a calibration, the rows, and when a fit went back.
    history = {"rolled_back": []} | facts["history"]
    return {
        "format": 6,
        "versions": facts["versions"],
        "parameters": {name: facts["parameters"][name] for name in _PARAMETERS if name in facts["parameters"]},
        "method": {"name": _METHODS[header["method"]], "settings": _settings(header, image)},
        "schema": {"blocks": [_block(header, offset, scale, image)], "frame": None},
        "fitted": {
            "clusters": header["clusters"],
            "history": history,
            "hierarchy": facts["hierarchy"],
            "evidence": None,
            "calibration": facts.get("calibration"),
            "confidence": None,
            "names": facts.get("cluster_names", {}),
            "sizes": facts["cluster_sizes"],
            "data": facts.get("data"),
            "feature_names": facts["feature_names"],
        },
        "weights": {_renamed(name, image): values for name, values in tensors.items()},
    }


def content_of_nested(content: dict[str, Any]) -> dict[str, Any]:
    """The content of a file of format 4 or 5 as one of today's."""
    method, fitted = content["method"], content["fitted"] | {"confidence": None}
    if content["format"] == FIRST_NESTED:
        fitted["evidence"] = None
        if method["name"] == "two-views":
            method = method | {"settings": _OLDER_SETTINGS | method["settings"]}
    return content | {"format": 6, "method": method, "fitted": fitted}


def _settings(header: dict[str, Any], image: bool) -> dict[str, Any]:
    values = dict(header["settings"])
    if header["method"] == "shared":
        values = _OLDER_SETTINGS | values
        # The views of a file were kept among the estimator's parameters in a form that can be read again.
        views = header["facts"]["parameters"]["views"]
        values["views"] = "auto" if views is None else _views(views)
        if values["epochs"] is None:
            values["epochs"] = len(header["facts"]["history"]["epochs"]) or 2
    return values


def _views(views: Any) -> Any:
    if isinstance(views, str):
        known = ("auto", "digits", "clothes", "photos", "vectors", "counts")
        # A function was kept by its name alone.
        return views if views in known else [{"view": "function", "name": views}]
    listed = views if isinstance(views, list) else [views]
    return [{"view": "function", "name": one} if isinstance(one, str) else one for one in listed]


def _block(header: dict[str, Any], offset: Tensor, scale: Tensor, image: bool) -> dict[str, Any]:
    common = {"dtype": header["dtype"], "offset": offset.tolist(), "scale": scale.tolist(), "columns": []}
    if image:
        return {"block": "pixels", "row_shape": header["row_shape"]} | common
    if offset.shape != torch.Size(header["row_shape"]):
        raise ValueError("the offset of rows has another shape than a row")
    return {"block": "numbers", "missing": False} | common


def _renamed(name: str, image: bool) -> str:
    if name in _LIKELIHOOD_BUFFERS:
        return name.replace("decoder.", "decoder.likelihood.")
    # The network stood in front of a sigmoid, which is the likelihood's now.
    wrapped = image and name.startswith("decoder.network.0.")
    return name.replace("decoder.network.0.", "decoder.network.", 1) if wrapped else name
