"""Which pictures a folder holds, and what else is in it. Nothing is opened, and Pillow is not loaded."""

import os
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from vaecluster.errors import DataError

# Endings of the formats in `decoding.FORMATS`; what a file with one of them holds is decided by its content.
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif")
# What systems leave in folders; hidden files are passed over too.
_LEFT_BY_SYSTEMS = {"__macosx", "thumbs.db", "desktop.ini"}


@final
@dataclass(frozen=True)
class PictureFile:
    """A picture that was found: its path in the folder, with `/` between parts, its bytes, and when it changed."""

    name: str
    size: int
    changed: int


@final
@dataclass(frozen=True)
class Skipped:
    """A file or folder that is left out, and why."""

    name: str
    reason: str


@final
@dataclass(frozen=True)
class Listing:
    """Pictures below `root`, sorted by name; `others` are no pictures by their ending, or cannot be looked at."""

    root: Path
    pictures: tuple[PictureFile, ...]
    others: tuple[Skipped, ...] = ()

    def path(self, picture: PictureFile) -> Path:
        """Where the picture lies."""
        return self.root / picture.name


def list_pictures(place: Path) -> Listing:
    """All pictures in a folder and in folders within it, or the one that a file holds.

    Links are followed, each folder is read once, and those behind links come last. Raises `DataError` if there is no
    picture.
    """
    if not place.is_dir():
        found = place.stat()
        return Listing(place.parent, (PictureFile(place.name, found.st_size, found.st_mtime_ns),))
    pictures: list[PictureFile] = []
    others: list[Skipped] = []
    folders, linked, read = deque([""]), deque[str](), set[tuple[int, int]]()
    while folders or linked:
        name = folders.popleft() if folders else linked.popleft()
        try:
            found = os.stat(place / name)
            if (found.st_dev, found.st_ino) in read:
                others.append(Skipped(name, "a link to a folder that is read already"))
                continue
            read.add((found.st_dev, found.st_ino))
            with os.scandir(place / name) as entries:
                for entry in entries:
                    _look_at(entry, f"{name}/{entry.name}".lstrip("/"), pictures, others, folders, linked)
        except OSError as problem:
            others.append(Skipped(name or ".", reason_of(problem)))
    if not pictures:
        raise DataError(_nothing(others))
    return Listing(
        place, tuple(sorted(pictures, key=lambda one: one.name)), tuple(sorted(others, key=lambda one: one.name))
    )


def _look_at(
    entry: "os.DirEntry[str]",
    name: str,
    pictures: list[PictureFile],
    others: list[Skipped],
    folders: deque[str],
    linked: deque[str],
) -> None:
    """Put one entry of a folder where it belongs."""
    if entry.name.startswith(".") or entry.name.lower() in _LEFT_BY_SYSTEMS:
        return
    try:
        if entry.is_dir():
            (linked if entry.is_symlink() else folders).append(name)
            return
        found = entry.stat()
        regular = entry.is_file()
    except OSError as problem:
        others.append(Skipped(name, reason_of(problem)))
        return
    ending = os.path.splitext(entry.name)[1].lower()
    if ending not in ENDINGS:
        others.append(Skipped(name, f"no picture by its ending {ending!r}" if ending else "a file without an ending"))
    elif not regular:
        others.append(Skipped(name, "no regular file but a pipe, socket or device"))
    elif not _is_text(name):
        others.append(Skipped(name, "its name is not UTF-8; rename it"))
    else:
        pictures.append(PictureFile(name, found.st_size, found.st_mtime_ns))


def reason_of(problem: OSError) -> str:
    """What the system says, without the path."""
    return problem.strerror or " ".join(str(problem).split()) or type(problem).__name__


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _nothing(others: Sequence[Skipped]) -> str:
    expected = f"expected pictures ({', '.join(ENDINGS)})"
    if not others:
        return f"the folder holds no files; {expected}, in it or in folders within it. Check the path."
    reasons = Counter(one.reason for one in others).most_common(3)
    found = ", ".join(f"{number:,} x {reason}" for reason, number in reasons)
    return f"the folder holds no pictures but {len(others):,} other files ({found}); {expected}. Check the path."
