"""What a kind of column knows about itself."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from torch import nn

from vaecluster.data.blocks.drawing import Drawing, middle
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.columns import Column
from vaecluster.data.raw import Array, Coded, Doubles, Raw, Table
from vaecluster.model.likelihood import Likelihood
from vaecluster.row_kind import RowKind

if TYPE_CHECKING:
    from vaecluster.data.blocks.traced import Traced

Offset = NDArray[np.float64] | float
# No row of a fit is so many deviations from the mean: that takes 10**12 rows. A new row may be anything, such as a
# sentinel for a missing value, and its square must not overflow.
FARTHEST = 1e6


class Block(ABC):
    """Columns of one kind, or whole images; to add a kind, write a class with these members.

    A block alone knows how its columns are read, scaled, seen by the encoder, judged by the likelihood and given back.
    It is a frozen dataclass of plain values and arrays, which is how a model file keeps it.
    """

    # The kinds of columns that it reads, with what a column of each may hold (`Column.holds`); none if it is for
    # arrays alone.
    kinds: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # What rows are that it is a part of, or all of.
    kind: ClassVar[RowKind] = RowKind.VECTORS
    # The columns of a frame that it has; none if it is a whole array.
    columns: tuple[str, ...]
    # Whether values may be missing in new rows.
    missing: bool = True
    # Whether there may be values between those that are there.
    between: ClassVar[bool] = True
    # Whether values are numbers, so that one can be so far off; else one is right or it is not.
    measured: ClassVar[bool] = True
    # Whether most entries of a row are 0, so that they may be given without these and take long to read.
    sparse: ClassVar[bool] = False
    # Wider rows are compared along so many principal axes.
    axes: ClassVar[int] = 64

    @classmethod
    def read(cls, column: Column) -> Array | Coded:
        """The values of a column of a frame, also of one without any; `DataError` for some that no row can have."""
        raise NotImplementedError

    @classmethod
    def of_columns(cls, columns: Table, reading: Reading) -> Sequence[Self]:
        """The blocks for all columns of this kind; `DataError` names one that is of no use."""
        raise NotImplementedError

    @property
    def held(self) -> str:
        """What its columns held in a fit whose model file does not say it (`FrameLayout.held`)."""
        return "numbers"

    @property
    def scaled(self) -> str:
        """How its numbers are scaled, in words; nothing where that goes without saying."""
        return ""

    def unseen(self, values: Array | Coded) -> str:
        """A warning about the values of a new column, if the fit has seen none of them."""
        return ""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Its part of the model's row: (columns,), or (C, H, W) for images."""

    @property
    def given_shape(self) -> tuple[int, ...]:
        """The shape of its part of a row as the user has it: (columns,), or (H, W) or (H, W, C) for images."""
        return self.shape

    @property
    def embedded(self) -> tuple[int, ...]:
        """The shape of what the encoder's network reads of it."""
        return self.shape

    def take(self, raw: Raw) -> Any:
        """Its own values, picked from those of all columns."""
        if not isinstance(raw, Mapping):
            return raw
        return np.column_stack([raw[name] for name in self.columns])  # type: ignore[misc]

    @abstractmethod
    def encode(self, values: Any) -> NDArray[np.float32]:
        """The user's values as the model has them, (rows, *shape); NaN where a value is missing."""

    @abstractmethod
    def restore(self, rows: NDArray[np.float32]) -> Array:
        """The way back from (rows, *shape)."""

    @abstractmethod
    def traced(self) -> "Traced":
        """`encode` and `restore` as modules; raises `SettingError` if no program can do what they do."""

    def deviations(self, rows: NDArray[np.float32], deviations: Doubles) -> Array:
        """In the user's units the standard deviations of values around (rows, *shape), if they are `measured`."""
        raise NotImplementedError

    def embedding(self) -> nn.Module:
        """From (rows, *shape) to what the encoder's network reads, (rows, *embedded)."""
        return nn.Identity()

    def coordinates(self) -> nn.Module:
        """From (rows, *shape) to what distances between rows are measured in; NaN where a value is missing."""
        return nn.Identity()

    @abstractmethod
    def likelihood(self, name: str, precision: float) -> Likelihood:
        """p(x|z) of its entries that are there; blocks of numbers take the likelihood of that name and precision."""

    def drawing(self, rows: Array) -> Drawing:
        """How rows of an array are drawn, in one way for all of these."""
        # Far values would leave the rest of their column in one colour.
        return Drawing(*middle(rows, self.given_shape[0], far=2))

    @abstractmethod
    def check(self) -> None:
        """Raise `ValueError` unless some rows could have made it; for blocks that come from a file."""


def scaled(values: Array, offset: Offset, scale: Offset) -> NDArray[np.float32]:
    """(values - offset) / scale, cut off at `FARTHEST`; NaN stays."""
    # The subtraction is done in double precision: a column of 1e9 + small changes would lose them in float32.
    # Bytes and 16-bit numbers are exact in float32, at half the memory traffic.
    working = np.float32 if values.dtype.itemsize <= 2 else np.float64
    made: NDArray[np.floating[Any]] = values.astype(working)
    # In place: a batch of wide rows is large.
    made -= np.asarray(offset, working)
    made /= np.asarray(scale, working)
    np.clip(made, -FARTHEST, FARTHEST, out=made)
    single: NDArray[np.float32] = made.astype(np.float32, copy=False)
    return single


def as_type(rows: NDArray[np.float64], dtype: np.dtype[Any]) -> Array:
    """Numbers in another type, clipped to its range; whole ones are rounded."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        # The largest 64-bit number is not a double; the next double above it would overflow.
        top = np.nextafter(float(limits.max), 0) if dtype.itemsize == 8 else limits.max
        rows = rows.round().clip(limits.min, top)
    if dtype.kind == "f":
        rows = rows.clip(float(np.finfo(dtype).min), float(np.finfo(dtype).max))
    if dtype.kind == "b":
        return rows >= 0.5
    return rows.astype(dtype)
