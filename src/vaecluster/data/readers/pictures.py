"""Pictures: a folder of them, or one."""

from pathlib import Path

from vaecluster.data.dataset import DataSet
from vaecluster.data.pictures.folder import Pictures
from vaecluster.data.pictures.listing import ENDINGS
from vaecluster.data.readers.base import Reader


def find_pictures(path: Path) -> DataSet:
    """The pictures, to be read when it is known in which size, and where they are kept."""
    return DataSet(path.stem, Pictures(path))


PICTURES = Reader(ENDINGS, find_pictures, written_by="a program for pictures", inside=ENDINGS, holds="pictures")
