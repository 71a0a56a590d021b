from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from vaecluster.data.dates import maker_of, seconds_of

DAY = 86_400.0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([date(1970, 1, 2), None], [DAY, np.nan]),
        ([datetime(1970, 1, 1, 1), pd.NaT], [3600.0, np.nan]),
        ([datetime(1970, 1, 1, 1, tzinfo=UTC), None], [3600.0, np.nan]),
        ([time(0, 1, 1), None], [61.0, np.nan]),
        ([timedelta(days=-1), None], [-DAY, np.nan]),
        ([np.datetime64("1970-01-02"), None], [DAY, np.nan]),
        ([np.timedelta64(1500, "ms"), None], [1.5, np.nan]),
    ],
)
def test_objects_are_seconds(values: list[Any], expected: list[float]) -> None:
    series = nw.from_native(pd.Series(values, dtype=object), series_only=True)
    np.testing.assert_array_equal(seconds_of(series), expected)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize(
    "values",
    [
        [datetime(9999, 12, 31, 0, 0, 0, 250_000), datetime(1, 1, 1, 0, 0, 0, 750_000), None],
        [timedelta(days=10**6, microseconds=1), timedelta(days=-(10**6), microseconds=1), None],
    ],
)
def test_seconds_are_those_of_any_date_that_python_holds(values: list[Any], library: str) -> None:
    zero = datetime(1970, 1, 1) if isinstance(values[0], datetime) else timedelta()
    type_ = nw.Datetime("us") if isinstance(values[0], datetime) else nw.Duration("us")
    series = nw.new_series("it", values, dtype=type_, backend=library)
    expected = [np.nan if value is None else (value - zero).total_seconds() for value in values]
    np.testing.assert_allclose(seconds_of(series), expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("type_", "seconds", "expected"),
    [
        ("datetime64[us]", 1.5, datetime(1970, 1, 1, 0, 0, 1, 500_000)),
        ("datetime64[us, UTC]", 0.0, datetime(1970, 1, 1, tzinfo=UTC)),
        ("Datetime[us, None]", 0.0, datetime(1970, 1, 1)),
        ("timestamp[us, tz=UTC]", 0.0, datetime(1970, 1, 1, tzinfo=UTC)),
        ("timestamp[us][pyarrow]", 0.0, datetime(1970, 1, 1)),
        ("Date", 0.6 * DAY, date(1970, 1, 2)),
        ("date32[day]", 1e30, date(9999, 12, 31)),
        ("timestamp[us]", -1e30, datetime(1, 1, 1)),
        ("time64[us]", 1e9, time(23, 59, 59)),
        ("timedelta64[s]", -1.0, timedelta(seconds=-1)),
    ],
)
def test_seconds_are_made_values_of_a_type_within_its_range(type_: str, seconds: float, expected: Any) -> None:
    make = maker_of(type_)
    assert make is not None
    assert make(seconds) == expected


@pytest.mark.parametrize("type_", ["int64", "double", "str", "object", "bool"])
def test_other_types_hold_no_moments(type_: str) -> None:
    assert maker_of(type_) is None
