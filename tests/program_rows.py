"""Rows as exported programs take them: what someone who serves a model writes."""

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from frame_cases import is_missing
from vaecluster.data.dates import seconds_of

TYPES = {"float64": np.float64, "float32": np.float32, "uint8": np.uint8, "int64": np.int64}


def arrays_of(inputs: list[dict[str, Any]], X: Any) -> dict[str, NDArray[Any]]:
    """One for each of what a program takes, as it says itself; texts are texts or, for torch, their places."""
    if [one["name"] for one in inputs] == ["rows"]:
        return {"rows": np.asarray(X, dtype=TYPES[inputs[0]["type"]])}
    columns = nw.from_native(X, eager_only=True)
    return {one["name"]: _column(one, columns[one["name"]]) for one in inputs}


def _column(one: dict[str, Any], column: Any) -> NDArray[Any]:
    if one["holds"] in ("dates", "durations"):
        return seconds_of(column)
    values = ["" if is_missing(value) else value for value in column.to_list()]
    if one["type"] == "str":
        return np.array(values, dtype=object)
    if one["texts"]:
        return np.array([one["texts"].index(value) if value in one["texts"] else -1 for value in values])
    return np.array([np.nan if value == "" else value for value in values], dtype=TYPES[one["type"]])
