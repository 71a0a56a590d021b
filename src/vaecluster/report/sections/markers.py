"""Which genes set each cluster of cells apart."""

from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup

from vaecluster.files import record
from vaecluster.inference.markers import Marker
from vaecluster.report.html import fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section


@final
@dataclass(frozen=True, eq=False)
class Markers(Section):
    """Genes that cells of a cluster have more of than all others, a line for each cluster that has some."""

    anchor = "markers"
    heading = "Marker genes"

    clusters: tuple[tuple[int, tuple[Marker, ...]], ...]

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of runs on counts of genes."""
        found = record.typed(list[list[Marker]], run.description.get("markers", []))
        clusters = tuple((number, tuple(markers)) for number, markers in enumerate(found) if markers)
        return cls(clusters) if clusters else None

    def html(self) -> Markup:
        """A table."""
        lines = [(number, [_shown(marker) for marker in markers]) for number, markers in self.clusters]
        return fill("sections/markers.html.j2", lines=lines)


def _shown(marker: Marker) -> tuple[str, str, str]:
    """The gene, its fold change, and what is shown beside it."""
    shares = f"in {marker.share:.0%} of the cluster's cells and {marker.other_share:.0%} of the others"
    return marker.gene, f"{marker.log2_fold_change:.1f}", f"t {marker.t:.1f}, {shares}"
