"""Frames of pandas, polars and pyarrow whose columns are numbers or categories, some of them missing."""

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.blocks import BLOCKS, Block
from vaecluster.data.blocks.base import as_type
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.columns import Column, kind_of_categories
from vaecluster.data.dates import maker_of
from vaecluster.data.kinds import Kind, SeenColumn, kinds_of
from vaecluster.data.libraries import LIBRARIES
from vaecluster.data.raw import ALL, Array, Coded, Raw, RowNames, Table
from vaecluster.data.schema import ColumnType, FrameLayout, Schema
from vaecluster.errors import DataError, UnseenCategoriesWarning


def is_frame(X: Any) -> bool:
    """Whether it is a table with named columns; nothing is imported to find out."""
    return (hasattr(X, "columns") and hasattr(X, "dtypes")) or nw.dependencies.is_pyarrow_table(X)


def is_series(X: Any) -> bool:
    """Whether it is one column of a frame of any library."""
    return bool(nw.dependencies.is_into_series(X))


def names_of(frame: Any) -> list[Any]:
    """The names of a frame's columns, in their order."""
    return list(frame.column_names if nw.dependencies.is_pyarrow_table(frame) else frame.columns)


def check_read(X: Any) -> None:
    """Raise `DataError` for a frame of polars that only says what to read."""
    if nw.dependencies.is_polars_lazyframe(X):
        raise DataError("X is a LazyFrame, whose rows are not read yet; expected rows. Give X.collect().")


def columns_of(X: Any) -> dict[str, Column]:
    """The columns of a frame by their names as texts; none of a frame whose library is not known."""
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        return {}
    return {str(series.name): Column(series) for series in frame.iter_columns()}  # type: ignore[arg-type]


def is_plain(X: Any, columns: Mapping[str, Column], kinds: Mapping[str, Kind]) -> bool:
    """Whether a frame is nothing but complete columns of numbers, and counts as an array; tables of pyarrow do not.

    Amounts and counts that were found among them are then learned as numbers, as those of arrays are.
    """
    if nw.dependencies.is_pyarrow_table(X):
        return False
    numbers = {name for name, kind in kinds.items() if kind.name in ("number", "amount", "count")}
    return all(name in numbers and not column.missing.any() for name, column in columns.items())


