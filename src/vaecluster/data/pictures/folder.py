"""A folder of pictures, or one picture, as a data set."""

import os
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, final

import numpy as np

from vaecluster.data.checks import describe
from vaecluster.data.pictures.features import check_features, features_of, is_stored
from vaecluster.data.pictures.listing import Listing, Skipped, list_pictures, reason_of
from vaecluster.data.raw import Array, RowNames, row_slices
from vaecluster.data.tables import as_csv
from vaecluster.data.telling import Telling, in_silence
from vaecluster.errors import DataError, FileError, SettingError, SkippedFilesWarning, counted
from vaecluster.files.atomic import write_atomically
from vaecluster.settings import Whole

if TYPE_CHECKING:
    from vaecluster.data.pictures.decoding import Mode

# The largest side that is chosen by itself. Time and memory of a fit grow with its square.
LARGEST_SIDE = 32
# The side that pictures have is the median of so many of them.
LOOKED_AT = 1000
# If a larger part of the pictures cannot be read, something else is wrong.
MOST_BROKEN = 0.5

SIZE = Whole(1, 1024)
_COLOUR: "Mode" = "RGB"
# What is left in a folder that is given to `read`.
CACHE, SKIPPED = "decoded", "skipped.csv"


@final
@dataclass(frozen=True)
class Pictures:
    """A folder of pictures, or one picture, that is to be read; a path stands for it with the defaults.

    Pictures are cut to their middle square and resized to `size` pixels a side: by default the median of their shorter
    sides, at most 32. With `features`, rows are not pixels but what a network has learned elsewhere to see:

    - an .npy of rows in the order of the paths, or an .npz of `paths` and `features`;
    - a .pt2, a program of torch.export, or an .onnx file, that takes (n, 3, H, W) with values from 0 to 1. Both are
      programs: open only files that you trust;
    - ``timm:NAME`` or ``torchvision:NAME``, a network that the library has, with weights that are on this machine
      already, or with those in a file, as ``timm:NAME@FILE``. Nothing is downloaded.

    `features_sha256` says which file is expected there, of vectors, of a program or of weights.

    Raises `SettingError` for a size or features that are none.

    >>> from vaecluster import Pictures
    >>> Pictures("photos", size=48).size
    48
    """

    place: str | os.PathLike[str]
    size: int | None = None
    features: str | os.PathLike[str] | None = None
    features_sha256: str | None = None

    def __post_init__(self) -> None:
        if self.size is not None and not SIZE.accepts(self.size):
            raise SettingError(f"size is {self.size!r}; expected {SIZE.expected}.")
        if self.features is not None:
            check_features(str(self.features))

    @cached_property
    def listing(self) -> Listing:
        """What there is; raises `DataError` if that is no picture, and `FileError` if it cannot be looked at."""
        path = Path(os.path.expanduser(self.place))
        try:
            return list_pictures(path)
        except DataError as problem:
            raise DataError(f"{path}: {problem}") from None
        except OSError as problem:
            raise FileError(f"{path} cannot be opened: {reason_of(problem)}.") from None

    @cached_property
    def short_sides(self) -> list[int]:
        """The shorter sides in pixels of at most 1,000 of the pictures, sorted; without those that cannot be read."""
        from vaecluster.data.pictures.cache import short_sides

        listing = self.listing
        # Evenly spread, so that the choice does not depend on chance.
        step = -(-len(listing.pictures) // LOOKED_AT)
        sides = short_sides([listing.path(picture) for picture in listing.pictures[::step]])
        return sorted(side for side in sides if side is not None)

    @property
    def described(self) -> str:
        """How many there are, of which sizes, and what a fit learns from."""
        sides, pictures = self.short_sides, self.listing.pictures
        sizes = f", {sides[0]:,} to {sides[-1]:,} pixels on the shorter side" if sides else ""
        what = f"cut to squares of {self.side}" if self.features is None else f"with features from {self.features}"
        return f"{counted(len(pictures), 'picture')}{sizes}, {what}"

    def outline(self) -> Array:
        """An array like the one that is read, but with nothing in it: no picture is decoded, and so none is grey.

        Features are read; raises `SettingError` for those that a network would have to make.
        """
        listing = self.listing
        tell_of(listing, [])
        if self.features is None:
            return np.broadcast_to(np.uint8(0), (len(listing.pictures), self.side, self.side, 3))
        features = str(self.features)
        if not is_stored(features):
            raise SettingError(
                f"features is {features!r}, a network that would have to look at all pictures first. Leave it out, or "
                "fit."
            )
        readable = [True] * len(listing.pictures)
        return features_of(features, self.features_sha256, listing, readable, listing.root, in_silence)

    def read(
        self,
        *,
        like: Sequence[int] | None = None,
        keep: Path | None = None,
        telling: Telling = in_silence,
    ) -> "PictureRows":
        """The pictures as a memory map, (rows, side, side, 3), or (rows, side, side) if all are grey, and their paths.

        Rows are in the order of the paths. With `like`, rows have that shape. In the folder `keep` decoded pictures
        stay, so that they need not be decoded again, and `skipped.csv` lists what could not be read. Without it they
        are in a temporary folder, which is removed when the array is.

        Warns of what could not be read. Raises `DataError` if that is more than half of the pictures or if there are
        none, and `FileError` if a folder cannot be used.

        With `features` rows are these, (rows, width), and the pictures are what is shown of them.
        """
        listing = self.listing
        with ExitStack() as removal:
            if keep is None:
                cache = Path(tempfile.mkdtemp(prefix="vaecluster-"))
                removal.callback(shutil.rmtree, cache, ignore_errors=True)
            else:
                cache = keep / CACHE
            pixels, paths, broken = self._decoded(listing, cache, like, telling)
            tell_of(listing, broken, keep)
            features = self._features(listing, paths, cache, telling)
            # The map itself, which views of the array hold on to.
            weakref.finalize(pixels.base, removal.pop_all().close)
        if (like is None or self.features is not None) and _is_grey(pixels):
            pixels = pixels[..., 0]
        return PictureRows(pixels if features is None else features, pixels, listing.root, np.array(paths))

    def read_some(self, some: Listing, like: Sequence[int]) -> "tuple[PictureRows | None, list[Skipped]]":
        """Some of the pictures in memory, in the shape of the rows of a fit, and what could not be read.

        There are no rows if none could. Stored features are those of all pictures, which these are not.
        """
        with tempfile.TemporaryDirectory(prefix="vaecluster-") as name:
            pixels, paths, broken = self._decoded(some, Path(name), like, in_silence)
            if not paths:
                return None, broken
            features = self._features(some, paths, Path(name), in_silence)
            values = np.array(pixels if features is None else features)
            return PictureRows(values, values, some.root, np.array(paths)), broken

    def _decoded(
        self, listing: Listing, cache: Path, like: Sequence[int] | None, telling: Telling
    ) -> tuple[Array, list[str], list[Skipped]]:
        """The pixels of the pictures that can be read, as a memory map, their paths, and those that cannot."""
        from vaecluster.data.pictures.cache import decoding, made

        fitted = like is not None and self.features is None
        side, mode = _as_fitted(like or ()) if fitted else (self.side, _COLOUR)
        pixels, reasons = made(decoding(side, mode), listing, cache, telling)
        looked_at = list(zip(listing.pictures, reasons, strict=True))
        broken = [Skipped(one.name, why) for one, why in looked_at if why is not None]
        return pixels, [one.name for one, why in looked_at if why is None], broken

    def _features(self, listing: Listing, paths: Sequence[str], cache: Path, telling: Telling) -> Array | None:
        """Those of the pictures with these paths, the ones that can be read; None if pixels are learned from."""
        if self.features is None:
            return None
        there = set(paths)
        readable = [picture.name in there for picture in listing.pictures]
        return features_of(str(self.features), self.features_sha256, listing, readable, cache, telling)

    @property
    def side(self) -> int:
        """Of the squares: the size that was asked for, or the median of the shorter sides, at most 32."""
        if self.size is not None:
            return self.size
        return min(LARGEST_SIDE, round(median(self.short_sides))) if self.short_sides else LARGEST_SIDE


@final
@dataclass(frozen=True, eq=False)
class PictureRows:
    """Pictures that were read: `values` (rows, *data) to learn from, and the `pixels` (rows, H, W[, C]) to look at.

    They are the same, unless the values are features. `paths` (rows,) are those below `root`. `rows[numbers]` are
    pictures.
    """

    values: Array
    pixels: Array
    root: Path
    paths: Array

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, numbers: Any) -> Array:
        pictures: Array = self.pixels[numbers]
        return pictures

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the values."""
        return self.values.shape

    @property
    def row_names(self) -> RowNames:
        """The paths."""
        return RowNames("path", self.paths.tolist())


def _as_fitted(shape: Sequence[int]) -> "tuple[int, Mode]":
    """The side and the colours of a fit's rows; raises `DataError` if they are no squares of one or three channels."""
    match tuple(shape):
        case (height, width) if height == width:
            return height, "L"
        case (height, width, 3) if height == width:
            return height, "RGB"
    raise DataError(
        f"the fit was on {describe(tuple(shape))}; expected square images, grey or of three channels, for pictures "
        "from files. Give rows as in the fit, or Pictures with features as there."
    )


