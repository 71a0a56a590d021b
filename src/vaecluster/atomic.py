"""Writing files that are whole or not there."""

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from vaecluster.errors import FileError


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary file beside `path`, then rename: a reader sees the old file or the new one, whole.

    Folders on the way are made. Raises `FileError` if the place cannot be written to; what was there stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner reads; a result is for whoever may read the folder.
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with suppress(OSError):
            os.unlink(name)


def write_json(path: Path, content: Any) -> None:
    """Write JSON, indented, atomically."""
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


def _cannot_write(path: Path, error: OSError) -> FileError:
    return FileError(f"'{path}' cannot be written: {error.strerror}. Choose a place that can be written to.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
