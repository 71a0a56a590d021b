"""What a row is: its blocks, how they make the model's row, and the way back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import torch
from narwhals.stable.v2.typing import IntoDataFrame
from numpy.typing import NDArray
from torch import Tensor, nn

from vaecluster.data.blocks import BLOCKS, Block
from vaecluster.data.dates import is_zoned
from vaecluster.data.raw import Array, Doubles, Raw
from vaecluster.files import record
from vaecluster.model.likelihood import Columns, Likelihood
from vaecluster.row_kind import RowKind

# Rows in the user's units: an array, or a frame of the library of the fit.
Restored = Array | IntoDataFrame


@final
@dataclass(frozen=True)
class ColumnType:
    """The type of a column as its library calls it.

    Of declared categories it is the type of these; they are listed, and `ordered` says whether their order counts.
    """

    name: str
    categories: tuple[bool | int | float | str, ...] | None = None
    ordered: bool = False

    @property
    def number(self) -> np.dtype[Any] | None:
        """The type of numbers that values are rounded for and clipped to; None for other types."""
        found = re.match(r"u?int\d+|float\d+", self.name.lower()) if self.categories is None else None
        return np.dtype(found[0]) if found else None


@final
@dataclass(frozen=True)
class FrameLayout:
    """The library of a frame, and the name and type of each of its columns, in their order.

    Names that are numbers, as pandas allows, are texts everywhere else. `held` says what each column held
    (`Column.holds`), and `left_out` the kinds of columns that were there and are not learned from.
    """

    library: str
    names: tuple[str | int, ...]
    types: tuple[ColumnType, ...]
    held: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True, eq=False)
class Schema:
    """The blocks of a row, in the order of the model's row: one for an image or a plain table.

    `frame` says how rows are given back if they came as a frame with other columns than plain numbers.
    """

    blocks: tuple[Block, ...]
    frame: FrameLayout | None = None

    @property
    def kind(self) -> RowKind:
        """What rows are."""
        return self.blocks[0].kind

    @property
    def plain(self) -> bool:
        """Whether every entry of the model's row is a number that is there; random changes need that."""
        return self.frame is None

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of a row as the user has it: (columns,), (H, W), (H, W, C), (times, features)."""
        if len(self.blocks) == 1:
            return self.blocks[0].given_shape
        return (sum(block.given_shape[0] for block in self.blocks),)

    @property
    def data_shape(self) -> tuple[int, ...]:
        """The shape of one row inside the model: channels or features first."""
        return self.blocks[0].shape if len(self.blocks) == 1 else self.row_shape

    @property
    def text_types(self) -> dict[str, str]:
        """What to read the columns of a text as, which does not say their types: Arrow's names by those of columns.

        Columns that were left out are texts. Those that are not here may be anything.
        """
        if self.frame is None:
            return {}
        columns = zip(self.frame.names, self.frame.types, self.frame.held, strict=False)
        found = {str(name): _text_type(type_.name, held) for name, type_, held in columns}
        return dict.fromkeys(self.frame.left_out, "string") | {name: type_ for name, type_ in found.items() if type_}

    @property
    def embedded_shape(self) -> tuple[int, ...]:
        """The shape of what the encoder's network reads."""
        if len(self.blocks) == 1:
            return self.blocks[0].embedded
        return (sum(block.embedded[0] for block in self.blocks),)

    @property
    def axes(self) -> int:
        """Along how many principal axes wider rows are compared."""
        return min(block.axes for block in self.blocks)

    @property
    def gaps(self) -> tuple[bool, ...]:
        """Whether a value may be missing, for each column of a frame; none of an array's may."""
        if self.frame is None:
            return ()
        return tuple(block.missing for block in self.blocks for _ in range(block.shape[0]))

    @property
    def sparse(self) -> bool:
        """Whether rows may be given without most of their entries."""
        return any(block.sparse for block in self.blocks)

    @property
    def between(self) -> tuple[bool, ...]:
        """Whether there may be values between those that are there, for each column."""
        return tuple(block.between for block in self.blocks for _ in range(block.shape[0]))

    @property
    def measured(self) -> tuple[bool, ...]:
        """Whether the values are numbers, for each column."""
        return tuple(block.measured for block in self.blocks for _ in range(block.shape[0]))

    def encode(self, raw: Raw) -> Tensor:
        """Rows in the user's units to (rows, *data_shape), float32; NaN where a value is missing."""
        parts = [torch.from_numpy(block.encode(block.take(raw))) for block in self.blocks]
        return parts[0] if len(parts) == 1 else torch.cat(parts, 1)

    def restore(self, rows: Tensor) -> Restored:
        """The way back: (rows, *data_shape) to an array or a frame in the user's units and types."""
        if self.frame is None:
            return self.blocks[0].restore(rows.detach().cpu().numpy())
        from vaecluster.data.frames import frame_of

        made: IntoDataFrame = frame_of(self.frame, self.columns(rows))
        return made

    def columns(self, rows: Tensor) -> dict[str, Array]:
        """The columns of a frame in the user's units, from the model's rows."""
        array = rows.detach().cpu().numpy()
        found: dict[str, Array] = {}
        for block, own in self._parts():
            found |= dict(zip(block.columns, block.restore(array[:, own]).T, strict=True))
        return found

    def deviations(self, rows: NDArray[np.float32], deviations: Doubles) -> dict[str, Array]:
        """Standard deviations around the model's rows in the user's units, of a frame's columns of numbers."""
        found: dict[str, Array] = {}
        for block, own in self._parts():
            if block.measured:
                found |= dict(zip(block.columns, block.deviations(rows[:, own], deviations[:, own]).T, strict=True))
        return found

    def _parts(self) -> Iterator[tuple[Block, slice]]:
        """The blocks of columns, and where the entries of each are in the model's row."""
        start = 0
        for block in self.blocks:
            yield block, slice(start, start + block.shape[0])
            start += block.shape[0]

    def embedding(self) -> nn.Module:
        """From the model's rows to what the encoder's network reads."""
        return self._side_by_side([block.embedding() for block in self.blocks])

    def coordinates(self) -> nn.Module:
        """From the model's rows to what distances between them are measured in; NaN where a value is missing."""
        return self._side_by_side([block.coordinates() for block in self.blocks])

    def _side_by_side(self, parts: list[nn.Module]) -> nn.Module:
        return parts[0] if len(parts) == 1 else SideBySide(parts, [block.shape[0] for block in self.blocks])

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """p(x|z) of the model's rows, without what is missing; `name` and `precision` are for numbers and pixels."""
        parts = [block.likelihood(name, precision) for block in self.blocks]
        return parts[0] if self.frame is None else Columns(parts, [block.shape[0] for block in self.blocks])

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a model file; `from_dict` is the way back."""
        names = {kind: name for name, kind in BLOCKS.items()}
        blocks = [{"block": names[type(block)]} | record.plain(block) for block in self.blocks]
        return {"blocks": blocks, "frame": record.plain(self.frame)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Schema":
        """The schema that `as_dict` wrote down; raises `ValueError` or `KeyError` for one that no rows can have."""
        blocks = tuple(record.typed(BLOCKS[entry["block"]], entry) for entry in values["blocks"])
        for block in blocks:
            block.check()
        frame = record.typed(FrameLayout | None, values["frame"])  # type: ignore[arg-type]
        named = [name for block in blocks for name in block.columns]
        whole = len(blocks) == 1 and not named if frame is None else sorted(named) == sorted(map(str, frame.names))
        lists = () if frame is None else (frame.types, frame.held or frame.types)
        if not blocks or not whole or any(len(some) != len(frame.names) for some in lists):
            raise ValueError("its blocks do not make a row")
        return cls(blocks, frame)


def _text_type(type_: str, held: str) -> str:
    """Arrow's type for a column of that type which held that; empty if its text may be read as anything."""
    if held != "dates":
        return {"texts": "string", "numbers": "double", "booleans": "bool"}.get(held, "")
    name = type_.lower()
    if not name.startswith(("date", "timestamp")):
        return "time32[s]" if name.startswith("time") else ""
    # Days alone can be read as moments, too.
    return "timestamp[us, tz=UTC]" if is_zoned(name) else "timestamp[us]"


@final
class SideBySide(nn.Module):
    """What each block's module makes of its entries, side by side; `widths` are the blocks' entries of a row."""

    def __init__(self, parts: list[nn.Module], widths: list[int]) -> None:
        super().__init__()
        self.parts, self.widths = nn.ModuleList(parts), widths

    def forward(self, rows: Tensor) -> Tensor:
        """(rows, columns) to (rows, entries)."""
        some = zip(self.parts, torch.split(rows, self.widths, -1), strict=True)
        return torch.cat([part(entries) for part, entries in some], -1)
