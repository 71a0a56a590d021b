"""Data sets known by name: from the user's folder, from the cache, or from their official files."""

import csv
import gzip
import io
import math
import os
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vaecluster.data.dataset import DataSet
from vaecluster.data.download import RemoteFile, download
from vaecluster.data.files import read_dataset
from vaecluster.data.raw import Array, digest_of
from vaecluster.errors import FileError, SettingError, VaeclusterError
from vaecluster.files.atomic import write_atomically

DATA_VARIABLE = "VAECLUSTER_DATA"
CACHE_VARIABLE = "VAECLUSTER_CACHE"

# x_train, y_train, x_test, y_test, as the official files hold them.
Arrays = tuple[Array, Array, Array, Array]


@dataclass(frozen=True)
class OfficialFiles:
    """The official files of a data set, how to parse them, and the fingerprint of what must come out."""

    files: tuple[RemoteFile, ...]
    parse: Callable[[Sequence[Path]], Arrays]
    fingerprint: str


def load_named(name: str, *, sources: Mapping[str, OfficialFiles] | None = None) -> DataSet:
    """Load a data set by its name: one of ``NAMES``, or the name of an ``.npz`` file in ``$VAECLUSTER_DATA``.

    ``digits`` comes with scikit-learn. The others are looked for in ``$VAECLUSTER_DATA`` (``fashion-mnist``
    as ``fashion_mnist.npz``), then in the cache (``$VAECLUSTER_CACHE``, else ``vaecluster`` in the user's
    cache folder), then downloaded into the cache. ``sources`` replaces the table of official files.

    Raises ``SettingError`` for an unknown name, ``FileError`` when the files cannot be had.

    >>> digits = load_named("digits")
    >>> digits.x_train.shape, digits.x_test.shape
    ((1437, 8, 8), (360, 8, 8))
    """
    sources = SOURCES if sources is None else sources
    if name == "digits":
        return _load_digits()
    folder = _data_folder()
    own = _files_in(folder)
    file_name = name if name in own else name.replace("-", "_")
    if folder is not None and file_name in own:
        return replace(read_dataset(folder / f"{file_name}.npz"), name=name)
    if name not in sources:
        known = ", ".join(["digits", *sources, *sorted(own - {key.replace("-", "_") for key in sources})])
        raise SettingError(
            f"There is no file, folder or data set called {name!r}; known data sets are {known}. Check the path; "
            f"for a data set of your own, name a folder with {file_name}.npz in ${DATA_VARIABLE}."
        )
    return replace(_load_cached(name, sources[name]), name=name)


def fingerprint(arrays: Arrays) -> str:
    """The digest of the four arrays, all of whose values are bytes, whatever type holds them."""
    return digest_of(np.asarray(array, dtype=np.uint8) for array in arrays)


def parse_idx_files(paths: Sequence[Path]) -> Arrays:
    """Read four gzipped IDX files of unsigned bytes: training images and labels, test images and labels."""
    x_train, y_train, x_test, y_test = (_read_idx(path) for path in paths)
    return x_train, y_train, x_test, y_test


def parse_pendigits_files(paths: Sequence[Path]) -> Arrays:
    """Read two files of comma-separated lines, training and test: 16 values from 0 to 100, then the digit."""
    (x_train, y_train), (x_test, y_test) = (_read_pendigits(path) for path in paths)
    return x_train, y_train, x_test, y_test


def _load_digits() -> DataSet:
    """Load the 1797 digits of 8 x 8 that ship with scikit-learn; grey values keep their units, 0 to 16.

    Every fifth row (0, 5, 10, ...) is held out and the rest is for training, so the split never changes.
    The values are float32, since bytes would be taken for grey values up to 255.
    """
    # scikit-learn takes a second to load, which the other data sets do not need.
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = bunch.images.astype(np.float32)
    labels = bunch.target.astype(np.int64)
    held_out = np.arange(len(images)) % 5 == 0
    return DataSet("digits", images[~held_out], labels[~held_out], images[held_out], labels[held_out])


def _data_folder() -> Path | None:
    value = os.environ.get(DATA_VARIABLE)
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise FileError(f"${DATA_VARIABLE} is {value!r}, which is no folder. Name one, or unset it.")
    return folder


def _files_in(folder: Path | None) -> set[str]:
    return set() if folder is None else {path.stem for path in folder.glob("*.npz")}


def _cache_folder() -> Path:
    if own := os.environ.get(CACHE_VARIABLE):
        return Path(own).expanduser()
    # The XDG specification says that a relative path in this variable is to be ignored.
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "vaecluster"


