"""Rows as the page shows them: pictures, lines of a table, or texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.stored import can_be_cut, rows_at
from vaecluster.errors import DataError, FileError
from vaecluster.look import cut
from vaecluster.look.encode import data_uri, png_bytes
from vaecluster.look.walls import Wall
from vaecluster.report.excerpt import line_of
from vaecluster.report.showing import Showing
from vaecluster.row_kind import RowKind

# Columns of a table and letters of a text that are shown. A wider array has columns that nobody knows apart.
COLUMNS, LETTERS, WIDEST = 12, 400, 64


@final
@dataclass(frozen=True)
class Seen:
    """What a row looks like: a picture as an address that holds it, a text, or names and values of columns."""

    picture: str | None = None
    text: str | None = None
    cells: tuple[tuple[str, str], ...] = ()


@final
@dataclass(frozen=True, eq=False)
class Look:
    """How rows of a run are shown: `rows` are all of them as a user has them, of which `texts` has a text each."""

    rows: Any
    showing: Showing
    names: Sequence[str]
    texts: Sequence[str] | None = None

    def at(self, numbers: NDArray[np.intp]) -> list[Seen]:
        """The rows of these numbers, in this order."""
        if self.texts is not None:
            return [Seen(text=cut(self.texts[number], LETTERS)) for number in numbers.tolist()]
        if not can_be_cut(self.rows) and not hasattr(self.rows, "paths"):
            return [Seen()] * len(numbers)
        # Of a table in files, rows are read in their order.
        wanted, back = np.unique(numbers, return_inverse=True)
        try:
            found = self.of(rows_at(self.rows, wanted))
        except DataError as problem:
            # They were read in the fit.
            raise FileError(str(problem)) from None
        return [found[place] for place in back]

    def made(self, rows: Any) -> list[Seen]:
        """Rows that the model has made; nothing where what is shown of a row is not what was learned from."""
        return self.of(rows) if self.showing.as_learned else [Seen()] * len(rows)

    def brought(self, rows: Any) -> Seen:
        """One row as someone has brought it."""
        if isinstance(rows, list):
            return Seen(text=cut(rows[0], LETTERS))
        (seen,) = self.of(rows[:1] if hasattr(rows, "paths") else rows)
        return seen

    def of(self, rows: Any) -> list[Seen]:
        """Rows in the user's units, as they are."""
        if not isinstance(rows, np.ndarray):
            return [Seen(cells=line) for line in self.showing.lines(rows, COLUMNS)]
        if rows.ndim == 2 and self.showing.schema.kind is RowKind.VECTORS and rows.shape[1] <= WIDEST:
            called = self.names or [f"column {number}" for number in range(rows.shape[1])]
            return [Seen(cells=line_of(called, row)) for row in rows[:, :COLUMNS].tolist()]
        return [self._picture(rows[place : place + 1]) for place in range(len(rows))]

    def _picture(self, row: Any) -> Seen:
        shown = self.showing(row)
        strip = shown.strip(1) if isinstance(shown, Wall) else None
        return Seen() if strip is None else Seen(picture=data_uri(png_bytes(strip), "image/png"))
