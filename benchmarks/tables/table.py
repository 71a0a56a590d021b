"""A table of a page: its columns, and the rows that it makes of records."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
RESULTS = ROOT / "benchmarks" / "results"

Record = dict[str, Any]
Cells = list[Any]
Rows = Callable[[list[Record]], Iterator[Cells]]


@dataclass(frozen=True)
class Table:
    """What stands between two marks in a page: rows made of all records of a folder, and nothing where there are none.

    Records come by `order`, else by the names of their files. `notes` are sentences for a list below the rows.
    """

    name: str
    columns: tuple[str, ...]
    folder: str
    order: Callable[[Record], Any]
    notes: Callable[[list[Record]], Iterator[str]]
    rows: Rows

    def put_into(self, text: str, results: Path) -> str:
        """The text with this table between its marks."""
        begin, end = f"<!-- {self.name}:begin -->\n", f"<!-- {self.name}:end -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            sys.exit(f"The text must hold the lines {begin.strip()} and {end} once each.")
        before, _, rest = text.partition(begin)
        records = sorted(records_of(results / self.folder), key=self.order)
        return before + begin + self._lines(records) + end + rest.partition(end)[2]

    def _lines(self, records: list[Record]) -> str:
        rows = list(self.rows(records))
        header = [f"| {' | '.join(self.columns)} |\n", f"|{'---|' * len(self.columns)}\n"]
        notes = [f"- {note}\n" for note in self.notes(records)]
        lines = [
            *header,
            *(f"| {' | '.join(map(str, cells))} |\n" for cells in rows),
            *(["\n", *notes] if notes else []),
        ]
        return "".join(lines) if rows else ""


def table(
    name: str,
    columns: str,
    folder: str = "",
    order: Callable[[Record], Any] = lambda _: 0,
    notes: Callable[[list[Record]], Iterator[str]] = lambda _: iter(()),
) -> Callable[[Rows], Table]:
    """Makes a table of a function from records to rows; between `columns` there are bars."""
    return lambda rows: Table(name, tuple(columns.split(" | ")), folder, order, notes, rows)


def records_of(folder: Path) -> list[Record]:
    """The files of results in a folder, in the order of their names."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
