"""Frames of pandas and polars whose columns are numbers, categories or both, with missing values or without."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from vaecluster.data.blocks import Block, Categories, Numbers
from vaecluster.data.raw import Array, Coded, Raw, row_slices
from vaecluster.data.schema import ColumnType, FrameLayout, Reading, Schema
from vaecluster.errors import DataError

_CATEGORICAL = (nw.Boolean, nw.Categorical, nw.Enum, nw.String, nw.Object)


def is_frame(X: Any) -> bool:
    """Whether it is a table with named columns; nothing is imported to find out."""
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def is_mixed(X: Any) -> bool:
    """Whether a frame holds anything but complete columns of numbers."""
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        return False
    # By place: names of pandas may be numbers.
    return any(_is_mixed(series) for series in frame.iter_columns())  # type: ignore[arg-type]


def _is_mixed(series: "nw.Series[Any]") -> bool:
    if not series.dtype.is_numeric():
        # Objects may be numbers that pandas has kept as such.
        return not (series.dtype == nw.Object and _numbers_of(series) is not None)
    return bool(series.is_null().any()) or (series.dtype.is_float() and bool(series.is_nan().any()))


@final
class FrameSource:
    """The columns of a frame, numbers as they are and categories coded; missing values are kept as such."""

    def __init__(self, X: Any) -> None:
        frame = nw.from_native(X, eager_only=True)
        self.library = frame.implementation.name.lower()
        if self.library not in _LIBRARIES:
            raise DataError(f"X is a frame of {self.library}; expected one of pandas or polars. Convert it.")
        columns = {str(series.name): series for series in frame.iter_columns()}
        self.types = {name: _type_of(series.to_native().dtype, self.library) for name, series in columns.items()}
        self.raw: dict[str, Array | Coded] = {name: _column(series) for name, series in columns.items()}
        self._rows = len(frame)

    def __len__(self) -> int:
        return self._rows

    @property
    def names(self) -> list[str]:
        """Of the columns, in their order."""
        return list(self.raw)

    @property
    def row_entries(self) -> int:
        """One for each column."""
        return max(1, len(self.raw))

    def read(self, numbers: NDArray[np.intp] | slice) -> Raw:
        """These rows, by column."""
        return {name: _some(column, numbers) for name, column in self.raw.items()}

    def match(self, schema: Schema) -> None:
        """Raise `DataError` unless the columns are of the kinds of the fit; those without any value become so."""
        for block in schema.blocks:
            for name in block.columns:
                self.raw[name] = _matched(self.raw[name], block, name)

    def fingerprint(self) -> dict[str, Any]:
        """Of the values by column."""
        digest = hashlib.sha256(repr(self.names).encode())
        for column in self.raw.values():
            if isinstance(column, Coded):
                digest.update(repr(column.values).encode())
            digest.update(np.ascontiguousarray(column.codes if isinstance(column, Coded) else column).data)
        shape = [len(self), len(self.raw)]
        return {"rows": len(self), "dtype": "frame", "shape": shape, "sha256": digest.hexdigest()}

    def schema(self, reading: Reading) -> Schema:
        """One block for all columns of numbers, and one for each of categories."""
        numeric = [name for name, column in self.raw.items() if not isinstance(column, Coded)]
        for name in numeric:
            _check_finite_or_missing(self.raw[name], name)  # type: ignore[arg-type]
        weights = reading.weights
        counted = np.arange(len(self)) if weights is None else np.flatnonzero(weights)
        raw = self.raw if weights is None else {name: _some(column, counted) for name, column in self.raw.items()}
        blocks: list[Block] = []
        if numeric:
            _check_present(raw, numeric)

            def passes() -> Iterator[tuple[Array, NDArray[np.float64] | None]]:
                for block in row_slices(len(counted), self.row_entries):
                    columns = [raw[name][block] for name in numeric]  # type: ignore[index]
                    yield np.column_stack(columns), None if weights is None else weights[counted[block]]

            dtype, given = np.dtype(np.float64), {"likelihood": reading.likelihood, "scaling": reading.scaling}
            blocks.append(Numbers.of(passes, dtype, columns=numeric, names=numeric, **given))  # type: ignore[arg-type]
        coded = {name: column for name, column in raw.items() if isinstance(column, Coded)}
        blocks += [Categories.of(name, column) for name, column in coded.items()]
        return Schema(tuple(blocks), FrameLayout(self.library, tuple(self.names), tuple(self.types.values())))


def frame_of(layout: FrameLayout, columns: dict[str, Any]) -> Any:
    """A frame of that library with these columns in their order and types; None and NaN are missing values."""
    return _LIBRARIES[layout.library](layout, columns)


def _column(series: "nw.Series[Any]") -> Array | Coded:
    numbers = _numbers_of(series)
    if numbers is not None:
        return numbers
    if not isinstance(series.dtype, _CATEGORICAL) and series.dtype not in _CATEGORICAL:
        raise DataError(
            f"Column {series.name!r} is of type {series.dtype}; expected numbers or categories. Leave it out, or make "
            "numbers of it, such as days since some date."
        )
    values = [_plain(value) for value in series.to_list()]
    known = sorted({value for value in values if value is not None}, key=lambda value: (str(type(value)), value))
    place = {value: number for number, value in enumerate(known)}
    return Coded(np.array([place.get(value, -1) for value in values], dtype=np.intp), tuple(known))


def _numbers_of(series: "nw.Series[Any]") -> Array | None:
    """A column of numbers as such, NaN where one is missing; None for other columns."""
    if series.dtype.is_numeric():
        return (
            np.array([np.nan if value is None else float(value) for value in series.to_list()], dtype=np.float64)
            if series.is_null().any()
            else series.to_numpy().astype(np.float64)
        )
    if series.dtype != nw.Object:
        return None
    values = [_plain(value) for value in series.to_list()]
    if any(isinstance(value, str | bool) for value in values) or all(value is None for value in values):
        return None
    try:
        return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f"Column {series.name!r} holds objects that are no numbers and no texts; expected numbers or categories. "
            "Leave it out, or give it as several columns."
        ) from None


def _plain(value: Any) -> Any:
    """Python's own value; None for what is missing."""
    if value is None:
        return None
    value = value.item() if isinstance(value, np.generic) else value
    same = value == value
    # pandas' missing value is neither equal to itself nor not.
    return None if not isinstance(same, bool) or not same else value


