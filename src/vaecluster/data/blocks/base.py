"""What a kind of column knows about itself."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from vaecluster.data.raw import Array, Coded, Raw
from vaecluster.model.likelihood import Likelihood


class Block(ABC):
    """Columns of one kind, or whole images; to add a kind, write a class with these members.

    A block alone knows how its columns are scaled, read by the encoder, judged by the likelihood and given back. It is
    a frozen dataclass of plain values and arrays, which is how a model file keeps it.
    """

    # The columns of a frame that it holds; none if it is a whole array.
    columns: tuple[str, ...]

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Its part of the model's row: (columns,), or (C, H, W) for images."""

    @property
    def embedded(self) -> tuple[int, ...]:
        """The shape of what the encoder's network reads of it."""
        return self.shape

    @abstractmethod
    def encode(self, values: Any) -> NDArray[np.float32]:
        """The user's values as the model has them, (rows, *shape); NaN where a value is missing."""

    @abstractmethod
    def restore(self, rows: NDArray[np.float32]) -> Any:
        """The way back from (rows, *shape): an array, or for a frame one sequence for each column."""

    def embedding(self) -> nn.Module:
        """From (rows, *shape) to what the encoder's network reads, (rows, *embedded)."""
        return nn.Identity()

    @abstractmethod
    def likelihood(self, name: str, precision: float) -> Likelihood:
        """p(x|z) of its entries; blocks of numbers take the likelihood of that name and precision."""

    @abstractmethod
    def check(self) -> None:
        """Raise `ValueError` unless some rows could have made it; for blocks that come from a file."""

    def take(self, raw: Raw) -> Array | Coded:
        """Its own values, picked from those of all columns."""
        if not isinstance(raw, Mapping):
            return raw
        first = raw[self.columns[0]]
        if isinstance(first, Coded):
            return first
        return np.column_stack([raw[name] for name in self.columns])  # type: ignore[misc]


def as_type(rows: NDArray[np.float64], dtype: np.dtype[Any]) -> Array:
    """Numbers in another type: whole ones are rounded and clipped to its range."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        # The largest 64-bit number is not a double; the next double above it would overflow.
        top = np.nextafter(float(limits.max), 0) if dtype.itemsize == 8 else limits.max
        rows = rows.round().clip(limits.min, top)
    if dtype.kind == "b":
        return rows >= 0.5
    return rows.astype(dtype)
