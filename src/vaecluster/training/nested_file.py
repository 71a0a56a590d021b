"""Plain values and tensors, nested in dicts and lists, as one file: safetensors, with the rest as JSON in its header.

Nothing in such a file is executed when it is read.
"""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vaecluster.atomic import write_atomically
from vaecluster.errors import FileError

# Where a tensor stood, the JSON has its name under this key.
_TENSOR = "$tensor"
_KEY = "nested"


def write_nested(path: Path, content: dict[str, Any]) -> None:
    """Write the content atomically; tuples become lists. Raises `FileError` if the place cannot be written to."""
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_without_tensors(content, tensors))
    write_atomically(path, save(tensors, {_KEY: text}))


def read_nested(path: Path) -> dict[str, Any]:
    """The content that `write_nested` wrote; raises `FileError` if the file is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            content = json.loads((file.metadata() or {})[_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        whole = _with_tensors(content, tensors)
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
