"""What sets the clusters of a table apart, in words."""

from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup

from vaecluster.files import record
from vaecluster.inference.profile import Difference
from vaecluster.report.html import fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section


@final
@dataclass(frozen=True)
class Profile(Section):
    """The sentences on each cluster, by its number."""

    anchor = "profile"
    heading = "What sets clusters apart"

    words: dict[int, list[str]]

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of runs on tables."""
        differences = record.typed(list[list[Difference]], run.description.get("profile", []))
        words = {cluster: [one.words for one in some] for cluster, some in enumerate(differences)}
        return cls(words) if any(differences) else None

    def html(self) -> Markup:
        """A list for each cluster."""
        return fill("sections/profile.html.j2", words=self.words)
