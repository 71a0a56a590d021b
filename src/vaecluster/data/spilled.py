"""Tables larger than memory: their columns row by row in one file, and a sample that shows what they are."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.blocks.reading import Reading
from vaecluster.data.frames import FrameSource
from vaecluster.data.kinds import MOST_CATEGORIES, SeenColumn
from vaecluster.data.raw import Array, Coded, Raw, RowNames, Table, row_slices
from vaecluster.data.room import FileArray, Room
from vaecluster.data.schema import Schema
from vaecluster.data.stored import StoredTable, give_back
from vaecluster.data.telling import Telling, by_share
from vaecluster.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

# A sample takes this part of the memory that there is, and has so many rows at least. What is computed of it takes
# several times as much.
SAMPLE, LEAST_SAMPLED = 1 / 64, 2000


@final
class SpilledSource:
    """The columns of a table, read once and kept row by row in a file: any rows are then read at once.

    What columns are, and their scales, are seen in `sample`, whose rows have these `numbers`; of all rows it holds the
    first that lacks a value of a column, and the first of each category.
    """

    def __init__(self, sample: FrameSource, numbers: NDArray[np.intp], stored: StoredTable, room: Room) -> None:
        self.sample, self.numbers, self.stored, self.room = sample, numbers, stored, room
        self.columns = sample.columns
        self._categories = {name: values.values for name, values in sample.table.items() if isinstance(values, Coded)}
        plain = [values.dtype for values in sample.table.values() if not isinstance(values, Coded)]
        dtype = np.result_type(np.float32, *plain) if plain else np.dtype(np.float32)
        self._rows = FileArray.new((0, len(self.columns)), dtype, room.folder)

    def append(self, part: Table) -> None:
        """Keep the rows of a part below the others."""
        columns = [self._values(name, part[name]) for name in self.columns]
        self._rows.append(np.column_stack(columns))

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def row_entries(self) -> int:
        """One for each column."""
        return max(1, len(self.columns))

    @property
    def row_names(self) -> RowNames | None:
        """The identifier, which stays in the table."""
        names = self.sample.row_names
        return None if names is None else RowNames(names.called, ColumnOf(self.stored, names.called, len(self)))

    def seen(self) -> tuple[SeenColumn, ...]:
        """As the sample shows it."""
        return self.sample.seen()

    def read(self, numbers: NDArray[np.intp] | slice) -> Raw:
        """These rows, by column."""
        rows = self._rows[numbers]
        return {name: self._column(name, rows[:, place]) for place, name in enumerate(self.columns)}

    def fingerprint(self) -> dict[str, Any]:
        """Of the values row by row."""
        digest = hashlib.sha256(repr([list(self.columns), self._categories]).encode())
        for block in row_slices(len(self), self.row_entries):
            digest.update(self._rows[block].data)
        return {"rows": len(self), "dtype": "frame", "shape": list(self._rows.shape), "sha256": digest.hexdigest()}

    def schema(self, reading: Reading) -> Schema:
        """That of the sample."""
        weights = None if reading.weights is None else reading.weights[self.numbers]
        return self.sample.schema(replace(reading, weights=weights))

    def by_column(self) -> Iterator[tuple[str, Array | Coded, str]]:
        """Those that are learned from, a few at a time."""
        names, size = list(self.columns), self.room.part(len(self.columns), 8 * len(self))
        types = {name: type_ for name, _, type_ in self.sample.by_column()}
        for start in range(0, len(names), size):
            some = slice(start, start + size)
            found = np.empty((len(names[some]), len(self)), self._rows.dtype)
            for block in row_slices(len(self), self.row_entries):
                found[:, block] = self._rows[block][:, some].T
            for name, values in zip(names[some], found, strict=True):
                yield name, self._column(name, values), types[name]

    def filled(self, schema: Schema, expected: Tensor) -> Any:
        """Nothing: what is given back would be as large as the table."""
        raise DataError("The rows do not fit into memory, in which they would be given back. Give some at a time.")

    def _values(self, name: str, values: Array | Coded) -> Array:
        if not isinstance(values, Coded):
            return values
        place = {value: number for number, value in enumerate(self._categories[name])}
        return np.array([*(place.get(value, np.nan) for value in values.values), np.nan])[values.codes]

    def _column(self, name: str, values: Array) -> Array | Coded:
        if name not in self._categories:
            return values
        return Coded(np.where(np.isnan(values), -1, values).astype(np.intp), self._categories[name])


@final
class ColumnOf(Sequence[Any]):
    """The values of a column of a table in files, read when they are asked for."""

    def __init__(self, stored: StoredTable, name: str, rows: int) -> None:
        self._stored, self._name, self._rows = stored, name, rows

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[Any]:
        for block, _ in self._stored.pieces():
            yield from block.column(self._name).to_pylist()

    def __getitem__(self, place: Any) -> Any:
        wanted = np.atleast_1d(np.arange(self._rows)[place])
        order = np.argsort(wanted)
        found = self._stored.take(wanted[order]).column(self._name).to_pylist()
        values = [found[number] for number in np.argsort(order)]
        return values if isinstance(place, slice) else values[0]


def sample_of(
    stored: StoredTable, room: Room, named: Sequence[str], telling: Telling
) -> tuple["pa.Table", NDArray[np.intp]]:
    """Rows spread evenly over a table, as many as there is room for, and their numbers.

    Among them are the first that lacks a value of a column, and the first of each category: of columns of texts and of
    the `named` ones.
    """
    import pyarrow as pa

    seen = Seen(named)
    kept: list[tuple[pa.Table, NDArray[np.intp], NDArray[np.bool_]]] = []
    first, rows, step, most = 0, 0, 1, 0
    for table in by_share(telling, "looking at rows", stored.pieces()):
        most = most or max(LEAST_SAMPLED, int(SAMPLE * (room.limit or 0)) // max(1, table.nbytes // table.num_rows))
        numbers = np.arange(first, first + table.num_rows)
        kept.append(_picked(table, numbers, seen.look(table), step))
        first, rows = first + table.num_rows, rows + kept[-1][0].num_rows
        if rows > most:
            step *= 2
            kept = [_picked(*part, step) for part in kept]
            rows = sum(part[0].num_rows for part in kept)
    tables, places, _ = zip(*kept, strict=True)
    sample = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    give_back()
    return sample, np.concatenate(places)


def _picked(
    table: "pa.Table", numbers: NDArray[np.intp], needed: NDArray[np.bool_], step: int
) -> tuple["pa.Table", NDArray[np.intp], NDArray[np.bool_]]:
    chosen = np.flatnonzero(needed | (numbers % step == 0))
    return table.take(chosen), numbers[chosen], needed[chosen]


@final
class Seen:
    """What columns have been seen to hold: a gap, and categories, as long as they are few."""

    def __init__(self, named: Sequence[str]) -> None:
        self._named = set(named)
        self._gaps = set[str]()
        self._categories: dict[str, set[Any]] = {}

    def look(self, table: "pa.Table") -> NDArray[np.bool_]:
        """Which rows (rows,) are the first to show something."""
        from pyarrow import compute, types

        new = np.zeros(table.num_rows, np.bool_)
        for name, column in zip(table.column_names, table.columns, strict=True):
            missing = compute.is_null(column, nan_is_null=True)
            if name not in self._gaps and compute.any(missing).as_py():
                self._gaps.add(name)
                new[compute.index(missing, True).as_py()] = True
            kind = column.type
            named = types.is_string(kind) or types.is_large_string(kind) or types.is_dictionary(kind)
            if not named and name not in self._named:
                continue
            seen = self._categories.setdefault(name, set())
            if len(seen) > MOST_CATEGORIES:
                continue
            plain = column.cast(kind.value_type) if types.is_dictionary(kind) else column
            for value in compute.unique(plain):
                if value.is_valid and value.as_py() not in seen and len(seen) <= MOST_CATEGORIES:
                    seen.add(value.as_py())
                    new[compute.index(plain, value).as_py()] = True
        return new
