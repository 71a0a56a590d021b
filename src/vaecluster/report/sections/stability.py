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
from vaecluster.report.stability_chart import reading, stability_figure, zone


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
        columns = (found.clusters.tolist(), found.sizes.tolist(), found.mean_jaccard.tolist(), found.jaccard.min(0))
        lines = [(*line, zone(line[2])) for line in zip(*columns, strict=True)]
        words = f"How far runs agree, and how much of each cluster comes again. {reading(found)}"
        return fill(
            "sections/stability.html.j2",
            runs=len(found.ari) - 1,
            picture=chart(lambda palette: stability_figure(found, palette), words),
            lines=lines,
            marks=(TRUSTED_FROM, VALID_FROM, HIGHLY_STABLE_FROM),
        )

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`stability.png`."""
        yield "stability.png", stability_figure(self.found)
