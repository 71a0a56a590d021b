"""Rows of a table as they are shown in the report."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Any, final

from markupsafe import Markup

from vaecluster.look import cut
from vaecluster.look.shown import Shown
from vaecluster.report.html import fill

if TYPE_CHECKING:
    import pyarrow as pa

# Rows and columns that are shown; more would not be read.
ROWS, COLUMNS = 8, 12
# Rows in the excerpts of one kind of all clusters together: where there are very many, a page with more would be too
# large to send.
ALL_ROWS = 800
# Letters of a value at least, and of a line where there are few columns.
LETTERS, LINE = 24, 112


@final
@dataclass(frozen=True, eq=False)
class Excerpt(Shown):
    """Up to 64 rows of a table, of which the first few, `most` of them, are shown as text."""

    listed = True

    rows: "pa.Table"
    most: int = ROWS

    def __len__(self) -> int:
        return min(self.most, int(self.rows.num_rows))

    def html(self, words: str) -> Markup:
        """The first rows and columns, as markup."""
        from pyarrow import types

        shown = self.rows.slice(0, len(self)).select(self.rows.column_names[:COLUMNS])
        letters = max(LETTERS, LINE // max(1, shown.num_columns))
        kinds = [
            types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) for kind in shown.schema.types
        ]
        return fill(
            "excerpt.html.j2",
            caption=f"{len(self)} {words}",
            names=list(zip(shown.column_names, kinds, strict=True)),
            lines=[
                [(text_of(value, letters), kind) for value, kind in zip(row.values(), kinds, strict=True)]
                for row in shown.to_pylist()
            ],
            more=self.rows.num_columns - shown.num_columns,
        )


def rows_of_each(clusters: int) -> int:
    """How many rows an excerpt shows where there are so many clusters.

    >>> rows_of_each(10), rows_of_each(300)
    (8, 2)
    """
    return max(1, min(ROWS, ALL_ROWS // max(1, clusters)))


def line_of(names: Iterable[str], values: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    """Names of columns, and the values of one row as texts."""
    return tuple((name, text_of(value)) for name, value in zip(names, values, strict=False))


def text_of(value: Any, letters: int = LETTERS) -> str:
    """A value on one line, of so many letters at most; numbers with four digits, midnights as days.

    >>> text_of(12345.678), text_of(0.00012345), text_of(None), text_of("a  b"), text_of(datetime(2026, 1, 5))
    ('12,346', '0.0001234', '–', 'a b', '2026-01-05')
    """
    if value is None or value != value:
        return "\N{EN DASH}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, datetime) and value.time() == time.min:
        value = value.date()
    text = " ".join(str(value).split())
    return cut(text, letters)
