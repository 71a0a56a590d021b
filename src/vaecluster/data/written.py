"""Texts that are dates or numbers for people, but are no such thing as they are written."""

import re
from collections.abc import Sequence
from datetime import date

# Not 01067, which is a name.
_NUMBER = re.compile(r"\s*[-+]?(?!0\d)(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$")
# What people write where a number is missing. Other words, such as online, are names.
_MARK = re.compile(
    r"\s*([-?.*/\u2013\u2014]*|x|#?n/?a|n\.a\.|<na>|nan|nat|none|null|nil|n/?d|n\.d\.|nr|unk|unknown|missing|"
    r"not (available|known)|no data)\s*$",
    re.IGNORECASE,
)
# Such as 2024-12-31, 31.12.24 10:00 and 12/31/2024, but not 10.0.0.1 or 1.2.0.
_YEAR, _MONTH, _DAY = r"(?P<year>[12]\d{3}|9999)", r"(?P<month>\d\d?)", r"(?P<day>\d\d?)"
_SHORT = r"(?P<year>[12]\d{3}|9999|\d\d)"
_DATES = tuple(
    re.compile(rf"\s*{first}(?P<between>[-./]){second}(?P=between){third}([\sT,]|$)")
    for first, second, third in ((_YEAR, _MONTH, _DAY), (_DAY, _MONTH, _SHORT), (_MONTH, _DAY, _SHORT))
)


def are_dates(texts: Sequence[str]) -> bool:
    """Whether all are days that there are, in one order of day, month and year."""
    return any(all(_is_date(text, order) for text in texts) for order in _DATES)


def marks_among_numbers(texts: Sequence[str]) -> list[str]:
    """Marks of missing values, if all other texts are numbers; else none."""
    marks = []
    for text in texts:
        if not _NUMBER.match(text):
            if not _MARK.match(text):
                return []
            marks.append(text)
    return sorted(marks)


def _is_date(text: str, order: re.Pattern[str]) -> bool:
    found = order.match(text)
    if found is None:
        return False
    year = int(found["year"])
    try:
        date(year if year >= 100 else 2000 + year, int(found["month"]), int(found["day"]))
    except ValueError:
        return False
    return True
