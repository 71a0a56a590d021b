"""Tables that stay in their files, and rows of any kind in blocks."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, final

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

Answer = TypeVar("Answer")
# Rows that are answered for at a time have so many entries. Models answer for a multiple of so many rows.
ENTRIES, MULTIPLE = 2**20, 128

# Parts of a table in their order, of whatever number of rows, each with the share of the file that is read by then.
Parts = Iterator[tuple["pa.Table", float]]


@final
@dataclass(frozen=True)
class StoredTable:
    """A table in files: `parts` reads it from its beginning, and `made` makes rows as they are learned of some."""

    parts: Callable[[], Parts]
    made: Callable[["pa.Table"], Any]

    def blocks(self, rows: int) -> Iterator[tuple[Any, float]]:
        """All rows in order, so many at a time, with the share of the file that is read by then."""
        for table, share in _of_size(self.parts(), rows):
            yield self.made(table), share


def blocks_of(rows: Any, size: int) -> Iterator[tuple[Any, float]]:
    """Rows of any kind in order, so many at a time, with the share of them that has been given by then."""
    if isinstance(rows, StoredTable):
        yield from rows.blocks(size)
        return
    number = rows.shape[0]
    # Cells have names of genes, which a part of them would lack.
    size = size if _is_cut(rows) else number
    for start in range(0, number, size):
        end = min(start + size, number)
        yield (rows if size >= number else rows[start:end]), end / number


def block_rows(row_shape: tuple[int, ...]) -> int:
    """How many rows of this shape to answer for at a time.

    >>> block_rows((50,)), block_rows((2**20, 3))
    (20864, 128)
    """
    return max(1, ENTRIES // int(np.prod(row_shape)) // MULTIPLE) * MULTIPLE


def in_turn(blocks: Iterable[Any], answer: Callable[[Any], Answer]) -> Iterator[Answer]:
    """What is answered for each block; a warning that comes with every one of them is given once, at the end."""
    common: dict[tuple[type[Warning], str], Any] | None = None
    for block in blocks:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = answer(block)
        # Examples differ from block to block.
        given = {(one.category, str(one.message).partition(", such as ")[0]): one.message for one in caught}
        common = given if common is None else {key: common[key] for key in common.keys() & given.keys()}
        yield found
    for message in (common or {}).values():
        warnings.warn(message, stacklevel=2)


def _is_cut(rows: Any) -> bool:
    return isinstance(rows, np.ndarray) or hasattr(rows, "column_names") or hasattr(rows, "toarray")


def _of_size(parts: Parts, rows: int) -> Parts:
    """The same rows, so many in each part but the last."""
    import pyarrow as pa

    waiting: list[pa.Table] = []
    number, share = 0, 0.0
    for table, share in parts:
        start = 0
        while number + table.num_rows - start >= rows:
            waiting.append(table.slice(start, rows - number))
            start += rows - number
            yield pa.concat_tables(waiting), share
            waiting, number = [], 0
        if start < table.num_rows:
            waiting.append(table.slice(start))
            number += table.num_rows - start
    if waiting:
        yield pa.concat_tables(waiting), share
