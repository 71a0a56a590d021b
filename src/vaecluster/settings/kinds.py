"""What a setting may be."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, final

import numpy as np

# Torch and numpy take no larger numbers everywhere.
LARGEST = 2**31 - 1


class Kind(ABC):
    """What a setting may be; `expected` completes the sentence "expected ..."."""

    @property
    @abstractmethod
    def expected(self) -> str:
        """What is allowed, in words."""

    @abstractmethod
    def accepts(self, value: Any) -> bool:
        """Whether the value is allowed."""

    def expected_for(self, value: Any) -> str:
        """What is allowed in place of this value: `expected`, or more where that does not say what is wrong."""
        return self.expected

    def normal(self, value: Any) -> Any:
        """An allowed value as Python has it: numpy's numbers become Python's."""
        return value.item() if isinstance(value, np.generic) else value

    def read(self, text: str) -> Any:
        """The value that was typed; a text that is no such value stays a text, which `accepts` refuses."""
        return text

    def plain(self, value: Any) -> Any:
        """The value as JSON holds it."""
        return value

    def restored(self, plain: Any) -> Any:
        """The way back from `plain`."""
        return plain


def is_whole(value: object, least: float = -inf, most: float = inf) -> bool:
    """Whether the value is a whole number (no bool) in the range."""
    return isinstance(value, Integral) and not isinstance(value, bool) and least <= int(value) <= most


def is_number(value: object) -> bool:
    """Whether the value is a real number (no bool)."""
    return isinstance(value, Real) and not isinstance(value, bool)


def as_read(of: Callable[[str], Any], text: str) -> Any:
    """What `of` makes of the text, or the text where that raises `ValueError`."""
    try:
        return of(text)
    except ValueError:
        return text


@final
@dataclass(frozen=True)
class Whole(Kind):
    """A whole number of `least` or more, and of `most` or less."""

    least: int = 1
    most: int = LARGEST

    @property
    def expected(self) -> str:
        """The range in words; the largest number that there is goes without saying."""
        return self._range if self.most != LARGEST else f"a whole number of {self.least} or more"

    def expected_for(self, value: Any) -> str:
        """The whole range for a number that is too large."""
        return self._range if is_whole(value, self.most + 1) else self.expected

    @property
    def _range(self) -> str:
        return f"a whole number from {self.least} to {self.most}"

    def accepts(self, value: Any) -> bool:
        """Whole numbers in the range."""
        return is_whole(value, self.least, self.most)

    def normal(self, value: Any) -> int:
        """As Python's own type."""
        return int(value)

    def read(self, text: str) -> Any:
        """Digits as a whole number."""
        return as_read(int, text)


@final
@dataclass(frozen=True)
class Number(Kind):
    """A finite number from `least` to `most`; `open_` leaves out both ends."""

    least: float = -inf
    most: float = inf
    open_: bool = False

    @property
    def expected(self) -> str:
        """The range in words."""
        if self.most < inf:
            return f"a number {'between' if self.open_ else 'from'} {self.least:g} {self._to} {self.most:g}"
        return f"a number above {self.least:g}" if self.open_ else f"a number of {self.least:g} or more"

    @property
    def _to(self) -> str:
        return "and" if self.open_ else "to"

    def accepts(self, value: Any) -> bool:
        """Finite numbers in the range."""
        if not is_number(value) or not isfinite(value):
            return False
        number = float(value)
        return self.least < number < self.most if self.open_ else self.least <= number <= self.most

    def normal(self, value: Any) -> float:
        """As Python's float."""
        return float(value)

    def read(self, text: str) -> Any:
        """A number as Python writes it."""
        return as_read(float, text)


POSITIVE = Number(0, open_=True)
NOT_NEGATIVE = Number(0)
SHARE = Number(0, 1, open_=True)


@final
@dataclass(frozen=True)
class Flag(Kind):
    """True or False."""

    @property
    def expected(self) -> str:
        """Both."""
        return "True or False"

    def accepts(self, value: Any) -> bool:
        """Python's and numpy's."""
        return isinstance(value, bool | np.bool)

    def normal(self, value: Any) -> bool:
        """As Python's own type."""
        return bool(value)

    def read(self, text: str) -> Any:
        """Either word, or yes and no."""
        return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower(), text)


@final
class OneOf(Kind):
    """One of some names."""

    def __init__(self, *names: str) -> None:
        self.names = names

    @property
    def expected(self) -> str:
        """The names."""
        return "one of " + ", ".join(map(repr, self.names))

    def accepts(self, value: Any) -> bool:
        """The names."""
        return isinstance(value, str) and value in self.names


@final
class Either(Kind):
    """Any of several kinds; the first that accepts a value is its kind."""

    def __init__(self, *kinds: Kind) -> None:
        self.kinds = kinds

    @property
    def expected(self) -> str:
        """All of them."""
        return ", or ".join(kind.expected for kind in self.kinds)

    def expected_for(self, value: Any) -> str:
        """All of them, as each says it."""
        return ", or ".join(kind.expected_for(value) for kind in self.kinds)

    def accepts(self, value: Any) -> bool:
        """What one of them accepts."""
        return any(kind.accepts(value) for kind in self.kinds)

    def normal(self, value: Any) -> Any:
        """By the kind of the value."""
        return self._of(value).normal(value)

    def read(self, text: str) -> Any:
        """By the first kind that accepts what it reads, else by the first that can read it."""
        values = [kind.read(text) for kind in self.kinds]
        readable = [value for value in values if value != text]
        return next((value for value in values if self.accepts(value)), readable[0] if readable else text)

    def plain(self, value: Any) -> Any:
        """By the kind of the value."""
        return self._of(value).plain(value)

    def restored(self, plain: Any) -> Any:
        """By the first kind that accepts what it restores."""
        values = [kind.restored(plain) for kind in self.kinds]
        return next((value for value in values if self.accepts(value)), plain)

    def _of(self, value: Any) -> Kind:
        return next(kind for kind in self.kinds if kind.accepts(value))


@final
@dataclass(frozen=True)
class Nothing(Kind):
    """None, with what it stands for."""

    stands_for: str

    @property
    def expected(self) -> str:
        """None and its meaning."""
        return f"None ({self.stands_for})"

    def accepts(self, value: Any) -> bool:
        """None."""
        return value is None

    def read(self, text: str) -> Any:
        """The words none and auto."""
        return None if text.lower() in ("none", "auto") else text


def optional(kind: Kind, stands_for: str) -> Kind:
    """The kind, or None, which stands for a value that is found in the fit."""
    return Either(Nothing(stands_for), kind)
