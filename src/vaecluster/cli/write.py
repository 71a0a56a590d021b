"""Where a command writes, and arrays as files."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaecluster.errors import FileError
from vaecluster.files.atomic import check_writable, write_atomically


def check_output(path: Path, *endings: str) -> None:
    """Raise `FileError` unless the name ends in one of these, and a file can be written there."""
    if path.suffix not in endings:
        raise FileError(f"--output is '{path}'; expected a name that ends in {' or '.join(endings)}.")
    check_writable(path)


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an .npy whole or not at all; raises `FileError` if the place cannot be written to."""
    content = io.BytesIO()
    np.save(content, array)
    write_atomically(path, content.getvalue())
