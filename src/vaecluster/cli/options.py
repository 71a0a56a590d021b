"""Options that several commands share: whole numbers as they are written, settings of a method, processor threads."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from vaecluster.data.readers import readable
from vaecluster.errors import SettingError
from vaecluster.runs.order import MOST_THREADS
from vaecluster.settings import Kind, NumberOfClusters
from vaecluster.settings import Whole as WholeKind

if TYPE_CHECKING:
    from vaecluster.methods import Method


def _whole(kind: Any, tokens: Any) -> int:
    # cyclopts alone would read 2.5 as 2.
    return int(tokens[0].value)


def _clusters(kind: Any, tokens: Any) -> Any:
    return CLUSTERS.read(tokens[0].value)


def _place(kind: Any, tokens: Any) -> Path:
    # An empty one, most often a variable of the shell that is not set, would stand for the folder one is in.
    if not tokens[0].value:
        raise ValueError
    # Not every shell does this in --output=~/run.
    return Path(os.path.expanduser(tokens[0].value))


Whole = Annotated[int, Parameter(converter=_whole)]
# A number, auto, or a range such as 2-10.
Clusters = Annotated[int | str, Parameter(converter=_clusters, alias="-k")]
Place = Annotated[Path, Parameter(converter=_place)]
THREADS, SEED, CLUSTERS = WholeKind(1, MOST_THREADS), WholeKind(0, 2**32 - 1), NumberOfClusters()
# What is read, as the readers say it.
Source = Annotated[
    str,
    Parameter(help=f"A file, a folder, or a data set by its name, such as digits. Read are {readable()}."),
]
# Settings as NAME=VALUE, one after each --set.
Words = Annotated[tuple[str, ...], Parameter(name="--set", negative=())]
# Kinds of columns as NAME=KIND, one after each --column.
Columns = Annotated[tuple[str, ...], Parameter(name="--column", negative=())]


def method_of(name: str, words: Sequence[str]) -> tuple["Method", dict[str, Any]]:
    """The method of that name with settings such as "heads=7"; and those settings as plain values.

    Raises `SettingError` for an unknown method, a word without "=", a setting that is given twice, and a setting or a
    value that it does not have.
    """
    from vaecluster import settings
    from vaecluster.methods import as_method

    default = as_method(name)
    values = settings.read(type(default), words)
    method = settings.changed(default, values)
    kinds = settings.declared(type(method))
    return method, {key: kinds[key].kind.plain(getattr(method, key)) for key in values}


def columns_of(words: Sequence[str]) -> dict[str, str] | None:
    """Kinds by names of columns, from words such as "zip=category"; `SettingError` for what is no such word.

    >>> columns_of(["zip=category", "a=b=leave-out"])
    {'zip': 'category', 'a=b': 'leave-out'}
    """
    from vaecluster.data.kinds import check_asked

    parts = [word.rpartition("=") for word in words]
    for word, (name, link, kind) in zip(words, parts, strict=True):
        if not link:
            raise SettingError(f"--column is {word!r}; expected NAME=KIND, such as zip=category.")
        check_asked({name: kind})
    return {name: kind for name, _, kind in parts} or None


def check(option: str, value: Any, kind: Kind) -> None:
    """Raise `SettingError` for a value that the option does not take; an option that is not given is fine."""
    if value is not None and not kind.accepts(value):
        raise SettingError(f"{option} is {value!r}; expected {kind.expected_for(value)}.")


def set_threads(threads: int | None) -> None:
    """Have torch use so many processor threads, or as many as it likes."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
