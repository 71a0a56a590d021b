"""What is made of pictures, in a folder: what is there is not made again, also after a process that was killed.

`pixels.npy` holds the pictures that could be read, in the order of their names. `pixels.jsonl` has a line for what was
asked for, then a line for each file that was looked at: null, or why it could not be read. `features.npy` and its
journal are the same of features.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, final

import numpy as np

from vaecluster.data.pictures.decoding import Mode, UnreadableError, decode, short_side
from vaecluster.data.pictures.listing import Listing, reason_of
from vaecluster.data.raw import Array
from vaecluster.data.telling import Telling
from vaecluster.errors import FileError, VaeclusterError
from vaecluster.files.space import check_space
from vaecluster.hearing import unheard

# Files that are decoded between two notes in the journal.
BLOCK = 256
# Disks are slow to answer, so also few processors gain by several; each may hold a large picture.
MOST_THREADS = 8


@final
@dataclass(frozen=True)
class Work:
    """What is made of every picture: a row of this shape and type, called by `name`, or a reason why there is none.

    `make` takes threads and `block` paths, after which there is a note in the journal. `asked` says all that the rows
    depend on, beside the files.
    """

    name: str
    telling: str
    shape: tuple[int, ...]
    dtype: str
    make: Callable[[ThreadPoolExecutor, Sequence[Path]], Sequence[Array | str]]
    block: int
    asked: str = ""

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize


def decoding(side: int, mode: Mode) -> Work:
    """Pictures as squares: (side, side) or (side, side, 3)."""

    def make(threads: ThreadPoolExecutor, paths: Sequence[Path]) -> Sequence[Array | str]:
        return squares(threads, paths, side, mode)

    return Work("pixels", "decoding pictures", (side, side) if mode == "L" else (side, side, 3), "|u1", make, BLOCK)


def squares(threads: ThreadPoolExecutor, paths: Sequence[Path], side: int, mode: Mode = "RGB") -> list[Array | str]:
    """Each picture as a square, or why it cannot be read."""
    return list(threads.map(lambda path: _try(path, side, mode), paths))


def made(work: Work, listing: Listing, folder: Path, telling: Telling) -> tuple[Array, list[str | None]]:
    """The rows of all pictures as a memory map, (rows, *shape), kept in the folder.

    Also why a file has no row, for each that has none. Raises `FileError` if there is no room.
    """
    content, journal_file = folder / f"{work.name}.npy", folder / f"{work.name}.jsonl"
    needed = len(listing.pictures) * work.row_bytes
    _make_with_room(folder, content, needed, f"The missing {work.name} of the pictures")
    try:
        asked = json.dumps([1, work.shape, work.asked, _digest(listing)])
        reasons = _kept(content, journal_file, asked, work.row_bytes)
        with journal_file.open("r+b") as journal, content.open("r+b") as rows:
            number = _truncated(journal, rows, asked, reasons, work)
            left = [listing.path(picture) for picture in listing.pictures[len(reasons) :]]
            blocks = [left[start : start + work.block] for start in range(0, len(left), work.block)]
            with _quiet_threads() as threads:
                for block in telling(work.telling, blocks):
                    found = work.make(threads, block)
                    rows.write(b"".join(one.tobytes() for one in found if not isinstance(one, str)))
                    # Before the journal speaks of them.
                    rows.flush()
                    some = [one if isinstance(one, str) else None for one in found]
                    journal.write(b"".join(json.dumps(reason).encode() + b"\n" for reason in some))
                    journal.flush()
                    reasons += some
                    number += some.count(None)
            _write_header(rows, number, work)
    except VaeclusterError:
        raise
    except OSError as problem:
        raise _cannot_write(folder, problem) from None
    if not number:
        return np.empty((0, *work.shape), work.dtype), reasons
    return np.load(content, mmap_mode="r"), reasons


def short_sides(paths: Sequence[Path]) -> list[int | None]:
    """The shorter side of each picture in pixels, None where it cannot be read."""
    with _quiet_threads() as threads:
        return list(threads.map(short_side, paths))


@contextmanager
def _quiet_threads() -> Iterator[ThreadPoolExecutor]:
    # Decoders warn of every oddity. The filters are those of all threads.
    with unheard(), ThreadPoolExecutor(MOST_THREADS) as threads:
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


def _kept(content: Path, journal: Path, asked: str, row_bytes: int) -> list[str | None]:
    """What the journal says of files that were looked at; nothing if something else was asked for then."""
    try:
        # A last line without an end was cut off.
        first, *lines = journal.read_text(encoding="utf-8").split("\n")[:-1]
        reasons = [json.loads(line) for line in lines]
        enough = content.stat().st_size >= _header_bytes(content) + reasons.count(None) * row_bytes
        if first == asked and enough and all(reason is None or isinstance(reason, str) for reason in reasons):
            return reasons
    except (OSError, ValueError):
        pass
    journal.write_bytes(b"")
    content.write_bytes(b"")
    return []


def _truncated(journal: BinaryIO, rows: BinaryIO, asked: str, reasons: list[str | None], work: Work) -> int:
    """Cut both files off behind what is kept, and stand at their ends; the number of rows."""
    number = reasons.count(None)
    lines = [asked, *map(json.dumps, reasons)]
    journal.write("".join(line + "\n" for line in lines).encode())
    journal.truncate()
    _write_header(rows, number, work)
    rows.seek(number * work.row_bytes, os.SEEK_CUR)
    rows.truncate()
    return number


def _write_header(rows: BinaryIO, number: int, work: Work) -> None:
    """As many bytes whatever the number of rows: numpy leaves room for it."""
    rows.seek(0)
    described = {"descr": work.dtype, "fortran_order": False, "shape": (number, *work.shape)}
    np.lib.format.write_array_header_1_0(rows, described)


def _header_bytes(path: Path) -> int:
    with path.open("rb") as pixels:
        np.lib.format.read_magic(pixels)
        np.lib.format.read_array_header_1_0(pixels)
        return pixels.tell()


def _make_with_room(folder: Path, content: Path, needed: int, what: str) -> None:
    """Make the folder; raises `FileError` if so many bytes do not fit into it beside what is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = content.stat().st_size if content.exists() else 0
    except OSError as problem:
        raise _cannot_write(folder, problem) from None
    check_space(folder, needed - there, what, "Make room, or choose another folder.")


def _cannot_write(folder: Path, problem: OSError) -> FileError:
    return FileError(f"'{folder}' cannot be written: {reason_of(problem)}. Choose another place.")
