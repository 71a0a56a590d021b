"""Networks as ONNX files."""

import re
from collections.abc import Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path

import torch

from vaecluster.data.pictures.networks.base import Network, of_images, reason
from vaecluster.errors import FileError

# A pair of texts, "location" and a path, as protocol buffers write it: a tag and a length stand before each.
_LOCATION = re.compile(rb"\x0a\x08location\x12([\x80-\xff]?[\x00-\x7f])")


def weights_file(features: str) -> Path:
    """The file itself."""
    return Path(features)


def beside(weights: Path) -> Sequence[Path]:
    """The files that hold its weights, where it keeps them outside, as large networks do."""
    if not weights.stat().st_size:
        return ()
    with weights.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        names = {content[found.end() : found.end() + _length(found[1])] for found in _LOCATION.finditer(content)}
    places = [weights.parent / name.decode(errors="replace") for name in sorted(names) if name]
    # Those that are not there are missed when the network is read.
    return [place for place in places if place.is_file()]


def _length(varint: bytes) -> int:
    """The number that its bytes stand for, seven bits in each, the lowest first.

    >>> _length(bytes([3])), _length(bytes([0x81, 0x01]))
    (3, 129)
    """
    return sum((byte & 127) << 7 * place for place, byte in enumerate(varint))


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
