"""What is exported of a run, whatever the form."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.tables import as_table, free_name
from vaecluster.inference.typical import typical_rows
from vaecluster.runs.labels import Labels

if TYPE_CHECKING:
    import pyarrow as pa

    from vaecluster.estimator import VAEClustering

MEDOID, CODE = "medoid", "code"

# How pictures get into folders.
Links = Literal["copy", "hard", "symbolic"]


@final
@dataclass(frozen=True, eq=False)
class Contents:
    """Rows of a fit, as the user has them, and what the model says of each: label, code, and whether it is a medoid.

    `source` is where the rows were read from. Shapes: `codes` (rows, latent), `medoid` (rows,).
    """

    rows: Any
    source: str
    model: "VAEClustering"
    labels: Labels
    codes: NDArray[np.floating[Any]]
    medoid: NDArray[np.bool_]

    @classmethod
    def of(cls, model: "VAEClustering", rows: Any, source: str) -> Self:
        """All that is exported; outlier scores only if the model can give them."""
        found = model.assigned(rows, outlier_scores=model.calibration_ is not None)
        codes = model.transform(rows)
        medoid = np.zeros(len(codes), dtype=bool)
        # Squared distances from a row to all of its cluster add up to those from their mean, plus the cluster's size
        # times its own from the mean. So the medoid is the row nearest to the mean.
        medoid[np.concatenate(typical_rows(codes, found.labels, model.n_clusters_, 1))] = True
        return cls(rows, source, model, Labels.of(found, model.cluster_names_), codes, medoid)

    def table(self, *, code_by_entry: bool) -> "pa.Table":
        """The user's columns, then ours; the code as one column of lists, or as a column for each of its entries.

        Images and counts of genes are no columns: of these there are names of rows, where they have some.
        """
        import pyarrow as pa

        ours: dict[str, Any] = {**self.labels.columns(), MEDOID: self.medoid}
        if code_by_entry:
            ours |= {f"{CODE}_{entry}": values for entry, values in enumerate(self.codes.T)}
        else:
            ours[CODE] = pa.FixedSizeListArray.from_arrays(pa.array(self.codes.ravel()), self.codes.shape[1])
        columns = _own_columns(self.rows)
        named = self.labels.row_names
        if named is not None and named.called in columns:
            del ours[self.labels.identifier]
        for name, values in ours.items():
            columns[free_name(name, columns)] = values
        return pa.table(columns)

    def clusters(self) -> Iterable[tuple[str, NDArray[np.intp]]]:
        """What the rows of each cluster are called, and their numbers; clusters without rows are passed over."""
        digits, names = len(str(self.model.n_clusters_ - 1)), self.labels.names
        for cluster in np.unique(self.labels.clusters).tolist():
            numbered = f"{cluster:0{digits}} {names.get(cluster, '')}".strip()
            yield ("none" if cluster < 0 else numbered), np.flatnonzero(self.labels.clusters == cluster)


@final
@dataclass(frozen=True)
class Form:
    """One form of an export: how the names of its files end, nothing for a folder, and what writes it.

    `write` gets a path at which an empty file or folder is. It raises `FileError` for contents that it cannot hold.
    """

    ending: str
    write: Callable[[Contents, Path, Links], None]


def _own_columns(rows: Any) -> dict[str, Any]:
    if hasattr(rows, "column_names") or (isinstance(rows, np.ndarray) and rows.ndim == 2):
        table = as_table(rows)
        return dict(zip(table.column_names, table.columns, strict=True))
    return {}
