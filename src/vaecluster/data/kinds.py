"""What each column of a frame is taken for, decided in one place: by its values alone, or as the user says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.blocks import BLOCKS
from vaecluster.data.blocks.amounts import unit_of
from vaecluster.data.checks import quoted
from vaecluster.data.columns import Column
from vaecluster.data.written import are_dates, marks_among_numbers
from vaecluster.errors import DataError, SettingError

# Kinds that are learned from, with what a column of that kind may hold.
LEARNED = {kind: holds for block in BLOCKS.values() for kind, holds in block.kinds.items()}
# Kinds that say nothing about kinds of rows. An identifier still names the rows in what is written.
LEFT_OUT = ("identifier", "text", "leave-out")
KINDS = (*LEARNED, *LEFT_OUT)

# More categories are names, texts or identifiers, whose one-hot entries would drown the other columns.
MOST_CATEGORIES = 200
# So few rows may well be all different, and nine in ten counts are at most so many, or they are as good as measured.
FEW = 20
# The skewness of an exponential distribution; amounts are skewed more, and their logarithms less than half as much.
SKEWED = 2.0
# Texts of so many words on average, of so many that are looked at, are sentences.
WORDS, LOOKED_AT = 4, 1000
_IDENTIFIER = re.compile(
    r"(^|[^a-z])(id|ids|uuid|guid|key|index)$|[a-z](Id|ID)$|^(Id|ID|Index|Key)$|[^A-Za-z](ID|Id)$"
)

# What a column holds, where its kind does not say it.
_HOLDS = {
    "nothing": "no value at all",
    "mixed": "values of several kinds",
    "vectors": "vectors or records in its cells",
}
# What to do about a column that no block can read, by what it holds.
_ADVICE = {
    "vectors": "Give one column for each entry, or np.stack(X[{name!r}]) as the rows if it is all there is, or "
    "leave it out.",
    "exact numbers": "Cast it to floats, or leave it out.",
    "mixed": "Make one kind of it, as by pd.to_numeric(X[{name!r}], errors='coerce') for numbers or .astype(str) for "
    "categories, or leave it out.",
    "objects": "Make numbers of it, or texts as by .astype(str), or leave it out.",
}


@final
@dataclass(frozen=True)
class Kind:
    """What a column is taken for, one of `KINDS`, and why; empty where a user said it."""

    name: str
    why: str = ""

    @property
    def learned(self) -> bool:
        """Whether it takes part in learning."""
        return self.name in LEARNED


@final
@dataclass(frozen=True)
class SeenColumn:
    """A column as someone is told of it: its kind and why, and the share of its values that are missing."""

    name: str
    kind: str
    why: str
    missing: float

    @classmethod
    def of(cls, column: Column, kind: Kind) -> Self:
        """The column as it was taken."""
        return cls(column.name, kind.name, kind.why or "as you say", float(column.missing.mean()))

    @property
    def learned(self) -> bool:
        """Whether it takes part in learning."""
        return self.kind in LEARNED


def check_asked(asked: Any) -> dict[str, str]:
    """Kinds by names of columns as a user gave them; raises `SettingError` if they are no such thing."""
    if asked is None:
        return {}
    if not isinstance(asked, Mapping):
        raise SettingError(f"columns is {asked!r}; expected a dict of kinds by names: {', '.join(KINDS)}.")
    for name, kind in asked.items():
        if kind not in KINDS:
            near = get_close_matches(str(kind), KINDS, 1)
            did = f" Did you mean {near[0]!r}?" if near else ""
            kinds = ", ".join(KINDS)
            raise SettingError(f"columns holds the kind {kind!r} for {name!r}; expected one of {kinds}.{did}")
    return {str(name): str(kind) for name, kind in asked.items()}


def check_there(asked: Mapping[str, str], names: Sequence[str]) -> None:
    """Raise `SettingError` where `asked` names a column that is not there."""
    for name in asked:
        if name not in names:
            near = get_close_matches(name, names, 1)
            did = f" Did you mean {near[0]!r}?" if near else f" The columns are {quoted(names)}."
            raise SettingError(f"columns names the column {name!r}, which is not there.{did}")


def kinds_of(
    columns: Mapping[str, Column], asked: Mapping[str, str], numbers: NDArray[np.intp] | None = None
) -> dict[str, Kind]:
    """The kind of each column; `DataError` for one that cannot be read, and if no column is left to learn from.

    `numbers` (rows,) are those of the rows, if they are some of a longer table.
    Raises `SettingError` where `asked` names a column that is not there.
    """
    check_there(asked, list(columns))
    found = {
        name: _asked_kind(column, asked[name]) if name in asked else _found_kind(column, numbers)
        for name, column in columns.items()
    }
    if len(found) == 1 and not asked:
        found = {name: _alone(columns[name], kind) for name, kind in found.items()}
    if not any(kind.learned for kind in found.values()) and texts_alone(found) is None:
        raise DataError(
            f"No column is left to learn from: {described(found)}. Give other columns, or say what they are "
            "by columns={name: kind}."
        )
    return found


def _alone(column: Column, kind: Kind) -> Kind:
    """The kind of a table's only column: what would be categories or names beside others are texts, if of words."""
    if column.holds != "texts" or kind.name not in ("category", "identifier"):
        return kind
    texts = column.series.drop_nulls().head(LOOKED_AT).to_list()
    several = sum(" " in text.strip() for text in texts) > len(texts) / 2
    return Kind("text", "the only column") if several else kind