def _load_cached(name: str, source: OfficialFiles) -> DataSet:
    cache = _cache_folder()
    cached = cache / f"{name.replace('-', '_')}.npz"
    if cached.exists():
        return read_dataset(cached)
    try:
        _write_cache(cached, _fetch(name, source, cache / name))
    except VaeclusterError as problem:
        raise FileError(
            f"{name} is not here yet: {problem} Try again later, or make {cached.name} by hand, with "
            f"x_train, y_train, x_test, y_test, and set ${DATA_VARIABLE} to its folder."
        ) from None
    except OSError as problem:
        raise FileError(
            f"{name} cannot be kept in {cache}: {problem.strerror or problem}. "
            f"Name a folder that can be written in ${CACHE_VARIABLE}."
        ) from None
    return read_dataset(cached)


def _fetch(name: str, source: OfficialFiles, folder: Path) -> Arrays:
    """Download and parse the official files; once parsed, well or not, they are removed."""
    paths = [download(remote, folder) for remote in source.files]
    try:
        arrays = source.parse(paths)
    except (EOFError, OSError, ValueError, zlib.error, struct.error) as problem:
        _remove(paths)
        raise FileError(f"{name} was downloaded, but a file of it cannot be parsed ({problem}).") from None
    _remove(paths)
    if (found := fingerprint(arrays)) != source.fingerprint:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise FileError(
            f"{name} was downloaded, but its content (shapes {shapes}) has SHA-256 {found} "
            f"and not the expected {source.fingerprint}."
        )
    return arrays


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
    if paths and not any(paths[0].parent.iterdir()):
        paths[0].parent.rmdir()


def _write_cache(target: Path, arrays: Arrays) -> None:
    x_train, y_train, x_test, y_test = arrays
    y_train, y_test = y_train.astype(np.int64), y_test.astype(np.int64)
    content = io.BytesIO()
    np.savez_compressed(content, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    write_atomically(target, content.getvalue())


def _read_idx(path: Path) -> Array:
    with gzip.open(path) as stream:
        content = stream.read()
    zeros, kind, n_axes = struct.unpack_from(">HBB", content)
    if (zeros, kind) != (0, 8):
        raise ValueError(f"{path.name} is no IDX file of unsigned bytes")
    shape = struct.unpack_from(f">{n_axes}I", content, 4)
    values = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * n_axes)
    if values.size != math.prod(shape):
        raise ValueError(f"{path.name} has {values.size} values, but says {shape}")
    return values.reshape(shape)


def _read_pendigits(path: Path) -> tuple[Array, Array]:
    with path.open(encoding="ascii", newline="") as stream:
        lines = [[int(value) for value in line] for line in csv.reader(stream) if line]
    table = np.array(lines)
    if table.ndim != 2 or table.shape[1] != 17 or table.min() < 0 or table.max() > 100:
        raise ValueError(f"{path.name} is no table of 17 columns with values from 0 to 100")
    return table[:, :-1].astype(np.uint8), table[:, -1].astype(np.uint8)


def _idx_files(mirrors: tuple[str, ...], md5s: tuple[str, str, str, str]) -> tuple[RemoteFile, ...]:
    names = (
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    )
    return tuple(RemoteFile(name, mirrors, md5) for name, md5 in zip(names, md5s, strict=True))


SOURCES: Mapping[str, OfficialFiles] = {
    "mnist": OfficialFiles(
        _idx_files(
            (
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
            ),
            (
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "d53e105ee54ea40749a09fcbcd1e9432",
                "9fb629c4189551a2d022fa330f9573f3",
                "ec29112dd5afa0611ce80d1b7f02629c",
            ),
        ),
        parse_idx_files,
        "25c98f992c005963b7428e1f38418b233c9b286cc403519287eb8063f0bcfe07",
    ),
    "fashion-mnist": OfficialFiles(
        _idx_files(
            ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
        ),
        parse_idx_files,
        "eee656c63c1c7a3b7c885d28c97fd74dc039264ce75eae7cb8d991df379ef736",
    ),
    # Its publisher gives no checksum, so the fingerprint of the content is the only check.
    "pendigits": OfficialFiles(
        tuple(
            RemoteFile(name, ("https://archive.ics.uci.edu/ml/machine-learning-databases/pendigits/",))
            for name in ("pendigits.tra", "pendigits.tes")
        ),
        parse_pendigits_files,
        "7fa42efda5f4d112006e4e8ea8285684e7501b7e5383a69829a118c7e459f9fc",
    ),
}

NAMES = ("digits", *SOURCES)
