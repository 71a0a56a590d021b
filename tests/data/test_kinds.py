from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from vaecluster.data.frames import columns_of
from vaecluster.data.kinds import FEW, KINDS, MOST_CATEGORIES, Kind, check_asked, described, kinds_of
from vaecluster.errors import DataError, SettingError

ROWS = 60
RANDOM = np.random.default_rng(0)
SHUFFLED = RANDOM.permutation(10 * ROWS)[:ROWS]


def kind(values: Any, name: str = "it", asked: str | None = None) -> Kind:
    """The kind of a column of that name, beside one of numbers."""
    frame = pl.DataFrame({"size": RANDOM.normal(size=len(values)), name: values}, strict=False)
    return kinds_of(columns_of(frame), {} if asked is None else {name: asked})[name]


FOUND = {
    "incomes": (np.exp(RANDOM.normal(10, 1.5, ROWS)).tolist(), "it", "amount", ""),
    "incomes with zeros and gaps": ([0.0, None, *np.exp(RANDOM.normal(10, 1.5, ROWS))], "it", "amount", ""),
    "visits": (RANDOM.negative_binomial(1, 0.3, ROWS).tolist(), "it", "count", ""),
    "visits with gaps": ([None, *map(float, RANDOM.poisson(1.5, ROWS))], "it", "count", ""),
    "grades": ((1 + RANDOM.integers(0, 5, ROWS)).tolist(), "it", "number", ""),
    "codes from 0": ((np.arange(ROWS) % 4).tolist(), "it", "number", ""),
    "years": ((2000 + RANDOM.poisson(2, ROWS)).tolist(), "it", "number", ""),
    "large counts": ([0, *(100 * RANDOM.negative_binomial(1, 0.3, ROWS))], "it", "number", ""),
    "losses": ((-np.exp(RANDOM.normal(10, 1.2, ROWS))).tolist(), "it", "number", ""),
    "a rare one": ([0] * (ROWS - 2) + [1] * 2, "it", "number", ""),
    "one far value": ([*RANDOM.normal(50, 1, ROWS), 300.0], "it", "number", ""),
    "floats": (RANDOM.normal(size=ROWS).tolist(), "it", "number", ""),
    "whole numbers": ((np.arange(ROWS) % 7).tolist(), "id", "number", ""),
    "whole numbers that are all different": (SHUFFLED.tolist(), "price", "number", ""),
    "a paid price": (SHUFFLED.tolist(), "paid", "number", ""),
    "numbers of rows": (list(range(7, 7 + ROWS)), "it", "identifier", "numbers the rows"),
    "large numbers of rows": ([10**17 + n for n in range(ROWS)], "it", "identifier", "numbers the rows"),
    "numbers of few rows": (list(range(FEW)), "it", "number", ""),
    "customer_id": (SHUFFLED.tolist(), "customer_id", "identifier", "another number"),
    "customerId": (SHUFFLED.tolist(), "customerId", "identifier", "another number"),
    "ID": (SHUFFLED.tolist(), "ID", "identifier", "another number"),
    "fractions called id": ((SHUFFLED + 0.5).tolist(), "id", "number", ""),
    "codes of rows": ([f"C{n:04}" for n in range(ROWS)], "it", "identifier", "another value"),
    "codes of few rows": ([f"C{n:04}" for n in range(FEW)], "it", "category", ""),
    "names": ([f"name {n % 40}" for n in range(ROWS)], "it", "category", ""),
    "sentences": ([f"this is what customer {n} said" for n in range(ROWS)], "it", "text", "60 different"),
    "dates as texts": ([f"{n % 12 + 1}/{n % 28 + 1}/2024" for n in range(ROWS)], "it", "leave-out", "2024-12-31"),
    "the same date often": ([f"{n % 25 + 1}/1/2024" for n in range(ROWS)], "it", "leave-out", "2024-12-31"),
    "dates and times": ([f"{n % 28 + 1}.5.24 10:00" for n in range(ROWS)], "it", "leave-out", "2024-12-31"),
    "dates of ISO": ([f"2024-01-{n % 28 + 1:02}" for n in range(ROWS)], "it", "leave-out", "to_datetime(X['it']"),
    "dates and a word": (["soon", *(f"{n % 28 + 1}/1/2024" for n in range(ROWS))], "it", "category", ""),
    "days that there are not": ([f"{n % 30 + 1}.2.2024" for n in range(ROWS)], "it", "category", ""),
    "addresses of computers": ([f"10.0.0.{n % 30}" for n in range(ROWS)], "it", "category", ""),
    "versions": ([f"1.{n % 30}.0" for n in range(ROWS)], "it", "category", ""),
    "releases": ([f"{20 + n % 30}.04.1" for n in range(ROWS)], "it", "category", ""),
    "numbers of substances": ([f"{50 + n % 30}-00-0" for n in range(ROWS)], "it", "category", ""),
    "a mark among measures": (["unknown", *map(str, RANDOM.normal(size=ROWS))], "it", "leave-out", "'unknown'"),
    "marks among ages": (["?", "-", *(str(n % 30) for n in range(ROWS))], "it", "leave-out", "'-', '?'"),
    "a mark among codes": (["X", *(str(n % 30) for n in range(ROWS))], "it", "leave-out", "{'it': 'category'}"),
    "stores and a name": (["online", *(str(n % 29) for n in range(ROWS))], "it", "category", ""),
    "numbers of houses": (["14a", *(str(n % 29) for n in range(ROWS))], "it", "category", ""),
    "a mark and codes": (["n/a", *map(str, range(998)), *(f"{n}a" for n in range(2000))] * 2, "it", "text", "2,999"),
    "grades and a mark": (["K", *(str(n % 9) for n in range(ROWS))], "it", "category", ""),
    "codes, some with 0": (["none", *(f"{n % 30:02}" for n in range(ROWS))], "it", "category", ""),
    "codes, some with letters": ([f"{n % 30}{'AB '[n % 3]}" for n in range(ROWS)], "it", "category", ""),
    "too many": ([str(n // 2) for n in range(2 * MOST_CATEGORIES + 2)], "it", "text", "201 different values"),
    "yes and no": (["yes", "no"] * 30, "it", "category", ""),
    "booleans": ([True, False] * 30, "it", "category", ""),
    "one value": ([3] * ROWS, "it", "leave-out", "one value"),
    "one text and gaps": (["DE", None] * 30, "it", "leave-out", "one value"),
    "nothing": ([None] * ROWS, "it", "leave-out", "no value"),
    "NaN alone": ([np.nan] * ROWS, "it", "leave-out", "no value"),
    "dates": ([date(2020, 1, 1) + timedelta(n) for n in range(ROWS)], "it", "date", ""),
    "durations": ([timedelta(n) for n in range(ROWS)], "it", "date", ""),
    "one date": ([date(2020, 1, 1)] * ROWS, "it", "leave-out", "one value"),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_a_column_is_taken_for_follows_from_its_values(case: str) -> None:
    values, name, expected, why = FOUND[case]
    found = kind(values, name)
    assert found.name == expected
    assert why in found.why
    assert found.why


@pytest.mark.parametrize(
    ("values", "expected"), [(["good film", "bad"] * 30, "category"), (["good film", "bad film"] * 30, "text")]
)
def test_the_only_column_is_texts_if_most_hold_several_words(values: list[str], expected: str) -> None:
    alone, beside = columns_of(pd.DataFrame({"a": values})), columns_of(pd.DataFrame({"a": values, "b": values}))
    assert kinds_of(alone, {})["a"].name == expected
    assert kinds_of(alone, {"a": "category"})["a"].name == "category"
    assert kinds_of(beside, {})["a"].name == "category"


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_a_row_alone_has_no_constant_columns(library: Any) -> None:
    kinds = kinds_of(columns_of(library({"a": [1.0], "b": ["x"]})), {})
    assert [kind.name for kind in kinds.values()] == ["number", "category"]


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ([1, 2] * 30, "amount"),
        ([1, 2] * 30, "category"),
        ([1, 2] * 30, "boolean"),
        ([1, 2] * 30, "ordinal"),
        ([1, 2] * 30, "count"),
        (["a", "b"] * 30, "boolean"),
        (list(range(ROWS)), "number"),
        (list(range(ROWS)), "category"),
        ([date(2020, 1, 1), None], "date"),
        ([1.0, 2.0] * 30, "identifier"),
        ([[1.0], [2.0]], "leave-out"),
        (["a", "b"], "text"),
    ],
)
def test_what_the_user_says_counts(values: list[Any], asked: str) -> None:
    assert kind(values, asked=asked) == Kind(asked)


@pytest.mark.parametrize(
    ("values", "asked", "parts"),
    [
        (["a", "b"], "number", ["read as number", "holds texts", "expected numbers"]),
        (["a", "b"], "date", ["holds texts", "dates or durations"]),
        ([date(2020, 1, 1), None], "category", ["holds dates"]),
        (["a", "b"], "ordinal", ["read as ordinal", "in no order", "ordered=True"]),
        (list(range(201)), "ordinal", ["201 different values", "at most 200"]),
        ([1, 2, 3], "boolean", ["3 different values", "at most 2"]),
        (list(range(201)), "category", ["201 different values", "at most 200"]),
        ([[1.0], [2.0]], None, ["vectors or records", "np.stack(X['it'])"]),
    ],
)
def test_a_column_that_cannot_be_read_so_is_named(values: list[Any], asked: str | None, parts: list[str]) -> None:
    with pytest.raises(DataError) as error:
        kind(values, asked=asked)
    assert all(part in str(error.value) for part in ["'it'", *parts]), error.value


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ("number", ["'number'", "dict", "leave-out"]),
        ({"age": "numbre"}, ["'numbre'", "'age'", "Did you mean 'number'", ", ".join(KINDS)]),
        ({"age": 3}, ["3", "'age'"]),
    ],
)
def test_kinds_that_there_are_not_are_refused(asked: Any, parts: list[str]) -> None:
    with pytest.raises(SettingError) as error:
        check_asked(asked)
    assert all(part in str(error.value) for part in parts), error.value


def test_a_column_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    columns = columns_of(pl.DataFrame({"income": [1.0, 2.0], "age": [1, 2]}))
    with pytest.raises(SettingError, match=r"'incone'.*Did you mean 'income'"):
        kinds_of(columns, {"incone": "number"})
    with pytest.raises(SettingError, match=r"'size'.*The columns are 'income', 'age'"):
        kinds_of(columns, {"size": "number"})


def test_a_frame_of_which_nothing_is_left_is_refused() -> None:
    columns = columns_of(pl.DataFrame({"a": [1, 1], "b": [None, None]}))
    with pytest.raises(DataError, match=r"'a' \(one value alone\), 'b' \(no value at all\).*columns="):
        kinds_of(columns, {})


def test_of_many_columns_the_first_are_named() -> None:
    assert described({f"c{n}": Kind("text", "why") for n in range(12)}).endswith("'c9' (why), and 2 more")
    assert described({"a": Kind("number"), "b": Kind("identifier")}) == "'b' (identifier)"
