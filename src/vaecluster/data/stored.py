"""Tables that stay in their files, and rows of any kind in blocks."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.room import NO_LIMIT, Room
from vaecluster.data.tables import picked
from vaecluster.hearing import heard

if TYPE_CHECKING:
    import pyarrow as pa

Answer = TypeVar("Answer")
# Rows that are answered for at a time have so many entries. Models answer for a multiple of so many rows.
ENTRIES, MULTIPLE = 2**20, 128

# So many bytes of a table are read at a time: what is made of them takes several times as much.
READ_BYTES = 2**20

# Parts of a table in their order, of whatever number of rows, each with the share of the file that is read by then.
Parts = Iterator[tuple["pa.Table", float]]


@final
@dataclass(frozen=True)
class StoredTable:
    """A table in files: `parts` reads it from its beginning, and `made` makes rows as they are learned of some."""

    parts: Callable[[], Parts]
    made: Callable[["pa.Table"], Any]

    def blocks(self, rows: int | None = None) -> Iterator[tuple[Any, float]]:
        """All rows in order, so many at a time, with the share of the file that is read by then.

        Without a number of rows, as many as take `READ_BYTES`.
        """
        if rows is None:
            table, _ = next(self.parts())
            rows = max(1, READ_BYTES * table.num_rows // max(1, table.nbytes))
        for table, share in _of_size(self.parts(), rows):
            yield self.made(table), share

    def whole(self, most: int | None) -> Any:
        """All rows, or None if they take more than so many bytes."""
        blocks: list[Any] = []
        size = 0
        for block, _ in self.blocks():
            size += block.nbytes
            if most is not None and size > most:
                blocks.clear()
                give_back()
                return None
            blocks.append(block)
        return _joined(blocks)

    def take(self, numbers: NDArray[np.intp]) -> Any:
        """These rows, whose numbers rise."""
        first = 0
        found: list[Any] = []
        for block, _ in self.blocks():
            own = numbers[np.searchsorted(numbers, first) : np.searchsorted(numbers, first + block.shape[0])]
            if len(own) or not found:
                found.append(picked(block, own - first))
            first += block.shape[0]
        return _joined(found)


def _joined(blocks: list[Any]) -> Any:
    if isinstance(blocks[0], np.ndarray):
        return np.concatenate(blocks)
    import pyarrow as pa

    return pa.concat_tables(blocks).unify_dictionaries()


def give_back() -> None:
    """Have Arrow give memory back that it no longer uses."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def blocks_of(rows: Any, size: int) -> Iterator[tuple[Any, float]]:
    """Rows of any kind in order, so many at a time, with the share of them that has been given by then."""
    if isinstance(rows, StoredTable):
        yield from rows.blocks(size)
        return
    number = rows.shape[0]
    size = size if can_be_cut(rows) else number
    for start in range(0, number, size):
        end = min(start + size, number)
        yield (rows if size >= number else rows[start:end]), end / number


def rows_at(rows: Any, numbers: NDArray[np.intp]) -> Any:
    """These rows of any kind, whose numbers rise; of a table in files they are read in one pass."""
    return rows.take(numbers) if isinstance(rows, StoredTable) else picked(rows, numbers)


def block_rows(row_shape: tuple[int, ...], room: Room = NO_LIMIT) -> int:
    """How many rows of this shape to answer for at a time.

    >>> block_rows((50,)), block_rows((2**20, 3)), block_rows((50,), Room(10_000_000))
    (20864, 128, 1536)
    """
    entries = int(np.prod(row_shape))
    # Of each entry there are several copies on its way from a table to an answer.
    rows = room.part(max(1, ENTRIES // entries), 32 * entries)
    return max(1, rows // MULTIPLE) * MULTIPLE


def in_turn(blocks: Iterable[Any], answer: Callable[[Any], Answer]) -> Iterator[Answer]:
    """What is answered for each block; a warning that comes with every one of them is given once, at the end."""
    common: dict[tuple[type[Warning], str], Any] | None = None
    for block in blocks:
        with heard() as caught:
            found = answer(block)
        # Examples differ from block to block.
        given = {(one.category, str(one.message).partition(", such as ")[0]): one.message for one in caught}
        common = given if common is None else {key: common[key] for key in common.keys() & given.keys()}
        yield found
    for message in (common or {}).values():
        warnings.warn(message, stacklevel=2)


def can_be_cut(rows: Any) -> bool:
    """Whether some of the rows can stand for themselves; cells have names of genes, which a part would lack."""
    if isinstance(rows, StoredTable):
        return True
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
