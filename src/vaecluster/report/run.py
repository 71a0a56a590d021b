"""What the sections of a report are collected from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Self, final

import narwhals.stable.v2 as nw
import numpy as np

from vaecluster.data.blocks import Pixels, Windows, Words
from vaecluster.data.raw import Array
from vaecluster.estimator import VAEClustering
from vaecluster.report.excerpt import Excerpt
from vaecluster.report.lines import as_lines
from vaecluster.report.shown import Shown
from vaecluster.report.walls import Wall
from vaecluster.row_kind import RowKind
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

    @cached_property
    def shown(self) -> Callable[[Any], Shown]:
        """How rows are shown, real and generated ones alike: those of tables as excerpts, others as pictures."""
        schema = self.model.fitted_.schema
        block = schema.blocks[0]
        if schema.frame is not None or self._shows_texts:
            # What a model of a frame of pandas or polars generates is one of these.
            return lambda rows: Excerpt(nw.from_native(rows, eager_only=True).to_arrow())
        if isinstance(block, Windows):
            # Lines keep their peaks, which are short, and have room for few features.
            low, high = self._middle(0.5, len(block.offset))
            return lambda windows: Wall(as_lines(windows, low, high), 0.0, 255.0)
        if isinstance(block, Pixels):
            return partial(Wall, low=block.offset, high=block.offset + block.scale)
        if self._shows_pictures_of_features:
            return partial(Wall, low=0.0, high=255.0)
        # Far values would leave the rest of their column in one colour.
        low, high = self._middle(2, *schema.row_shape)
        return partial(Wall, low=low, high=high)

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
    def _shows_pictures_of_features(self) -> bool:
        vectors = self.model.fitted_.schema.kind == RowKind.VECTORS
        return vectors and all(getattr(rows, "ndim", 2) > 2 for rows in self.examples.values())

    @property
    def _shows_texts(self) -> bool:
        return isinstance(self.model.fitted_.schema.blocks[0], Words)

    def _generated(self, cluster: int) -> Shown | None:
        if self._shows_pictures_of_features or self._shows_texts:
            return None
        return self.shown(self.model.sample(WALL_ROWS, cluster=cluster))

    def _middle(self, far: float, features: int) -> Array:
        """The least and the largest values (2, features) of the rows shown, but for a percentage at either end."""
        rows = np.concatenate(list(self.examples.values())).astype(float).reshape(-1, features)
        found: Array = np.percentile(rows, [far, 100 - far], axis=0)
        return found
