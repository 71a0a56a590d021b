"""`vaecluster edit`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np
from cyclopts import Parameter
from numpy.typing import NDArray

from vaecluster.cli.options import SEED, Quiet, RowsOfFit, Run, Whole, check
from vaecluster.errors import SettingError, counted
from vaecluster.runs.folder import RunFolder

if TYPE_CHECKING:
    from vaecluster.data.dataset import DataSet
    from vaecluster.editing import Clusters, Edit, Edited

Renames = Annotated[tuple[str, ...], Parameter(name="--rename", negative=())]
Moves = Annotated[tuple[str, ...], Parameter(name="--move", negative=())]
Marks = Annotated[tuple[str, ...], Parameter(name="--mark", negative=())]
Splits = Annotated[tuple[str, ...], Parameter(name="--split", negative=())]
Merges = Annotated[tuple[str, ...], Parameter(name="--merge", negative=())]
Switch = Annotated[bool, Parameter(negative=())]


def edit(
    run: Run,
    /,
    *,
    rename: Renames = (),
    move: Moves = (),
    mark: Marks = (),
    split: Splits = (),
    merge: Merges = (),
    undo: Switch = False,
    redo: Switch = False,
    list: Switch = False,
    save: str | None = None,
    source: RowsOfFit | None = None,
    seed: Whole = 0,
    quiet: Quiet = False,
) -> None:
    """Change clusters of a run by hand: rename, merge, split, move and mark rows; save that as a version.

    Examples: `vaecluster edit run --rename 3=cats --merge 1,4` and then `vaecluster edit run --save v2`. Edits are
    kept in the folder of the run, whose model and labels stay as they are. A version is a run in run/versions/v2 with
    the edited model, which any command takes. Several edits of one command all speak of clusters by the numbers that
    they had before it, and all are made or none. Without an option the clusters are listed.

    Parameters
    ----------
    rename
        CLUSTER=NAME, nothing after the = to take a name away.
    move
        ROWS=CLUSTER, such as 5,8,20-30=2; rows are numbers as in labels.csv. -1 stands for no cluster, and the number
        of clusters for a new one.
    mark
        ROWS=LABEL, rows with a known label: they go to the cluster of that name, which is made if there is none.
    split
        CLUSTER=PARTS, by a fit to the rows of the cluster alone with the method and the settings of the run; auto
        finds the number of parts.
    merge
        CLUSTER,CLUSTER, two or more.
    undo
        Take the last edit back.
    redo
        Make the last edit that was taken back again.
    list
        List the clusters and the edits.
    save
        Name of the version.
    seed
        Decides what is random in a split.
    """
    check("--seed", seed, SEED)
    folder = RunFolder.open(run)
    asked = [
        *(("rename", *_parted(word, "--rename", "CLUSTER=NAME", "3=cats")) for word in rename),
        *(("move", *_parted(word, "--move", "ROWS=CLUSTER", "5,8,20-30=2")) for word in move),
        *(("mark", *_parted(word, "--mark", "ROWS=LABEL", "5,8,20-30=cats")) for word in mark),
        *(("split", *_parted(word, "--split", "CLUSTER=PARTS", "2=3")) for word in split),
    ]
    merges = [_clusters(word) for word in merge]
    changes = bool(asked or merges)
    if undo + redo + changes > 1:
        raise SettingError("--undo and --redo stand for themselves. Leave out all other edits.")
    from vaecluster.editing import Edited, Version

    with Edited.open(folder, read_only=not (undo or redo or changes)) as edited:
        data, place = None, None
        if split or save is not None:
            from vaecluster.runs.source import rows_of_run

            if save is not None:
                edited.check_version(save)
            data, place = rows_of_run(folder, source, edited.model)
        if undo:
            edited.undo()
        elif redo:
            edited.redo()
        for one in _edits(edited, asked, merges, data, seed, 0 if quiet else 1):
            edited.apply(one)
        if not quiet:
            _print(edited, known=list)
        if save is not None and data is not None:
            version = edited.save(save, data, place)
            found = Version.of(version)
            if not quiet and found is not None:
                print(*found.lines(), sep="\n")
                print(f"Written to {version.path}. Look at it with: vaecluster report {version.path}")


def _edits(
    edited: "Edited",
    asked: Sequence[tuple[str, str, str]],
    merges: Sequence[Sequence[int]],
    data: "DataSet | None",
    seed: int,
    verbose: int,
) -> list["Edit"]:
    """The edits that were asked for, each of which the clusters after those before it allow; none is applied yet."""
    from vaecluster.editing import Mark, Merge, Move, Rename
    from vaecluster.editing.edits import check_cluster

    edits: list[Edit] = []
    now = edited.clusters
    most = len(now.labels)

    def add(edit: "Edit") -> "Clusters":
        edits.append(edit)
        return edit.of(now)

    for name, left, right in asked:
        if name == "rename":
            now = add(Rename(_whole(left, "A cluster"), right))
        elif name == "move":
            now = add(Move(_rows(left, most), _whole(right, "A cluster")))
        elif name == "mark":
            now = add(Mark(_rows(left, most), right))
        else:
            assert data is not None
            parts = "auto" if right == "auto" else _whole(right, "The number of parts")
            cluster = _whole(left, "A cluster")
            now = add(edited.split(cluster, parts, data, seed=seed, verbose=verbose, of=now))  # type: ignore[arg-type]
    # Each merge takes clusters by the numbers before the first.
    numbers = np.arange(now.number)
    for some in merges:
        merge = Merge(tuple(int(numbers[check_cluster(len(numbers), cluster)]) for cluster in some))
        numbers = merge.numbers(now.number)[numbers]
        now = add(merge)
    return edits


def _print(edited: "Edited", *, known: bool) -> None:
    """The clusters, and the edits where they are asked for, else the last one."""
    done, undone = edited.done, edited.undone
    for number, words in enumerate(done if known else [], 1):
        print(f"{number:>4}  {words}")
    for words in undone if known else []:
        print(f"undone  {words}")
    if done and not known:
        print(f"{counted(len(done), 'edit')}, the last: {done[-1]}")
    print("cluster      rows  name")
    clusters = edited.clusters
    for cluster, size in enumerate(clusters.sizes.tolist()):
        print(f"{cluster:>7}  {size:>8,}  {clusters.names.get(cluster, '')}".rstrip())
    alone = int((clusters.labels < 0).sum())
    if alone:
        print(f"   none  {alone:>8,}")


def _parted(word: str, option: str, form: str, example: str) -> tuple[str, str]:
    left, link, right = word.partition("=")
    if not link:
        raise SettingError(f"{option} is {word!r:.60}; expected {form}, such as {example}.")
    return left, right


def _whole(text: str, what: str) -> int:
    digits = text.removeprefix("-")
    # int() would take digits of all scripts, and underscores.
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
        raise SettingError(f"{what} is {text!r:.40}; expected a whole number.")
    return int(text)


def _clusters(word: str) -> list[int]:
    return [_whole(text, "A cluster of --merge") for text in word.split(",")]


def _rows(text: str, most: int) -> NDArray[np.intp]:
    """Numbers of rows from words such as "5,8,20-30"; the end of a span is one of them, and at most `most`."""
    found = []
    for part in text.split(","):
        first, span, last = part.partition("-")
        start, end = _whole(first, "A row"), _whole(last if span else first, "A row")
        if end < start:
            raise SettingError(f"A span of rows is {part!r}; expected the smaller number first.")
        found.append(np.arange(start, max(start, min(end, most)) + 1))
    return np.concatenate(found)
