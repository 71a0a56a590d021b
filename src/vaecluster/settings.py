"""How a setting is declared, checked, shown, typed on the command line and stored: the one place for all of them.

A record of settings is a class under `@settings` whose fields carry a kind and a sentence:

    @settings
    class Smoothing(Settings):
        width: Annotated[int, Whole(), "entries on either side"] = 3

Values are checked when a record is made, so there is none with a wrong value.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from math import inf, isfinite
from numbers import Integral, Real
from textwrap import fill
from typing import Any, Self, TypeVar, dataclass_transform, final, get_type_hints

import numpy as np

from vaecluster.errors import SettingError
from vaecluster.row_kind import RowKind

# With fewer than 12 outputs and an input width that is no multiple of 4, the matrix library picks a row's kernel by
# where the row starts in memory, so rounding depends on its place in the batch (measured on x86-64, torch 2.13).
ALIGNMENT = 16
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
        try:
            return int(text)
        except ValueError:
            return text


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
        try:
            return float(text)
        except ValueError:
            return text


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
        try:
            return tuple(int(width) for width in text.strip("()[]").split(",") if width.strip())
        except ValueError:
            return text

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
        try:
            return tuple(float(share) for share in text.strip("()[]").split(",") if share.strip())
        except ValueError:
            return text

    def plain(self, value: Any) -> Any:
        """A list."""
        return list(value)


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


@final
@dataclass(frozen=True)
class ByKind:
    """A default that differs between images and other rows, until a fit knows which its rows are."""

    images: Any
    vectors: Any

    def of(self, kind: RowKind) -> Any:
        """The default for these rows; windows of time are learned as vectors are."""
        return self.images if kind == RowKind.IMAGES else self.vectors

    def __repr__(self) -> str:
        return f"{self.images!r} for images, {self.vectors!r} for vectors"


def By(*, images: Any, vectors: Any) -> Any:  # noqa: N802 - it stands where a value would
    """A `ByKind` in the place of a value."""
    return ByKind(images, vectors)


@final
@dataclass(frozen=True)
class Setting:
    """One declared setting."""

    name: str
    kind: Kind
    text: str
    default: Any

    def checked(self, value: Any, owner: str) -> Any:
        """The value as it is kept; raises `SettingError` for one that is not allowed."""
        if isinstance(value, ByKind):
            return ByKind(self.checked(value.images, owner), self.checked(value.vectors, owner))
        if not self.kind.accepts(value):
            raise SettingError(f"{self.name} of {owner} is {value!r}; expected {self.kind.expected_for(value)}.")
        return self.kind.normal(value)


class Settings:
    """A record of settings; see the top of the file."""

    def __post_init__(self) -> None:
        for name, setting in declared(type(self)).items():
            # The record is frozen; this is where its values are set.
            object.__setattr__(self, name, setting.checked(getattr(self, name), type(self).__name__))

    def of_kind(self, kind: RowKind) -> Self:
        """The same with the defaults for this kind of rows."""
        return replace(self, **_by_kind(self, kind))  # type: ignore[type-var]


Record = TypeVar("Record", bound=Settings)


@dataclass_transform(frozen_default=True, kw_only_default=False)
def settings(cls: type[Record]) -> type[Record]:
    """Make the class a frozen dataclass whose docstring lists its settings."""
    made = dataclass(frozen=True)(cls)
    lines = [f"\n\n    Parameters\n    ----------\n{_documented(made)}"]
    made.__doc__ = (made.__doc__ or "").rstrip() + "".join(lines)
    return made


def declared(record: type[Settings]) -> dict[str, Setting]:
    """The settings of a class by name, in the order in which they were written."""
    hints = get_type_hints(record, include_extras=True)
    found = {}
    for field in fields(record):  # type: ignore[arg-type]
        kind, text = hints[field.name].__metadata__[:2]
        found[field.name] = Setting(field.name, kind, text, field.default)
    return found


def changed(record: Record, values: Mapping[str, Any]) -> Record:
    """The record with other values; raises `SettingError` for names that it does not have."""
    known = declared(type(record))
    for name in values:
        if name not in known:
            owner = type(record).__name__
            near = get_close_matches(name, known, n=1)
            advice = f"Did you mean {near[0]}?" if near else f"It has {', '.join(known)}."
            raise SettingError(f"{owner} has no setting called {name!r}. {advice}")
    return replace(record, **values)  # type: ignore[type-var]


def read(record: type[Settings], words: Sequence[str]) -> dict[str, Any]:
    """Values from words such as "heads=7"; raises `SettingError` for a word without "=" and a name that comes twice.

    A name that the record does not have is left for `changed` to refuse.
    """
    known, values = declared(record), {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise SettingError(f"--set is {word!r}; expected NAME=VALUE, such as {next(iter(known))}=...")
        if name in values:
            raise SettingError(f"--set {name} is given twice; expected one value. Leave out one of them.")
        values[name] = known[name].kind.read(text.strip()) if name in known else text
    return values


def plain(record: Settings) -> dict[str, Any]:
    """The record as JSON holds it; `restored` is the way back."""
    return {name: setting.kind.plain(getattr(record, name)) for name, setting in declared(type(record)).items()}


def restored(record: type[Record], values: Mapping[str, Any]) -> Record:
    """The record that `plain` wrote down; raises `SettingError` for values and names that are not allowed."""
    known = declared(record)
    strange = [name for name in values if name not in known]
    if strange:
        raise SettingError(f"{record.__name__} has no setting called {strange[0]!r}.")
    return record(**{name: known[name].kind.restored(value) for name, value in values.items()})


def described(record: type[Settings]) -> list[tuple[str, str, str]]:
    """Name, default and meaning of each setting, for a table."""
    return [
        (setting.name, repr(setting.default), f"{setting.text}; {setting.kind.expected}")
        for setting in declared(record).values()
    ]


def _documented(record: type[Settings]) -> str:
    entries = []
    for name, default, meaning in described(record):
        text = fill(f"{meaning}.", 110, initial_indent=" " * 8, subsequent_indent=" " * 8)
        entries.append(f"    {name} : default {default}\n{text}")
    return "\n".join(entries) + "\n    "


def _by_kind(record: Settings, kind: RowKind) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in declared(type(record))}
    return {name: value.of(kind) for name, value in values.items() if isinstance(value, ByKind)}
