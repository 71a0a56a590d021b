"""The cluster of each row, as a file that other programs can read."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.errors import FileError

if TYPE_CHECKING:
    import pyarrow as pa

    from vaecluster.estimator import VAEClustering

ROW, CLUSTER, CONFIDENCE, NAME, SCORE = "row", "cluster", "confidence", "name", "outlier_score"
# What the identifier is called where it has the name of another column.
IDENTIFIER = "identifier"


@final
@dataclass(frozen=True, eq=False)
class Labels:
    """The cluster of each row and the probability of it, (rows,) each.

    `names` are those of clusters, `outlier_score` (rows,) and the rows' `identifiers` are there where they are known.
    """

    clusters: NDArray[np.intp]
    confidence: NDArray[np.float64]
    names: Mapping[int, Any]
    outlier_score: NDArray[np.float64] | None = None
    identifier: str = IDENTIFIER
    identifiers: list[Any] | None = None
    # The number of the first row.
    first: int = 0

    def of_rows(self, model: "VAEClustering", rows: Any, names: NDArray[Any] | None = None) -> Self:
        """With the names of the rows, or their identifiers, if the fit found a column of them and they have it."""
        if names is not None:
            return replace(self, identifier=model.fitted_.schema.blocks[0].named, identifiers=names.tolist())
        layout = model.fitted_.schema.frame
        name = None if layout is None else layout.identifier
        if name is None or name not in rows.column_names:
            return self
        taken = name in (ROW, CLUSTER, CONFIDENCE, NAME, SCORE)
        return replace(self, identifier=IDENTIFIER if taken else name, identifiers=rows.column(name).to_pylist())

    def columns(self) -> dict[str, list[Any]]:
        """What is written, by column: the row's number and identifier, its cluster, confidence, name and score."""
        clusters: list[int] = self.clusters.tolist()
        columns: dict[str, list[Any]] = {ROW: list(range(self.first, self.first + len(clusters)))}
        if self.identifiers is not None:
            columns[self.identifier] = self.identifiers
        columns |= {CLUSTER: clusters, CONFIDENCE: self.confidence.tolist()}
        if self.names:
            columns[NAME] = [self.names.get(cluster, "") for cluster in clusters]
        if self.outlier_score is not None:
            columns[SCORE] = self.outlier_score.tolist()
        return columns

    def as_csv(self) -> bytes:
        """A line per row below a header, in UTF-8."""
        columns = self.columns()
        return as_lines(columns, list(columns))

    def as_table(self) -> "pa.Table":
        """The same columns; names of clusters are texts there."""
        import pyarrow as pa

        columns = self.columns()
        if NAME in columns:
            columns[NAME] = [str(name) for name in columns[NAME]]
        return pa.table(columns)

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `as_csv` wrote, but for names and scores; `FileError` for another file."""
        try:
            reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
            rows = list(reader)
            known = (ROW, CLUSTER, CONFIDENCE, NAME, SCORE)
            own = [name for name in reader.fieldnames or () if name not in known]
            return cls(
                np.array([int(row[CLUSTER]) for row in rows]),
                np.array([float(row[CONFIDENCE]) for row in rows]),
                {},
                identifier=own[0] if own else IDENTIFIER,
                identifiers=[row[own[0]] for row in rows] if own else None,
            )
        except (OSError, ValueError, KeyError, TypeError, csv.Error):
            raise FileError(f"'{path}' is missing or damaged. Fit again.") from None


def as_lines(columns: Mapping[str, list[Any]], header: Sequence[str] = ()) -> bytes:
    """A line for each row as CSV in UTF-8, below the header if there is one; probabilities with four digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(header)
    shown = {name: [f"{one:.4f}" for one in column] for name, column in columns.items() if name in (CONFIDENCE, SCORE)}
    writer.writerows(zip(*({**columns, **shown}).values(), strict=True))
    return text.getvalue().encode()
