"""Features of pictures that something else has learned: from a file, or by a network of the user's own."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from vaecluster.data.pictures.listing import Listing, PictureFile
from vaecluster.data.raw import Array
from vaecluster.data.telling import Telling
from vaecluster.errors import DataError, FileError, counted

# The side of squares for a network that takes any, and how many it takes at a time, if it takes any number.
SIDE, BATCH = 224, 32

# The ending of a program that makes features of pictures, which any picture can go through.
PROGRAM = ".pt2"


def features_of(source: Path, listing: Listing, readable: Sequence[bool], folder: Path, telling: Telling) -> Array:
    """The features of the readable pictures, (rows, width), in their order.

    Raises `DataError` for features that do not belong to these pictures, and `FileError` for a file that is none.
    """
    pictures = [picture for picture, fine in zip(listing.pictures, readable, strict=True) if fine]
    return FEATURES[source.suffix.lower()](source, Listing(listing.root, tuple(pictures)), readable, folder, telling)


def _by_order(source: Path, listing: Listing, readable: Sequence[bool], *_: Any) -> Array:
    """Rows in the order of the sorted paths, of all pictures or of those that can be read."""
    from vaecluster.data.files import read_dataset

    features: Array = read_dataset(source).x_train
    if len(features) == len(readable):
        return _checked(source, features[np.array(readable)])
    if len(features) != len(listing.pictures):
        raise DataError(
            f"{source} holds {counted(len(features), 'row')} for {counted(len(readable), 'picture')}, "
            f"{sum(readable):,} of them readable. Give one row "
            "for each, in the order of their paths, or an .npz with paths and features."
        )
    return _checked(source, features)


def _by_path(source: Path, listing: Listing, *_: Any) -> Array:
    """Rows by the paths of pictures in their folder."""
    from vaecluster.data.files import read_arrays

    arrays = read_arrays(source)
    if not {"paths", "features"} <= arrays.keys() or arrays["paths"].shape != arrays["features"].shape[:1]:
        raise DataError(
            f"{source} has {', '.join(sorted(arrays)) or 'no array'}; expected paths (rows,) and features (rows, "
            "width). Write it with numpy.savez(file, paths=..., features=...)."
        )
    places = {str(path).replace("\\", "/"): place for place, path in enumerate(arrays["paths"].tolist())}
    missing = [picture.name for picture in listing.pictures if picture.name not in places]
    if missing:
        raise DataError(
            f"{source} has no features for {len(missing):,} of {len(listing.pictures):,} pictures, such as "
            f"{missing[0]!r}; expected paths within the folder, with / between their parts. Add them."
        )
    return _checked(source, arrays["features"][[places[picture.name] for picture in listing.pictures]])


def _by_program(source: Path, listing: Listing, _: Any, folder: Path, telling: Telling) -> Array:
    """What a program that torch.export saved makes of squares."""
    # It loads Pillow.
    from vaecluster.data.pictures.cache import Work, made, squares

    network = _Network.of(source)
    width = network(np.zeros((1, network.side, network.side, 3), np.uint8)).shape[1]

    def make(threads: ThreadPoolExecutor, paths: Sequence[Path]) -> Sequence[Array | str]:
        found = squares(threads, paths, network.side)
        fine = [one for one in found if not isinstance(one, str)]
        rows: Iterator[Array] = iter(network(np.stack(fine)) if fine else [])
        return [one if isinstance(one, str) else next(rows) for one in found]

    changed = PictureFile(source.name, source.stat().st_size, source.stat().st_mtime_ns)
    work = Work("features", "features of pictures", (width,), "<f4", make, asked=repr(changed))
    features, reasons = made(work, listing, folder, telling)
    gone = [picture.name for picture, why in zip(listing.pictures, reasons, strict=True) if why is not None]
    if gone:
        raise DataError(f"{listing.root / gone[0]} changed while pictures were read. Try again.")
    return _checked(source, features)


@final
@dataclass(frozen=True)
class _Network:
    """A program from (n, 3, side, side), values from 0 to 1, to features; `batch` is n, where it takes no other."""

    source: Path
    module: Callable[[Any], Any]
    side: int
    batch: int | None

    @classmethod
    def of(cls, source: Path) -> "_Network":
        """The program in a file; raises `FileError` if it is none."""
        import torch

        try:
            program = torch.export.load(source)
            name = program.graph_signature.user_inputs[0]
            given = next(node for node in program.graph.nodes if node.name == name).meta["val"].shape
            channels, height, width = given[1:]
            module = program.module()
        # torch raises what it likes on bytes that are no program.
        except Exception as problem:
            reason = " ".join(str(problem).split()) or type(problem).__name__
            raise FileError(
                f"{source} cannot be read as a program for images ({reason:.200}). Write it with torch.export.save, "
                "of a network that takes (n, 3, H, W)."
            ) from None
        side = height if isinstance(height, int) else SIDE
        if channels != 3 or (isinstance(width, int) and width != side):
            raise FileError(
                f"{source} takes images (n, {channels}, {height}, {width}); expected (n, 3, H, W) with H equal to W. "
                "Export it for such images."
            )
        return cls(source, module, side, given[0] if isinstance(given[0], int) else None)

    def __call__(self, images: Array) -> Array:
        """(rows, side, side, 3) of bytes to (rows, width), float32."""
        import torch

        size, found = self.batch or BATCH, []
        for start in range(0, len(images), size):
            some = images[start : start + size]
            # The last ones once more, where the number is fixed.
            filled = some if self.batch is None else some[np.arange(size) % len(some)]
            batch = torch.from_numpy(np.moveaxis(filled, -1, 1).astype(np.float32) / 255)
            try:
                with torch.no_grad():
                    features = self.module(batch)
                features = features[0] if isinstance(features, tuple | list) else features
                found.append(features.flatten(1).float().numpy()[: len(some)])
            except Exception as problem:
                reason = " ".join(str(problem).split()) or type(problem).__name__
                raise DataError(
                    f"{self.source} fails on images {tuple(batch.shape)} ({reason:.200}). Export it for such images."
                ) from None
        return np.concatenate(found)


def _checked(source: Path, features: Array) -> Array:
    if features.ndim != 2 or features.dtype.kind not in "fiu":
        raise DataError(
            f"{source} gives features of shape {features.shape} and type {features.dtype}; expected numbers (rows, "
            "width). Flatten them."
        )
    return features


# To add a kind of features, write such a function, and name the ending of its files here.
FEATURES: dict[str, Callable[..., Array]] = {".npy": _by_order, ".npz": _by_path, PROGRAM: _by_program}
