"""A setting, and a record of them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from textwrap import fill
from typing import Any, Self, TypeVar, dataclass_transform, final, get_type_hints

from vaecluster.errors import SettingError
from vaecluster.row_kind import RowKind
from vaecluster.settings.kinds import Kind


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
    """A record of settings; see `vaecluster.settings`."""

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
    made.__doc__ = f"{(made.__doc__ or '').rstrip()}\n\n    Parameters\n    ----------\n{_documented(made)}"
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
