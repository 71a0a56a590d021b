"""Settings of several numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from vaecluster.settings.kinds import POSITIVE, Kind, as_read, is_whole

# With fewer than 12 outputs and an input width that is no multiple of 4, the matrix library picks a row's kernel by
# where the row starts in memory, so rounding depends on its place in the batch (measured on x86-64, torch 2.13).
ALIGNMENT = 16


@final
@dataclass(frozen=True)
class Widths(Kind):
    """Widths of layers. Multiples of 16, so that a row's answer does not depend on its place among the others."""

    @property
    def expected(self) -> str:
        """With an example."""
        return f"one or more widths that are multiples of {ALIGNMENT}, such as (256, 256)"

    def accepts(self, value: Any) -> bool:
        """Tuples and lists."""
        whole = isinstance(value, tuple | list) and all(is_whole(width, 1) for width in value)
        return whole and len(value) > 0 and not any(width % ALIGNMENT for width in value)

    def normal(self, value: Any) -> tuple[int, ...]:
        """A tuple."""
        return tuple(int(width) for width in value)

    def read(self, text: str) -> Any:
        """Numbers with commas between them."""
        return _numbers(int, text)

    def plain(self, value: Any) -> Any:
        """A list."""
        return list(value)


@final
@dataclass(frozen=True)
class NumberOfClusters(Kind):
    """A number of clusters, "auto" for as many as there are, or the least and the most of them."""

    @property
    def expected(self) -> str:
        """With an example of a range."""
        return "a whole number of 1 or more, 'auto', or a range such as (2, 10)"

    def accepts(self, value: Any) -> bool:
        """Ranges as tuples and lists of two."""
        if isinstance(value, tuple | list):
            return len(value) == 2 and all(is_whole(end, 1) for end in value) and value[0] <= value[1]
        return (isinstance(value, str) and value == "auto") or is_whole(value, 1)

    def normal(self, value: Any) -> int | tuple[int, int] | None:
        """None for "auto", a number, or a pair."""
        if isinstance(value, str):
            return None
        return (int(value[0]), int(value[1])) if isinstance(value, tuple | list) else int(value)

    def read(self, text: str) -> Any:
        """A range is typed as 2-10 or 2,10."""
        try:
            return int(text)
        except ValueError:
            ends = text.replace(",", "-").split("-")
            return tuple(map(int, ends)) if all(end.isdecimal() for end in ends) else text

    def plain(self, value: Any) -> Any:
        """A range as a list."""
        normal = self.normal(value)
        return "auto" if normal is None else list(normal) if isinstance(normal, tuple) else normal

    def restored(self, plain: Any) -> Any:
        """A range as a tuple."""
        return tuple(plain) if isinstance(plain, list) else plain


@final
@dataclass(frozen=True)
class Shares(Kind):
    """A positive number for each cluster, in proportion; the method checks how many there are."""

    @property
    def expected(self) -> str:
        """Without their number, which depends on the fit."""
        return "one positive number for each cluster"

    def accepts(self, value: Any) -> bool:
        """Sequences of positive numbers."""
        if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or np.ndim(value) != 1:
            return False
        return len(value) > 0 and all(POSITIVE.accepts(share) for share in value)

    def normal(self, value: Any) -> tuple[float, ...]:
        """A tuple."""
        return tuple(float(share) for share in value)

    def read(self, text: str) -> Any:
        """Numbers with commas between them."""
        return _numbers(float, text)

    def plain(self, value: Any) -> Any:
        """A list."""
        return list(value)


def _numbers(of: Callable[[str], float], text: str) -> Any:
    """Numbers with commas between them, in brackets or none."""
    return as_read(lambda some: tuple(of(part) for part in some.strip("()[]").split(",") if part.strip()), text)
