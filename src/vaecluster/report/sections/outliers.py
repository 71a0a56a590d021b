"""The rows that are most unlike all others."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup

from vaecluster.look.encode import Picture
from vaecluster.look.shown import Shown
from vaecluster.report.html import fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section
from vaecluster.runs.examples import OUTLIERS


@final
@dataclass(frozen=True, eq=False)
class Outliers(Section):
    """Some rows with the largest outlier scores, the largest first."""

    anchor = "outliers"
    heading = "Outliers"

    rows: Shown

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of runs that have something to compare rows with."""
        rows = run.example(OUTLIERS)
        return None if rows is None else cls(rows)

    def html(self) -> Markup:
        """The rows."""
        return fill("sections/outliers.html.j2", rows=self.rows)

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`outliers.png`, but for rows of tables."""
        if (strip := self.rows.strip(len(self.rows))) is not None:
            yield "outliers.png", strip
