"""Plain values and tensors, nested in dicts and lists, as one file: safetensors, with the rest as JSON in its header.

Nothing in such a file is executed when it is read.
"""

import json
import zlib
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vaecluster.atomic import write_atomically
from vaecluster.errors import FileError
from vaecluster.training.checksum import checksum_of

# Where a tensor stood, the JSON has its name under this key.
_TENSOR = "$tensor"
_KEY, _CHECKSUM = "nested", "checksum"


def write_nested(path: Path, content: dict[str, Any]) -> None:
    """Write the content atomically; tuples become lists. Raises `FileError` if the place cannot be written to."""
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_without_tensors(content, tensors))
    checksum = zlib.crc32(text.encode(), checksum_of(tensors))
    write_atomically(path, save(tensors, {_KEY: text, _CHECKSUM: str(checksum)}))


def read_nested(path: Path) -> dict[str, Any]:
    """The content that `write_nested` wrote; raises `FileError` if the file is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if int(header[_CHECKSUM]) != zlib.crc32(header[_KEY].encode(), checksum_of(tensors)):
            raise ValueError("the checksum is another")
        whole = _with_tensors(json.loads(header[_KEY]), tensors)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError):
        whole = None
    if not isinstance(whole, dict):
        raise FileError(f"'{path}' is missing or damaged. Delete it and begin anew.")
    return whole


def _without_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    """The value with each tensor replaced by its name, under which it is put into `tensors`."""
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().contiguous()
        return {_TENSOR: name}
    if isinstance(value, dict):
        return {key: _without_tensors(item, tensors) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_tensors(item, tensors) for item in value]
    return value


def _with_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, dict):
        if set(value) == {_TENSOR}:
            return tensors[value[_TENSOR]]
        return {key: _with_tensors(item, tensors) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_tensors(item, tensors) for item in value]
    return value
