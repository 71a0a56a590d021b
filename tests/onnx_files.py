"""Tiny ONNX files, written field by field: the package that makes them is large, and a reader is all that is tested.

The numbers of the fields are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from collections.abc import Sequence
from pathlib import Path

FLOAT, DOUBLE = 1, 11


def mean_colour(path: Path, shape: Sequence[int | str] = ("n", 3, 16, 16), kind: int = FLOAT, inputs: int = 1) -> Path:
    """A network from images to the mean of each channel; a text among the sizes stands for any number."""
    axes = b"".join(_field(8, axis) for axis in (2, 3))
    attributes = _field(5, _field(1, b"axes") + axes + _field(20, 7)), _field(5, _field(1, b"keepdims") + _keep())
    node = _field(1, b"images") + _field(2, b"features") + _field(4, b"ReduceMean") + b"".join(attributes)
    given = b"".join(_field(11, _tensor(name, shape, kind)) for name in ("images", "more")[:inputs])
    graph = _field(1, node) + _field(2, b"mean") + given + _field(12, _tensor("features", shape[:2], kind))
    path.write_bytes(_field(1, 8) + _field(7, graph) + _field(8, _field(2, 13)))
    return path


def external_weights(name: str) -> bytes:
    """What is added to a file whose weights lie in another one of that name."""
    place = _field(1, b"location") + _field(2, name.encode())
    return _field(7, _field(5, _field(13, place) + _field(14, 1)))


def _keep() -> bytes:
    return _field(3, 0) + _field(20, 2)


def _tensor(name: str, shape: Sequence[int | str], kind: int) -> bytes:
    sizes = (_field(1, size) if isinstance(size, int) else _field(2, size.encode()) for size in shape)
    axes = b"".join(_field(1, size) for size in sizes)
    return _field(1, name.encode()) + _field(2, _field(1, _field(1, kind) + _field(2, axes)))


def _field(number: int, value: int | bytes) -> bytes:
    """A field of a protocol buffer: a whole number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])
