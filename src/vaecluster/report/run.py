"""What the sections of a report are collected from."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, final

import numpy as np

from vaecluster.data.blocks.drawing import Drawing
from vaecluster.estimator import VAEClustering
from vaecluster.report.excerpt import Excerpt
from vaecluster.report.shown import Shown
from vaecluster.report.walls import Wall
from vaecluster.runs.folder import WALL_ROWS, RunFolder


@final
@dataclass(frozen=True, eq=False)
class ShownCluster:
    """One cluster: how large it is, some of its rows, and rows that the model generates from it.

    Rows of tables are excerpts, others are walls. Where rows are features of pictures, the pictures are shown, and
    nothing that is generated. An empty cluster has size 0, share 0, no `rows`, and nan as `mean_confidence`.
    """

    number: int
    size: int
    share: float
    mean_confidence: float
    rows: Shown
    generated: Shown | None


@final
@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run folder, opened once: its `run.json`, its model, and some rows of each cluster."""

    description: dict[str, Any]
    model: VAEClustering
    examples: dict[int, Any]

    @classmethod
    def open(cls, folder: RunFolder) -> Self:
        """The run in this folder; raises `FileError` if a file of it is missing or damaged."""
        return cls(folder.description(), folder.model(device="cpu"), folder.examples())

    def shown(self, rows: Any) -> Shown:
        """Rows as they are shown, real and generated ones alike: those of tables as excerpts, others as pictures."""
        if not isinstance(rows, np.ndarray):
            return Excerpt(rows)
        return Wall(self._drawing.of(rows), self._drawing.low, self._drawing.high)

    @cached_property
    def clusters(self) -> tuple[ShownCluster, ...]:
        """The clusters with their rows; the generated ones are drawn here, from the estimator's own seed."""
        return tuple(
            ShownCluster(
                number=entry["cluster"],
                size=entry["size"],
                share=entry["size"] / self.description["rows"],
                mean_confidence=float("nan") if entry["mean_confidence"] is None else entry["mean_confidence"],
                rows=self.shown(self.examples[entry["cluster"]]),
                generated=self._generated(entry["cluster"]),
            )
            for entry in self.description["clusters"]
        )

    @property
    def _as_learned(self) -> bool:
        """Whether the rows shown are what the model generates, and not the pictures or texts behind it."""
        schema, (rows, *_) = self.model.fitted_.schema, self.examples.values()
        return rows.ndim == 1 + len(schema.row_shape) if isinstance(rows, np.ndarray) else schema.frame is not None

    @cached_property
    def _drawing(self) -> Drawing:
        if not self._as_learned:
            return Drawing(0.0, 255.0)
        return self.model.fitted_.schema.blocks[0].drawing(np.concatenate(list(self.examples.values())))

    def _generated(self, cluster: int) -> Shown | None:
        return self.shown(self.model.sample(WALL_ROWS, cluster=cluster)) if self._as_learned else None
