"""What every kind of rows is told and gives."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from vaecluster.data.raw import ALL, Array, Coded
from vaecluster.data.schema import Schema
from vaecluster.data.source import Source


@final
@dataclass(frozen=True)
class Given:
    """Checked rows: where they come from, the names of columns, if any, and whether they are doubles."""

    source: Source
    names: tuple[str, ...]
    doubles: bool

    @property
    def array(self) -> Array | None:
        """The rows, where they are an array."""
        return getattr(self.source, "array", None)

    @property
    def texts(self) -> list[str] | None:
        """The rows, where they are texts."""
        return getattr(self.source, "texts", None)

    def by_column(self, numbers: NDArray[np.intp] | slice = ALL) -> Iterator[tuple[str, Array | Coded, str]]:
        """Those of the source, by the names that the user gave."""
        for number, (name, values, type_) in enumerate(self.source.by_column(numbers)):
            yield (self.names[number] if self.names else name), values, type_


class KindOfRows(Protocol):
    """What the file of a kind of rows has. Rows that cannot be used raise `DataError`."""

    # What X is, in messages, and what an estimator says of rows that such rows heed: some of `SAID`.
    CALLED: str
    HEEDS: Collection[str]

    def takes(self, X: Any, estimator: BaseEstimator) -> bool:
        """Whether a fit reads X so; the first kind that does takes it."""

    def of_fit(self, estimator: BaseEstimator, X: Any) -> Given:
        """The rows of a fit."""

    def made(self, schema: Schema) -> bool:
        """Whether the schema is of such rows."""

    def like_fit(self, estimator: BaseEstimator, X: Any, schema: Schema) -> Given:
        """New rows, laid out as those of the fit."""
