"""How rows of a data set are shown: those of tables as excerpts, others as pictures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, final

import numpy as np

from vaecluster.data.blocks import Pixels, Windows, Words
from vaecluster.data.raw import Array
from vaecluster.data.schema import Schema
from vaecluster.report.excerpt import Excerpt
from vaecluster.report.lines import as_lines
from vaecluster.report.shown import Shown
from vaecluster.report.walls import Wall
from vaecluster.row_kind import RowKind


@final
@dataclass(frozen=True, eq=False)
class Showing:
    """How rows of this schema are shown, all by the same scale, that of some examples of them."""

    schema: Schema
    examples: Mapping[Any, Any]

    def __call__(self, rows: Any) -> Shown:
        """These rows, real or generated."""
        return self._shown(rows)

    @property
    def pictures_of_features(self) -> bool:
        """Whether rows are features of pictures, of which the pictures are shown."""
        vectors = self.schema.kind == RowKind.VECTORS
        return vectors and all(getattr(rows, "ndim", 2) > 2 for rows in self.examples.values())

    @property
    def texts(self) -> bool:
        """Whether rows are texts."""
        return isinstance(self.schema.blocks[0], Words)

    @cached_property
    def _shown(self) -> Callable[[Any], Shown]:
        block = self.schema.blocks[0]
        if self.schema.frame is not None or self.texts:
            return Excerpt
        if isinstance(block, Windows):
            # Lines keep their peaks, which are short, and have room for few features.
            low, high = self._middle(0.5, len(block.offset))
            return lambda windows: Wall(as_lines(windows, low, high), 0.0, 255.0)
        if isinstance(block, Pixels):
            return partial(Wall, low=block.offset, high=block.offset + block.scale)
        if self.pictures_of_features:
            return partial(Wall, low=0.0, high=255.0)
        # Far values would leave the rest of their column in one colour.
        low, high = self._middle(2, *self.schema.row_shape)
        return partial(Wall, low=low, high=high)

    def _middle(self, far: float, features: int) -> Array:
        """The least and the largest values (2, features) of the examples, but for a percentage at either end."""
        rows = np.concatenate(list(self.examples.values())).astype(float).reshape(-1, features)
        found: Array = np.percentile(rows, [far, 100 - far], axis=0)
        return found
