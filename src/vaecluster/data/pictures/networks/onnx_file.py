"""Networks as ONNX files."""

from pathlib import Path

import torch

from vaecluster.data.pictures.networks.base import Network, of_images, reason
from vaecluster.errors import FileError


def weights_file(features: str) -> Path:
    """The file itself."""
    return Path(features)


def network(features: str, weights: Path) -> Network:
    """A network of one input; its first output counts."""
    try:
        import onnxruntime
    except ImportError:
        raise FileError(
            f"{features} needs the package onnxruntime, which is not installed. Install it by `pip install "
            "'vaecluster[onnx]'`."
        ) from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # As many as torch was told to use: onnxruntime would take all there are.
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        (given,) = session.get_inputs()
    # It raises types of its own, and for several inputs a ValueError comes.
    except Exception as problem:
        raise FileError(
            f"{features} cannot be read as an ONNX file with one input ({reason(problem)}). Export a network that "
            "takes (n, 3, H, W)."
        ) from None
    if given.type != "tensor(float)":
        raise FileError(f"{features} takes {given.type}; expected tensor(float). Export it in float32.")
    shape = of_images(features, given.shape)
    return Network(features, lambda batch: session.run(None, {given.name: batch})[0], *shape)
