"""The nearest other rows of every row."""

from collections.abc import Callable
from math import prod
from typing import Annotated, final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from torch import Tensor

from vaecluster.data.raw import row_slices
from vaecluster.data.rows import Rows
from vaecluster.settings import Settings, Whole, settings

Points = Callable[[slice | NDArray[np.intp]], NDArray[np.float32]]

# Principal components are those of a random sample of at most so many rows and entries (128 MiB as float32).
SAMPLE_ROWS = 10_000
SAMPLE_ENTRIES = 2**25


@final
@settings
class Neighbours(Settings):
    """A row and one of its nearest other rows are two views of the same thing.

    Distances are Euclidean, between scaled rows. Wide rows are compared by their leading principal components: the
    time of a search grows with the entries, and the many directions of little variance add noise to the distances.
    """

    number: Annotated[int, Whole(1), "how many nearest rows"] = 10
    components: Annotated[int, Whole(1), "rows with more entries are compared by so many principal components"] = 64
    exact_up_to: Annotated[
        int, Whole(0), "with more rows about one neighbour in two hundred is missed and the next nearest is taken"
    ] = 20_000

    def find(self, rows: Rows) -> NDArray[np.int32]:
        """Row numbers of the nearest other rows, nearest first: (rows, number), fewer columns if rows are few.

        A row is not its own neighbour, though a copy of it can be; a single row is, for want of others. The same
        rows give the same neighbours. For each row memory holds `number` row numbers and, where there are many rows,
        at most `components` values of half precision.
        """
        # It loads faiss, which takes a fifth of a second.
        from vaecluster.views.nearest import nearest_others

        number = min(self.number, len(rows) - 1)
        if number == 0:
            return np.zeros((1, 1), np.int32)
        return nearest_others(self._points(rows), len(rows), number, exact=len(rows) <= self.exact_up_to)

    def _points(self, rows: Rows) -> Points:
        """What distances are taken between, for some row numbers: (rows, columns or components)."""
        read = rows.schema.embedding()
        if prod(rows.schema.embedded_shape) <= self.components:
            return lambda some: read(rows[some]).flatten(1).cpu().numpy()
        mean, directions = principal_components(rows, self.components)
        return lambda some: ((read(rows[some]).flatten(1) - mean) @ directions).cpu().numpy()


def principal_components(rows: Rows, number: int) -> tuple[Tensor, Tensor]:
    """The rows' mean, (columns,), and directions of largest variance, (columns, number), on the rows' device.

    Both are estimated from a sample, always the same one; there are no more directions than rows.
    """
    columns = prod(rows.schema.embedded_shape)
    size = min(len(rows), max(number, min(SAMPLE_ROWS, SAMPLE_ENTRIES // columns)))
    chosen = np.sort(np.random.default_rng(0).choice(len(rows), size, replace=False))
    read, sample = rows.schema.embedding(), np.empty((size, columns), dtype=np.float32)
    # A few rows at a time: scaling goes through double precision.
    for block in row_slices(size, columns):
        sample[block] = read(rows[chosen[block]]).flatten(1).cpu().numpy()
    # Rows that are all alike have no variance, and their shares of it, which are not used here, are 0 / 0.
    with np.errstate(invalid="ignore"):
        pca = PCA(min(number, size), random_state=0, copy=False).fit(sample)
    mean, directions = (torch.from_numpy(np.float32(part)) for part in (pca.mean_, pca.components_.T))
    return mean.to(rows.device), directions.to(rows.device)
