"""Kinds of files, one a file; each loads its library when it reads."""

from vaecluster.data.readers.arrays import NPY, NPZ
from vaecluster.data.readers.arrow import FEATHER
from vaecluster.data.readers.base import Reader
from vaecluster.data.readers.delimited import DELIMITED
from vaecluster.data.readers.h5ad import H5AD
from vaecluster.data.readers.parquet import PARQUET
from vaecluster.data.readers.pictures import PICTURES
from vaecluster.data.readers.texts import TEXTS

# To add a kind of file, write a function from its path to a DataSet in a file here, and add its Reader.
READERS: tuple[Reader, ...] = (NPZ, NPY, DELIMITED, TEXTS, PARQUET, FEATHER, H5AD, PICTURES)


def readable() -> str:
    """What can be read, in words: what files hold, and how their names end."""
    kinds: dict[str, list[str]] = {}
    for reader in READERS:
        folders = [f"folders of {reader.inside[0]}"] if reader.inside else []
        kinds.setdefault(reader.holds, []).extend([*reader.endings, *folders])
    return "; ".join(f"{holds} ({', '.join(endings)})" for holds, endings in kinds.items())


__all__ = ["READERS", "Reader", "readable"]
