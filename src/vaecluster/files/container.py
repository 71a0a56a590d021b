"""Plain values and tensors, nested in dicts and lists, as one file: safetensors, with the rest as JSON in its header.

Nothing in such a file is executed when it is read. Model files and checkpoints are such files.
"""

import json
import zlib
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vaecluster.errors import FileError
from vaecluster.files.atomic import write_atomically
from vaecluster.files.checksum import checksum_of

# Where a tensor stood, the JSON has its name under this key.
_TENSOR = "$tensor"
_KEY, _CHECKSUM = "nested", "checksum"


def write_content(path: Path, content: dict[str, Any]) -> None:
    """Write the content atomically; tuples become lists. Raises `FileError` if the place cannot be written to."""
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_without_tensors(content, tensors))
    checksum = zlib.crc32(text.encode(), checksum_of(tensors))
    write_atomically(path, save(tensors, {_KEY: text, _CHECKSUM: str(checksum)}))


def read_content(path: Path, advice: str = "Delete it and begin anew.") -> dict[str, Any]:
    """The content that `write_content` wrote; raises `FileError` if the file is missing or damaged."""
    try:
        header, tensors = read_parts(path)
        whole = content_of(header, tensors)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError):
        raise FileError(f"'{path}' is missing or damaged. {advice}") from None
    return whole


def read_parts(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The texts and the tensors of a safetensors file; raises what that library raises."""
    with safe_open(path, framework="pt") as file:
        return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def content_of(header: dict[str, str], tensors: dict[str, Tensor]) -> dict[str, Any]:
    """The content from what `read_parts` gave; raises `ValueError`, `KeyError` or `TypeError` if it is not whole."""
    if int(header[_CHECKSUM]) != zlib.crc32(header[_KEY].encode(), checksum_of(tensors)):
        raise ValueError("its checksum is another than that of its content")
    whole = _with_tensors(json.loads(header[_KEY]), tensors)
    if not isinstance(whole, dict):
        raise ValueError("it holds no named values")
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
