"""Rows as a program takes and gives them, without this package: a tensor for each column, or one for a whole array."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from vaecluster.data.blocks.traced import Traced, as_type
from vaecluster.data.schema import Schema

# What an array of rows is called.
ROWS = "rows"


@final
@dataclass(frozen=True)
class Values:
    """Values of all rows as one tensor (rows, *shape) of a program.

    Where they are texts, the tensor holds their places among `texts`, and -1 for any other text. `holds` says what a
    column of numbers holds, such as dates, which are seconds.
    """

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()
    holds: str = "numbers"


@final
@dataclass(frozen=True, eq=False)
class TracedRows:
    """Rows of a schema as tensors: `encode` is from these to the model's rows, `restore` the way back."""

    values: tuple[Values, ...]
    encode: nn.Module
    restore: nn.Module


def traced(schema: Schema) -> TracedRows:
    """Those of a schema; raises `SettingError` if no program can read or give such rows.

    >>> from vaecluster.data.arrays import ArraySource
    >>> from vaecluster.data.blocks.reading import Reading
    >>> schema = ArraySource(np.arange(6.0).reshape(3, 2)).schema(Reading("gaussian", "columns"))
    >>> traced(schema).encode(torch.zeros(1, 2, dtype=torch.float64))
    tensor([[-1.2247, -1.8371]])
    """
    parts = [block.traced() for block in schema.blocks]
    if schema.frame is None:
        values = Values(ROWS, parts[0].dtype, schema.row_shape)
        return TracedRows((values,), parts[0].encode, _One(parts[0].restore))
    names = [str(name) for name in schema.frame.names]
    types = dict(zip(names, (type_.number for type_ in schema.frame.types), strict=True))
    held = dict(zip(names, schema.frame.held or ["numbers"] * len(names), strict=True))
    places = [[names.index(name) for name in block.columns] for block in schema.blocks]
    found: dict[str, Values] = {}
    for block, part in zip(schema.blocks, parts, strict=True):
        for name in block.columns:
            found[name] = Values(name, part.dtype, texts=part.texts, holds="texts" if part.texts else held[name])
    return TracedRows(
        tuple(found[name] for name in names),
        _Columns(parts, places),
        _OfColumns(parts, places, [None if found[name].texts else types[name] for name in names]),
    )


@final
class _One(nn.Module):
    """What a module makes, as the only one of several tensors."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, rows: Tensor) -> tuple[Tensor, ...]:
        """(rows, *data)."""
        return (self.part(rows),)


@final
class _Columns(nn.Module):
    """Columns (rows,) each, in the order of the frame, to the model's rows; `places` are those of each block."""

    def __init__(self, parts: Sequence[Traced], places: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.parts, self.places = nn.ModuleList(part.encode for part in parts), places

    def forward(self, *columns: Tensor) -> Tensor:
        """(rows, entries)."""
        some = zip(self.parts, self.places, strict=True)
        return torch.cat([part(torch.stack([columns[place] for place in own], -1)) for part, own in some], -1)


@final
class _OfColumns(nn.Module):
    """The way back: columns in the order of the frame, rounded as its types need it."""

    def __init__(
        self, parts: Sequence[Traced], places: Sequence[Sequence[int]], types: Sequence[np.dtype[np.generic] | None]
    ) -> None:
        super().__init__()
        self.parts, self.places, self.types = nn.ModuleList(part.restore for part in parts), places, types

    def forward(self, rows: Tensor) -> tuple[Tensor, ...]:
        """(rows,) each."""
        found: dict[int, Tensor] = {}
        blocks = torch.split(rows, [len(own) for own in self.places], -1)
        for part, own, entries in zip(self.parts, self.places, blocks, strict=True):
            found |= dict(zip(own, part(entries).unbind(-1), strict=True))
        return tuple(self._typed(found[place], type_) for place, type_ in enumerate(self.types))

    @staticmethod
    def _typed(column: Tensor, type_: np.dtype[np.generic] | None) -> Tensor:
        return column if type_ is None else as_type(column, type_).to(column.dtype)
