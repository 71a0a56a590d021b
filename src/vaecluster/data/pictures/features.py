"""Features of pictures that something else has learned: from a file, or by a network of the user's own."""

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from vaecluster.data.pictures.listing import Listing
from vaecluster.data.pictures.networks import NETWORKS, kind_of, network_of
from vaecluster.data.pictures.networks.base import BATCH
from vaecluster.data.raw import Array
from vaecluster.data.telling import Telling
from vaecluster.errors import DataError, FileError, SettingError, StoredFeaturesWarning, counted


def check_features(features: str) -> None:
    """Raise `SettingError` for what is neither a file of a known kind nor the name of a network."""
    if kind_of(features) not in (*STORED, *NETWORKS):
        files = [kind for kind in (*STORED, *NETWORKS) if kind.startswith(".")]
        names = [f"{kind}NAME" for kind in NETWORKS if kind.endswith(":")]
        raise SettingError(
            f"features is {features!r}; expected a file that ends in {', '.join(files)}, or {' or '.join(names)}."
        )


def is_stored(features: str) -> bool:
    """Whether these are features of some pictures, of which there are none for others."""
    return kind_of(features) in STORED


def file_of(features: str) -> Path:
    """The file that they come from: of vectors, of a program, or of a network's weights.

    Raises `FileError` if there is none, and `SettingError` for an unknown network.
    """
    kind = kind_of(features)
    path = Path(features) if kind in STORED else network_of(kind).weights_file(features)
    if not path.is_file():
        raise FileError(f"{path} does not exist or is no file. Check the features.")
    return path


def sha256_of(features: str) -> str:
    """The SHA-256 of that file, and of others that hold a part of its weights."""
    path, kind = file_of(features), kind_of(features)
    digest = hashlib.sha256()
    for part in (path, *(() if kind in STORED else network_of(kind).beside(path))):
        with part.open("rb") as file:
            while some := file.read(2**20):
                digest.update(some)
    return digest.hexdigest()


def absolute(features: str) -> str:
    """The same features for a process in another folder."""
    kind = kind_of(features)
    if not kind.endswith(":"):
        return os.path.abspath(os.path.expanduser(features))
    name, at, weights = features.partition("@")
    return f"{name}{at}{os.path.abspath(os.path.expanduser(weights))}" if at else features


def features_of(
    features: str,
    sha256: str | None,
    listing: Listing,
    readable: Sequence[bool],
    folder: Path,
    telling: Telling,
) -> Array:
    """The features of the readable pictures, (rows, width), in their order; their file has that SHA-256, if given.

    Raises `DataError` for features that do not belong to these pictures, and `FileError` for a file that is none.
    """
    found = sha256_of(features)
    if sha256 not in (None, found):
        raise FileError(
            f"{file_of(features)} is another file than in the fit (its SHA-256 is {found[:12]}..., it was "
            f"{str(sha256)[:12]}...), so its features mean something else. Give the file of the fit, or fit again."
        )
    pictures = [picture for picture, fine in zip(listing.pictures, readable, strict=True) if fine]
    some = Listing(listing.root, tuple(pictures))
    if is_stored(features):
        path = Path(features)
        rows = STORED[kind_of(features)](path, some, readable)
        _warn_of_newer(path, some)
    else:
        rows = _by_network(features, found, some, folder, telling)
    if rows.ndim != 2 or rows.dtype.kind not in "fiu":
        raise DataError(
            f"{features} gives features of shape {rows.shape} and type {rows.dtype}; expected numbers (rows, width). "
            "Flatten them."
        )
    return rows


def _by_order(path: Path, listing: Listing, readable: Sequence[bool]) -> Array:
    """Rows in the order of the sorted paths, of all pictures or of those that can be read."""
    from vaecluster.data.files import read_dataset

    features: Array = read_dataset(path).x_train
    if len(features) == len(readable):
        features = features[np.array(readable)]
    elif len(features) != len(listing.pictures):
        raise DataError(
            f"{path} holds {counted(len(features), 'row')} for {counted(len(readable), 'picture')}, "
            f"{sum(readable):,} of them readable. Give one row for each, in the order of their paths, or an .npz with "
            "paths and features."
        )
    return features


def _by_path(path: Path, listing: Listing, readable: Sequence[bool]) -> Array:
    """Rows by the paths of pictures in their folder."""
    from vaecluster.data.files import read_arrays

    arrays = read_arrays(path)
    if not {"paths", "features"} <= arrays.keys() or arrays["paths"].shape != arrays["features"].shape[:1]:
        raise DataError(
            f"{path} has {', '.join(sorted(arrays)) or 'no array'}; expected paths (rows,) and features (rows, "
            "width). Write it with numpy.savez(file, paths=..., features=...)."
        )
    places = {str(name).replace("\\", "/"): place for place, name in enumerate(arrays["paths"].tolist())}
    missing = [picture.name for picture in listing.pictures if picture.name not in places]
    if missing:
        raise DataError(
            f"{path} has no features for {len(missing):,} of {len(listing.pictures):,} pictures, such as "
            f"{missing[0]!r}; expected paths within the folder, with / between their parts. Add them."
        )
    features: Array = arrays["features"][[places[picture.name] for picture in listing.pictures]]
    return features


def _warn_of_newer(path: Path, listing: Listing) -> None:
    """Warn of pictures that changed after their features were stored; nothing else could tell."""
    written = path.stat().st_mtime_ns
    newer = [picture.name for picture in listing.pictures if picture.changed > written]
    if newer:
        warnings.warn(
            f"{len(newer):,} of {len(listing.pictures):,} pictures, such as {newer[0]!r}, changed after {path} was "
            "written. If they show something else now, compute the features anew; if they were only copied, this "
            "can be ignored.",
            StoredFeaturesWarning,
            stacklevel=2,
        )


def _by_network(features: str, sha256: str, listing: Listing, folder: Path, telling: Telling) -> Array:
    """What a network makes of squares; kept in the folder, so that it is not computed again."""
    # It loads Pillow.
    from vaecluster.data.pictures.cache import Work, made, squares

    network = network_of(kind_of(features)).network(features, file_of(features))
    width = network(np.zeros((1, network.side, network.side, 3), np.uint8)).shape[1]

    def make(threads: ThreadPoolExecutor, paths: Sequence[Path]) -> Sequence[Array | str]:
        found = squares(threads, paths, network.side)
        fine = [one for one in found if not isinstance(one, str)]
        rows: Iterator[Array] = iter(network(np.stack(fine)) if fine else [])
        return [one if isinstance(one, str) else next(rows) for one in found]

    # A file may lie elsewhere now; a name says how its weights are used.
    name = features.partition("@")[0] if kind_of(features).endswith(":") else ""
    block = network.batch * -(-BATCH // network.batch)
    work = Work("features", "features of pictures", (width,), "<f4", make, asked=f"{name} {sha256}", block=block)
    found, reasons = made(work, listing, folder, telling)
    gone = [picture.name for picture, why in zip(listing.pictures, reasons, strict=True) if why is not None]
    if gone:
        raise DataError(f"{listing.root / gone[0]} changed while pictures were read. Try again.")
    return found


# Features that are stored for pictures: by the ending of a file a function to the rows of the readable ones.
STORED: dict[str, Callable[[Path, Listing, Sequence[bool]], Array]] = {".npy": _by_order, ".npz": _by_path}
