"""Sparse matrices, in memory or in files, as sources of rows."""

from collections.abc import Iterable, Iterator
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from torch import Tensor

from vaecluster.data.arrays import block_of, passes_over
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.kinds import SeenColumn
from vaecluster.data.raw import ALL, Array, RowNames, digest_of
from vaecluster.data.room import FileArray, Room
from vaecluster.data.schema import Schema
from vaecluster.data.source import slices
from vaecluster.errors import DataError


@final
class SparseSource:
    """Rows of a sparse matrix (rows, columns); they are dense in a batch alone. The same as those of an array."""

    def __init__(self, matrix: Any, row_names: RowNames | None = None) -> None:
        self.matrix, self.row_names = matrix, row_names

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    @property
    def row_entries(self) -> int:
        """Entries of one row, zeros too."""
        return max(1, int(self.matrix.shape[1]))

    def read(self, numbers: NDArray[np.intp] | slice) -> Array:
        """These rows, dense."""
        rows: Array = self.matrix[numbers].toarray()
        return rows

    def fingerprint(self) -> dict[str, Any]:
        """Of what is not zero."""
        rows = self.matrix
        if isinstance(rows, StoredMatrix):
            parts = [rows.starts, rows.places, rows.data]
        else:
            rows = rows.copy()
            rows.sum_duplicates()
            rows.eliminate_zeros()
            parts = [rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data]
        return {"rows": len(self), "dtype": rows.dtype.str, "shape": list(rows.shape), "sha256": digest_of(parts)}

    def schema(self, reading: Reading) -> Schema:
        """One block, as of an array; `DataError` if all rows are the same."""
        first = self.read(slice(1))
        if all((self.read(block) == first).all() for block in slices(self)):
            raise DataError(
                f"All {len(self):,} rows are the same, so there is nothing to tell apart. Check how "
                "the data were read."
            )
        return Schema((block_of(passes_over(self, reading.weights), self.matrix.dtype, reading),))

    def seen(self) -> tuple[SeenColumn, ...]:
        """Nothing: all columns are the same kind."""
        return ()

    def by_column(self, numbers: NDArray[np.intp] | slice = ALL) -> Iterator[tuple[str, Array, str]]:
        """By their numbers, each dense while it is looked at."""
        by_column = self.matrix[numbers].tocsc()
        for number in range(by_column.shape[1]):
            yield str(number), by_column[:, [number]].toarray()[:, 0], ""

    def filled(self, schema: Schema, expected: Tensor) -> Any:
        """A copy of the matrix: nothing is missing."""
        return self.matrix[ALL].copy()


@final
class StoredMatrix:
    """A sparse matrix (rows, columns) in files: memory holds where each row starts, and the rows that are read."""

    def __init__(self, blocks: Iterable[csr_array], room: Room) -> None:
        starts, places, data, columns = [np.zeros(1, np.int64)], None, None, 0
        for block in blocks:
            if places is None or data is None:
                columns = block.shape[1]
                places, data = (FileArray.new((0,), dtype, room.folder) for dtype in (np.int64, block.dtype))
            starts.append(block.indptr[1:] + len(data))
            places.append(block.indices)
            data.append(block.data)
        assert places is not None
        assert data is not None
        self.starts, self.places, self.data = np.concatenate(starts), places, data
        self.shape, self.dtype, self.ndim = (len(self.starts) - 1, columns), data.dtype, 2

    def __getitem__(self, rows: NDArray[np.intp] | slice) -> csr_array:
        numbers = np.arange(self.shape[0])[rows]
        ends = np.append(0, np.cumsum(self.starts[numbers + 1] - self.starts[numbers]))
        apart = np.flatnonzero(np.diff(numbers) != 1) + 1
        data, places = np.empty(ends[-1], self.dtype), np.empty(ends[-1], np.int64)
        # Rows that follow each other are read at once.
        for run in np.split(np.arange(len(numbers)), apart):
            if len(run):
                own = slice(ends[run[0]], ends[run[-1] + 1])
                there = slice(int(self.starts[numbers[run[0]]]), int(self.starts[numbers[run[-1]] + 1]))
                data[own], places[own] = self.data[there], self.places[there]
        return csr_array((data, places, ends), (len(numbers), self.shape[1]))


def joined(blocks: Iterable[csr_array], room: Room | None = None) -> "csr_array | StoredMatrix":
    """Rows of all blocks, without zeros that are written down; in files if a room is given."""
    return csr_array(vstack(list(blocks))) if room is None else StoredMatrix(blocks, room)
