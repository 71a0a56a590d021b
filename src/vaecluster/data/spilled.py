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
from vaecluster.data.raw import ALL, Array, Coded, Raw, RowNames, Table, row_slices
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
    first that lacks a value of a column, the first of each category, and those that decide on the kind of a column.
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

    def by_column(self, numbers: NDArray[np.intp] | slice = ALL) -> Iterator[tuple[str, Array | Coded, str]]:
        """Those that are learned from; all of these rows are in memory."""
        rows, types = self._rows[numbers], {name: type_ for name, _, type_ in self.sample.by_column(slice(0))}
        for place, name in enumerate(self.columns):
            yield name, self._column(name, rows[:, place]), types[name]

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
        for block, _ in self._stored.blocks():
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

    Among them are the first that lacks a value of a column, the first that is negative, or a fraction, or another
    value than the first, and the first of each category: of columns of texts and of the `named` ones.
    """
    import pyarrow as pa

    seen = Seen(named)
    kept: list[tuple[pa.Table, NDArray[np.intp], NDArray[np.bool_]]] = []
    first, step, most = 0, 1, 0
    for table in by_share(telling, "looking at rows", stored.blocks()):
        most = most or max(LEAST_SAMPLED, int(SAMPLE * (room.limit or 0)) // max(1, table.nbytes // table.num_rows))
        numbers = np.arange(first, first + table.num_rows)
        kept.append(_picked(table, numbers, seen.look(table), step))
        first += table.num_rows
        while sum(int(_spread(part[1], step).sum()) for part in kept) > most:
            step *= 2
            kept = [_picked(*part, step) for part in kept]
    tables, places, _ = zip(*kept, strict=True)
    sample = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    give_back()
    return sample, np.concatenate(places)


def _picked(
    table: "pa.Table", numbers: NDArray[np.intp], needed: NDArray[np.bool_], step: int
) -> tuple["pa.Table", NDArray[np.intp], NDArray[np.bool_]]:
    chosen = np.flatnonzero(needed | _spread(numbers, step))
    return table.take(chosen), numbers[chosen], needed[chosen]


def _spread(numbers: NDArray[np.intp], step: int) -> NDArray[np.bool_]:
    """Which rows are those of a sample of one in `step`, a power of 2; a sample of twice the step is a part of it.

    Multiples of the golden ratio are spread evenly, but not in equal steps: of rows that go in turns, as days of a
    week or four quarters do, some would never be seen.
    """
    return (numbers.astype(np.uint64) * np.uint64(2654435769) & np.uint64(2**32 - 1)) < 2**32 // step


@final
class Seen:
    """What columns have been seen to hold: what tells their kind, and categories, as long as they are few."""

    def __init__(self, named: Sequence[str]) -> None:
        self._named = set(named)
        self._facts = set[tuple[str, str]]()
        self._values: dict[str, set[Any]] = {}

    def look(self, table: "pa.Table") -> NDArray[np.bool_]:
        """Which rows (rows,) are the first to show something."""
        from pyarrow import compute, types

        new = np.zeros(table.num_rows, np.bool_)
        for name, given in zip(table.column_names, table.columns, strict=True):
            column = _comparable(given)
            for fact, holds in _facts_of(column).items():
                if (name, fact) not in self._facts and compute.any(holds).as_py():
                    self._facts.add((name, fact))
                    new[compute.index(holds, True).as_py()] = True
            kind = given.type
            texts = types.is_dictionary(kind) or types.is_string(column.type) or types.is_large_string(column.type)
            # A second value shows that a column is not constant.
            most = MOST_CATEGORIES if texts or name in self._named else 1
            seen = self._values.setdefault(name, set())
            if len(seen) > most or types.is_nested(kind) or types.is_interval(kind):
                continue
            for value in compute.unique(column):
                plainly = value.as_py()
                # Not a NaN, which is another one each time.
                if value.is_valid and plainly == plainly and plainly not in seen and len(seen) <= most:
                    seen.add(plainly)
                    new[compute.index(compute.equal(column, value), True).as_py()] = True
        return new


def _facts_of(column: "pa.ChunkedArray") -> dict[str, "pa.ChunkedArray"]:
    """Where values are missing, and where numbers are none that can be counted."""
    from pyarrow import compute, types

    missing = compute.is_null(column, nan_is_null=True)
    facts = {"gap": missing}
    if types.is_signed_integer(column.type) or types.is_floating(column.type):
        facts["negative"] = compute.less(column, 0)
    if types.is_floating(column.type):
        facts["fraction"] = compute.and_(compute.not_equal(column, compute.floor(column)), compute.invert(missing))
    return facts


def _comparable(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """The same values of a type that Arrow compares, if there is one."""
    import pyarrow as pa
    from pyarrow import types

    plain = column.cast(column.type.value_type) if types.is_dictionary(column.type) else column
    return plain.cast(pa.float32()) if types.is_float16(plain.type) else plain
