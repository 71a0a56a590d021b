"""Arrays in memory or on a disk, as sources of rows."""

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.blocks import Block, Numbers, Pixels, Sparse, Windows
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.blocks.scaling import Passes
from vaecluster.data.kinds import SeenColumn
from vaecluster.data.raw import ALL, Array, RowNames, digest_of
from vaecluster.data.room import FileArray
from vaecluster.data.schema import Schema
from vaecluster.data.source import Source, slices
from vaecluster.errors import DataError
from vaecluster.model.likelihood import OF_NUMBERS


def passes_over(source: Source, weights: NDArray[np.float64] | None) -> Passes:
    """Passes over the rows of weight above 0, a block at a time."""

    def passes() -> Iterator[tuple[Array, NDArray[np.float64] | None]]:
        for block in slices(source):
            rows: Any = source.read(block)
            own = None if weights is None else weights[block]
            if own is not None and not own.all():
                rows, own = rows[own > 0], own[own > 0]
            if len(rows):
                yield rows, own

    return passes


def by_topics(likelihood: str, scaling: str) -> bool:
    """Whether wide rows may be read by topics: nothing else is said of their scaling."""
    return scaling == "auto" and not OF_NUMBERS[likelihood].unit


def block_of(passes: Passes, dtype: np.dtype[np.generic], reading: Reading) -> Block:
    """The block of vectors: numbers, unless they are wide, mostly 0, and nothing is said of their scaling."""
    if by_topics(reading.likelihood, reading.scaling):
        found = Sparse.of(passes, dtype)
        if found is not None:
            return found
    return Numbers.of(passes, dtype, likelihood=reading.likelihood, scaling=reading.scaling, names=reading.names)


@final
class ArraySource:
    """Rows of an array in memory, of a memory map or in a file: (rows, *row_shape).

    Three or four axes are images, unless they are windows of time.
    """

    def __init__(self, array: Array | FileArray, row_names: RowNames | None = None, *, windows: bool = False) -> None:
        self.array, self.row_names, self.windows = array, row_names, windows
        self._digest: str | None = None

    def __len__(self) -> int:
        return len(self.array)

    @property
    def row_entries(self) -> int:
        """Entries of one row."""
        return max(1, int(np.prod(self.array.shape[1:])))

    def read(self, numbers: NDArray[np.intp] | slice) -> Array:
        """These rows."""
        rows: Array = self.array[numbers]
        return rows

    def fingerprint(self) -> dict[str, Any]:
        """The digest is computed once."""
        self._digest = self._digest or digest_of([self.array])
        array = self.array
        return {"rows": len(array), "dtype": array.dtype.str, "shape": list(array.shape), "sha256": self._digest}

    def schema(self, reading: Reading) -> Schema:
        """One block for all of a row."""
        passes = passes_over(self, reading.weights)
        dtype, likelihood = self.array.dtype, reading.likelihood
        if self.windows:
            return Schema((Windows.of(passes, self.array.shape[1:], dtype, likelihood),))
        if self.array.ndim > 2:
            return Schema((Pixels.of(passes, self.array.shape[1:], dtype, likelihood),))
        return Schema((block_of(passes, dtype, reading),))

    def seen(self) -> tuple[SeenColumn, ...]:
        """Nothing: all columns are the same kind."""
        return ()

    def by_column(self, numbers: NDArray[np.intp] | slice = ALL) -> Iterator[tuple[str, Array, str]]:
        """By their numbers."""
        if self.windows or self.array.ndim > 2:
            what = "windows of time" if self.windows else "images"
            raise DataError(f"X holds {what}, which have no columns. Look at samples of each cluster instead.")
        for number in range(self.row_entries):
            yield str(number), np.concatenate([self.read(block)[:, number] for block in slices(self)])[numbers], ""

    def filled(self, schema: Schema, expected: Tensor) -> Array:
        """A copy of the rows: nothing is missing in an array."""
        return np.array(self.array[:])