def texts_alone(kinds: Mapping[str, Kind]) -> str | None:
    """The column of texts, if it is the only one and no other is learned from: then it is."""
    texts = [name for name, kind in kinds.items() if kind.name == "text"]
    return texts[0] if len(texts) == 1 and not any(kind.learned for kind in kinds.values()) else None


def described(kinds: Mapping[str, Kind]) -> str:
    """Columns that are left out, with the reason: `'id' (a different text in each row)`; the first few of many."""
    names = [f"{name!r} ({kind.why or kind.name})" for name, kind in kinds.items() if not kind.learned]
    return ", ".join(names[:10]) + (f", and {len(names) - 10} more" if len(names) > 10 else "")


def _asked_kind(column: Column, asked: str) -> Kind:
    if asked in LEFT_OUT:
        return Kind(asked)
    expected = LEARNED[asked]
    if column.holds not in expected:
        holds = _HOLDS.get(column.holds, column.holds)
        raise DataError(
            f"Column {column.name!r} is to be read as {asked}, but holds {holds} (type {column.type}); expected "
            f"{' or '.join(expected)}. Change it, or leave out that kind."
        )
    if asked == "ordinal" and column.order is None and column.holds != "numbers":
        raise DataError(
            f"Column {column.name!r} is to be read as ordinal, but its {column.holds} (type {column.type}) are in no "
            "order; expected ordered categories, or numbers. Say it as by pd.Categorical(values, ['low', 'high'], "
            "ordered=True), or write 1, 2, 3."
        )
    if asked in ("category", "ordinal", "boolean"):
        most = 2 if asked == "boolean" else MOST_CATEGORIES
        if column.different > most:
            raise DataError(
                f"Column {column.name!r} holds {column.different:,} different values; expected at most {most} for a "
                f"{asked}. Sum them up in fewer, or leave it out."
            )
    return Kind(asked)


def is_identifier(column: Column) -> bool:
    """Whether its values, texts or whole numbers, surely name the rows: they are all different."""
    if column.holds not in ("texts", "numbers") or column.missing.any():
        return False
    # Most numbers are not whole, which is seen soonest.
    if column.series.dtype.is_float():
        values = column.series.to_numpy()
        if (values != np.floor(values)).any():
            return False
    return column.different == len(column.missing) and _found_kind(column, None).name == "identifier"


def called_identifier(name: str) -> bool:
    """Whether a column of whole numbers is called as one that names the rows, or has no name, as an index in CSV."""
    return not name.strip() or _IDENTIFIER.search(name) is not None


def _found_kind(column: Column, numbers: NDArray[np.intp] | None) -> Kind:
    holds = column.holds
    if holds == "nothing":
        return Kind("leave-out", "no value at all")
    if holds in _ADVICE:
        raise DataError(
            f"Column {column.name!r} holds {_HOLDS.get(holds, holds)} (type {column.type}); expected numbers, "
            f"categories or dates. {_ADVICE[holds].format(name=column.name).rstrip('.')}: "
            f"columns={{{column.name!r}: 'leave-out'}}."
        )
    if column.different == 1 and len(column.missing) > 1:
        return Kind("leave-out", "one value alone")
    if holds == "numbers":
        return _kind_of_numbers(column, numbers)
    if holds in ("dates", "durations"):
        return Kind("date", column.holds)
    return _kind_of_texts(column)


