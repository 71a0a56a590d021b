"""How rows of a data set are shown: those of tables as excerpts, others as pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np

from vaecluster.data.blocks.drawing import Drawing
from vaecluster.data.schema import Schema
from vaecluster.look.shown import Shown
from vaecluster.look.walls import Wall
from vaecluster.report.excerpt import ROWS, Excerpt, line_of


@final
@dataclass(frozen=True, eq=False)
class Showing:
    """How rows of this schema are shown, all by the same scale, that of some examples of them.

    Of tables an excerpt shows `most` rows.
    """

    schema: Schema
    examples: Mapping[Any, Any]
    most: int = ROWS

    def __call__(self, rows: Any) -> Shown:
        """Rows, real and generated ones alike: those of tables as excerpts, others as pictures."""
        if not isinstance(rows, np.ndarray):
            return Excerpt(_table(rows), self.most)
        return Wall(self._drawing.of(rows), self._drawing.low, self._drawing.high)

    def lines(self, rows: Any, columns: int) -> list[tuple[tuple[str, str], ...]]:
        """Rows of a table as names and values of the first columns, of those that the examples have."""
        table, (example, *_) = _table(rows), self.examples.values()
        shown = [name for name in table.column_names if name in example.column_names][:columns]
        return [line_of(row, row.values()) for row in table.select(shown).to_pylist()]

    @property
    def as_learned(self) -> bool:
        """Whether the rows shown are what a model generates, and not the pictures or texts behind it."""
        rows, *_ = self.examples.values()
        if isinstance(rows, np.ndarray):
            return rows.ndim == 1 + len(self.schema.row_shape)
        return self.schema.frame is not None

    @cached_property
    def _drawing(self) -> Drawing:
        if not self.as_learned:
            return Drawing(0.0, 255.0)
        return self.schema.blocks[0].drawing(np.concatenate(list(self.examples.values())))


def _table(rows: Any) -> Any:
    # What a model of a frame of pandas or polars generates is one of these.
    return nw.from_native(rows, eager_only=True).to_arrow()
