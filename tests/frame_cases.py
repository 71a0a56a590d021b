"""Columns of every type that a frame may have; a fifth of the values is missing where the type allows it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

try:
    import pyarrow as pa
except ImportError:
    pa = None

ROWS = 40
GROUP = np.arange(ROWS) % 3
NUMBERS = (5 * GROUP + np.random.default_rng(0).normal(size=ROWS)).tolist()
SMALL = GROUP.tolist()
# Such as visits, which most rows have none of.
COUNTED = (np.random.default_rng(2).negative_binomial(1, 0.4, ROWS) * (GROUP > 0)).tolist()
# More than a double tells apart.
LARGE = (2**60 + 7 * GROUP).tolist()
TEXTS = np.array(["red", "green", "blue"])[GROUP].tolist()
TRUTHS = (GROUP > 0).tolist()
DECLARED = ["red", "blue", "green", "gold"]


def gaps(values: list[Any]) -> list[Any]:
    missing = np.random.default_rng(1).random(ROWS) < 0.2
    return [None if gone else value for gone, value in zip(missing, values, strict=True)]


def of_pandas(values: list[Any], dtype: Any) -> Callable[[], pd.Series]:
    return lambda: pd.Series(values, dtype=dtype)


def of_polars(values: list[Any], dtype: Any) -> Callable[[], pl.Series]:
    return lambda: pl.Series(values, dtype=dtype)


PANDAS: dict[str, Callable[[], pd.Series]] = {
    "int64": of_pandas(LARGE, "int64"),
    "uint8": of_pandas(SMALL, "uint8"),
    "Int64": of_pandas(gaps(LARGE), "Int64"),
    "Int16 that is counted": of_pandas(gaps(COUNTED), "Int16"),
    "float64 that is counted": of_pandas(gaps(COUNTED), "float64"),
    "float16": of_pandas(gaps(NUMBERS), "float16"),
    "float32": of_pandas(gaps(NUMBERS), "float32"),
    "float64": of_pandas(gaps(NUMBERS), "float64"),
    "Float32": of_pandas(gaps(NUMBERS), "Float32"),
    "objects that are numbers": of_pandas(gaps(LARGE), object),
    "bool": of_pandas(TRUTHS, "bool"),
    "boolean": of_pandas(gaps(TRUTHS), "boolean"),
    "objects that are booleans": of_pandas(gaps(TRUTHS), object),
    "category": of_pandas(gaps(TEXTS), "category"),
    "ordered category": of_pandas(gaps(TEXTS), pd.CategoricalDtype(DECLARED, ordered=True)),
    "category of numbers": of_pandas(gaps(SMALL), pd.CategoricalDtype([2, 1, 0])),
    "objects that are texts": of_pandas(gaps(TEXTS), object),
    "str": of_pandas(gaps(TEXTS), "str"),
    "string": of_pandas(gaps(TEXTS), "string"),
}
if pa is not None:
    PANDAS |= {
        "int64 of arrow": of_pandas(gaps(LARGE), "int64[pyarrow]"),
        "float of arrow": of_pandas(gaps(NUMBERS), "float[pyarrow]"),
        "double of arrow": of_pandas(gaps(NUMBERS), "double[pyarrow]"),
        "bool of arrow": of_pandas(gaps(TRUTHS), "bool[pyarrow]"),
        "string of arrow": of_pandas(gaps(TEXTS), pd.ArrowDtype(pa.string())),
        "dictionary of arrow": of_pandas(gaps(TEXTS), pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
    }
POLARS: dict[str, Callable[[], pl.Series]] = {
    "Int64": of_polars(gaps(LARGE), pl.Int64),
    "UInt8 that is counted": of_polars(gaps(COUNTED), pl.UInt8),
    "Int8": of_polars(SMALL, pl.Int8),
    "UInt16": of_polars(gaps(SMALL), pl.UInt16),
    "Float32": of_polars(gaps(NUMBERS), pl.Float32),
    "Float64 with null": of_polars(gaps(NUMBERS), pl.Float64),
    "Float64 with NaN": of_polars([np.nan if value is None else value for value in gaps(NUMBERS)], pl.Float64),
    "Boolean": of_polars(gaps(TRUTHS), pl.Boolean),
    "String": of_polars(gaps(TEXTS), pl.String),
    "Categorical": of_polars(gaps(TEXTS), pl.Categorical),
    "Enum": of_polars(gaps(TEXTS), pl.Enum(DECLARED)),
}
COLUMNS: dict[str, Callable[[], Any]] = PANDAS | {f"{name} of polars": make for name, make in POLARS.items()}


def frame_of_column(name: str) -> Any:
    """A frame of that column, called `it`, and of one of numbers with gaps, called `size`."""
    column = COLUMNS[name]()
    if isinstance(column, pd.Series):
        return pd.DataFrame({"size": gaps(NUMBERS), "it": column})
    return pl.DataFrame([pl.Series("size", gaps(NUMBERS)), column.alias("it")])


def whole_pandas() -> pd.DataFrame:
    """All types at once, with an index of its own in which numbers come twice."""
    return pd.DataFrame({name: make() for name, make in PANDAS.items()}).set_axis(np.arange(ROWS) // 2 + 7)


def whole_polars() -> pl.DataFrame:
    """All types at once."""
    return pl.DataFrame([make().alias(name) for name, make in POLARS.items()])


def is_missing(value: Any) -> bool:
    """Whether it is None, NaN or NA."""
    return value is None or value is pd.NA or value != value
