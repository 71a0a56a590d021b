"""Dates, times and durations as seconds, and back."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What Python's datetime holds; and what 64-bit nanoseconds do.
_RANGE, _NANOSECONDS = (-62_135_596_800.0, 253_402_300_799.0), (-9.2e9, 9.2e9)
_DAY = 86_400.0
# What Python's objects are called in `object_type`, the first that fits: a moment is a date too.
_OBJECTS: dict[str, tuple[type, ...]] = {
    "timedelta": (timedelta, np.timedelta64),
    "datetime": (datetime, np.datetime64),
    "date": (date,),
    "time": (time,),
}


def seconds_of(series: "nw.Series[Any]") -> NDArray[np.float64]:
    """Seconds since 1970, of the day, or of the duration: (rows,), NaN where none is."""
    if series.dtype == nw.Duration:
        counted = series.dt.total_microseconds()
    elif series.dtype in (nw.Date, nw.Datetime):
        counted = series.dt.timestamp("us")
    else:
        return np.array([_seconds(value) for value in series.to_list()], dtype=np.float64)
    # As numpy makes doubles of them: a cast by Arrow refuses dates beyond 2255, and a contract may end in 9999.
    return np.asarray(counted.to_numpy(), dtype=np.float64) / 1e6


def _seconds(value: Any) -> float:
    """Of one object of Python, numpy or pandas."""
    if value is None or value != value:
        return np.nan
    if isinstance(value, np.datetime64 | np.timedelta64):
        value = value.astype("datetime64[us]" if isinstance(value, np.datetime64) else "timedelta64[us]").item()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return ((value if value.tzinfo else value.replace(tzinfo=UTC)) - EPOCH).total_seconds()
    if isinstance(value, date):
        return (value - EPOCH.date()).total_seconds()
    return timedelta(hours=value.hour, minutes=value.minute, seconds=value.second).total_seconds()


def is_zoned(type_: str) -> bool:
    """Whether moments of this type, as its library calls it, have a zone: it stands behind a comma, but for `None`.

    >>> is_zoned("timestamp[us, tz=UTC]"), is_zoned("Datetime[us, None]")
    (True, False)
    """
    return re.search(r", *(tz=)?(?!none)\w", type_.lower()) is not None


def object_type(value: Any) -> str:
    """The type of a column of such objects, as `maker_of` knows it; "object" for all but dates, times and durations.

    >>> object_type(date(2024, 1, 31)), object_type(datetime(2024, 1, 31, tzinfo=UTC)), object_type("a")
    ('date (object)', 'datetime (object, zoned)', 'object')
    """
    name = next((name for name, types in _OBJECTS.items() if isinstance(value, types)), None)
    zoned = name == "datetime" and getattr(value, "tzinfo", None) is not None
    return "object" if name is None else f"{name} (object, zoned)" if zoned else f"{name} (object)"


def maker_of(type_: str) -> Callable[[float], Any] | None:
    """What makes a value of this type, as its library calls it, from seconds; None for other types.

    >>> maker_of("date32[day]")(86400.0), maker_of("int64")
    (datetime.date(1970, 1, 2), None)
    """
    name = type_.lower()
    low, high = _NANOSECONDS if re.search(r"\bns\b", name) else _RANGE
    if name.startswith(("duration", "timedelta")):
        return lambda seconds: timedelta(seconds=float(np.clip(seconds, -9.2e9, 9.2e9)))
    if name.startswith(("datetime", "timestamp")):
        aware = is_zoned(name)

        def moment(seconds: float) -> datetime:
            found = EPOCH + timedelta(seconds=float(np.clip(seconds, low, high)))
            return found if aware else found.replace(tzinfo=None)

        return moment
    if name.startswith("date"):
        return lambda seconds: (
            EPOCH + timedelta(days=round(np.clip(seconds, _RANGE[0], _RANGE[1] - _DAY) / _DAY))
        ).date()
    if name.startswith("time"):
        return lambda seconds: (datetime.min + timedelta(seconds=float(np.clip(seconds, 0, _DAY - 1)))).time()
    return None