def _some(column: Array | Coded, numbers: NDArray[np.intp] | slice) -> Array | Coded:
    return Coded(column.codes[numbers], column.values) if isinstance(column, Coded) else column[numbers]


def _check_present(raw: dict[str, Array | Coded], names: Sequence[str]) -> None:
    for name in names:
        column = raw[name]
        assert isinstance(column, np.ndarray)
        if np.isnan(column).all():
            raise DataError(f"Column {name!r} holds no value at all. Leave it out.")


def _matched(column: Array | Coded, block: Block, name: str) -> Array | Coded:
    """The column as the block reads it; a column without any value has no kind of its own."""
    numeric, coded = isinstance(block, Numbers), isinstance(column, Coded)
    empty = not column.values if isinstance(column, Coded) else bool(np.isnan(column).all())
    if numeric == coded and not empty:
        now, then = ("categories", "numbers") if coded else ("numbers", "categories")
        raise DataError(f"Column {name!r} holds {now}, but held {then} in the fit. Give it as in the fit.")
    rows = len(column.codes) if isinstance(column, Coded) else len(column)
    if not isinstance(block, Numbers):
        return column if isinstance(column, Coded) else Coded(np.full(rows, -1, dtype=np.intp), ())
    numbers = np.full(rows, np.nan) if isinstance(column, Coded) else column
    _check_finite_or_missing(numbers, name)
    if np.isnan(numbers).any() and not block.missing:
        raise DataError(
            f"Column {name!r} holds missing values, but no column of numbers did in the fit. Fill them in, or fit on "
            "rows that have some."
        )
    return numbers


def _check_finite_or_missing(column: Array, name: str) -> None:
    if np.isinf(column).any():
        raise DataError(f"Column {name!r} holds infinite values; expected numbers. Leave those rows out.")


def _type_of(dtype: Any, library: str) -> ColumnType:
    if library == "pandas":
        if str(dtype) == "category":
            return ColumnType("category", tuple(_plain(one) for one in dtype.categories), bool(dtype.ordered))
        return ColumnType(str(dtype))
    if hasattr(dtype, "categories") and type(dtype).__name__ == "Enum":
        return ColumnType("Enum", tuple(dtype.categories.to_list()))
    return ColumnType(type(dtype).__name__ if not isinstance(dtype, type) else dtype.__name__)


def _pandas(layout: FrameLayout, columns: dict[str, Any]) -> Any:
    import pandas as pd

    def series(values: Any, kind: ColumnType) -> Any:
        if kind.name == "category":
            return pd.Series(pd.Categorical(list(values), categories=kind.categories, ordered=kind.ordered))
        if kind.name.lower().startswith(("int", "uint")):
            values = np.round(np.asarray(values, dtype=np.float64))
        made = pd.Series(list(values) if not isinstance(values, np.ndarray) else values)
        return made.astype(kind.name)

    kinds = dict(zip(layout.names, layout.types, strict=True))
    return pd.DataFrame({name: series(columns[name], kinds[name]) for name in layout.names})


def _polars(layout: FrameLayout, columns: dict[str, Any]) -> Any:
    import polars as pl

    def series(name: str, values: Any, kind: ColumnType) -> Any:
        if kind.name == "Enum":
            return pl.Series(name, list(values), dtype=pl.Enum([str(one) for one in kind.categories or ()]))
        if kind.name.startswith(("Int", "UInt")):
            whole = [None if value != value else round(value) for value in np.asarray(values).tolist()]
            return pl.Series(name, whole, dtype=getattr(pl, kind.name))
        made = pl.Series(name, list(values))
        wanted = getattr(pl, kind.name)
        return made.fill_nan(None).cast(wanted) if kind.name.startswith("Float") else made.cast(wanted)

    kinds = dict(zip(layout.names, layout.types, strict=True))
    return pl.DataFrame([series(name, columns[name], kinds[name]) for name in layout.names])


# The libraries whose frames can be given back.
_LIBRARIES = {"pandas": _pandas, "polars": _polars}
