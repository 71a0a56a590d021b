"""Where what is computed of rows is put: in memory, as much as it may take, and in files beyond that."""

import math
import mmap
import os
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.raw import Array
from vaecluster.errors import FileError

# An array in memory takes this part of the limit at most: some are there at a time.
ARRAY, INDEX = 1 / 16, 1 / 4


@final
@dataclass(frozen=True)
class Room:
    """`limit` bytes for rows and what is computed of them, None for no limit; files lie in `folder`."""

    limit: int | None = None
    folder: Path | None = None

    def array(self, shape: tuple[int, ...], dtype: Any) -> "Array | Scratch":
        """An array that is not filled yet, in memory or in a file."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if self.limit is None or size <= ARRAY * self.limit:
            return np.empty(shape, dtype)
        return Scratch(shape, dtype, self.folder)

    def part(self, rows: int, row_bytes: int) -> int:
        """How many of so many rows can be in an index in memory."""
        return rows if self.limit is None else min(rows, max(1, int(INDEX * self.limit) // row_bytes))


NO_LIMIT = Room()


@final
class Scratch:
    """An array in a file without a name, which is gone with it: memory holds what is read of it, and no more.

    It is read by slices and by arrays of row numbers, and written by slices.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, folder: Path | None = None) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.ndim = len(shape)
        self._row = math.prod(shape[1:]) * self.dtype.itemsize
        try:
            # Not a memory map: its pages count as memory of the process until the system wants them.
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        except OSError as problem:
            raise self._failed(problem) from None
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.intp] | slice) -> Array:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step != 1:
                return self[np.arange(start, stop, step)]
            made = np.empty((max(0, stop - start), *self.shape[1:]), self.dtype)
            self._read(start, made)
            return made
        numbers = np.asarray(rows)
        made = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        # In the order of the file, and those that follow each other at once.
        order = np.argsort(numbers, kind="stable")
        ends = np.flatnonzero(np.diff(numbers[order]) != 1) + 1
        for run in np.split(order, ends):
            if len(run):
                some = np.empty((len(run), *self.shape[1:]), self.dtype) if len(run) > 1 else made[run[0] : run[0] + 1]
                self._read(int(numbers[run[0]]), some)
                made[run] = some
        return made

    def __setitem__(self, rows: slice, values: Array) -> None:
        content = np.ascontiguousarray(values, self.dtype).data.cast("B")
        start = rows.indices(len(self))[0]
        try:
            self._file.seek(start * self._row)
            while content:
                content = content[self._file.write(content) :]
        except OSError as problem:
            raise self._failed(problem) from None

    def _read(self, start: int, made: Array) -> None:
        if not made.size:
            return
        view = made.data.cast("B")
        try:
            self._file.seek(start * self._row)
            while view:
                number = self._file.readinto(view)
                if not number:
                    raise OSError(0, "it is cut short")
                view = view[number:]
        except OSError as problem:
            raise self._failed(problem) from None

    def _failed(self, problem: OSError) -> FileError:
        size = self.shape[0] * self._row / 1e9
        return FileError(
            f"A temporary file of {size:.1f} GB cannot be used: {problem.strerror}. Make room on the disk, or name "
            "another folder in $TMPDIR."
        )


def let_go(array: Any) -> None:
    """Have the pages of a memory map that were read count no more as memory of the process; they stay in the file.

    Nothing is done with other arrays, and with maps whose changes are in memory alone.
    """
    found = array
    while found is not None and not isinstance(found, mmap.mmap):
        if getattr(found, "mode", None) == "c":
            return
        found = getattr(found, "base", None)
    if found is not None and hasattr(mmap, "MADV_DONTNEED") and os.name == "posix":
        found.madvise(mmap.MADV_DONTNEED)
