"""Decoded pictures in a folder: what is there is not decoded again, also after a process that was killed.

`pixels.npy` holds the pictures that could be read, in the order of their names. `read.jsonl` has a line for what was
asked for, then a line for each file that was looked at: null, or why it could not be read.
"""

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vaecluster.data.pictures.decoding import Mode, UnreadableError, decode, short_side
from vaecluster.data.pictures.listing import Listing, reason_of
from vaecluster.data.raw import Array
from vaecluster.data.telling import Telling
from vaecluster.errors import FileError

PIXELS, JOURNAL = "pixels.npy", "read.jsonl"
# Files that are decoded between two notes in the journal.
BLOCK = 256
# Disks are slow to answer, so also few processors gain by several; each may hold a large picture.
MOST_THREADS = 8


def decoded(listing: Listing, side: int, mode: Mode, folder: Path, telling: Telling) -> tuple[Array, list[str | None]]:
    """All pictures of a listing as a memory map, (rows, side, side) or (rows, side, side, 3), made in the folder.

    Also why a file could not be read, for each: then it has no row. Raises `FileError` if there is no room.
    """
    shape = (side, side) if mode == "L" else (side, side, 3)
    row_bytes = int(np.prod(shape))
    _make_with_room(folder, len(listing.pictures) * row_bytes)
    try:
        asked = json.dumps({"format": 1, "shape": shape, "files": _digest(listing)})
        reasons = _kept(folder, asked, row_bytes)
        with (folder / JOURNAL).open("r+b") as journal, (folder / PIXELS).open("r+b") as pixels:
            rows = _truncated(journal, pixels, asked, reasons, row_bytes, shape)
            paths = [listing.path(picture) for picture in listing.pictures[len(reasons) :]]
            for found in _tried(paths, side, mode, telling):
                pixels.write(b"".join(one.tobytes() for one in found if not isinstance(one, str)))
                # Before the journal speaks of them.
                pixels.flush()
                some = [one if isinstance(one, str) else None for one in found]
                journal.write(b"".join(json.dumps(reason).encode() + b"\n" for reason in some))
                journal.flush()
                reasons += some
                rows += some.count(None)
            _write_header(pixels, rows, shape)
    except OSError as problem:
        raise _cannot_write(folder, problem) from None
    if not rows:
        return np.empty((0, *shape), np.uint8), reasons
    return np.load(folder / PIXELS, mmap_mode="r"), reasons


def short_sides(paths: Sequence[Path]) -> list[int | None]:
    """The shorter side of each picture in pixels, None where it cannot be read."""
    with _quiet_threads() as threads:
        return list(threads.map(short_side, paths))


def _tried(paths: Sequence[Path], side: int, mode: Mode, telling: Telling) -> Iterator[list[Array | str]]:
    """What the files hold, or why they cannot be read, a block at a time."""
    blocks = [paths[start : start + BLOCK] for start in range(0, len(paths), BLOCK)]
    with _quiet_threads() as threads:
        for block in telling("decoding pictures", blocks):
            yield list(threads.map(lambda path: _try(path, side, mode), block))


@contextmanager
def _quiet_threads() -> Iterator[ThreadPoolExecutor]:
    with warnings.catch_warnings(), ThreadPoolExecutor(MOST_THREADS) as threads:
        # Decoders warn of every oddity. The filters are those of all threads.
        warnings.simplefilter("ignore")
        yield threads


def _try(path: Path, side: int, mode: Mode) -> Array | str:
    try:
        return decode(path, side, mode)
    except UnreadableError as problem:
        return str(problem)


def _digest(listing: Listing) -> str:
    digest = hashlib.sha256()
    for picture in listing.pictures:
        digest.update(f"{picture.name}\0{picture.size}\0{picture.changed}\n".encode())
    return digest.hexdigest()


def _kept(folder: Path, asked: str, row_bytes: int) -> list[str | None]:
    """What the journal says of files that were looked at; nothing if something else was asked for then."""
    journal, pixels = folder / JOURNAL, folder / PIXELS
    try:
        # A last line without an end was cut off.
        first, *lines = journal.read_text(encoding="utf-8").split("\n")[:-1]
        reasons = [json.loads(line) for line in lines]
        enough = pixels.stat().st_size >= _header_bytes(pixels) + reasons.count(None) * row_bytes
        if first == asked and enough:
            return reasons
    except (OSError, ValueError):
        pass
    journal.write_bytes(b"")
    pixels.write_bytes(b"")
    return []


def _truncated(
    journal: BinaryIO,
    pixels: BinaryIO,
    asked: str,
    reasons: list[str | None],
    row_bytes: int,
    shape: tuple[int, ...],
) -> int:
    """Cut both files off behind what is kept, and stand at their ends; the number of rows."""
    rows = reasons.count(None)
    lines = [asked, *map(json.dumps, reasons)]
    journal.write("".join(line + "\n" for line in lines).encode())
    journal.truncate()
    _write_header(pixels, rows, shape)
    pixels.seek(rows * row_bytes, os.SEEK_CUR)
    pixels.truncate()
    return rows


def _write_header(pixels: BinaryIO, rows: int, shape: tuple[int, ...]) -> None:
    """As many bytes whatever the number of rows: numpy leaves room for it."""
    pixels.seek(0)
    described = {"descr": "|u1", "fortran_order": False, "shape": (rows, *shape)}
    np.lib.format.write_array_header_1_0(pixels, described)


def _header_bytes(path: Path) -> int:
    with path.open("rb") as pixels:
        np.lib.format.read_magic(pixels)
        np.lib.format.read_array_header_1_0(pixels)
        return pixels.tell()


def _make_with_room(folder: Path, needed: int) -> None:
    """Make the folder; raises `FileError` if so many bytes do not fit into it beside what is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = (folder / PIXELS).stat().st_size if (folder / PIXELS).exists() else 0
        free = shutil.disk_usage(folder).free
    except OSError as problem:
        raise _cannot_write(folder, problem) from None
    if needed - there > free:
        raise FileError(
            f"'{folder}' has room for {free / 1e6:,.0f} MB, but the decoded pictures need {needed / 1e6:,.0f} MB. "
            "Make room, or choose another folder."
        )


def _cannot_write(folder: Path, problem: OSError) -> FileError:
    return FileError(f"'{folder}' cannot be written: {reason_of(problem)}. Choose another place.")
