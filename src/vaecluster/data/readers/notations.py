"""Numbers as people write them, and names that look like numbers."""

import re
from typing import TYPE_CHECKING, final

from vaecluster.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

# A whole number that is a name: nobody writes 01067 for 1067.
_CODE = r"^\s*0\d+\s*$"
# Signs that eyes do not tell from others: spaces that do not break and apostrophes, and the minus of typesetters.
_APART, _MINUS = "\u00a0\u202f\u2019'", "\u2212"
# Numbers as people write them: a pattern that all of a column have, those that some have, what it is, what to do.
_NOTATIONS = (
    (
        # Nobody writes 0,123 for 123.
        (r"^\s*[-+]?(0|[1-9]\d{0,2}(,\d{3})*)(\.\d+)?\s*$", r",\d{3}"),
        "commas between thousands",
        "Write them without, as 1234.5, or read them with pandas.read_csv and thousands=','",
    ),
    (
        (r"^\s*[-+]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?\s*$", r","),
        "decimal commas",
        "Write them with a point, as 3.14, or read them with pandas.read_csv and decimal=','",
    ),
    (
        (r"^\s*[-+]?([$€£¥]\s?)?[-+]?\d[\d,]*(\.\d+)?\s?(%|[$€£¥])?\s*$", r"[%$€£¥]"),
        "a unit beside them",
        "Write the numbers alone",
    ),
    # What word processors and accountants write. A plain space may part a number of a telephone.
    (
        (rf"^\s*[-+]?\d{{1,3}}([{_APART}]\d{{3}})*([.,]\d+)?\s*$", rf"\d[{_APART}]\d"),
        "spaces or apostrophes between thousands",
        "Write them without, as 1234.5",
    ),
    (
        (rf"^\s*[-+{_MINUS}]?\d+(\.\d+)?\s*$", _MINUS),
        "a printed minus",
        "Write them with a hyphen, as -3.14",
    ),
    (
        # Where all have brackets, they are codes of areas, such as (212).
        (r"^\s*(\([\d,]+(\.\d+)?\)|[-+]?[\d,]+(\.\d+)?)\s*$", r"\(", r"^[^(]+$"),
        "brackets around those below 0",
        "Write them as -3.14",
    ),
)


@final
class Notation:
    """How the values of a column of text are written, from one part of them after the other.

    Those who part values by semicolons do so since their commas are decimal: there 12,250 is not 12250.
    """

    def __init__(self, name: str, delimiter: str, *, read: bool = False) -> None:
        self.name = name
        # Whether some value is a code such as 01067.
        self.coded = False
        likely = sorted(_NOTATIONS, key=lambda one: one[1] != "decimal commas") if delimiter == ";" else _NOTATIONS
        # Notations that all values fit, with values that show it, if there were some; of numbers that were read, none.
        self._fits: dict[int, dict[str, str]] = {} if read else {place: {} for place in range(len(likely))}
        self._likely = likely

    def look(self, column: "pa.Array | pa.ChunkedArray") -> None:
        """Look at some values, which are texts."""
        from pyarrow import compute

        def some(pattern: str) -> "pa.Array | pa.ChunkedArray":
            return compute.match_substring_regex(column, pattern)

        self.coded = self.coded or bool(compute.any(some(_CODE)).as_py())
        for place, shown in list(self._fits.items()):
            whole, *signs = self._likely[place][0]
            if compute.all(some(whole)).as_py() is False:
                del self._fits[place]
                continue
            for sign in signs:
                if sign not in shown and compute.any(some(sign)).as_py():
                    shown[sign] = next(value for value in column.to_pylist() if value and re.search(sign, value))

    def check(self) -> None:
        """Raise `DataError` if all values are numbers that are written otherwise than they are read."""
        for place, shown in self._fits.items():
            (_, *signs), what, advice = self._likely[place]
            if len(shown) == len(signs):
                example = shown[signs[0]]
                raise DataError(f"column {self.name!r} holds numbers with {what}, such as {example!r}. {advice}.")
