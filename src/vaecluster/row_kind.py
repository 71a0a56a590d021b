"""What rows are, and what is said of it."""

from enum import StrEnum
from typing import final


@final
class RowKind(StrEnum):
    """What rows are: vectors, images or windows of time; each is the string of its name.

    To add one, add a line here, a `Block` with it as `kind`, and its views in `views/presets.py`.

    >>> f"rows are {RowKind.IMAGES}, of {RowKind.IMAGES.entries}"
    'rows are images, of pixels'
    """

    # What the entries of a row are, what an array of such rows looks like, and how rows become smaller.
    entries: str
    layout: str
    smaller: str

    def __new__(cls, name: str, entries: str, layout: str, smaller: str) -> "RowKind":
        """A member of the table below."""
        made = str.__new__(cls, name)
        made._value_, made.entries, made.layout, made.smaller = name, entries, layout, smaller
        return made

    VECTORS = "vectors", "columns", "(rows, columns)", "Leave columns out, or combine some"
    IMAGES = "images", "pixels", "(rows, height, width[, channels])", "Resize the images, such as to 64x64"
    WINDOWS = (
        "windows",
        "times by features",
        "(rows, times[, features]), with rows='windows'",
        "Take shorter windows, or every second value",
    )
