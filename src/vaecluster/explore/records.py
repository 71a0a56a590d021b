"""What the page is told, as plain records."""

from dataclasses import dataclass
from typing import final

from vaecluster.explore.shown import Seen
from vaecluster.explore.work import Doing


@final
@dataclass(frozen=True)
class ClusterSaid:
    """A cluster as it is now; its mean confidence is None where there is no row."""

    number: int
    name: str
    size: int
    confidence: float | None


@final
@dataclass(frozen=True)
class State:
    """All that changes: clusters, those in no cluster, edits in words, and what is under way.

    `version` counts changes of the clusters.
    """

    version: int
    clusters: list[ClusterSaid]
    none: int
    done: list[str]
    undone: list[str]
    doing: Doing | None


@final
@dataclass(frozen=True)
class RowSaid:
    """One row: where it is, how sure that is, and what it looks like."""

    row: int
    name: str | None
    cluster: int
    confidence: float
    outlier: float | None
    decided: bool
    seen: Seen


@final
@dataclass(frozen=True)
class Members:
    """One page of the rows of a cluster, of so many in all."""

    total: int
    page: int
    pages: int
    rows: list[RowSaid]


@final
@dataclass(frozen=True)
class Ways:
    """The directions of a cluster, of which each slider moves along one: parts of the spread that they hold."""

    cluster: int
    shares: list[float]


@final
@dataclass(frozen=True)
class Likely:
    """How likely a row is in a cluster, by its number."""

    cluster: int
    probability: float


@final
@dataclass(frozen=True)
class Generated:
    """A row that was made of a code: what it looks like, its place on the map from 0 to 1, and its clusters."""

    seen: Seen
    place: tuple[float, float]
    clusters: list[Likely]


@final
@dataclass(frozen=True)
class Brought:
    """A row that was brought: itself and as the model makes it again, its place, its clusters and what is nearest."""

    seen: Seen
    again: Seen
    place: tuple[float, float]
    clusters: list[Likely]
    outlier: float | None
    nearest: list[RowSaid]


@final
@dataclass(frozen=True)
class MatchSaid:
    """A cluster here and the one there that it shares most with; -1 as `other` if it shares no row with any."""

    cluster: int
    name: str
    size: int
    other: int
    other_name: str
    other_size: int
    both: int
    overlap: float
