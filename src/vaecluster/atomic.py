"""Writing files that are whole or not there, into folders that no other process writes to."""

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vaecluster.errors import FileError

LOCK = ".lock"


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
        _sync_folder(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with suppress(OSError):
            os.unlink(name)


def write_json(path: Path, content: Any) -> None:
    """Write JSON, indented, atomically."""
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


def locked(folder: Path) -> FileLock:
    """A lock on the folder, made if missing, that is held already; close it by `release` or by `with`.

    The system takes it away when the process ends, however it ends. Raises `FileError` if another process holds it,
    or if the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=0)
        lock.acquire()
    except Timeout:
        raise FileError(f"'{folder}' is in use by another process. Wait for it, or choose another folder.") from None
    except OSError as error:
        raise _cannot_write(folder, error) from None
    return lock


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk as well, so that it outlives a power cut; where folders can be opened for that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(path: Path, error: OSError) -> FileError:
    return FileError(f"'{path}' cannot be written: {error.strerror}. Choose a place that can be written to.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
