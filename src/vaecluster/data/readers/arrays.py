"""Arrays as numpy writes them, and never any pickled data."""

import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from vaecluster.data.dataset import DataSet, as_labels
from vaecluster.data.raw import Array
from vaecluster.data.readers.base import Reader
from vaecluster.errors import DataError, counted

# The first name of each list belongs to the layout with a held-out part; the others are what people write.
ROW_NAMES = ("x_train", "X", "x", "data", "images", "rows")
LABEL_NAMES = ("y_train", "y", "labels", "target")

# What scipy.sparse.save_npz writes beside "format", "shape" and "data", by the format.
_SPARSE = {
    **dict.fromkeys(("csr", "csc", "bsr"), ("indices", "indptr")),
    "coo": ("row", "col"),
    "dia": ("offsets",),
}

# Deflate cannot shrink more than 1032 to 1, so a member that claims more is lying about its size.
_LARGEST_DEFLATE_RATIO = 1032


def arrays_of(path: Path) -> dict[str, Array]:
    """All arrays of an ``.npz`` file by their names."""
    with zipfile.ZipFile(path) as archive:
        return {name: _read_member(path, archive, name, info) for name, info in _members(archive).items()}


def read_npy(path: Path) -> DataSet:
    """The rows of an ``.npy``: one array."""
    with path.open("rb") as stream:
        rows = _read_array(stream, path.stat().st_size, "the array")
    return _dataset(path.stem, {"rows": rows})


def open_npy(path: Path) -> DataSet:
    """The same as a memory map."""
    with path.open("rb") as stream:
        _check_header(stream, path.stat().st_size, "the array")
    return _dataset(path.stem, {"rows": np.load(path, mmap_mode="r")})


def read_npz(path: Path) -> DataSet:
    """Rows, labels and held-out rows of an ``.npz``, by the names of its arrays."""
    with zipfile.ZipFile(path) as archive:
        members = _members(archive)
        if {"format", "shape", "data"} <= members.keys() and not {*ROW_NAMES} - {"data"} & members.keys():
            return DataSet(path.stem, _read_sparse(path, archive, members))
        wanted = _choose_arrays(sorted(members))
        arrays = {role: _read_member(path, archive, name, members[name]) for role, name in wanted.items()}
    return _dataset(path.stem, arrays)


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    return {info.filename.removesuffix(".npy"): info for info in archive.infolist()}


def _read_member(path: Path, archive: zipfile.ZipFile, name: str, member: zipfile.ZipInfo) -> Array:
    size = _honest_size(member, path.stat().st_size)
    with archive.open(member) as stream:
        return _read_array(stream, size, f"array {name!r}")


def _read_sparse(path: Path, archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo]) -> Any:
    """What scipy.sparse.save_npz wrote, as rows of a sparse matrix; `DataError` if it makes no such matrix."""
    from scipy import sparse

    array = {name: _read_member(path, archive, name, info) for name, info in members.items()}
    format_ = array["format"].item()
    format_ = format_.decode() if isinstance(format_, bytes) else format_
    if format_ not in _SPARSE:
        raise DataError(f"it holds a sparse matrix of the format {format_!r}; expected one of {', '.join(_SPARSE)}.")
    shape = tuple(array["shape"].tolist())
    if len(shape) != 2 or min(shape) < 1:
        raise DataError(f"its rows have shape {shape}; expected rows and columns. Give at least one row.")
    if max(shape) > _LARGEST_DEFLATE_RATIO * path.stat().st_size:
        raise ValueError(f"claims shape {shape}")
    _checked_rows(array["data"].reshape(-1, 1), "the rows")
    places = tuple(array[name] for name in _SPARSE[format_])
    if any(one.dtype.kind not in "iu" for one in places):
        raise ValueError("its places are no whole numbers")
    content = (array["data"], places) if format_ == "coo" else (array["data"], *places)
    matrix = getattr(sparse, f"{format_}_array")(content, shape=shape)
    if hasattr(matrix, "indptr"):
        # Places beyond the matrix would be read from memory that is not its own.
        matrix.check_format(full_check=True)
    return matrix.tocsr()


