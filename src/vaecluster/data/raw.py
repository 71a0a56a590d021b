"""Rows as users have them: arrays, or columns by name; and how passes over them are made."""

import hashlib
import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Doubles = NDArray[np.float64]

# Every row, where numbers of rows are asked for.
ALL = slice(None)

# A pass over all rows reads so many entries at a time: 1 MiB as float32, so that what is computed from them stays
# small beside the rows.
BLOCK_ENTRIES = 2**18


@final
@dataclass(frozen=True)
class Coded:
    """A column of categories: `codes` (rows,) are places in `values`, -1 where the value is missing."""

    codes: NDArray[np.intp]
    values: tuple[Any, ...]

    def __getitem__(self, numbers: NDArray[np.intp] | slice) -> "Coded":
        return Coded(self.codes[numbers], self.values)


@final
@dataclass(frozen=True)
class RowNames:
    """The name of each row, (rows,), and what such a name is called: a path, a cell, or the column that holds them."""

    called: str
    names: Sequence[Any]


# Rows of an array (rows, *row_shape), or the columns of a frame by name: numbers (rows,), NaN where the value is
# missing, or `Coded`.
Table = Mapping[str, Array | Coded]
Raw = Array | Table


def row_slices(rows: int, entries: int) -> Iterator[slice]:
    """So many rows of so many entries, in blocks of at most `BLOCK_ENTRIES`."""
    size = max(1, BLOCK_ENTRIES // max(1, entries))
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def digest_of(arrays: Any) -> str:
    """The SHA-256 of the arrays' shapes and of their values as bytes, in row order.

    >>> digest_of([np.arange(3)]) == digest_of([np.arange(3)]), digest_of([np.zeros(2)]) == digest_of([np.zeros(3)])
    (True, False)
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr(array.shape).encode())
        entries = int(np.prod(array.shape[1:])) if array.ndim else 1
        for block in row_slices(len(array), entries) if array.ndim else (...,):
            digest.update(np.ascontiguousarray(array[block]).data)
            let_go(array)
    return digest.hexdigest()


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
