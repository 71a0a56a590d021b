"""Settings as they are typed and stored."""

from collections.abc import Mapping, Sequence
from typing import Any

from vaecluster.errors import SettingError
from vaecluster.settings.record import Record, Settings, declared


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
