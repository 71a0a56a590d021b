"""Writing files that are whole or not there, into folders that no other process writes to."""

import errno
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from vaecluster.errors import FileError

LOCK = ".lock"
# The end of the name of a file that is being written.
PART = ".part"
# Rows of an array that are written at once.
BLOCK = 2**14


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary file beside `path`, then rename: a reader sees the old file or the new one, whole.

    Missing folders are made. A file that is replaced keeps its mode, and a link its place. Raises `FileError` if the
    place cannot be written to; what was there stays.
    """
    with made_atomically(path) as part, part.open("wb") as file:
        file.write(content)


@contextmanager
def made_atomically(path: Path) -> Iterator[Path]:
    """The same for a file that is made inside, under the name that is given; it is there already, and empty."""
    target = _target(path)
    # Without the file's own name, beside which there may be no room for more letters.
    name = target.parent / f".{secrets.token_hex(8)}{PART}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
        # tempfile makes files that only their owner may read; a result is for everyone who may read the folder.
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
        os.close(os.open(name, flags, 0o666 if mode is None else mode))
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        yield name
        _sync(name)
        if mode is not None:
            # What the umask took away; some file systems know no modes.
            with suppress(OSError):
                os.chmod(name, mode)
        os.replace(name, target)
        if os.name == "posix":
            # The new name too, so that it outlives a power cut.
            _sync(target.parent)
    except FileError:
        raise
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with suppress(OSError):
            os.unlink(name)


@contextmanager
def made_anew(path: Path, *, folder: bool = False) -> Iterator[Path]:
    """An empty file or folder to fill, which gets the name `path` at the end; what has that name is never replaced.

    Missing folders above it are made. Raises `FileError` if something is there, or nothing can be written there.
    """
    check_free(path)
    target = _target(path)
    part = target.parent / f".{secrets.token_hex(8)}{PART}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.mkdir() if folder else part.touch(exist_ok=False)
        yield part
        _sync(part)
        # Again: the filling may have taken long, and renaming would replace a file.
        check_free(path)
        part.rename(target)
    except FileError:
        raise
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        if folder:
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def clear_parts(folder: Path) -> None:
    """Remove what `made_anew` began in a folder and a kill kept it from ending; nobody else may be making anything."""
    for part in folder.glob(f".*{PART}"):
        with suppress(OSError):
            shutil.rmtree(part) if part.is_dir() else part.unlink()


def check_free(path: Path) -> None:
    """Raise `FileError` if something has that name, be it a link to nothing."""
    if os.path.lexists(path):
        raise FileError(f"'{path}' is there already, and is not replaced. Choose another --output, or remove it.")


def check_writable(path: Path) -> None:
    """Raise `FileError` if a file cannot be written there as things are; nothing is made or written."""
    folder = next(above for above in _target(path).parents if above.exists())
    for problem, found in (
        (errno.EISDIR, path.is_dir()),
        (errno.ENOTDIR, not folder.is_dir()),
        (errno.EACCES, not os.access(folder, os.W_OK | os.X_OK)),
    ):
        if found:
            raise _cannot_write(path, OSError(problem, os.strerror(problem)))


def read_json(path: Path) -> Any:
    """What is in a file of JSON; None if it is missing or damaged."""
    with suppress(OSError, ValueError, RecursionError):
        return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write JSON, indented, atomically."""
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


def write_array(path: Path, array: Any) -> None:
    """Write an .npy atomically, of an array or of what gives blocks of rows as one does."""
    content = {"descr": np.dtype(array.dtype).str, "fortran_order": False, "shape": tuple(array.shape)}
    with made_atomically(path) as part, part.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, content)
        for start in range(0, len(array), BLOCK):
            file.write(np.ascontiguousarray(array[start : start + BLOCK]).tobytes())


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


def holds_more(folder: Path, *names: str) -> bool:
    """Whether there is more in a folder than its lock, files that were being written, and what has these names."""
    return any(path.name not in (LOCK, *names) and not path.name.endswith(PART) for path in folder.iterdir())


def remove_empty(folder: Path) -> None:
    """Remove a folder in which there is nothing, or a lock alone."""
    (folder / LOCK).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _target(path: Path) -> Path:
    """Where the path leads to, by whatever links."""
    return Path(os.path.realpath(path))


def _sync(path: Path) -> None:
    """Have a file or a folder written to the disk."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(path: Path, error: OSError) -> FileError:
    return FileError(f"'{path}' cannot be written: {error.strerror}. Choose a place that can be written to.")
