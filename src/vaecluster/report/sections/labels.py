"""Which labels the rows of each cluster have, where labels were given for scoring."""

from dataclasses import dataclass
from typing import Self, final

import numpy as np
from markupsafe import Markup

from vaecluster.clusters.contingency import LabelCounts
from vaecluster.files import record
from vaecluster.report.html import count, fill, percent
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section

# With more labels a table would not be read: of each cluster so many are named.
MOST_LABELS, NAMED = 20, 4
# How much of the colour a cell has that holds all of a cluster, in percent: what is written in it can be read.
SHADE = 40


@final
@dataclass(frozen=True, eq=False)
class Labels(Section):
    """How many rows of the fit each cluster has of each label, and what clusters are called."""

    anchor = "labels"
    heading = "Labels of clusters"

    table: LabelCounts
    clusters: tuple[str, ...]

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of a run with labels to score with."""
        found = run.description.get("contingency")
        if found is None:
            return None
        return cls(record.typed(LabelCounts, found), tuple(cluster.title for cluster in run.clusters))

    def html(self) -> Markup:
        """A table, or words where there are many labels."""
        counts, labels = self.table.counts, self.table.labels
        shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
        if len(labels) > MOST_LABELS:
            words = [_words(line, labels, own) for line, own in zip(counts, shares, strict=True)]
            return fill("sections/labels.html.j2", lines=list(zip(self.clusters, words, strict=True)), labels=[])
        lines = [
            (cluster, list(zip(line.tolist(), own.tolist(), strict=True)))
            for cluster, line, own in zip(self.clusters, counts, shares, strict=True)
        ]
        return fill("sections/labels.html.j2", lines=lines, labels=labels, shade=SHADE)


def _words(counts: np.ndarray, labels: list[int | str], shares: np.ndarray) -> str:
    most = np.argsort(-counts, kind="stable")[:NAMED]
    named = [f"{labels[place]} {count(counts[place])} ({percent(shares[place])})" for place in most if counts[place]]
    return ", ".join(named) or "no row"
