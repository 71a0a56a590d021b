"""Dense groups inside clusters, which may be classes too rare for a cluster of their own."""

from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup

from vaecluster.look.shown import Shown
from vaecluster.report.html import fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section
from vaecluster.runs.examples import GROUP

# The largest are shown.
MOST = 12


@final
@dataclass(frozen=True, eq=False)
class ShownGroup:
    """One group: its cluster, its rows, how dense rows are around it against inside, and some of them."""

    cluster: int
    size: int
    density: float
    rows: Shown


@final
@dataclass(frozen=True, eq=False)
class DenseGroups(Section):
    """The groups, largest first, and how many there are."""

    anchor = "groups"
    heading = "Dense groups inside clusters"

    groups: tuple[ShownGroup, ...]
    number: int

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of runs in which there are some."""
        found = run.description["dense_groups"]
        groups = tuple(
            ShownGroup(group["cluster"], group["size"], group["density"], run.shown(run.examples[GROUP.format(place)]))
            for place, group in enumerate(found[:MOST], 1)
        )
        return cls(groups, len(found)) if groups else None

    def html(self) -> Markup:
        """A card for each."""
        listed = any(group.rows.listed for group in self.groups)
        return fill("sections/dense.html.j2", groups=self.groups, number=self.number, listed=listed)
