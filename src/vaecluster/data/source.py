"""Sources of rows: by number, in the user's units. Rows larger than memory are read from where they lie."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.blocks.reading import Reading
from vaecluster.data.kinds import SeenColumn
from vaecluster.data.raw import ALL, Array, Coded, Raw, RowNames, row_slices
from vaecluster.data.schema import Schema


class Source(Protocol):
    """Rows by number; to add one, write a class with these members, and what makes it of X in `data/given/`."""

    def __len__(self) -> int:
        """How many rows there are."""

    def read(self, numbers: NDArray[np.intp] | slice) -> Raw:
        """These rows, in the user's units."""

    @property
    def row_entries(self) -> int:
        """Entries of one row, for the size of blocks."""

    @property
    def row_names(self) -> RowNames | None:
        """What the rows are called, if they have names."""

    def fingerprint(self) -> dict[str, Any]:
        """Rows, type, shape and SHA-256 of the content, as JSON holds them."""

    def schema(self, reading: Reading) -> Schema:
        """What the rows are, and how a method reads them."""

    def seen(self) -> tuple[SeenColumn, ...]:
        """What each column was taken for; none where all are numbers of one kind."""

    def by_column(self, numbers: NDArray[np.intp] | slice = ALL) -> Iterator[tuple[str, Array | Coded, str]]:
        """The name of each column, its values in these rows (rows,), and the name of its type where it holds dates.

        Raises `DataError` for rows that have none to speak of.
        """

    def filled(self, schema: Schema, expected: Tensor) -> Any:
        """All rows as they were given, with missing values as in `expected` (rows, *data_shape)."""


def slices(source: Source) -> Iterator[slice]:
    """All rows in order, in blocks of a bounded number of entries."""
    return row_slices(len(source), source.row_entries)
