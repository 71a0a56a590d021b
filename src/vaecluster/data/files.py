"""Rows from a file: one reader per kind of file, chosen by the suffix, and never any pickled data."""

import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from vaecluster.data.dataset import DataSet, as_labels
from vaecluster.data.raw import Array
from vaecluster.errors import DataError, FileError, VaeclusterError

# The first name of each list belongs to the layout with a held-out part; the others are what people write.
ROW_NAMES = ("x_train", "X", "x", "data", "images", "rows")
LABEL_NAMES = ("y_train", "y", "labels", "target")

# Beside "format", what scipy.sparse.save_npz writes, by the kind of matrix.
_SPARSE = ({"indices", "indptr"}, {"row", "col"}, {"offsets"})

# What numpy and zipfile raise on bytes that are not what they claim to be; RuntimeError when encrypted.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    tokenize.TokenError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    SyntaxError,
    OverflowError,
    RuntimeError,
)

# Deflate cannot shrink more than 1032 to 1, so a member that claims more is lying about its size.
_LARGEST_DEFLATE_RATIO = 1032


def read_dataset(path: str | os.PathLike[str]) -> DataSet:
    """Read the rows of a file, with labels and held-out rows where it has them.

    ``.npy`` holds one array, the rows. ``.npz`` holds ``x_train``, ``y_train``, ``x_test``, ``y_test``, or
    rows called ``X``, ``x``, ``data``, ``images`` or ``rows`` with labels called ``y``, ``labels`` or
    ``target``, or a single array of any name. A test or labels of length zero count as none; other arrays
    are left alone.

    Raises ``FileError`` when the file cannot be read, ``DataError`` when what it holds cannot be used.
    """
    path = Path(path)
    with _problems_of(path):
        data = _reader_of(path)(path)
    return data


def read_arrays(path: Path) -> dict[str, Array]:
    """All arrays of an ``.npz`` file by their names; raises as `read_dataset` does."""
    with _problems_of(path), zipfile.ZipFile(path) as archive:
        arrays = {name: _read_member(path, archive, name, info) for name, info in _members(archive).items()}
    return arrays


@contextmanager
def _problems_of(path: Path) -> Iterator[None]:
    """Whatever goes wrong while a file is read, as an error of ours that names it."""
    try:
        yield
    except DataError as problem:
        raise DataError(f"{path}: {problem}") from None
    except VaeclusterError:
        raise
    except MemoryError:
        raise DataError(f"{path}: its rows do not fit into memory. Use fewer, or a smaller type.") from None
    except OSError as problem:
        raise FileError(f"{path} cannot be opened: {problem.strerror or problem}.") from None
    except _DAMAGED as problem:
        reason = " ".join(str(problem).split()) or type(problem).__name__
        raise FileError(
            f"{path} is damaged, cut short, or no {path.suffix} file ({reason}). "
            "Copy it again, or write it anew with numpy.savez or numpy.save."
        ) from None


def _read_npy(path: Path) -> DataSet:
    with path.open("rb") as stream:
        rows = _read_array(stream, path.stat().st_size, "the array")
    return _dataset(path.stem, {"rows": rows})


def _read_npz(path: Path) -> DataSet:
    with zipfile.ZipFile(path) as archive:
        members = _members(archive)
        wanted = _choose_arrays(sorted(members))
        arrays = {role: _read_member(path, archive, name, members[name]) for role, name in wanted.items()}
    return _dataset(path.stem, arrays)


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    return {info.filename.removesuffix(".npy"): info for info in archive.infolist()}


def _read_member(path: Path, archive: zipfile.ZipFile, name: str, member: zipfile.ZipInfo) -> Array:
    size = _honest_size(member, path.stat().st_size)
    with archive.open(member) as stream:
        return _read_array(stream, size, f"array {name!r}")


# To add a kind of file, write a function from its path to a DataSet and name it here.
READERS: Mapping[str, Callable[[Path], DataSet]] = {".npz": _read_npz, ".npy": _read_npy}


def _reader_of(path: Path) -> Callable[[Path], DataSet]:
    kinds = ", ".join(READERS)
    if path.is_dir():
        raise FileError(f"{path} is a folder, but a file is expected. Name a file of these kinds: {kinds}.")
    if not path.is_file():
        raise FileError(f"{path} does not exist or is no file. Check the path.")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        kind = f"of kind {path.suffix!r}" if path.suffix else "without a suffix"
        raise FileError(f"{path} is a file {kind}, but readable are {kinds}. Convert it to one of them.")
    return reader


def _choose_arrays(names: Sequence[str]) -> dict[str, str]:
    """Which array of a file plays which role; the roles are rows, labels, test_rows, test_labels."""
    if any(parts | {"format"} <= set(names) for parts in _SPARSE):
        raise DataError("it holds a sparse matrix, but a dense array is expected. Save X.toarray() instead.")
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
    stream.seek(0)
    array = np.lib.format.read_array(stream, allow_pickle=False)
    # Reading to the end makes zipfile compare its checksum.
    stream.read(1)
    # torch takes only the machine's own byte order.
    return np.asarray(array, dtype=array.dtype.newbyteorder("="))


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
        raise DataError(f"{what} have shape {labels.shape}, but there are {n_rows} rows. Give each row one.")
    return as_labels(labels)
