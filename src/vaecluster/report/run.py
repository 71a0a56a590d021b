"""What the sections of a report are collected from."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self, final

import numpy as np

from vaecluster.clusters.agreement import Stability
from vaecluster.estimator import VAEClustering
from vaecluster.inference.between import Between, along, between
from vaecluster.inference.touching import SURE
from vaecluster.look import WALL_ROWS
from vaecluster.look.shown import Shown
from vaecluster.report.excerpt import rows_of_each
from vaecluster.report.html import sure
from vaecluster.report.showing import Showing
from vaecluster.runs.examples import CLUSTER, TYPICAL, UNSURE, UNUSUAL, read_examples
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.map import RowMap

# Rows on a way from one end to the other.
STEPS = 8
# What is said of a cluster on its card; a section of its own says all.
SAID = 5


@final
@dataclass(frozen=True, eq=False)
class ShownCluster:
    """One cluster: how large it is, some of its rows, and rows that the model generates from it.

    Rows of tables are excerpts, others are walls. Where rows are features of pictures, the pictures are shown, and
    nothing that is generated. `typical` are its most typical rows, `unsure` those whose confidence is least, `unusual`
    those that the model finds least likely, and `along` generated ones along the direction in which it varies most.
    `confidence` counts its rows by tenths of it. `apart` are words for what sets it apart, and `name` is what it was
    called, if it was. An empty cluster has size 0, share 0, no `rows`, and nan as
    `mean_confidence`.
    """

    number: int
    size: int
    share: float
    mean_confidence: float
    rows: Shown
    generated: Shown | None
    typical: Shown | None = None
    unsure: Shown | None = None
    unusual: Shown | None = None
    along: Shown | None = None
    confidence: tuple[int, ...] = ()
    name: str = ""
    apart: str = ""

    @property
    def strips(self) -> tuple[tuple[Shown, str, str], ...]:
        """Rows in one line, what they are called, and what that means."""
        strips = (
            (self.typical, "Most typical", "rows, in the middle of the cluster"),
            (self.unsure, "Least sure", f"rows, less than {sure(SURE)} likely to be in it"),
            (self.unusual, "Most unusual", "rows, of some drawn at random those that the model finds least likely"),
            (self.along, "Generated from end to end", "along the direction in which the cluster varies most"),
        )
        return tuple((shown, called, meaning) for shown, called, meaning in strips if shown is not None)

    @property
    def title(self) -> str:
        """Its number, and its name if it has one."""
        return cluster_title(self.number, self.name)


def cluster_title(number: int, name: str) -> str:
    """What a cluster is called: its number, and its name if it has one.

    >>> cluster_title(3, "boots"), cluster_title(3, "")
    ('3 · boots', '3')
    """
    return f"{number} · {name}" if name else str(number)


@final
@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run folder, opened once: its `run.json`, its model, some rows of each cluster, and its map.

    `stability` says how stable its clusters are, if that was looked at.
    """

    description: dict[str, Any]
    model: VAEClustering
    examples: dict[str, Any]
    map: RowMap
    stability: Stability | None = None

    @classmethod
    def open(cls, folder: RunFolder, model: VAEClustering | None = None, *, names: bool = True) -> Self:
        """The run in this folder; raises `FileError` if a file of it is missing or damaged.

        `model` is that of the run, if it is open already. Without `names` it is as `without_names` makes it.
        """
        found = cls(
            folder.description(),
            folder.model(device="cpu") if model is None else model,
            read_examples(folder.path),
            RowMap.read(folder.path),
            folder.stability(),
        )
        return found if names else found.without_names()

    def without_names(self) -> Self:
        """The same run without names of rows and of the source, and without columns that nothing was learned from.

        Numbers of rows, pictures, columns that were learned from, labels given for scoring, and texts that clusters
        are described by stay.
        """
        learned = self.model.fitted_.columns
        examples = {name: _only(rows, learned) for name, rows in self.examples.items()}
        texts = "typical_texts" in self.description
        on_map = self.map.without_names(None if texts or not learned else learned)
        return replace(self, description=self.description | {"source": "rows"}, examples=examples, map=on_map)

    @cached_property
    def shown(self) -> Showing:
        """How rows are shown, real and generated ones alike."""
        most = rows_of_each(len(self.description["clusters"]))
        return Showing(self.model.fitted_.schema, self.examples, most)

    @cached_property
    def clusters(self) -> tuple[ShownCluster, ...]:
        """The clusters with their rows; the generated ones are drawn here, from the estimator's own seed."""
        names = self.model.cluster_names_
        return tuple(
            ShownCluster(
                number=entry["cluster"],
                size=entry["size"],
                share=entry["size"] / self.description["rows"],
                mean_confidence=float("nan") if entry["mean_confidence"] is None else entry["mean_confidence"],
                rows=self.shown(self.examples[CLUSTER.format(entry["cluster"])]),
                generated=self._generated(entry["cluster"]),
                typical=self.example(TYPICAL.format(entry["cluster"])),
                unsure=self.example(UNSURE.format(entry["cluster"])),
                unusual=self.example(UNUSUAL.format(entry["cluster"])),
                along=self._along(entry["cluster"]),
                confidence=tuple(entry["confidence"]),
                name=str(names.get(entry["cluster"], "")),
                apart=self._apart(entry["cluster"]),
            )
            for entry in self.description["clusters"]
        )

    def example(self, name: str) -> Shown | None:
        """Rows that are kept under this name; None if there are none."""
        return self.shown(self.examples[name]) if name in self.examples else None

    def between(self, one: int, other: int) -> Shown | None:
        """Rows on the way from one cluster to another, where rows are what is learned from."""
        return self._made(between, one, other)

    def _apart(self, cluster: int) -> str:
        """What sets a cluster apart: columns of a table, genes of cells, or words of texts, the first of them."""
        known = self.description
        for kind, named in (("profile", "words"), ("markers", "gene"), ("words", "word")):
            if some := known.get(kind, [])[cluster : cluster + 1]:
                return ("; " if kind == "profile" else ", ").join(one[named] for one in some[0][:SAID])
        return ""

    def _along(self, cluster: int) -> Shown | None:
        return self._made(along, cluster)

    def _made(self, make: Callable[..., Between], *clusters: int) -> Shown | None:
        if not self.shown.as_learned:
            return None
        fitted = self.model.fitted_
        return self.shown(make(fitted.model, fitted.schema, fitted.confidence, *clusters, STEPS).rows)

    def _generated(self, cluster: int) -> Shown | None:
        return self.shown(self.model.sample(WALL_ROWS, cluster=cluster)) if self.shown.as_learned else None


def _only(rows: Any, columns: Collection[str]) -> Any:
    """Of a table these columns, if there are any; arrays as they are."""
    if isinstance(rows, np.ndarray) or not columns:
        return rows
    return rows.select([name for name in rows.column_names if name in columns])