def _is_grey(pixels: Array) -> bool:
    blocks = (pixels[block] for block in row_slices(len(pixels), int(np.prod(pixels.shape[1:]))))
    return all((block == block[..., :1]).all() for block in blocks)


def tell_of(listing: Listing, broken: Sequence[Skipped], keep: Path | None = None) -> None:
    """Write down what is left out, and warn; raises `DataError` if it is too much."""
    skipped = sorted([*broken, *listing.others], key=lambda one: one.name)
    place = ""
    if keep is not None:
        (keep / SKIPPED).unlink(missing_ok=True)
    if not skipped:
        return
    if keep is not None:
        write_atomically(keep / SKIPPED, _as_csv(skipped))
        place = f" '{keep / SKIPPED}' lists all."
    number = len(listing.pictures)
    example = f"'{shown(broken[0].name)}': {broken[0].reason}" if broken else ""
    if broken and number == 1:
        raise DataError(f"{listing.path(listing.pictures[0])} cannot be read: {broken[0].reason}.")
    if len(broken) > MOST_BROKEN * number:
        raise DataError(
            f"{listing.root}: {len(broken):,} of {number:,} pictures cannot be read, such as {example}; expected "
            f"at most {MOST_BROKEN:.0%}. Check where they come from.{place}"
        )
    parts = [f"{len(broken):,} of {number:,} pictures cannot be read, such as {example}"] if broken else []
    if listing.others:
        first = listing.others[0]
        several = "s or folders" if len(listing.others) > 1 else " or folder"
        parts.append(f"{len(listing.others):,} other file{several}, such as '{shown(first.name)}': {first.reason}")
    warnings.warn(f"Left out of {listing.root}: {'; '.join(parts)}.{place}", SkippedFilesWarning, stacklevel=3)


def _as_csv(skipped: Sequence[Skipped]) -> bytes:
    import pyarrow as pa

    return as_csv(pa.table({"path": [shown(one.name) for one in skipped], "reason": [one.reason for one in skipped]}))


def shown(name: str) -> str:
    """A path as text, also one that is not UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()
