"""Paths that a user gave."""

from os import PathLike
from os.path import expanduser
from pathlib import Path
from typing import Any

from vaecluster.errors import SettingError

# What the model of a run is called in its folder.
MODEL_FILE = "model.vaecluster"


def as_path(name: str, value: Any, what: str = "a file") -> Path:
    """A path, with `~` as the home folder; `SettingError` names the parameter if it cannot be one."""
    if not isinstance(value, str | PathLike) or not str(value) or "\0" in str(value):
        raise SettingError(f"{name} is {value!r}; expected the path of {what}, as a string or a pathlib.Path.")
    return Path(expanduser(value))


def as_folder(name: str, value: Any) -> Path | None:
    """The same of a folder; None if there is to be none."""
    return None if value is None else as_path(name, value, "a folder")
