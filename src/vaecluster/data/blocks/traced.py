"""What a block does to values, as modules that torch can export: beside numpy's, for programs without this package.

Clipping is by comparisons, which leave NaN as it is in every runtime; what minimum and maximum make of it differs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from vaecluster.data.blocks.base import FARTHEST, Offset
from vaecluster.data.raw import Doubles

# Numbers are doubles in a program, but for arrays of these types, which are taken as they are.
_TYPES = {np.dtype(np.uint8): torch.uint8, np.dtype(np.float32): torch.float32}


@final
@dataclass(frozen=True, eq=False)
class Traced:
    """`encode` and `restore` of a block, each from one tensor to another, and the type of the user's values in it.

    `encode` is from (rows, *given_shape) of that type to (rows, *shape), float32, and `restore` is the way back. Where
    values are texts, the tensor holds their places among `texts`, and -1 for any other text.
    """

    dtype: torch.dtype
    encode: nn.Module
    restore: nn.Module
    texts: tuple[str, ...] = ()


def type_of(dtype: np.dtype[np.generic]) -> torch.dtype:
    """The type in which a program takes and gives values of this one.

    >>> type_of(np.dtype("uint8")), type_of(np.dtype("int64"))
    (torch.uint8, torch.float64)
    """
    return _TYPES.get(dtype, torch.float64)


def clipped(values: Tensor, low: float, high: float = float("inf")) -> Tensor:
    """The values, not below `low` and not above `high`; NaN stays.

    >>> clipped(torch.tensor([-2.0, torch.nan, 3.0]), -1, 1)
    tensor([-1., nan,  1.])
    """
    above = torch.where(values < low, low, values)
    return torch.where(above > high, high, above) if high < float("inf") else above


def as_type(values: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """Doubles rounded and clipped as numbers of that type are, in the type that a program gives them in."""
    if dtype.kind == "b":
        return (values >= 0.5).to(type_of(dtype))
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    values = clipped(values.round() if dtype.kind in "iu" else values, float(limits.min), float(limits.max))
    return (values.half() if dtype == np.float16 else values).to(type_of(dtype))


class _Constants(nn.Module):
    """With numbers of a fit, in double precision."""

    def __init__(self, **constants: Any) -> None:
        super().__init__()
        for name, values in constants.items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64, device="cpu"))


class _Affine(_Constants):
    offset: Tensor
    scale: Tensor

    def __init__(self, offset: Offset, scale: Offset) -> None:
        super().__init__(offset=offset, scale=scale)


class _Places(_Constants):
    known: Tensor

    def __init__(self, known: Sequence[float]) -> None:
        super().__init__(known=known)


@final
class Scaled(_Affine):
    """(x - offset) / scale in double precision, cut off at `low` and `high`, in float32; NaN stays."""

    def __init__(self, offset: Offset, scale: Offset, low: float = -FARTHEST, high: float = FARTHEST) -> None:
        super().__init__(offset, scale)
        self.low, self.high = low, high

    def forward(self, values: Tensor) -> Tensor:
        """The same shape."""
        return clipped((values.double() - self.offset) / self.scale, self.low, self.high).float()


@final
class Unscaled(_Affine):
    """x * scale + offset, as numbers of a type."""

    def __init__(self, offset: Offset, scale: Offset, dtype: str = "<f8") -> None:
        super().__init__(offset, scale)
        self.dtype = np.dtype(dtype)

    def forward(self, rows: Tensor) -> Tensor:
        """The same shape."""
        return as_type(rows.double() * self.scale + self.offset, self.dtype)


class _Topics(_Constants):
    matrix: Tensor
    offset: Tensor
    scale: Tensor

    def __init__(self, matrix: Doubles, offset: Offset, scale: Offset) -> None:
        super().__init__(matrix=matrix, offset=offset, scale=scale)


@final
class InTopics(_Topics):
    """Weights (rows, columns) times `matrix` (columns, topics), of length 1, then (x - offset) / scale."""

    def forward(self, values: Tensor) -> Tensor:
        """(rows, topics), float32."""
        parts = normalize(values.double() @ self.matrix, dim=-1)
        return clipped((parts - self.offset) / self.scale, -FARTHEST, FARTHEST).float()


@final
class FromTopics(_Topics):
    """The way back: x * scale + offset, times `matrix` (topics, columns), weights of 0 and more of one `length`."""

    def __init__(self, matrix: Doubles, offset: Offset, scale: Offset, length: float) -> None:
        super().__init__(matrix, offset, scale)
        self.length = length

    def forward(self, rows: Tensor) -> Tensor:
        """(rows, columns), double."""
        weights = clipped((rows.double() * self.scale + self.offset) @ self.matrix, 0)
        return normalize(weights, dim=-1) * self.length


@final
class LogShares(nn.Module):
    """Counts as log1p of what a row of `total` of them would have."""

    def __init__(self, total: float) -> None:
        super().__init__()
        self.total = total

    def forward(self, values: Tensor) -> Tensor:
        """The same shape, double."""
        counts = values.double()
        totals = counts.sum(-1, keepdim=True)
        return clipped(counts * (self.total / torch.where(totals > 0, totals, 1.0)), 0).log1p()


@final
class InType(nn.Module):
    """Doubles as numbers of a type."""

    def __init__(self, dtype: str) -> None:
        super().__init__()
        self.dtype = np.dtype(dtype)

    def forward(self, values: Tensor) -> Tensor:
        """The same shape."""
        return as_type(values, self.dtype)


@final
class OfLogs(nn.Module):
    """Values of which these are log1p."""

    def forward(self, values: Tensor) -> Tensor:
        """The same shape."""
        return values.expm1()


@final
class Moved(nn.Module):
    """One axis moved to another place, as by `torch.movedim`."""

    def __init__(self, source: int, target: int) -> None:
        super().__init__()
        self.source, self.target = source, target

    def forward(self, values: Tensor) -> Tensor:
        """The same values."""
        return values.movedim(self.source, self.target)


@final
class Placed(_Places):
    """Numbers (rows, 1) as their places among `known`, NaN for any other."""

    def forward(self, values: Tensor) -> Tensor:
        """(rows, 1), float32."""
        same = values == self.known
        places = same.float().argmax(-1, keepdim=True).float()
        return torch.where(same.any(-1, keepdim=True), places, torch.nan)


@final
class Picked(_Places):
    """The way back: the number at each place."""

    def forward(self, rows: Tensor) -> Tensor:
        """(rows, 1), double."""
        return self.known[rows.long()]


@final
class Known(nn.Module):
    """Places of texts (rows, 1), NaN for those where no text is."""

    def __init__(self, texts: int) -> None:
        super().__init__()
        self.texts = texts

    def forward(self, places: Tensor) -> Tensor:
        """(rows, 1), float32."""
        return torch.where((places < 0) | (places >= self.texts), torch.nan, places.float())


@final
class Whole(nn.Module):
    """Places as whole numbers."""

    def forward(self, rows: Tensor) -> Tensor:
        """The same shape, int64."""
        return rows.long()


@final
class Ratios(_Constants):
    """Amounts as log(1 + x / unit), of negative ones as of 0; NaN stays."""

    unit: Tensor

    def __init__(self, unit: NDArray[np.float64]) -> None:
        super().__init__(unit=unit)

    def forward(self, values: Tensor) -> Tensor:
        """(rows, columns), double."""
        return (clipped(values, 0) / self.unit).log1p()


@final
class OfRatios(_Constants):
    """The way back."""

    unit: Tensor

    def __init__(self, unit: NDArray[np.float64], most: float) -> None:
        super().__init__(unit=unit)
        self.most = most

    def forward(self, logs: Tensor) -> Tensor:
        """(rows, columns), double."""
        return clipped(logs, 0, self.most).expm1() * self.unit


@final
class Counted(nn.Module):
    """The nearest counts, in a type; NaN stays."""

    def __init__(self, dtype: torch.dtype, most: float = float("inf")) -> None:
        super().__init__()
        self.dtype, self.most = dtype, most

    def forward(self, values: Tensor) -> Tensor:
        """The same shape."""
        return clipped(values.double(), 0, self.most).round().to(self.dtype)
