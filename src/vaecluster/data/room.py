"""Where what is computed of rows is put: in memory, as much as it may take, and in files beyond that."""

import math
import mmap
import re
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.raw import Array
from vaecluster.errors import FileError
from vaecluster.settings import Kind, is_whole, optional

# These parts of the limit are for an array in memory, of which there are some at a time, for an index, and a table.
ARRAY, INDEX, TABLE = 1 / 16, 1 / 4, 1 / 4
# Rows that take at most so many bytes as the model reads them are kept so: sparse ones are read hundreds of times.
KEPT = 2**26


@final
@dataclass(frozen=True)
class Bytes(Kind):
    """A size such as "2GB", in powers of 1000, or "2GiB", in powers of 1024; or a number of bytes.

    >>> Bytes().normal("1.5kB"), Bytes().normal("2GiB"), Bytes().accepts("2 gigs")
    (1500, 2147483648, False)
    """

    @property
    def expected(self) -> str:
        """A size."""
        return "a size such as '2GB' or '500MB'"

    def accepts(self, value: Any) -> bool:
        """A text of a size above 0, or a whole number of bytes."""
        return is_whole(value, 1) or (isinstance(value, str) and self._bytes(value) >= 1)

    def normal(self, value: Any) -> int:
        """Bytes."""
        return self._bytes(value) if isinstance(value, str) else int(value)

    def _bytes(self, text: str) -> int:
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b\s*", text.lower())
        if found is None:
            return 0
        number, letter, binary = found.groups()
        return int(float(number) * (1024 if binary else 1000) ** " kmgt".index(letter or " "))


MEMORY = optional(Bytes(), "no limit")


@final
@dataclass(frozen=True)
class Room:
    """`limit` bytes for rows and what is computed of them, None for no limit; files lie in `folder`."""

    limit: int | None = None
    folder: Path | None = None

    def array(self, shape: tuple[int, ...], dtype: Any) -> "Array | FileArray":
        """An array that is not filled yet, in memory or in a file."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if self.limit is None or size <= ARRAY * self.limit:
            return np.empty(shape, dtype)
        return FileArray.new(shape, dtype, self.folder)

    def of_file(self, array: Array) -> "Array | FileArray":
        """A memory map's array, in memory or read from its file."""
        small = self.limit is None or array.nbytes <= ARRAY * self.limit
        return np.array(array) if small else FileArray.of_map(array) or array

    @property
    def kept(self) -> int:
        """The most bytes of rows that are kept as the model reads them."""
        return KEPT if self.limit is None else min(KEPT, int(ARRAY * self.limit))

    @property
    def table(self) -> int | None:
        """The most bytes of a table of Arrow that is read into memory, where its columns are made of it."""
        return None if self.limit is None else int(TABLE * self.limit)

    def part(self, rows: int, row_bytes: int) -> int:
        """How many of so many rows can be in an index in memory."""
        return rows if self.limit is None else min(rows, max(1, int(INDEX * self.limit) // row_bytes))


NO_LIMIT = Room()


@final
class FileArray:
    """An array in a file, read by slices and by arrays of row numbers: memory holds what is read, and no more.

    It is no memory map, whose pages count as memory of the process until the system wants them.
    """

    def __init__(self, file: Any, shape: tuple[int, ...], dtype: Any, offset: int = 0, stride: int | None = None):
        self.shape, self.dtype, self.ndim = shape, np.dtype(dtype), len(shape)
        self._file, self._offset = file, offset
        self._row = math.prod(shape[1:]) * self.dtype.itemsize
        self._stride = self._row if stride is None else stride
        weakref.finalize(self, file.close)

    @classmethod
    def new(cls, shape: tuple[int, ...], dtype: Any, folder: Path | None = None) -> Self:
        """One in a file without a name, which is gone with it; it is written by slices."""
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            return cls(tempfile.TemporaryFile(dir=folder, buffering=0), shape, dtype)
        except OSError as problem:
            raise not_kept(problem) from None

    @classmethod
    def of_map(cls, array: Array) -> Self | None:
        """The rows of a memory map, or a part of one, read from its file; None for another array."""
        base: Any = array
        while base is not None and not (isinstance(base, np.memmap) and isinstance(base.base, mmap.mmap)):
            base = base.base if isinstance(base, np.ndarray) else None
        if base is None or base.filename is None or base.mode == "c" or not array[:1].flags.c_contiguous:
            return None
        base.flush()
        offset = base.offset + array.ctypes.data - base.ctypes.data
        try:
            return cls(open(base.filename, "rb", buffering=0), array.shape, array.dtype, offset, array.strides[0])
        except OSError:
            # It was removed since.
            return None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.intp] | slice) -> Array:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step != 1 or self._stride != self._row:
                return self[np.arange(start, stop, step)]
            made = np.empty((max(0, stop - start), *self.shape[1:]), self.dtype)
            self._read(start, made)
            return made
        numbers = np.asarray(rows)
        made = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        # In the order of the file, and those that follow each other at once.
        order = np.argsort(numbers, kind="stable")
        apart = np.diff(numbers[order]) != 1 if self._stride == self._row else np.ones(max(0, len(order) - 1), bool)
        for run in np.split(order, np.flatnonzero(apart) + 1):
            if len(run):
                some = np.empty((len(run), *self.shape[1:]), self.dtype) if len(run) > 1 else made[run[0] : run[0] + 1]
                self._read(int(numbers[run[0]]), some)
                made[run] = some
        return made

    def __setitem__(self, rows: slice, values: Array) -> None:
        content = np.ascontiguousarray(values, self.dtype).data.cast("B")
        try:
            self._file.seek(self._offset + rows.indices(len(self))[0] * self._row)
            while content:
                content = content[self._file.write(content) :]
        except OSError as problem:
            raise not_kept(problem) from None

    def append(self, values: Array) -> None:
        """Write these rows below the others."""
        rows = len(self)
        self.shape = (rows + len(values), *self.shape[1:])
        self[rows:] = values

    def _read(self, start: int, made: Array) -> None:
        if not made.size:
            return
        view = made.data.cast("B")
        try:
            self._file.seek(self._offset + start * self._stride)
            while view:
                number = self._file.readinto(view)
                if not number:
                    raise OSError(0, "it is cut short")
                view = view[number:]
        except OSError as problem:
            raise not_kept(problem) from None


def not_kept(problem: OSError) -> FileError:
    """What to raise where a temporary file cannot be written or read."""
    return FileError(
        f"A file with what is computed of the rows cannot be used: {problem.strerror}. Make room on the disk, or name "
        "another folder in $TMPDIR."
    )
