"""Fetching one file over HTTP: from the first mirror that works, resumed, and checked at the end."""

import hashlib
import http.client
import os
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from vaecluster.errors import FileError

# Gets the bytes that are here and the bytes that there will be (None: the server does not say).
OnProgress = Callable[[int, int | None], None]

_CHUNK = 1 << 16
# A connection that breaks is taken up again as long as each try brings something new, at most this often.
_TRIES = 20
# So many seconds a silent connection is waited for.
_PATIENCE = 30.0


@dataclass(frozen=True)
class RemoteFile:
    """A file that several mirrors serve under one name; ``md5`` is its published checksum, if any."""

    name: str
    mirrors: tuple[str, ...]
    md5: str | None = None


class _MirrorError(Exception):
    """Why one mirror could not give the file; the next is asked."""


def download(remote: RemoteFile, folder: Path) -> Path:
    """Fetch a file into a folder and return its path; a file already there with the right checksum is kept.

    Bytes arrive in ``NAME.part``, which a later call continues, and get their name only when complete and
    verified. Progress is shown on standard error when that is a terminal.

    Raises ``FileError`` with one reason per mirror when none can give the file, and ``OSError`` when
    the folder cannot be written.
    """
    target = folder / remote.name
    part = folder / f"{remote.name}.part"
    if target.exists() and remote.md5 is not None and _md5(target) == remote.md5:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    reasons = []
    with _progress_bar(remote.name) as on_progress:
        for mirror in remote.mirrors:
            try:
                _fetch_whole(mirror + remote.name, part, remote.md5, on_progress)
            except _MirrorError as problem:
                reasons.append(f"{mirror}{remote.name}: {problem}")
            else:
                part.replace(target)
                return target
    raise FileError(f"{remote.name} could not be downloaded ({'; '.join(reasons) or 'no mirror is known'}).")


def _fetch_whole(url: str, part: Path, md5: str | None, on_progress: OnProgress) -> None:
    """Bring the part file to its full length and verify it; on a wrong checksum nothing is left."""
    resumed = _size(part) > 0
    _fetch_rest(url, part, on_progress)
    if md5 is None or _md5(part) == md5:
        return
    part.unlink()
    if resumed:
        # The older beginning may have come from another version of the file: once more, all from here.
        _fetch_whole(url, part, md5, on_progress)
        return
    raise _MirrorError(f"its content does not have the MD5 checksum {md5}")


def _fetch_rest(url: str, part: Path, on_progress: OnProgress) -> None:
    reason = "the connection broke off"
    for _ in range(_TRIES):
        before = _size(part)
        try:
            if _append(url, part, on_progress):
                return
        except urllib.error.HTTPError as problem:
            problem.close()
            if problem.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and before > 0:
                # More is here than the file has: not its beginning, or already all of it.
                if _range_total(problem.headers.get("Content-Range")) == before:
                    return
                part.unlink()
                continue
            raise _MirrorError(f"HTTP status {problem.code} {problem.reason}") from None
        except urllib.error.URLError as problem:
            raise _MirrorError(f"no connection, {problem.reason}") from None
        except (http.client.HTTPException, ssl.SSLError, ConnectionError, TimeoutError) as problem:
            reason = str(problem) or type(problem).__name__
        if _size(part) <= before:
            break
    raise _MirrorError(f"{reason} after {_size(part)} bytes")


def _append(url: str, part: Path, on_progress: OnProgress) -> bool:
    """Ask for the bytes that are missing and write them as they come; True when the file is complete."""
    start = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "vaecluster"})
    if start > 0:
        request.add_header("Range", f"bytes={start}-")
    with urllib.request.urlopen(request, timeout=_PATIENCE) as response:
        content_range = response.headers.get("Content-Range", "")
        # A server may ignore the wish for a range; then the whole file comes and the old bytes go.
        resumes = response.status == http.HTTPStatus.PARTIAL_CONTENT
        if resumes and not content_range.startswith(f"bytes {start}-"):
            raise _MirrorError(f"it answered a request for bytes from {start} with {content_range!r}")
        length = response.headers.get("Content-Length", "")
        here = start if resumes else 0
        total = here + int(length) if length.isdecimal() else _range_total(content_range)
        with part.open("ab" if resumes else "wb") as stream:
            # read1, not read: what has arrived is on disk when the connection breaks.
            while chunk := response.read1(_CHUNK):
                stream.write(chunk)
                here += len(chunk)
                on_progress(here, total)
    # http.client ends a body that is cut short like one that is complete.
    return total is None or here == total


def _range_total(content_range: str | None) -> int | None:
    match = re.search(r"/(\d+)$", content_range or "")
    return int(match[1]) if match else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        # It guards against accidents here, not attacks; machines in FIPS mode refuse it without this word.
        return hashlib.file_digest(stream, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


@contextmanager
def _progress_bar(name: str) -> Iterator[OnProgress]:
    console = Console(stderr=True)
    if not console.is_terminal or os.environ.get("TERM") == "dumb":
        yield lambda here, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(name, total=None)
        yield lambda here, total: progress.update(task, completed=here, total=total)
