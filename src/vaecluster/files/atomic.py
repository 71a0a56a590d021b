"""Writing files that are whole or not there, into folders that no other process writes to."""

import errno
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vaecluster.errors import FileError

LOCK = ".lock"
# The end of the name of a file that is being written.
PART = ".part"


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary file beside `path`, then rename: a reader sees the old file or the new one, whole.

    Missing folders are made. Raises `FileError` if the place cannot be written to; what was there stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # tempfile makes files that only their owner may read; a result is for everyone who may read the folder.
        name = path.parent / f".{path.name}.{secrets.token_hex(8)}{PART}"
        handle = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with suppress(OSError):
            os.unlink(name)


def check_writable(path: Path) -> None:
    """Raise `FileError` if a file cannot be written there as things are; nothing is made or written."""
    folder = next(above for above in path.absolute().parents if above.exists())
    for problem, found in (
        (errno.EISDIR, path.is_dir()),
        (errno.ENOTDIR, not folder.is_dir()),
        (errno.EACCES, not os.access(folder, os.W_OK | os.X_OK)),
    ):
        if found:
            raise _cannot_write(path, OSError(problem, os.strerror(problem)))


def write_json(path: Path, content: Any) -> None:
    """Write JSON, indented, atomically."""
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


def locked(folder: Path) -> FileLock:
    """A lock on the folder, which is made if missing. It is held already; close it by `release` or by `with`.

    The system removes it when the process ends, however it ends. Raises `FileError` if another process holds it,
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
    """Write the new name to the disk as well, so that it outlives a power cut, if the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(path: Path, error: OSError) -> FileError:
    return FileError(f"'{path}' cannot be written: {error.strerror}. Choose a place that can be written to.")
