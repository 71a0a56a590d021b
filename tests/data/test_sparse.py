from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from builders import estimator
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.rows import Rows
from vaecluster.data.sparse import SparseSource
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
