"""Files of single-cell experiments."""

from pathlib import Path

import numpy as np

from vaecluster.data.dataset import DataSet
from vaecluster.data.readers.base import Reader


def read_h5ad(path: Path) -> DataSet:
    """The cells of a file; names of rows are those of its observations."""
    # It loads torch, and a refused file must not wait for that.
    from vaecluster.data.h5ad import StoredCells

    cells = StoredCells(path)
    return DataSet(path.stem, cells, names=np.array(cells.obs_names))


H5AD = Reader((".h5ad",), read_h5ad, "anndata's write_h5ad")
