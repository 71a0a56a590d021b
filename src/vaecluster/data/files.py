"""Rows from a file or a folder: one reader per kind, chosen by the ending of names."""

import os
import struct
import tokenize
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from vaecluster.data.dataset import DataSet
from vaecluster.data.raw import Array
from vaecluster.data.readers import READERS, Reader
from vaecluster.data.readers.arrays import NPZ, arrays_of
from vaecluster.data.stored import Parts, StoredTable
from vaecluster.errors import DataError, FileError, VaeclusterError

# What libraries raise on bytes that are not what they claim to be; RuntimeError when encrypted.
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


def read_dataset(path: str | os.PathLike[str], types: Mapping[str, str] | None = None) -> DataSet:
    """Read the rows of a file, with labels and held-out rows where it has them.

    ``.npy`` holds one array, the rows. ``.npz`` holds ``x_train``, ``y_train``, ``x_test``, ``y_test``, or
    rows called ``X``, ``x``, ``data``, ``images`` or ``rows`` with labels called ``y``, ``labels`` or
    ``target``, or a single array of any name. A test or labels of length zero count as none; other arrays
    are left alone. ``.csv``, ``.tsv``, each also with ``.gz``, ``.parquet``, ``.feather``, ``.arrow`` and folders of
    Parquet files hold a table, the rows; a single column of vectors is an array (rows, width). ``.txt``, also with
    ``.gz``, holds a text on each line. ``.h5ad`` holds cells, the rows. Of pictures, and folders of them, rows are
    `Pictures`, which are still to be read.

    Texts do not say the types of columns: those in ``types`` (`Schema.text_types`) count, and of others their values.

    Raises ``FileError`` when the file cannot be read, ``DataError`` when what it holds cannot be used.
    """
    path = Path(path)
    reader = reader_of(path)
    with problems_of(path, reader):
        data = reader.read(path, *_types_for(reader, types))
    return data


def open_dataset(path: str | os.PathLike[str], types: Mapping[str, str] | None = None) -> DataSet:
    """The same, but for rows that can stay in the file: those are memory maps, or a `StoredTable`."""
    path = Path(path)
    reader = reader_of(path)
    if reader.open is None:
        return read_dataset(path, types)
    with problems_of(path, reader):
        data = reader.open(path, *_types_for(reader, types))
    if not isinstance(data.x_train, StoredTable):
        return data
    stored = data.x_train

    def parts() -> Parts:
        with problems_of(path, reader):
            yield from stored.parts()

    def made(table: Any) -> Any:
        with problems_of(path, reader):
            return stored.made(table)

    return replace(data, x_train=StoredTable(parts, made))


def _types_for(reader: Reader, types: Mapping[str, str] | None) -> tuple[Mapping[str, str], ...]:
    return (types or {},) if reader.untyped else ()


def read_arrays(path: Path) -> dict[str, Array]:
    """All arrays of an ``.npz`` file by their names; raises as `read_dataset` does."""
    with problems_of(path, NPZ):
        arrays = arrays_of(path)
    return arrays


@contextmanager
def problems_of(path: Path, reader: Reader) -> Iterator[None]:
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
        if problem.errno is None:
            # Arrow's, for bytes that are not what they claim to be.
            raise _damaged(path, reader, problem) from None
        raise FileError(f"{path} cannot be opened: {problem.strerror or problem}.") from None
    except _DAMAGED as problem:
        raise _damaged(path, reader, problem) from None


def _damaged(path: Path, reader: Reader, problem: Exception) -> FileError:
    reason = " ".join(str(problem).split()).rstrip(".") or type(problem).__name__
    return FileError(
        f"{path} is damaged, cut short, or no {reader.endings[0]} file ({reason:.200}). Copy it again, or write it "
        f"anew with {reader.written_by}."
    )


def reader_of(path: Path) -> Reader:
    """The one for a file or a folder; `FileError` if there is none."""
    endings = ", ".join(ending for reader in READERS for ending in reader.endings)
    if path.is_dir():
        found = Counter[str]()
        for name in (name.lower() for _, _, names in os.walk(path) for name in sorted(names)):
            for reader in READERS:
                if name.endswith(reader.inside or (os.sep,)):
                    return reader
            found[os.path.splitext(name)[1] or "no ending"] += 1
        inside = ", ".join(ending for reader in READERS for ending in reader.inside)
        kinds = ", ".join(f"{number:,} of {ending}" for ending, number in found.most_common(5))
        raise FileError(
            f"{path} is a folder {f'with other files ({kinds})' if found else 'without files'}; expected {inside}, in "
            "it or in folders within it. Check the path, or name a file."
        )
    if not path.is_file():
        raise FileError(f"{path} does not exist or is no file. Check the path.")
    for reader in READERS:
        if path.name.lower().endswith(reader.endings):
            return reader
    kind = f"of kind {path.suffix!r}" if path.suffix else "without a suffix"
    sheet = path.suffix.lower() in (".xlsx", ".xls", ".xlsm", ".ods")
    advice = "Save the sheet as CSV UTF-8 in your spreadsheet program" if sheet else "Convert it to one of them"
    raise FileError(f"{path} is a file {kind}, but readable are {endings}. {advice}.")
