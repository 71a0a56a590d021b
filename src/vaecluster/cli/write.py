"""Arrays as files."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaecluster.errors import FileError
from vaecluster.files.atomic import write_atomically


def check_npy(path: Path) -> None:
    """Raise `FileError` if the name is not that of an array."""
    if path.suffix != ".npy":
        raise FileError(f"--output is '{path}'; expected a name that ends in .npy.")


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an .npy whole or not at all; raises `FileError` if the place cannot be written to."""
    content = io.BytesIO()
    np.save(content, array)
    write_atomically(path, content.getvalue())
