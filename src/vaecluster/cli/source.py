"""What a user may name as data: a file, or a data set by its name."""

from pathlib import Path

from vaecluster.data.dataset import DataSet
from vaecluster.data.files import read_dataset
from vaecluster.data.named import load_named


def load_source(source: str) -> DataSet:
    """Read `source` if it is or looks like a file, else as a named data set."""
    path = Path(source)
    return read_dataset(path) if path.suffix or path.exists() else load_named(source)
