"""The nearest other rows of every row."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from torch import Tensor

from vaecluster.data.rows import Rows
from vaecluster.errors import SettingError

# Rows are read so many entries at a time (32 MiB as float32).
BLOCK_ENTRIES = 2**23

# Principal components are those of a random sample of at most so many rows and entries (128 MiB as float32).
SAMPLE_ROWS = 10_000
SAMPLE_ENTRIES = 2**25


@final
@dataclass(frozen=True)
class Neighbours:
    """A row and one of its `number` nearest other rows are two views of the same thing.

    Distances are Euclidean, between scaled rows. Rows with more than `components` entries are compared by that many
    leading principal components: the time of a search grows with the entries, and the many directions of little
    variance add noise to the distances. Up to `exact_up_to` rows the neighbours are exact; above, about one in two
    hundred is missed and the next nearest takes its place.
    """

    number: int = 10
    components: int = 64
    exact_up_to: int = 20_000

    def __post_init__(self) -> None:
        for name, least in (("number", 1), ("components", 1), ("exact_up_to", 0)):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or int(value) < least:
                raise SettingError(
                    f"Neighbours({name}={value!r}) cannot be used; give a whole number from {least} on."
                )

    def find(self, rows: Rows) -> NDArray[np.int32]:
        """Row numbers of the nearest other rows, nearest first: (rows, number), fewer columns if rows are few.

        A row is not its own neighbour, though a copy of it can be; only a single row is, for want of others. The
        same rows give the same neighbours: torch's random state takes no part. For each row memory holds `number`
        row numbers and at most `components` values.
        """
        from vaecluster.views.nearest import nearest_others

        number = min(self.number, len(rows) - 1)
        if number == 0:
            return np.zeros((1, 1), np.int32)
        return nearest_others(self._points(rows), number, exact=len(rows) <= self.exact_up_to)

    def _points(self, rows: Rows) -> NDArray[np.float32]:
        """What distances are taken between: (rows, columns or components)."""
        if math.prod(rows.preprocessing.data_shape) <= self.components:
            return np.concatenate([batch.cpu().numpy() for batch in _blocks(rows)])
        mean, directions = principal_components(rows, self.components)
        return np.concatenate([((batch - mean) @ directions).cpu().numpy() for batch in _blocks(rows)])


def principal_components(rows: Rows, number: int) -> tuple[Tensor, Tensor]:
    """The rows' mean, (columns,), and directions of largest variance, (columns, number), on the rows' device.

    Both are estimated from a sample, always the same one; there are no more directions than rows.
    """
    columns = math.prod(rows.preprocessing.data_shape)
    size = min(len(rows), max(number, min(SAMPLE_ROWS, SAMPLE_ENTRIES // columns)))
    chosen = np.sort(np.random.default_rng(0).choice(len(rows), size, replace=False))
    # Rows that are all alike have no variance, and their shares of it, which are not used here, are 0 / 0.
    with np.errstate(invalid="ignore"):
        pca = PCA(min(number, size), random_state=0).fit(rows[chosen].flatten(1).cpu().numpy())
    mean, directions = (torch.from_numpy(np.float32(part)) for part in (pca.mean_, pca.components_.T))
    return mean.to(rows.device), directions.to(rows.device)


def _blocks(rows: Rows) -> Iterator[Tensor]:
    """All rows in order, flat: (block, columns), on the rows' device."""
    size = max(1, BLOCK_ENTRIES // math.prod(rows.preprocessing.data_shape))
    for start in range(0, len(rows), size):
        yield rows[start : start + size].flatten(1)