@final
class FrameSource:
    """The columns of a frame, each as its kind of block reads it.

    With the schema of a fit they are read as in that fit, in whatever order they are given; `DataError` names a column
    that cannot be. Without, `kinds` are those of the columns; those that are not learned from are left out.
    """

    def __init__(self, X: Any, schema: Schema | None = None, kinds: Mapping[str, Kind] | None = None) -> None:
        self.frame = nw.from_native(X, eager_only=True)
        self.library = self.frame.implementation.name.lower()
        if self.library not in LIBRARIES:
            raise DataError(f"X is a frame of {self.library}; expected one of pandas, polars or pyarrow. Convert it.")
        columns = self.given = columns_of(X)
        self.kinds = dict(kinds or {})
        self.left_out: dict[str, str] = {} if schema is None or schema.frame is None else schema.frame.left_out
        if schema is None:
            kinds = self.kinds = dict(kinds_of(columns, {}) if kinds is None else kinds)
            self.columns = {name: column for name, column in columns.items() if kinds[name].learned}
            self.left_out = {name: kind.name for name, kind in kinds.items() if not kind.learned}
            self.block_types = {name: _block_of(kinds[name]) for name in self.columns}
        else:
            assert schema.frame is not None
            self.columns = {str(name): columns[str(name)] for name in schema.frame.names}
            blocks, held = {name: block for block in schema.blocks for name in block.columns}, _held(schema)
            for name, column in self.columns.items():
                _check_like_fit(column, blocks[name], held[name])
            self.block_types = {name: type(blocks[name]) for name in self.columns}
        self.table: Table = {name: self.block_types[name].read(column) for name, column in self.columns.items()}
        if schema is not None:
            for name, values in self.table.items():
                unseen = blocks[name].unseen(values)
                if unseen:
                    warnings.warn(unseen, UnseenCategoriesWarning, stacklevel=2)

    def read_part(self, X: Any) -> Table:
        """The same columns of other rows of the same table, as these are read."""
        columns = columns_of(X)
        return {name: self.block_types[name].read(columns[name]) for name in self.columns}

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def names(self) -> list[str]:
        """Of the columns, in their order."""
        return list(self.columns)

    @property
    def row_names(self) -> RowNames | None:
        """The first column that is an identifier, if it is there."""
        called = next((name for name, kind in self.left_out.items() if kind == "identifier"), None)
        column = next((one for one in self.frame.iter_columns() if str(one.name) == called), None)
        return None if called is None or column is None else RowNames(called, column.to_list())

    @property
    def row_entries(self) -> int:
        """One for each column."""
        return max(1, len(self.columns))

    def read(self, numbers: NDArray[np.intp] | slice) -> Raw:
        """These rows, by column."""
        return {name: column[numbers] for name, column in self.table.items()}

    def fingerprint(self) -> dict[str, Any]:
        """Of the values by column."""
        digest = hashlib.sha256(repr(self.names).encode())
        for column in self.table.values():
            if isinstance(column, Coded):
                digest.update(repr(column.values).encode())
            digest.update(np.ascontiguousarray(column.codes if isinstance(column, Coded) else column).data)
        shape = [len(self), len(self.columns)]
        return {"rows": len(self), "dtype": "frame", "shape": shape, "sha256": digest.hexdigest()}

    def schema(self, reading: Reading) -> Schema:
        """The blocks that the kinds of block make of their columns."""
        if reading.weights is None:
            table = self.table
        else:
            counted = np.flatnonzero(reading.weights)
            for name, values in self.columns.items():
                if values.missing[counted].all():
                    raise DataError(
                        f"Column {name!r} holds no value in any row of weight above 0; expected some. Leave it out, "
                        "or give a row that has one a weight above 0."
                    )
            table = {name: column[counted] for name, column in self.table.items()}
            reading = replace(reading, weights=reading.weights[counted])
        blocks: list[Block] = []
        for kind in BLOCKS.values():
            own = {name: column for name, column in table.items() if self.block_types[name] is kind}
            blocks += kind.of_columns(own, reading) if own else []
        return Schema(tuple(blocks), self._layout())

    def seen(self) -> tuple[SeenColumn, ...]:
        """All columns, also those that are left out; none of rows that are read as in a fit."""
        return tuple(SeenColumn.of(self.given[name], kind) for name, kind in self.kinds.items())

    def by_column(self, numbers: NDArray[np.intp] | slice = ALL) -> Iterator[tuple[str, Array | Coded, str]]:
        """Those that are learned from."""
        type_of = LIBRARIES[self.library].type_of
        for name, column in self.columns.items():
            dated = column.holds in ("dates", "durations")
            yield name, self.table[name][numbers], type_of(column.series.to_native()).name if dated else ""

    def filled(self, schema: Schema, expected: Tensor) -> Any:
        """The frame with missing values as in `expected` (rows, *data_shape); all else is as it was."""
        values, made = schema.columns(expected), []
        for name, column in self.columns.items():
            rows = np.flatnonzero(column.missing)
            if len(rows):
                type_ = self._type_to_fill(column, schema, values[name])
                new = _in_type(values[name][rows], type_)
                whole = column.series.to_list()
                for row, value in zip(rows.tolist(), new, strict=True):
                    whole[row] = value
                series = LIBRARIES[self.library].series(column.series.name, whole, _with(type_, new))
                # Arrow's columns have no name of their own.
                made.append(nw.from_native(series, series_only=True).alias(column.series.name))
        return self.frame.clone().with_columns(*made).to_native()

    def _type_to_fill(self, column: Column, schema: Schema, values: Array) -> ColumnType:
        """Its own type; that of the fit for a column without any value whose type is not for such values."""
        type_of, layout = LIBRARIES[self.library].type_of, schema.frame
        assert layout is not None
        own = type_of(column.series.to_native())
        for_kind = column.held_by_type if own.categories is None else kind_of_categories(own.categories)
        if column.holds != "nothing" or for_kind == _held(schema)[column.name]:
            return own
        if layout.library == self.library:
            return layout.types[[str(name) for name in layout.names].index(column.name)]
        return type_of(nw.new_series("", values.tolist(), backend=self.library).to_native())

    def _layout(self) -> FrameLayout:
        series = [column.series for column in self.columns.values()]
        names = tuple(one.name if isinstance(one.name, str) else int(one.name) for one in series)
        type_of = LIBRARIES[self.library].type_of
        types = tuple(type_of(one.to_native()) for one in series)
        held = tuple(column.holds for column in self.columns.values())
        return FrameLayout(self.library, names, types, held, self.left_out)


def frame_of(layout: FrameLayout, columns: dict[str, Array]) -> Any:
    """A frame of that library with these columns in their order and types; their names are texts."""
    library = LIBRARIES[layout.library]
    types = zip(layout.names, layout.types, strict=True)
    return library.frame(
        {name: library.series(name, _in_type(columns[str(name)], type_), type_) for name, type_ in types}
    )


def _block_of(kind: Kind) -> type[Block]:
    """The block that reads columns of that kind."""
    return next(block for block in BLOCKS.values() if kind.name in block.kinds)


def _check_like_fit(column: Column, block: Block, held: str) -> None:
    """Raise `DataError` for a column that holds something else than in the fit; one without any value may be."""
    if column.holds not in (held, "nothing"):
        raise DataError(
            f"Column {column.name!r} holds {column.holds} (type {column.type}), but held {held} in the fit. "
            "Give it as in the fit."
        )
    if not block.missing and column.missing.any():
        raise DataError(
            f"Column {column.name!r} holds missing values, but no column of the kind {' or '.join(block.kinds)} did "
            "in the fit. Fill them in, or fit on rows that have some."
        )


def _held(schema: Schema) -> dict[str, str]:
    """What each column held in the fit; model files that do not say it know numbers and categories alone."""
    layout = schema.frame
    assert layout is not None
    if layout.held:
        return dict(zip(map(str, layout.names), layout.held, strict=True))
    return {name: block.held for block in schema.blocks for name in block.columns}


def _in_type(values: Array, type_: ColumnType) -> list[Any]:
    """Restored values as Python has them, rounded and clipped as a column of such numbers needs it."""
    make = maker_of(type_.name) if type_.categories is None else None
    if make is not None:
        return [make(seconds) for seconds in values.astype(np.float64).tolist()]
    # Categories, which are objects, are values of the column as they are.
    rounded = values if type_.number is None or values.dtype == object else as_type(values, type_.number)
    found: list[Any] = rounded.tolist()
    return found


def _with(type_: ColumnType, values: Sequence[Any]) -> ColumnType:
    """The type with these among its categories, if it has some."""
    if type_.categories is None:
        return type_
    return replace(type_, categories=tuple(dict.fromkeys([*type_.categories, *values])))
