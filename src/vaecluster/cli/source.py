"""What a user may name as data: a file, or a data set by its name."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaecluster.data.dataset import DataSet


def load_source(source: str) -> "DataSet":
    """Read `source` if it is or looks like a file, else as a named data set."""
    # Each where it is needed: what downloads takes long to import.
    if _is_file(source):
        from vaecluster.data.files import read_dataset

        return read_dataset(Path(source))
    from vaecluster.data.named import load_named

    return load_named(source)


def absolute(source: str) -> str:
    """The same source for a process in another folder."""
    return str(Path(source).absolute()) if _is_file(source) else source


def _is_file(source: str) -> bool:
    path = Path(source)
    return bool(path.suffix) or path.exists()
