"""Files of single-cell experiments."""

from pathlib import Path

from vaecluster.data.dataset import DataSet
from vaecluster.data.readers.base import Reader


def read_h5ad(path: Path) -> DataSet:
    """The cells of a file."""
    # It loads torch, and a refused file must not wait for that.
    from vaecluster.data.h5ad import StoredCells

    return DataSet(path.stem, StoredCells(path))


H5AD = Reader((".h5ad",), read_h5ad, "anndata's write_h5ad", holds="cells")
