"""How stable the clusters are when the same fit is made with other seeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup

from vaecluster.clusters.agreement import HIGHLY_STABLE_FROM, TRUSTED_FROM, VALID_FROM, Stability
from vaecluster.look.encode import Picture
from vaecluster.report.html import chart, count, decimal, fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section
from vaecluster.report.stability_chart import lines_of, reading, stability_figure

HEADINGS = (
    ("Rows", "rows of the cluster in this run"),
    ("Comes again", "how much of the cluster other seeds find again, on average: rows in both over rows in either"),
    ("At worst", "the same of the seed that finds least of it"),
    ("So it is", "what such a share is called"),
)


@final
@dataclass(frozen=True, eq=False)
class Stable(Section):
    """What other seeds find again of the clusters of the run."""

    anchor = "stability"
    heading = "Stability"

    found: Stability

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of a run that `vaecluster stability` was asked about."""
        return None if run.stability is None else cls(run.stability)

    def html(self) -> Markup:
        """The chart, and each cluster in a line."""
        found = self.found
        words = f"How far runs agree, and how much of each cluster comes again. {reading(found)}"
        return fill(
            "sections/stability.html.j2",
            runs=len(found.ari) - 1,
            picture=chart(lambda palette: stability_figure(found, palette), words, blends=True),
            headings=HEADINGS,
            lines=[
                (
                    Markup('<a href="#cluster-{0}">{0}</a>').format(cluster),
                    (count(size), decimal(mean), decimal(worst), called),
                )
                for cluster, size, mean, worst, called in lines_of(found)
            ],
            marks=(TRUSTED_FROM, VALID_FROM, HIGHLY_STABLE_FROM),
        )

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`stability.png`."""
        yield "stability.png", stability_figure(self.found)
