"""Agreement with labels that were given for scoring."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup

from vaecluster.report.html import UNKNOWN, count, decimal, fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section

NAMES = {
    "majority_accuracy": ("Majority accuracy", "every cluster stands for its most frequent label"),
    "hungarian_accuracy": ("Hungarian accuracy", "clusters and labels are matched one to one"),
    "nmi": ("NMI", "normalised mutual information of clusters and labels; 1 is a perfect match"),
    "ari": ("ARI", "adjusted Rand index; 0 is what chance gives, 1 a perfect match"),
}
# What needs no words below the table.
OTHERS = {"rows": "rows with labels, which are scored"}


@final
@dataclass(frozen=True)
class Scores(Section):
    """A set of rows ("train", "test") and its scores by name (rows, majority_accuracy, ...), one to a line.

    `learned` says whether known labels took part in learning.
    """

    anchor = "scores"
    heading = "Scores"

    scores: Mapping[str, Mapping[str, float]]
    learned: bool = False

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of a run with labels to score with."""
        scores = run.description["scores"]
        return cls(scores, run.model.method_.learns_labels) if scores else None

    def html(self) -> Markup:
        """A table, and what its headings mean."""
        # A dict keeps the order of first appearance, which a set would lose.
        names = list(dict.fromkeys(name for values in self.scores.values() for name in values))
        return fill(
            "sections/scores.html.j2",
            learned=self.learned,
            headings=[NAMES.get(name) or _heading(name) for name in names],
            lines=[(rows, [_cell(name, values) for name in names]) for rows, values in self.scores.items()],
            meanings=[NAMES[name] for name in names if name in NAMES],
        )


def _heading(name: str) -> tuple[str, str]:
    return name.replace("_", " ").capitalize(), OTHERS.get(name, "")


def _cell(name: str, values: Mapping[str, float]) -> str:
    if name not in values:
        return UNKNOWN
    return count(values[name]) if name == "rows" else decimal(values[name])
