"""What the sections of a report are collected from."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, final

from vaecluster.estimator import VAEClustering
from vaecluster.look import WALL_ROWS
from vaecluster.look.shown import Shown
from vaecluster.report.showing import Showing
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.map import RowMap


@final
@dataclass(frozen=True, eq=False)
class ShownCluster:
    """One cluster: how large it is, some of its rows, and rows that the model generates from it.

    Rows of tables are excerpts, others are walls. Where rows are features of pictures, the pictures are shown, and
    nothing that is generated. `name` is what it was called, if it was. An empty cluster has size 0, share 0, no
    `rows`, and nan as `mean_confidence`.
    """

    number: int
    size: int
    share: float
    mean_confidence: float
    rows: Shown
    generated: Shown | None
    name: str = ""


@final
@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run folder, opened once: its `run.json`, its model, some rows of each cluster, and its map, if it has one."""

    description: dict[str, Any]
    model: VAEClustering
    examples: dict[int, Any]
    map: RowMap | None = None

    @classmethod
    def open(cls, folder: RunFolder, model: VAEClustering | None = None) -> Self:
        """The run in this folder; raises `FileError` if a file of it is missing or damaged.

        `model` is that of the run, if it is open already.
        """
        model = folder.model(device="cpu") if model is None else model
        return cls(folder.description(), model, folder.examples(), RowMap.read(folder.path))

    @cached_property
    def shown(self) -> Showing:
        """How rows are shown, real and generated ones alike."""
        return Showing(self.model.fitted_.schema, self.examples)

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
                rows=self.shown(self.examples[entry["cluster"]]),
                generated=self._generated(entry["cluster"]),
                name=str(names.get(entry["cluster"], "")),
            )
            for entry in self.description["clusters"]
        )

    def _generated(self, cluster: int) -> Shown | None:
        return self.shown(self.model.sample(WALL_ROWS, cluster=cluster)) if self.shown.as_learned else None
