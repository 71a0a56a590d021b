"""How a setting is declared, checked, shown, typed on the command line and stored: the one place for all of them.

A record of settings is a class under `@settings` whose fields carry a kind and a sentence:

    @settings
    class Smoothing(Settings):
        width: Annotated[int, Whole(), "entries on either side"] = 3

Values are checked when a record is made, so there is none with a wrong value.
"""

from vaecluster.settings.forms import plain, read, restored
from vaecluster.settings.kinds import (
    LARGEST,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    Either,
    Flag,
    Kind,
    Nothing,
    Number,
    OneOf,
    Whole,
    is_number,
    is_whole,
    optional,
)
from vaecluster.settings.record import By, ByKind, Record, Setting, Settings, changed, declared, described, settings
from vaecluster.settings.several import ALIGNMENT, NumberOfClusters, Shares, Widths

__all__ = [
    "ALIGNMENT",
    "LARGEST",
    "NOT_NEGATIVE",
    "POSITIVE",
    "SHARE",
    "By",
    "ByKind",
    "Either",
    "Flag",
    "Kind",
    "Nothing",
    "Number",
    "NumberOfClusters",
    "OneOf",
    "Record",
    "Setting",
    "Settings",
    "Shares",
    "Whole",
    "Widths",
    "changed",
    "declared",
    "described",
    "is_number",
    "is_whole",
    "optional",
    "plain",
    "read",
    "restored",
    "settings",
]
