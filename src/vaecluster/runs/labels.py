"""The cluster of each row, as a file that other programs can read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.raw import RowNames
from vaecluster.data.tables import as_csv, in_one_thread
from vaecluster.errors import FileError

if TYPE_CHECKING:
    import pyarrow as pa

    from vaecluster.inference.answers import Assigned

ROW, CLUSTER, CONFIDENCE, SECOND = "row", "cluster", "confidence", "second"
NAME, SCORE = "name", "outlier_score"
COLUMNS = (ROW, CLUSTER, CONFIDENCE, SECOND, NAME, SCORE)
# What names of rows are called where that is the name of another column.
IDENTIFIER = "identifier"
_TYPES = {CLUSTER: "int64", SECOND: "int64", CONFIDENCE: "float64", SCORE: "float64"}


@final
@dataclass(frozen=True, eq=False)
class Labels:
    """The cluster of each row and the probability of it, (rows,) each.

    `names` are those of clusters. `second`, the likeliest cluster but one, `outlier_score` (rows,) each, and names of
    rows are there where they are known.
    """

    clusters: NDArray[np.intp]
    confidence: NDArray[np.float64]
    names: Mapping[int, Any]
    second: NDArray[np.intp] | None = None
    outlier_score: NDArray[np.float64] | None = None
    row_names: RowNames | None = None
    # The number of the first row.
    first: int = 0

    @classmethod
    def of(cls, found: "Assigned", names: Mapping[int, Any], first: int = 0) -> Self:
        """What a model says of rows, with the names of its clusters."""
        return cls(found.labels, found.confidence, names, found.second, found.outlier_score, found.row_names, first)

    @property
    def identifier(self) -> str:
        """The column with names of rows."""
        called = IDENTIFIER if self.row_names is None else self.row_names.called
        return IDENTIFIER if called in COLUMNS else called

    def columns(self) -> dict[str, list[Any]]:
        """What is written, by column, in the order of `COLUMNS`; names of rows come second, names are texts."""
        clusters: list[int] = self.clusters.tolist()
        columns: dict[str, list[Any]] = {ROW: list(range(self.first, self.first + len(clusters)))}
        if self.row_names is not None:
            columns[self.identifier] = list(self.row_names.names)
        columns |= {CLUSTER: clusters, CONFIDENCE: self.confidence.tolist()}
        if self.second is not None:
            columns[SECOND] = self.second.tolist()
        if self.names:
            columns[NAME] = [str(self.names.get(cluster, "")) for cluster in clusters]
        if self.outlier_score is not None:
            columns[SCORE] = self.outlier_score.tolist()
        return columns

    def table(self) -> "pa.Table":
        """The columns as a table."""
        import pyarrow as pa

        return pa.table(self.columns())

    def as_csv(self, *, header: bool = True) -> bytes:
        """A line per row below a header, in UTF-8."""
        return as_csv(with_digits(self.table()), header=header)

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `as_csv` wrote, but for names of clusters; `FileError` for another file."""
        import pyarrow as pa
        from pyarrow import csv

        try:
            # Names of rows and of clusters are texts, whatever they look like, and may hold ends of lines.
            parse = csv.ParseOptions(newlines_in_values=True)
            read = in_one_thread()
            with csv.open_csv(path, read, parse) as file:
                there = file.schema.names
            types = {name: _TYPES.get(name, pa.string()) for name in there}
            convert = csv.ConvertOptions(column_types=types, null_values=[])
            table = csv.read_csv(path, read, parse, convert)
            own = [name for name in there if name not in COLUMNS]
            found = {name: table.column(name).to_numpy() for name in there if name in _TYPES}
            return cls(
                found[CLUSTER],
                found[CONFIDENCE],
                {},
                found.get(SECOND),
                found.get(SCORE),
                RowNames(own[0], table.column(own[0]).to_pylist()) if own else None,
            )
        except (OSError, ValueError, KeyError, TypeError):
            raise FileError(f"'{path}' is missing or damaged. Fit again.") from None


def with_digits(table: "pa.Table") -> "pa.Table":
    """The same with numbers between 0 and 1 as texts with four digits, as they stand in a CSV."""
    import pyarrow as pa

    for name in {CONFIDENCE, SCORE} & set(table.column_names):
        texts = [f"{value:.4f}" for value in table.column(name).to_pylist()]
        table = table.set_column(table.column_names.index(name), name, pa.array(texts))
    return table
