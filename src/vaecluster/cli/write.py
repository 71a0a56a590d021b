"""Where a command writes, and arrays as files."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaecluster.errors import FileError
from vaecluster.files.atomic import check_writable, write_atomically


def check_output(path: Path, *endings: str) -> str:
    """The name's ending, in small letters; `FileError` if it is none of these, or no file can be written there."""
    ending = path.suffix.lower()
    if ending not in endings:
        raise FileError(f"--output is '{path}'; expected a name that ends in {' or '.join(endings)}.")
    check_writable(path)
    return ending


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an .npy whole or not at all; raises `FileError` if the place cannot be written to."""
    content = io.BytesIO()
    np.save(content, array)
    write_atomically(path, content.getvalue())