def _choose_arrays(names: Sequence[str]) -> dict[str, str]:
    """Which array of a file plays which role; the roles are rows, labels, test_rows, test_labels."""
    rows = _choose_name(names, ROW_NAMES)
    if rows is None:
        if len(names) != 1:
            found = ", ".join(names[:10]) + ", ..." * (len(names) > 10) or "no array"
            raise DataError(
                f"it has {found}, but rows are expected under one of {', '.join(ROW_NAMES)}. "
                "Rename the array, or keep it alone in the file."
            )
        rows = names[0]
    others = [name for name in names if name != rows]
    roles = {
        "rows": rows,
        "labels": _choose_name(others, LABEL_NAMES),
        "test_rows": _choose_name(others, ["x_test"]),
        "test_labels": _choose_name(others, ["y_test"]),
    }
    return {role: name for role, name in roles.items() if name is not None}


def _choose_name(names: Sequence[str], expected: Sequence[str]) -> str | None:
    found = [name for name in expected if name in names]
    if len(found) > 1 and found[0] != expected[0]:
        raise DataError(f"it has {' and '.join(found)}, and any of them could be meant. Keep one of them.")
    return found[0] if found else None


def _honest_size(member: zipfile.ZipInfo, archive_size: int) -> int:
    """The unpacked size of an archive's member, refused when the archive is too small to hold it."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("packed in a way that numpy does not write")
    if member.file_size > _LARGEST_DEFLATE_RATIO * archive_size:
        raise ValueError(f"claims to unpack to {member.file_size} bytes")
    return member.file_size


def _read_array(stream: IO[bytes], size: int, what: str) -> Array:
    """Read one array in numpy's format out of ``size`` bytes, after checking that its header is true."""
    _check_header(stream, size, what)
    stream.seek(0)
    array = np.lib.format.read_array(stream, allow_pickle=False)
    # Reading to the end makes zipfile compare its checksum.
    stream.read(1)
    # torch takes only the machine's own byte order.
    return np.asarray(array, dtype=array.dtype.newbyteorder("="))


def _check_header(stream: IO[bytes], size: int, what: str) -> None:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        # Version 3 exists for arrays of named fields, which are no rows.
        raise DataError(f"{what} has named fields or an unknown format. Save plain numbers.")
    if dtype.hasobject:
        raise DataError(f"{what} holds pickled Python objects, which are never read. Save it as numbers.")
    claimed = math.prod(shape) * dtype.itemsize
    # Checked before anything is allocated: a header of 100 bytes can claim petabytes.
    if min(shape, default=0) < 0 or claimed > size - stream.tell():
        raise ValueError(f"{what} claims shape {shape}, more than the file holds")


def _dataset(name: str, arrays: Mapping[str, Array]) -> DataSet:
    rows = _checked_rows(arrays["rows"], "rows")
    # By size, not length: a header may claim any number of rows without values and still be true.
    if rows.size == 0:
        raise DataError(f"the rows have shape {rows.shape}, which holds nothing. Give at least one row.")
    test_rows = arrays.get("test_rows")
    if test_rows is not None:
        test_rows = _checked_rows(test_rows, "x_test") if test_rows.size else None
    if test_rows is not None and test_rows.shape[1:] != rows.shape[1:]:
        raise DataError(
            f"x_test has rows of shape {test_rows.shape[1:]}, but x_train has {rows.shape[1:]}. Make them equal."
        )
    labels = _checked_labels(arrays.get("labels"), len(rows), "the labels")
    held_out = 0 if test_rows is None else len(test_rows)
    test_labels = _checked_labels(arrays.get("test_labels"), held_out, "y_test")
    return DataSet(name, rows, labels, test_rows, test_labels)


def _checked_rows(rows: Array, what: str) -> Array:
    if rows.dtype.kind not in "biuf":
        raise DataError(f"{what} hold values of type {rows.dtype}, but numbers are expected. Convert them.")
    if rows.ndim < 2:
        raise DataError(
            f"{what} have shape {rows.shape}, but (rows, values) or more axes are expected. "
            "For one value per row use reshape(-1, 1)."
        )
    return rows


def _checked_labels(labels: Array | None, n_rows: int, what: str) -> Array | None:
    if labels is None or labels.size == 0:
        return None
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (n_rows,):
        raise DataError(f"{what} have shape {labels.shape} for {counted(n_rows, 'row')}. Give each row one.")
    return as_labels(labels)


NPZ = Reader((".npz",), read_npz, written_by="numpy.savez", holds="arrays")
NPY = Reader((".npy",), read_npy, written_by="numpy.save", holds="arrays", open=open_npy)
