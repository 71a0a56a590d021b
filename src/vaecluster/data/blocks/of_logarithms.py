"""What columns have in common that are read by their logarithms."""

from abc import ABC

from vaecluster.data.blocks.base import Block
from vaecluster.data.blocks.numbers import Numbers
from vaecluster.data.columns import Column
from vaecluster.data.raw import Array


class OfLogarithms(Block, ABC):
    """Columns of numbers of 0 and more, whose logarithms are `numbers`."""

    numbers: Numbers

    @classmethod
    def read(cls, column: Column) -> Array:
        """As numbers are read; `DataError` for infinite ones."""
        return Numbers.read(column)

    # A field of the record in other blocks.
    @property
    def missing(self) -> bool:  # type: ignore[override]
        """Whether values may be missing in new rows."""
        return self.numbers.missing

    @property
    def shape(self) -> tuple[int, ...]:
        """(columns,)."""
        return self.numbers.shape

    @property
    def embedded(self) -> tuple[int, ...]:
        """As that of numbers."""
        return self.numbers.embedded
