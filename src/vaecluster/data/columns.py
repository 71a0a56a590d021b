"""A column of a frame, as the kinds of blocks look at it."""

from collections.abc import Iterable
from datetime import date, time, timedelta
from decimal import Decimal
from functools import cached_property
from numbers import Real
from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

# What Python's objects are, the first that fits: a bool is a number too, and a date of pandas a date.
_OBJECTS: dict[str, tuple[type, ...]] = {
    "booleans": (bool, np.bool_),
    "durations": (timedelta, np.timedelta64),
    "numbers": (Real, Decimal),
    "texts": (str,),
    "dates": (date, time, np.datetime64),
}


@final
class Column:
    """One column of a frame of pandas, polars or pyarrow: what it holds, and where it holds nothing."""

    def __init__(self, series: "nw.Series[Any]") -> None:
        self.series = series

    @property
    def name(self) -> str:
        """As a text; pandas also has numbers for names."""
        return str(self.series.name)

    @property
    def type(self) -> str:
        """Of its values, as the library calls it."""
        native = self.series.to_native()
        # Arrow's columns have a type, all others a dtype.
        return str(native.dtype if hasattr(native, "dtype") else native.type)

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Where no value is, (rows,): None, NaN or NA."""
        missing = self.series.is_null().to_numpy().astype(np.bool_)
        if self.series.dtype.is_float():
            missing |= np.isnan(self.series.to_numpy().astype(np.float64, copy=False))
        return missing

    @cached_property
    def different(self) -> int:
        """How many different values it holds."""
        there = self.series.drop_nulls()
        return int(there.n_unique()) - int(self.missing.any() and there.dtype.is_float() and there.is_nan().any())

    @cached_property
    def holds(self) -> str:
        """What it holds: "numbers", "booleans", "texts" or, for declared ones that are numbers, "categories".

        Else it is "dates", "durations", "vectors", "exact numbers" such as decimals,
        "mixed" for objects of several kinds, "nothing" where no value is, or "objects".
        """
        if self.missing.all():
            return "nothing"
        if self.type.lower() == "object":
            return kind_of_objects(self.series.to_numpy()[~self.missing])
        if isinstance(self.series.dtype, nw.Categorical | nw.Enum):
            # Those of pandas may be intervals, dates, or anything else.
            return kind_of_categories(self.series.drop_nulls().unique().to_list())
        return self.held_by_type

    @cached_property
    def order(self) -> tuple[Any, ...] | None:
        """Its categories from the lowest to the highest, where their order is declared; else None."""
        if isinstance(self.series.dtype, nw.Enum):
            return tuple(self.series.cat.get_categories().to_list())
        native = self.series.to_native()
        # A dictionary of Arrow; what its chunks know is made one first.
        if getattr(getattr(native, "type", None), "ordered", False):
            chunks = native.unify_dictionaries().chunks
            return tuple(chunks[0].dictionary.to_pylist()) if chunks else ()
        return None

    @property
    def ordered(self) -> bool:
        """Whether the order of its categories counts; an Enum of polars has one that need not."""
        return self.order is not None and not self.series.implementation.is_polars()

    @property
    def held_by_type(self) -> str:
        """What its type alone speaks for, whatever values there are; "objects" where it says nothing."""
        dtype = self.series.dtype
        if self.type.lower() in ("object", "null"):
            return "objects"
        if isinstance(dtype, nw.Categorical | nw.Enum):
            return "texts"
        if dtype.is_numeric():
            return "exact numbers" if dtype in (nw.Decimal, nw.Int128, nw.UInt128) else "numbers"
        if dtype.is_temporal():
            return "durations" if dtype == nw.Duration else "dates"
        if dtype.is_nested():
            return "vectors"
        if dtype in (nw.Boolean, nw.String):
            return "booleans" if dtype == nw.Boolean else "texts"
        # Older versions of narwhals do not know some numbers, such as float16.
        return "numbers" if self.series.to_numpy().dtype.kind in "iuf" else "objects"


def kind_of_objects(values: Iterable[Any]) -> str:
    """What Python's objects are.

    >>> kind_of_objects([1, 2.5]), kind_of_objects([[1, 2], [3, 4]]), kind_of_objects([1, "a"])
    ('numbers', 'vectors', 'mixed')
    """
    kinds = {_kind_of(type_) for type_ in set(map(type, values))}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def kind_of_categories(values: Iterable[Any]) -> str:
    """What categories are; numbers among them are names, not amounts.

    >>> kind_of_categories(["a", "b"]), kind_of_categories([1, 2])
    ('texts', 'categories')
    """
    kind = kind_of_objects(values)
    return "categories" if kind == "numbers" else kind


def _kind_of(type_: type) -> str:
    found = (kind for kind, types in _OBJECTS.items() if issubclass(type_, types))
    return next(found, "vectors" if hasattr(type_, "__len__") and not issubclass(type_, bytes) else "objects")
