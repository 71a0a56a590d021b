from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from sklearn.metrics import adjusted_rand_score

from h5ad_files import cells, write_h5ad

EXAMPLE = Path(__file__).parents[2] / "examples" / "batches.py"
ROWS, GENES = 240, 150


def test_clusters_are_kinds_of_cells_where_the_batch_is_told(tmp_path, printed):
    draws = np.random.default_rng(0)
    kinds, donors = draws.integers(0, 3, ROWS), draws.integers(0, 2, ROWS)
    rates = draws.gamma(1, size=GENES) * np.where(draws.random((3, GENES)) < 0.15, 6.0, 1.0)[kinds]
    rates = rates * np.exp(draws.normal(0, 0.8, (2, GENES)))[donors]
    counts = draws.poisson(600 * rates / rates.sum(1, keepdims=True)).astype(np.float32)
    made = cells(csr_array(counts), obs={"donor": np.array(["A", "B"])[donors]})
    source = write_h5ad(tmp_path / "cells.h5ad", made)
    *lines, again = printed("batches", source, "donor")
    found = [int(line.rpartition(" ")[2]) for line in lines]
    assert adjusted_rand_score(kinds, found) > 0.9
    assert abs(adjusted_rand_score(donors, found)) < 0.05
    assert again == "the same again: True"
