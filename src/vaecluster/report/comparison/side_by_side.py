"""The clusters of all methods, the same cluster of each in one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from vaecluster.clusters.matching import overlap
from vaecluster.clusters.scores import UNASSIGNED
from vaecluster.comparison import Comparison
from vaecluster.data.given import Given
from vaecluster.data.schema import Schema
from vaecluster.inference.profile import profile
from vaecluster.look.encode import picture
from vaecluster.look.shown import Shown
from vaecluster.report.html import fill
from vaecluster.report.section import PageSection
from vaecluster.report.showing import Showing
from vaecluster.runs.examples import drawn, examples_of

# Rows of a cluster that are shown: of pictures so many beside and below each other, of tables so many lines.
COLUMNS, LINES = 5, 2
# Columns of a table that say what sets a cluster apart.
DIFFERENCES = 3
# More clusters than that would not be looked at; those of the fewest rows are left out.
MOST_CLUSTERS = 60


@final
@dataclass(frozen=True, eq=False)
class Cell:
    """A cluster as one method found it: its number of rows, and their overlap with the first method in the line.

    `words` say what sets the cluster apart, for tables. A method without this cluster has size 0.
    """

    method: str
    size: int
    overlap: float | None = None
    rows: Shown | None = None
    words: tuple[str, ...] = ()

    def html(self, number: int) -> Markup:
        """Some of the rows."""
        assert self.rows is not None
        what = f"rows of cluster {number} by {self.method}"
        image = self.rows.strip(COLUMNS, LINES)
        return self.rows.html(what) if image is None else picture(image, f"{min(len(self.rows), 10)} {what}")


@final
@dataclass(frozen=True, eq=False)
class Line:
    """A cluster by all methods."""

    number: int
    cells: tuple[Cell, ...]


@final
@dataclass(frozen=True, eq=False)
class SideBySide(PageSection):
    """The clusters, one a line."""

    anchor: ClassVar[str] = "clusters"
    heading: ClassVar[str] = "The clusters side by side"

    lines: tuple[Line, ...]
    left_out: int

    @classmethod
    def of(cls, comparison: Comparison, rows: Any, given: Given, schema: Schema) -> "SideBySide":
        """Of the typical fits; `rows` are as the user has them, `given` the same as they were checked."""
        labels = comparison.labels
        number = 1 + max(int(found.max()) for found in labels.values())
        sizes = {name: np.bincount(found[found != UNASSIGNED], minlength=number) for name, found in labels.items()}
        # In the order of their numbers, but for the smallest of very many.
        largest = np.argsort(-np.max(list(sizes.values()), axis=0), kind="stable")[:MOST_CLUSTERS]
        shown = np.sort(largest).tolist()
        members = {
            (name, line): np.flatnonzero(found == line)
            for name, found in labels.items()
            for line in shown
            if sizes[name][line]
        }
        examples = examples_of(drawn(members), rows)
        showing = Showing(schema, examples)
        words = _words(labels, number, given, schema)
        return cls(
            tuple(
                Line(line, tuple(_cell(name, line, labels, examples, showing, words) for name in labels))
                for line in shown
            ),
            number - len(shown),
        )

    def html(self) -> Markup:
        """The lines."""
        cells = [cell for line in self.lines for cell in line.cells if cell.rows is not None]
        return fill(
            "comparison/side_by_side.html.j2",
            lines=self.lines,
            methods=max(len(line.cells) for line in self.lines),
            # Tables need room for what is read.
            least="13rem" if any(cell.rows.listed for cell in cells if cell.rows is not None) else "8rem",
            left_out=self.left_out,
            has_heat_maps=any(cell.rows is not None and cell.rows.is_heat_map for cell in cells),
        )


def _cell(
    name: str,
    line: int,
    labels: Mapping[str, NDArray[np.intp]],
    examples: Mapping[Any, Any],
    showing: Showing,
    words: Mapping[str, list[list[str]]],
) -> Cell:
    if (name, line) not in examples:
        return Cell(name, 0)
    first = next(other for other in labels if (other, line) in examples)
    own = labels[name] == line
    same = None if first == name else overlap(own, labels[first] == line)
    said = tuple(words[name][line]) if name in words else ()
    return Cell(name, int(own.sum()), same, showing(examples[name, line]), said)


def _words(
    labels: Mapping[str, NDArray[np.intp]], number: int, given: Given, schema: Schema
) -> dict[str, list[list[str]]]:
    """What sets each cluster apart in the columns of a table, for each method."""
    if schema.frame is None:
        return {}
    return {
        name: [[one.words for one in some[:DIFFERENCES]] for some in profile(given, found, number)]
        for name, found in labels.items()
    }
