"""The ways to edit clusters, a class each.

To add one, write a class with `name`, `of` and `words`, of plain values and arrays, and name it in `EDITS`.
"""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.scores import UNASSIGNED
from vaecluster.editing.clusters import Clusters
from vaecluster.errors import SettingError, counted
from vaecluster.settings import is_whole

# Letters of a name: it stands in a legend, in a picture and on a line of a terminal.
MOST_LETTERS = 200
# Kinds of characters that a name does not have: what steers a terminal, half a character, ends of lines, and what
# turns the direction of the words after it.
NOT_IN_NAMES = {"Cc", "Cs", "Zl", "Zp", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


class Edit(ABC):
    """One edit. What it holds is checked against the clusters that are there by `of`."""

    # What the journal calls it.
    name: ClassVar[str]

    @abstractmethod
    def of(self, before: Clusters) -> Clusters:
        """The clusters after it; raises `SettingError` where they do not allow it."""

    @abstractmethod
    def words(self) -> str:
        """What it does, on one line without a full stop."""

    def numbers(self, clusters: int) -> NDArray[np.intp] | None:
        """The new number of each cluster (clusters,), of an edit that moves no row by itself; None of others."""
        return None


@final
@dataclass(frozen=True)
class Rename(Edit):
    """Call a cluster something else, or with an empty name nothing.

    >>> before = Clusters.found(np.array([0, 1]), {}, 2)
    >>> Rename(1, "cats").of(before).names
    {1: 'cats'}
    """

    name: ClassVar[str] = "rename"
    cluster: int
    to: str

    def of(self, before: Clusters) -> Clusters:
        """Other names, of which no two are the same."""
        cluster = check_cluster(before.number, self.cluster)
        names = {number: name for number, name in before.names.items() if number != cluster}
        if not self.to:
            return replace(before, names=names)
        to = _name(self.to)
        other = before.named(to)
        if other not in (None, cluster):
            raise SettingError(f"{to!r:.40} is the name of cluster {other}. Merge the two, or choose another name.")
        return replace(before, names=dict(sorted((names | {cluster: to}).items())))

    def words(self) -> str:
        """Who is called what."""
        return f"cluster {self.cluster} {f'is called {self.to!r}' if self.to else 'has no name'}"

    def numbers(self, clusters: int) -> NDArray[np.intp]:
        """All as they were."""
        return np.arange(clusters)


@final
@dataclass(frozen=True)
class Merge(Edit):
    """Make one cluster of several. It has the smallest of their numbers, and the first name among them in this order.

    Clusters behind those that are gone move up.

    >>> before = Clusters.found(np.array([0, 1, 2, 3]), {0: "boots", 3: "cats"}, 4)
    >>> after = Merge((2, 0)).of(before)
    >>> after.labels.tolist(), after.names
    ([0, 1, 0, 2], {0: 'boots', 2: 'cats'})
    """

    name: ClassVar[str] = "merge"
    clusters: tuple[int, ...]

    def of(self, before: Clusters) -> Clusters:
        """Fewer clusters."""
        merged = [check_cluster(before.number, cluster) for cluster in self.clusters]
        if len(set(merged)) < 2:
            raise SettingError(f"A merge holds {list(self.clusters)}; expected two clusters or more. Name another.")
        numbers = self.numbers(before.number)
        names = {int(numbers[cluster]): before.names[cluster] for cluster in before.names if cluster not in merged}
        own = next((before.names[cluster] for cluster in merged if cluster in before.names), None)
        if own is not None:
            names[min(merged)] = own
        # The last entry is for rows in no cluster, whose number is -1.
        labels = np.append(numbers, UNASSIGNED)[before.labels]
        number = before.number - len(set(merged)) + 1
        return Clusters(labels, dict(sorted(names.items())), number, before.decided)

    def words(self) -> str:
        """Who becomes one."""
        return f"clusters {_listed(self.clusters)} become one"

    def numbers(self, clusters: int) -> NDArray[np.intp]:
        """The smallest for those that are merged; without gaps."""
        numbers = np.arange(clusters)
        numbers[list(self.clusters)] = min(self.clusters)
        return np.unique(numbers, return_inverse=True)[1]


@final
@dataclass(frozen=True, eq=False)
class Split(Edit):
    """Make several clusters of one, by the part of each of its rows, in their order: (rows of the cluster,).

    Part 0 keeps number and name, the others come behind all clusters. A part of -1 puts a row into no cluster.

    >>> before = Clusters.found(np.array([0, 1, 1, 1]), {1: "cats"}, 2)
    >>> Split(1, np.array([0, 1, 0])).of(before).labels.tolist()
    [0, 1, 2, 1]
    """

    name: ClassVar[str] = "split"
    cluster: int
    parts: NDArray[np.intp]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", _whole_numbers(self.parts, "parts"))

    def of(self, before: Clusters) -> Clusters:
        """More clusters."""
        cluster = check_cluster(before.number, self.cluster)
        rows = before.rows(cluster)
        if len(self.parts) != len(rows):
            raise SettingError(
                f"A split of cluster {cluster} holds {counted(len(self.parts), 'part')} for "
                f"{counted(len(rows), 'row')}. Give one each."
            )
        found = np.unique(self.parts[self.parts != UNASSIGNED])
        if len(found) < 2 or (found != np.arange(len(found))).any():
            raise SettingError(
                f"Parts of a split of cluster {cluster} are {found.tolist()!r:.60}; expected 0, 1 and so on, two or "
                "more. Give other parts."
            )
        labels = before.labels.copy()
        labels[rows] = np.array([cluster, *range(before.number, before.number + len(found) - 1), UNASSIGNED])[
            self.parts
        ]
        return replace(before, labels=labels, number=before.number + len(found) - 1)

    def words(self) -> str:
        """Who is split into how many."""
        return f"cluster {self.cluster} is split into {int(self.parts.max(initial=-1)) + 1}"


@final
@dataclass(frozen=True, eq=False)
class Move(Edit):
    """Put rows into a cluster: one that is there, a new one, whose number is the next, or with -1 none.

    >>> before = Clusters.found(np.array([0, 1, 1]), {}, 2)
    >>> after = Move([1], 2).of(before)
    >>> after.labels.tolist(), after.number, after.decided.tolist()
    ([0, 2, 1], 3, [False, True, False])
    """

    name: ClassVar[str] = "move"
    rows: NDArray[np.intp]
    cluster: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", np.unique(_whole_numbers(self.rows, "rows")))

    def of(self, before: Clusters) -> Clusters:
        """The rows elsewhere, which the user has decided."""
        if not is_whole(self.cluster, UNASSIGNED, before.number):
            raise SettingError(
                f"The cluster to move rows to is {self.cluster!r}; expected 0 to {before.number - 1}, "
                f"{before.number} for a new one, or -1 for none."
            )
        return _placed(before, self.rows, self.cluster)

    def words(self) -> str:
        """How many go where."""
        where = "no cluster" if self.cluster == UNASSIGNED else f"cluster {self.cluster}"
        return f"{_rows(self.rows)} to {where}"


@final
@dataclass(frozen=True, eq=False)
class Mark(Edit):
    """Give rows a known label: they go into the first cluster of that name, or a new one if there is none.

    >>> before = Clusters.found(np.array([0, 1, 1]), {1: "cats"}, 2)
    >>> after = Mark([0], "cats").of(before)
    >>> after.labels.tolist(), Mark([0], "dogs").of(after).names
    ([1, 1, 1], {1: 'cats', 2: 'dogs'})
    """

    name: ClassVar[str] = "mark"
    rows: NDArray[np.intp]
    label: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", np.unique(_whole_numbers(self.rows, "rows")))

    def of(self, before: Clusters) -> Clusters:
        """The rows where their label says."""
        label = _name(self.label)
        there = before.named(label)
        cluster = before.number if there is None else there
        return replace(_placed(before, self.rows, cluster), names=before.names | {cluster: label})

    def words(self) -> str:
        """How many are what."""
        return f"{_rows(self.rows)} to {self.label!r}"


EDITS: dict[str, type[Edit]] = {edit.name: edit for edit in (Rename, Merge, Split, Move, Mark)}


def _placed(before: Clusters, rows: NDArray[np.intp], cluster: int) -> Clusters:
    number = len(before.labels)
    if not len(rows):
        raise SettingError("No rows are given. Name some.")
    strange = rows[(rows < 0) | (rows >= number)]
    if len(strange):
        raise SettingError(f"There is no row {strange[0]}; expected 0 to {number - 1}.")
    labels, decided = before.labels.copy(), before.decided.copy()
    labels[rows], decided[rows] = cluster, True
    return replace(before, labels=labels, decided=decided, number=max(before.number, cluster + 1))


def check_cluster(number: int, cluster: int) -> int:
    """The cluster, one of so many; raises `SettingError` if it is not there."""
    if not is_whole(cluster, 0, number - 1):
        raise SettingError(f"There is no cluster {cluster!r:.40}; expected 0 to {number - 1}.")
    return int(cluster)


def _name(text: str) -> str:
    """The name without space around it."""
    name = text.strip() if isinstance(text, str) else ""
    kinds = {kind(one) for one in name for kind in (unicodedata.category, unicodedata.bidirectional)}
    if not name or len(name) > MOST_LETTERS or kinds & NOT_IN_NAMES:
        raise SettingError(
            f"A name is {text!r:.40}; expected 1 to {MOST_LETTERS} letters on one line, such as cats. Give another."
        )
    return name


def _whole_numbers(values: Any, what: str) -> NDArray[np.intp]:
    """Numbers of rows or parts that a user gave."""
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty((0, 0))
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise SettingError(f"{what} is {values!r:.40}; expected a list of whole numbers.")
    return array.astype(np.intp)


def _rows(rows: NDArray[np.intp]) -> str:
    return f"row {rows[0]} goes" if len(rows) == 1 else f"{counted(len(rows), 'row')} go"


def _listed(clusters: Sequence[int]) -> str:
    *others, last = map(str, clusters)
    return f"{', '.join(others)} and {last}" if others else last
