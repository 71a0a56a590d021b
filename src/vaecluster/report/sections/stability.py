"""How stable the clusters are when the same fit is made with other seeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup

from vaecluster.clusters.agreement import HIGHLY_STABLE_FROM, TRUSTED_FROM, VALID_FROM, Stability
from vaecluster.look.encode import Picture
from vaecluster.report.html import chart, fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section
from vaecluster.report.stability_chart import lines_of, reading, stability_figure


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
            lines=lines_of(found),
            marks=(TRUSTED_FROM, VALID_FROM, HIGHLY_STABLE_FROM),
        )

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`stability.png`."""
        yield "stability.png", stability_figure(self.found)
