"""A card per cluster: its numbers, some of its rows, and rows generated from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup

from vaecluster.look.encode import Picture
from vaecluster.report.html import fill
from vaecluster.report.run import FinishedRun, ShownCluster
from vaecluster.report.section import Section

# The height of the bars, and the width of one.
HEIGHT, WIDTH = 40, 24


@final
@dataclass(frozen=True, eq=False)
class Clusters(Section):
    """The clusters one by one."""

    anchor = "clusters"
    heading = "Clusters"

    clusters: tuple[ShownCluster, ...]

    @classmethod
    def of(cls, run: FinishedRun) -> Self:
        """Of every run."""
        return cls(run.clusters)

    def html(self) -> Markup:
        """The cards."""
        listed = any(cluster.rows.listed for cluster in self.clusters)
        return fill("sections/clusters.html.j2", clusters=self.clusters, listed=listed, tenths=tenths)

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """For each cluster `cluster-03-rows.png` and `cluster-03-generated.png`, but for rows of tables.

        Names sort as numbers do.
        """
        digits = max(2, *(len(str(cluster.number)) for cluster in self.clusters))
        for cluster in self.clusters:
            name = f"cluster-{cluster.number:0{digits}d}"
            for shown, what in ((cluster.rows, "rows"), (cluster.generated, "generated")):
                if shown is not None and (image := shown.image()) is not None:
                    yield f"{name}-{what}.png", image


def tenths(numbers: Sequence[int]) -> Markup:
    """Bars of how many rows there are in each tenth of the confidence; what there is at all can be seen."""
    most = max(1, *numbers)
    bars = [(place, number, max(1.5, HEIGHT * number / most)) for place, number in enumerate(numbers) if number]
    return fill("sections/tenths.html.j2", bars=bars, height=HEIGHT, width=WIDTH, number=len(numbers))
