"""Kinds of files, one a file; each loads its library when it reads."""

from vaecluster.data.readers.arrays import NPY, NPZ
from vaecluster.data.readers.arrow import FEATHER, PARQUET
from vaecluster.data.readers.base import Reader
from vaecluster.data.readers.h5ad import H5AD
from vaecluster.data.readers.pictures import PICTURES
from vaecluster.data.readers.texts import TEXTS

# To add a kind of file, write a function from its path to a DataSet in a file here, and add its Reader.
READERS: tuple[Reader, ...] = (NPZ, NPY, TEXTS, PARQUET, FEATHER, H5AD, PICTURES)

__all__ = ["READERS", "Reader"]
