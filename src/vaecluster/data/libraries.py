"""What libraries of frames must each be asked for in its own way: the type of a column, and columns of a type."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from vaecluster.data.dates import object_type
from vaecluster.data.schema import ColumnType


@final
@dataclass(frozen=True)
class Library:
    """One of them: the type of a column, a column of a name, values and type, and a frame of columns."""

    type_of: Callable[[Any], ColumnType]
    series: Callable[[Any, list[Any], ColumnType], Any]
    frame: Callable[[dict[Any, Any]], Any]


def _type_of_pandas(series: Any) -> ColumnType:
    dtype = series.dtype
    if str(dtype) == "category":
        return ColumnType(str(dtype.categories.dtype), tuple(dtype.categories.tolist()), bool(dtype.ordered))
    if str(dtype) == "object":
        there = series.dropna()
        return ColumnType(object_type(there.iloc[0]) if len(there) else "object")
    return ColumnType(str(dtype))


def _series_of_pandas(name: Any, values: list[Any], type_: ColumnType) -> Any:
    import pandas as pd

    arrow = type_.name.endswith("[pyarrow]")
    dtype = pd.ArrowDtype(arrow_type(type_.name.removesuffix("[pyarrow]"))) if arrow else type_.name
    if "(object" in type_.name:
        dtype = object
    if type_.categories is not None:
        dtype = pd.CategoricalDtype(pd.Index(list(type_.categories), dtype=dtype), type_.ordered)
    return pd.Series(values, name=name, dtype=dtype)


def arrow_type(name: str) -> Any:
    """The type that pyarrow calls so."""
    import pyarrow as pa

    coded = re.fullmatch(r"dictionary<values=(\w+), indices=(\w+), ordered=([01])>", name)
    zoned = re.fullmatch(r"timestamp\[(\w+), tz=(.+)\]", name)
    if zoned is not None:
        return pa.timestamp(*zoned.groups())
    if coded is None:
        return pa.type_for_alias(name)
    values, indices, ordered = coded.groups()
    return pa.dictionary(pa.type_for_alias(indices), pa.type_for_alias(values), ordered == "1")


def _frame_of_pandas(columns: dict[Any, Any]) -> Any:
    import pandas as pd

    return pd.DataFrame(columns)


def _type_of_polars(series: Any) -> ColumnType:
    dtype = series.dtype
    name = str(dtype.base_type())
    if name in ("Datetime", "Duration"):
        # The unit, and of moments the zone.
        return ColumnType(f"{name}[{dtype.time_unit}, {getattr(dtype, 'time_zone', None)}]")
    return ColumnType(name, tuple(dtype.categories.to_list()) if name == "Enum" else None)


def _series_of_polars(name: str, values: list[Any], type_: ColumnType) -> Any:
    import polars as pl

    if type_.categories is not None:
        return pl.Series(name, values, dtype=pl.Enum(type_.categories))  # type: ignore[arg-type]
    timed = re.fullmatch(r"(\w+)\[(\w+), (.+)\]", type_.name)
    if timed is None:
        return pl.Series(name, values, dtype=getattr(pl, type_.name))
    kind, unit, zone = timed.groups()
    dtype = pl.Duration(unit) if kind == "Duration" else pl.Datetime(unit, None if zone == "None" else zone)  # type: ignore[arg-type]
    return pl.Series(name, values, dtype=dtype)


def _frame_of_polars(columns: dict[Any, Any]) -> Any:
    import polars as pl

    # By name: in a list, polars takes an empty name for none and makes one up.
    return pl.DataFrame(columns)


def _type_of_arrow(column: Any) -> ColumnType:
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return ColumnType(str(column.type))
    chunks = column.unify_dictionaries().chunks
    found = chunks[0].dictionary.to_pylist() if chunks else []
    return ColumnType(str(column.type), tuple(found), column.type.ordered)


def _series_of_arrow(name: str, values: list[Any], type_: ColumnType) -> Any:
    import pyarrow as pa

    kind = arrow_type(type_.name)
    if type_.categories is None:
        return pa.chunked_array([pa.array(values, kind)])
    place = {category: number for number, category in enumerate(type_.categories)}
    codes = pa.array([None if value is None else place[value] for value in values], kind.index_type)
    categories = pa.array(type_.categories, kind.value_type)
    return pa.chunked_array([pa.DictionaryArray.from_arrays(codes, categories, ordered=kind.ordered)])


def _frame_of_arrow(columns: dict[str, Any]) -> Any:
    import pyarrow as pa

    return pa.table(columns)


# The libraries whose frames can be given back.
LIBRARIES = {
    "pandas": Library(_type_of_pandas, _series_of_pandas, _frame_of_pandas),
    "polars": Library(_type_of_polars, _series_of_polars, _frame_of_polars),
    "pyarrow": Library(_type_of_arrow, _series_of_arrow, _frame_of_arrow),
}
