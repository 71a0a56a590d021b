"""Options that several commands share: how each is typed, and what it means."""

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


THREADS, SEED, CLUSTERS = WholeKind(1, MOST_THREADS), WholeKind(0, 2**32 - 1), NumberOfClusters()
WORKERS = WholeKind(1, 100_000)

Whole = Annotated[int, Parameter(converter=_whole)]
Place = Annotated[Path, Parameter(converter=_place)]
Words = Annotated[tuple[str, ...], Parameter(name="--set", negative=())]

# What is read, as the readers say it.
Source = Annotated[
    str,
    Parameter(help=f"A file, a folder, or a data set by its name, such as digits. Read are {readable()}."),
]
NewRows = Annotated[
    str,
    Parameter(
        help="A file or a named data set, as for `vaecluster fit`; of an .npz with x_train and x_test the x_train "
        "rows count."
    ),
]
RowsOfFit = Annotated[str, Parameter(help="The rows of the fit, if they are no longer where they were.")]
Run = Annotated[Place, Parameter(help="The folder that `vaecluster fit` wrote.")]
Clusters = Annotated[
    int | str,
    Parameter(
        converter=_clusters,
        alias="-k",
        help="Number of clusters, auto to find it, or a range such as 2-10 to find it within.",
    ),
]
MethodName = Annotated[str, Parameter(help="How clusters are learned; `vaecluster methods` lists the methods.")]
MethodSettings = Annotated[
    Words,
    Parameter(
        help="NAME=VALUE, a setting of the method; once for each, as in `--set heads=7 --set views=digits`. "
        "`vaecluster methods` lists them all."
    ),
]
RowsKind = Annotated[
    str,
    Parameter(
        help="What arrays are. Of three axes: windows of time, (n, times, features), or images, which auto takes them "
        "for; windows of one feature are (n, times). Of two: vectors, or counts of genes in cells, which auto takes "
        "whole numbers for where they surely are."
    ),
]
Columns = Annotated[
    tuple[str, ...],
    Parameter(
        name="--column",
        negative=(),
        help="NAME=KIND, what a column of a table is, where its values do not say it; once for each, as in `--column "
        "zip=category --column note=leave-out`. Kinds are number, amount, count, category, ordinal, boolean, date; "
        "not learned from are identifier, text where there is anything else, leave-out.",
    ),
]
Batch = Annotated[
    str,
    Parameter(
        help="A column of obs in an .h5ad that says which batch each cell is of, so that clusters do not follow "
        "batches."
    ),
]
Size = Annotated[
    Whole,
    Parameter(help="Pixels a side of pictures in files; if not given the median of their shorter sides, at most 32."),
]
Features = Annotated[
    Place,
    Parameter(
        help="Features of pictures in files, which are clustered in place of pixels: an .npy of rows in the order of "
        "the sorted paths, an .npz of paths and features, a .pt2 of torch.export or an .onnx that takes (n, 3, H, W) "
        "from 0 to 1, or timm:NAME or torchvision:NAME with weights that are on this machine already, else NAME@FILE."
    ),
]
NewFeatures = Annotated[
    Place,
    Parameter(
        help="Features of the pictures in the source, if the run was fitted to features; if not given the network of "
        "the run, or for the pictures of the fit their features."
    ),
]
Overwrite = Annotated[
    bool,
    Parameter(
        help="Write into the output folder even if something is there; of a run also its edits and versions go."
    ),
]
Device = Annotated[str, Parameter(help="cpu, cuda, or auto for a GPU where there is one.")]
Threads = Annotated[Whole, Parameter(help="Processor threads of a fit; torch decides if not given.")]
Quiet = Annotated[bool, Parameter(help="Show nothing but warnings and errors.")]


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


def names_of(option: str, given: str) -> list[str]:
    """The names that an option was given, with commas between them; `SettingError` for none, and for one twice.

    >>> names_of("--methods", "vade, dec")
    ['vade', 'dec']
    """
    names = [name.strip() for name in given.split(",") if name.strip()]
    if not names:
        raise SettingError(f"{option} is {given!r}; expected names with commas between them.")
    for name in names:
        if names.count(name) > 1:
            raise SettingError(f"{option} names {name!r} twice. Name each once.")
    return names


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


def check_jobs(jobs: int) -> None:
    """Raise `SettingError` for no jobs at all."""
    if jobs == 0:
        raise SettingError("--jobs is 0; expected a whole number of 1 or more, or -1 for one job per processor core.")


def set_threads(threads: int | None) -> None:
    """Have torch use so many processor threads, or as many as it likes."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
