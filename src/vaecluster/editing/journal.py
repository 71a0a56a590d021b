"""Edits on the disk: a file of lines that is only ever added to, each line there before its edit counts."""

import os
import warnings
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import msgspec

from vaecluster.editing.edits import EDITS, Edit
from vaecluster.errors import DamagedJournalWarning, FileError
from vaecluster.files import record
from vaecluster.files.atomic import locked
from vaecluster.runs.folder import EDITING

FORMAT = 1
JOURNAL = "journal.jsonl"
# Lines that are no edits of clusters.
UNDO, REDO = "undo", "redo"


@final
@dataclass(frozen=True)
class Beginning:
    """The first line of a journal: what its edits were made on, so that they are replayed on nothing else.

    `labels` is a digest of the clusters of all rows, `names` are those that clusters had, and `number` how many
    clusters there were.
    """

    labels: str
    names: dict[int, str]
    number: int
    format: int = FORMAT


@final
class Journal:
    """The journal of one run, `edits/journal.jsonl` in its folder. One process writes to it at a time.

    A line holds a record as JSON and its checksum. A line at the end that is torn or damaged, as a full disk or a
    power cut may leave it, is dropped with a `DamagedJournalWarning`: its edit was never said to be done.
    """

    def __init__(self, run: Path, *, read_only: bool = False) -> None:
        """Open and lock it; raises `FileError` if another process edits the run, or the journal is damaged."""
        folder = run / EDITING
        self.path = folder / JOURNAL
        self._lock = None if read_only else locked(folder)
        self.beginning: Beginning | None = None
        self.entries: list[Edit | str] = []
        try:
            self._end = self._read()
            if not read_only and self.path.exists() and self.path.stat().st_size > self._end:
                # The next line is not to be glued to half of another.
                os.truncate(self.path, self._end)
        except BaseException:
            self.close()
            raise

    def begin(self, beginning: Beginning) -> None:
        """The first line, written with the first edit."""
        self.beginning = beginning

    def append(self, entry: Edit | str) -> None:
        """Add an edit, `UNDO` or `REDO`; it is on the disk when this returns.

        Raises `FileError` if it cannot be written; the journal then is as it was.
        """
        if self._lock is None:
            raise FileError(f"'{self.path}' is not open to be written. Open the run again.")
        assert self.beginning is not None
        lines = [] if self._end else [_line(record.plain(self.beginning))]
        content = b"".join([*lines, _line(_plain(entry))])
        try:
            with self.path.open("ab") as file:
                try:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    with suppress(OSError):
                        os.truncate(self.path, self._end)
                    raise
            if not self._end and os.name == "posix":
                _sync(self.path.parent)
                _sync(self.path.parent.parent)
        except OSError as error:
            raise FileError(
                f"'{self.path}' cannot be written: {error.strerror}. The edit is not made; make room, and try again."
            ) from None
        self._end += len(content)
        self.entries.append(entry)

    def close(self) -> None:
        """Let another process edit the run."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _read(self) -> int:
        """Read all lines; where the last good one ends."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise FileError(f"'{self.path}' cannot be opened: {error.strerror}.") from None
        lines = content.splitlines(keepends=True)
        end = 0
        for number, line in enumerate(lines, 1):
            values = _values(line)
            if values is None:
                if number < len(lines):
                    raise self.damaged(number)
                warnings.warn(
                    f"The last line of '{self.path}' is damaged, as a full disk or a power cut may leave it. Its edit "
                    "is left out.",
                    DamagedJournalWarning,
                    stacklevel=2,
                )
                break
            try:
                if number == 1:
                    self.beginning = record.typed(Beginning, values)
                    if self.beginning.format != FORMAT:
                        raise self.damaged(number)
                else:
                    self.entries.append(_entry(values))
            except (ValueError, LookupError, TypeError):
                raise self.damaged(number) from None
            end += len(line)
        return end

    def damaged(self, number: int) -> FileError:
        """What to raise for a line that cannot be replayed."""
        return FileError(
            f"'{self.path}' is damaged in line {number}, or from another version. Use a copy of it, or remove it and "
            "edit anew."
        )


@final
class _Line(msgspec.Struct):
    """A record as JSON, and the checksum of its bytes."""

    crc32: int
    line: msgspec.Raw


def _line(values: dict[str, Any]) -> bytes:
    body = msgspec.json.encode(values)
    return msgspec.json.encode(_Line(zlib.crc32(body), msgspec.Raw(body))) + b"\n"


def _values(line: bytes) -> dict[str, Any] | None:
    """What stands on a line; None if it is not whole."""
    if not line.endswith(b"\n"):
        return None
    try:
        found = msgspec.json.decode(line, type=_Line)
        if found.crc32 != zlib.crc32(found.line):
            return None
        values: dict[str, Any] = msgspec.json.decode(found.line, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError):
        return None
    return values


def _plain(entry: Edit | str) -> dict[str, Any]:
    return {"edit": entry} if isinstance(entry, str) else {"edit": entry.name, **record.plain(entry)}


def _entry(values: dict[str, Any]) -> Edit | str:
    name = values.pop("edit")
    return str(name) if name in (UNDO, REDO) else record.typed(EDITS[name], values)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replayed(entries: Sequence[Edit | str]) -> tuple[list[Edit], list[Edit]]:
    """The edits that are done, and those that were undone and can be done again, the next of them last.

    Raises `ValueError` where nothing is left to undo or redo.
    """
    done: list[Edit] = []
    undone: list[Edit] = []
    for entry in entries:
        if isinstance(entry, Edit):
            done.append(entry)
            undone.clear()
            continue
        source, target = (done, undone) if entry == UNDO else (undone, done)
        if not source:
            raise ValueError(f"there is nothing to {entry}")
        target.append(source.pop())
    return done, undone
