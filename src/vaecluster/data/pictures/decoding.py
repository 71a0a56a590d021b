"""One picture file as a small square of bytes."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from math import prod
from pathlib import Path
from typing import BinaryIO, Literal, final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError, _imaging

from vaecluster.data.pictures.listing import reason_of

# No others are tried: some, such as EPS, start another program.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
# A picture is decoded at least so many times larger than it is wanted, then shrunk: by sums, and smoothly at the end.
OVERSAMPLING = 2
# Deflate packs 1032 bytes into one, of at most 8 pixels each. Memory is taken for all pixels before one is decoded, so
# a damaged number in a small file would take gigabytes. Blank pages that are packed as for a fax come close.
MOST_PIXELS_A_BYTE = 8 * 1032
# EXIF's orientation, and what turns such a picture upright.
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Mode = Literal["L", "RGB"]


class UnreadableError(Exception):
    """A file that is no picture, or one that is broken; the message says why."""


def decode(path: Path, side: int, mode: Mode = "RGB") -> NDArray[np.uint8]:
    """The middle square of the first picture in a file, upright, over white: (side, side) or (side, side, 3).

    Values of 16 bits and more are scaled to bytes. Raises `UnreadableError`, whatever is wrong with the file.
    """
    try:
        return _decode(path, side, mode)
    except UnreadableError:
        raise
    except UnidentifiedImageError:
        empty = not os.path.getsize(path)
        raise UnreadableError("the file is empty" if empty else "its content is no picture") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except OSError as problem:
        raise UnreadableError(reason_of(problem)) from None
    # Decoders raise what they like on hostile bytes: SyntaxError, struct.error, EOFError, OverflowError, ...
    except Exception as problem:
        raise UnreadableError(f"damaged ({' '.join(str(problem).split()) or type(problem).__name__})") from None


def short_side(path: Path) -> int | None:
    """The shorter side of a picture in pixels, from its header; None if it has none that can be read."""
    try:
        with _opened(path) as picture:
            return min(picture.size)
    except Exception:
        return None


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    with path.open("rb") as file, Image.open(_Bounded(file), formats=FORMATS) as picture:  # type: ignore[arg-type]
        yield picture


@final
class _Bounded:
    """A file that is never asked for more than it holds: Python takes the memory for all that is asked for first."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.size = file, os.fstat(file.fileno()).st_size
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or all."""
        return self.file.read(min(size, self.size))


def _decode(path: Path, side: int, mode: Mode) -> NDArray[np.uint8]:
    with _opened(path) as picture:
        # A JPEG is then decoded at an eighth, a quarter or half of its size, if that is enough.
        picture.draft(None, (OVERSAMPLING * side, OVERSAMPLING * side))
        if Image.MAX_IMAGE_PIXELS is not None and prod(picture.size) > Image.MAX_IMAGE_PIXELS:
            raise _too_large()
        if prod(picture.size) > MOST_PIXELS_A_BYTE * os.path.getsize(path):
            width, height = picture.size
            raise UnreadableError(f"it claims {width:,}x{height:,} pixels, far more than so small a file can hold")
        _silence_libtiff()
        picture.load()
        plain, orientation = _plain(picture), _orientation(picture)
    width, height = plain.size
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) / 2
    box = (left, top, left + short, top + short)
    small = plain.resize((side, side), Image.Resampling.BICUBIC, box, reducing_gap=OVERSAMPLING)
    if small.mode == "RGBA":
        white = Image.new("RGBA", small.size, "white")
        small = Image.alpha_composite(white, small).convert("RGB")
    if orientation in _UPRIGHT:
        # The middle square of a turned picture is the turned middle square.
        small = small.transpose(_UPRIGHT[orientation])
    return np.asarray(small.convert(mode))


@cache
def _silence_libtiff() -> None:
    """Have libtiff print nothing about broken files: Pillow raises what is wrong, and it is told once."""
    # Functions of a library that Pillow has loaded; where it is a part of Pillow itself they cannot be reached.
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(_imaging.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)


def _plain(picture: Image.Image) -> Image.Image:
    """The picture as L, RGB or RGBA, which can be averaged."""
    if picture.mode.startswith("I;16"):
        return _bytes_of(picture, 65535)
    if picture.mode in ("I", "F"):
        return _bytes_of(picture, None)
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode in ("1", "L"):
        return picture.convert("L")
    return picture.convert("RGB")


def _bytes_of(picture: Image.Image, white: float | None) -> Image.Image:
    """Numbers of many bits as bytes; what is white, if it is not known, is what the largest value fits below."""
    values = np.asarray(picture).astype(np.float32)
    most = float(values.max())
    if not np.isfinite(values).all():
        raise UnreadableError("it holds values that are not finite")
    if white is None:
        usual = (255.0, 65535.0) if picture.mode == "I" else (1.0, 255.0, 65535.0)
        white = next((limit for limit in usual if most <= limit), most)
    return Image.fromarray((values.clip(0, white) * (255 / white)).round().astype(np.uint8))


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:
        # A picture with broken notes is still a picture.
        return 1


def _too_large() -> UnreadableError:
    return UnreadableError(f"it has more pixels than are decoded ({Image.MAX_IMAGE_PIXELS:,}); make it smaller")