def _kind_of_numbers(column: Column, numbers: NDArray[np.intp] | None) -> Kind:
    """Numbers, but for whole ones that number the rows, and amounts."""
    values = column.series.to_numpy()[~column.missing]
    # Whole numbers stay what they are: beyond 2**53 doubles do not tell neighbours apart.
    if values.dtype.kind not in "iu":
        try:
            values = values.astype(np.float64)
        except OverflowError:
            # The block of numbers says what is wrong.
            return Kind("number", "numbers")
    if len(values) <= FEW or not np.isfinite(values).all():
        return Kind("number", "numbers")
    if column.different == len(column.missing) and (values == np.floor(values)).all():
        if (np.diff(values) == (1 if numbers is None else np.diff(numbers))).all():
            return Kind("identifier", "numbers the rows")
        if _IDENTIFIER.search(column.name):
            return Kind("identifier", "another number in each row")
    doubles = values.astype(np.float64)
    if _are_counts(doubles):
        return Kind("count", "small whole numbers, many of them 0")
    if _are_amounts(doubles):
        return Kind("amount", "a few values are many times the others")
    return Kind("number", "numbers")


def _are_counts(values: NDArray[np.float64]) -> bool:
    """Whether they are surely counted: small whole numbers from 0, skewed and spread as counts at least are.

    Grades and codes are spread less, or evenly; years and measures have no zeros.
    """
    if (values < 0).any() or (values != np.floor(values)).any() or not (values == 0).any() or values.max() < 3:
        return False
    mean, small = float(values.mean()), np.quantile(values, 0.9) <= FEW
    # A Poisson distribution has the variance `mean` and the skewness 1 / sqrt(mean), any negative binomial more.
    return bool(small and values.var() >= mean / 2 and _skewness(values) >= 0.5 / np.sqrt(mean))


def _are_amounts(values: NDArray[np.float64]) -> bool:
    """Whether a few of the values are many times the others: heavy tails that logarithms take away."""
    if (values < 0).any() or not (values > 0).any():
        return False
    skewness = _skewness(values)
    logs = np.log1p(values / unit_of(values))
    return skewness > SKEWED and abs(_skewness(logs)) < skewness / 2


def _skewness(values: NDArray[np.float64]) -> float:
    # Divided by the largest, so that no cube overflows.
    apart = (values - values.mean()) / max(float(np.abs(values).max()), 1e-300)
    deviation = float(apart.std())
    return float((apart**3).mean() / deviation**3) if deviation**3 > 0 else 0.0


def _kind_of_texts(column: Column) -> Kind:
    """Categories, but for what is numbers or dates for people, sentences, another value in each row, or too many."""
    if column.ordered:
        return Kind("ordinal", "categories in an order")
    present, different = int((~column.missing).sum()), column.different
    if present > FEW and different > min(FEW, present / 2) and column.holds == "texts":
        # In the order of the rows, which is the same each time.
        texts = column.series.drop_nulls().unique(maintain_order=True).to_list()
        if are_dates(texts):
            made = f"pd.to_datetime(X[{column.name!r}])"
            return Kind("leave-out", f"dates as texts; make dates of them as by {made}, or in CSV write 2024-12-31")
        marks = marks_among_numbers(texts)
        if marks:
            codes = f", or say columns={{{column.name!r}: 'category'}} if they are codes"
            why = f"numbers, but for {quoted(marks)}; write nothing there"
            return Kind("leave-out", why + (codes if different <= MOST_CATEGORIES else ""))
        texts = texts[:LOOKED_AT]
        if different > present / 2 and sum(len(text.split()) for text in texts) > WORDS * len(texts):
            return Kind("text", f"text, {different:,} different ones")
    if present > FEW and different == present:
        return Kind("identifier", "another value in each row")
    if different > MOST_CATEGORIES:
        return Kind("text", f"{different:,} different values, too many for categories")
    return Kind("category", f"{different:,} different values")
