"""Cells of single-cell experiments: of an AnnData object, or of anything with its members, such as an .h5ad file."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.batches import Batches
from vaecluster.data.blocks.expression import Expression
from vaecluster.data.cells import CellSource, Values, by_rows, dense, order_of
from vaecluster.data.checks import quoted
from vaecluster.data.raw import Array, RowNames
from vaecluster.errors import CountsWarning, DataError

# What is written into an AnnData object, for scanpy: `sc.pl.umap(adata, color="vaecluster")`.
CLUSTER, CONFIDENCE, CODES = "vaecluster", "vaecluster_confidence", "X_vaecluster"
PLACES = "X, layers['counts'] or raw.X"


class Cells(Protocol):
    """What is used of an AnnData object; genes are its variables."""

    X: Any
    layers: Any
    raw: Any
    obs: Any
    obs_names: Any
    var_names: Any


def is_cells(X: Any) -> bool:
    """Whether it is an AnnData object or has its members; nothing is imported to find out."""
    return all(hasattr(X, name) for name in ("X", "layers", "raw", "obs_names", "var_names"))


@final
@dataclass(frozen=True, eq=False)
class Annotations:
    """What a model says of cells: the cluster of each, -1 for none, its code, and numbers (cells,) by their columns.

    `categories` are the clusters' names, and `record` texts and numbers about the model.
    """

    labels: NDArray[np.intp]
    columns: Mapping[str, Array]
    codes: NDArray[np.floating[Any]]
    categories: list[str]
    record: Mapping[str, str | int]

    @classmethod
    def of(
        cls,
        labels: NDArray[np.intp],
        confidence: Array,
        codes: NDArray[np.floating[Any]],
        *,
        method: str,
        clusters: int,
        names: Mapping[int, Any],
    ) -> Self:
        """What a model of that method and with so many clusters says of cells; `names` are those of clusters."""
        categories = [str(names.get(cluster, cluster)) for cluster in range(clusters)]
        return cls(labels, {CONFIDENCE: confidence}, codes, categories, {"method": method, "n_clusters": clusters})

    def write(self, cells: Any) -> None:
        """Into an AnnData object."""
        import pandas as pd

        cells.obs[CLUSTER] = pd.Categorical.from_codes(self.labels, self.categories)
        for name, values in self.columns.items():
            cells.obs[name] = values
        cells.obsm[CODES] = self.codes
        cells.uns[CLUSTER] = dict(self.record)


def expression_of(cells: Cells) -> "Stored | None":
    """The matrix to learn from: raw counts, else logarithms, else None."""
    found = []
    for one in _stored(cells):
        if one.values.counts:
            return one
        found.append(one)
    return next((one for one in found if one.values.logs), None)


def cells_of_fit(cells: Cells, batch: str | None = None) -> tuple[CellSource, list[str]] | None:
    """Cells to learn from, with the names of their genes; None if there is no expression.

    `batch` is the column of `obs` that says which batch each is of.
    """
    found = expression_of(cells)
    if found is None:
        return None
    logged = not found.values.counts
    if logged:
        warnings.warn(
            f"There are no raw counts in {PLACES}; the values in {found.where} look like logarithms of normalised "
            "counts, and are used as they are. If you have the raw counts, put them into layers['counts'].",
            CountsWarning,
            stacklevel=2,
        )
    batches = None if batch is None else Batches.of_fit(cells, batch)
    source = CellSource(found.matrix, logged=logged, batches=batches, row_names=_names_of(cells))
    if found.values.empty_rows:
        warnings.warn(
            f"{found.values.empty_rows:,} of {len(source):,} cells have no count at all, so nothing tells what they "
            "are. Leave them out.",
            CountsWarning,
            stacklevel=2,
        )
    return source, unique(found.genes)


def plain_values(cells: Cells) -> Array:
    """The values in X, whatever they are: (cells, genes); `DataError` if there are none."""
    if cells.X is None:
        raise DataError("X of the AnnData object is empty; expected a matrix (cells, genes). Put the counts there.")
    return dense(cells.X)


def cells_like(cells: Cells, block: Expression, genes: Sequence[str]) -> CellSource:
    """Cells to answer for, with the genes of the fit by their names, in any order and among others."""
    wanted = "logarithms of normalised counts" if block.logged else "raw counts"
    # Logarithms may by chance be whole, as those of empty cells are.
    found = sorted(_stored(cells), key=lambda one: one.values.whole if block.logged else 0)
    for one in found:
        if one.values.logs if block.logged else one.values.counts:
            batches = Batches.like_fit(cells, block.batch, block.batches) if block.batches else None
            order, names = order_of(unique(one.genes), genes), _names_of(cells)
            return CellSource(one.matrix, logged=block.logged, order=order, batches=batches, row_names=names)
    raise DataError(
        f"The fit was on {wanted}, but there are none in {PLACES}. Put them into one of these, or fit again."
    )


def unique(names: Sequence[Any]) -> list[str]:
    """Names of genes, with "-1", "-2" and so on after those that were there before, and a warning.

    >>> unique(["A", "B"])
    ['A', 'B']
    """
    texts = list(map(str, names))
    taken, seen = set(texts), set()
    if len(taken) == len(texts):
        return texts
    twice = sorted({name for name in texts if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
    seen, made = set(), []
    for name in texts:
        number, new = 0, name
        while new in seen or (number and new in taken):
            number += 1
            new = f"{name}-{number}"
        seen.add(new)
        made.append(new)
    warnings.warn(
        f"Several genes are called {quoted(twice)}; they are told apart by numbers behind their names, as by "
        "var_names_make_unique(). Check that both files of a comparison list them in the same order.",
        CountsWarning,
        stacklevel=2,
    )
    return made


@final
@dataclass(frozen=True, eq=False)
class Stored:
    """A place where counts may be, what is there (cells, genes), and the names of the genes."""

    where: str
    matrix: Any
    genes: Any
    values: Values


def _names_of(cells: Cells) -> RowNames:
    return RowNames("cell", list(map(str, cells.obs_names)))


def _stored(cells: Cells) -> Iterator[Stored]:
    found = [("X", cells.X, cells.var_names)]
    if "counts" in cells.layers:
        found.append(("layers['counts']", cells.layers["counts"], cells.var_names))
    if cells.raw is not None:
        found.append(("raw.X", cells.raw.X, cells.raw.var_names))
    for where, given, genes in found:
        if given is not None:
            matrix = by_rows(given)
            yield Stored(where, matrix, genes, Values.of(matrix, where))
