from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from builders import estimator
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.room import Room
from vaecluster.data.rows import Rows
from vaecluster.data.sparse import SparseSource, StoredMatrix
from vaecluster.errors import DataError

VALUES = np.random.default_rng(0).poisson(0.4, (50, 12)).astype(np.float32)
WEIGHTS = (np.arange(50) % 3).astype(float)
READINGS = {
    "columns": Reading("gaussian", "columns"),
    "common": Reading("gaussian", "common"),
    "weights": Reading("gaussian", "columns", WEIGHTS),
}


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
def test_sparse_rows_are_read_as_dense_ones(reading: Reading) -> None:
    sparse: Any = SparseSource(csr_array(VALUES))
    dense: Any = ArraySource(VALUES)
    batches = []
    for source in (sparse, dense):
        rows = Rows(source, source.schema(reading), torch.device("cpu"))
        batches.append(rows[np.array([4, 0, 4])].numpy())
    np.testing.assert_array_equal(*batches)
    assert (len(sparse), sparse.row_entries) == (50, 12)


def test_a_fingerprint_is_of_what_is_not_zero_in_any_order() -> None:
    matrix = csr_array(VALUES)
    # A zero that is stored, at the end of the last row.
    ends = matrix.indptr + (np.arange(51) == 50)
    stored = csr_array((np.append(matrix.data, np.float32(0)), np.append(matrix.indices, 0), ends), shape=(50, 12))
    assert SparseSource(matrix).fingerprint()["sha256"] == SparseSource(csr_array(VALUES)).fingerprint()["sha256"]
    assert SparseSource(matrix * 2).fingerprint()["sha256"] != SparseSource(matrix).fingerprint()["sha256"]
    assert SparseSource(stored).fingerprint() == SparseSource(matrix).fingerprint()


@pytest.mark.parametrize(
    "matrix", [csr_array((20, 5)), csr_array(np.ones((20, 5))), csr_array(np.eye(5)[[1] * 20] > 0)]
)
def test_rows_that_are_all_the_same_are_refused_as_dense_ones_are(matrix):
    for rows in (matrix, matrix.toarray()):
        with pytest.raises(DataError, match="All 20 rows are the same"):
            estimator().fit(rows)


def test_a_matrix_in_files_has_the_rows_of_the_one_in_memory(tmp_path: Path) -> None:
    whole = csr_array(np.round(VALUES))
    stored = StoredMatrix((whole[some] for some in (slice(20), slice(20, 20), slice(20, 50))), Room(1, tmp_path))
    for numbers in (slice(None), slice(3, 9), slice(None, None, 7), slice(0), np.array([4, 0, 4, 5, 6, 49])):
        np.testing.assert_array_equal(stored[numbers].toarray(), whole[numbers].toarray())
    in_files, in_memory = SparseSource(stored), SparseSource(whole)
    assert in_files.fingerprint() == in_memory.fingerprint()
    for one, other in zip(in_files.by_column(), in_memory.by_column(), strict=True):
        np.testing.assert_array_equal(one[1], other[1])
