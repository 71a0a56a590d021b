"""Which clusters touch, and what lies between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup

from vaecluster.clusters.boundary import APART
from vaecluster.inference.touching import SURE
from vaecluster.look.encode import Picture
from vaecluster.look.shown import Shown
from vaecluster.report.html import fill
from vaecluster.report.run import FinishedRun, ShownCluster
from vaecluster.report.section import Section

# The densest are shown.
MOST = 8


@final
@dataclass(frozen=True, eq=False)
class ShownTouch:
    """Two clusters, the density between them, how many rows are in doubt, and rows generated on the way.

    There is a boundary between them where rows are less dense than `apart`.
    """

    one: ShownCluster
    other: ShownCluster
    density: float
    doubtful: int
    way: Shown | None
    apart: float

    @property
    def has_boundary(self) -> bool:
        """Whether rows between the two are so rare that they are apart."""
        return self.density < self.apart


@final
@dataclass(frozen=True, eq=False)
class Touching(Section):
    """The pairs of clusters that touch, those with the densest rows between them first, and how many there are.

    There is a boundary between two where rows are less dense than `apart`, the level at which the fit has counted.
    """

    anchor = "touching"
    heading = "Which clusters touch"

    pairs: tuple[ShownTouch, ...]
    number: int
    apart: float

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of runs in which some do."""
        found, clusters = run.description["touching"], {one.number: one for one in run.clusters}
        evidence = run.model.evidence_
        apart = APART if evidence is None else evidence.apart
        pairs = tuple(
            ShownTouch(
                clusters[touch["one"]],
                clusters[touch["other"]],
                touch["density"],
                touch["doubtful"],
                run.between(touch["one"], touch["other"]),
                apart,
            )
            for touch in found[:MOST]
        )
        return cls(pairs, len(found), apart) if pairs else None

    def html(self) -> Markup:
        """A card for each."""
        listed = any(pair.way is not None and pair.way.listed for pair in self.pairs)
        return fill(
            "sections/touching.html.j2",
            pairs=self.pairs,
            number=self.number,
            apart=self.apart,
            sure_from=SURE,
            listed=listed,
        )

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """For each pair `between-03-05.png`, but for rows of tables."""
        digits = max(2, *(len(str(pair.other.number)) for pair in self.pairs))
        for pair in self.pairs:
            if pair.way is not None and (strip := pair.way.strip(len(pair.way))) is not None:
                yield f"between-{pair.one.number:0{digits}d}-{pair.other.number:0{digits}d}.png", strip
