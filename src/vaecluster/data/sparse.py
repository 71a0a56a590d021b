"""Sparse matrices, as sources of rows."""

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from vaecluster.data.arrays import block_of, passes_over
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.kinds import SeenColumn
from vaecluster.data.raw import ALL, Array, RowNames, digest_of
from vaecluster.data.schema import Schema
from vaecluster.errors import DataError


@final
class SparseSource:
    """Rows of a sparse matrix (rows, columns); they are dense in a batch alone. The same as those of an array."""

    def __init__(self, matrix: csr_array, row_names: RowNames | None = None) -> None:
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
        rows = self.matrix.copy()
        rows.sum_duplicates()
        rows.eliminate_zeros()
        digest = digest_of([rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data])
        return {"rows": len(self), "dtype": rows.dtype.str, "shape": list(rows.shape), "sha256": digest}

    def schema(self, reading: Reading) -> Schema:
        """One block, as of an array; `DataError` if all rows are the same."""
        whole = self.matrix * 1
        if not (whole.max(axis=0) - whole.min(axis=0)).count_nonzero():
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
        return self.matrix.copy()
