import warnings
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from frame_cases import COLUMNS, NUMBERS, ROWS, TEXTS, frame_of_column, gaps, is_missing, whole_pandas, whole_polars
from vaecluster.data.blocks import Categories, Counts, Numbers, Ordinal
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.columns import Column
from vaecluster.data.frames import FrameSource, check_read, columns_of, frame_of, is_frame, is_plain
from vaecluster.data.kinds import kinds_of
from vaecluster.data.raw import Coded
from vaecluster.errors import DataError

READING = Reading("gaussian", "columns")
every_column = pytest.mark.parametrize("name", COLUMNS)
WHOLE = {"pandas": whole_pandas, "polars": whole_polars}
both = pytest.mark.parametrize("library", WHOLE)


def raw_values(source: FrameSource, name: str) -> list[Any]:
    """The column as `read` gives it, None where a value is missing."""
    column = source.read(slice(None))[name]
    if isinstance(column, Coded):
        return [None if code < 0 else column.values[code] for code in column.codes]
    return [None if np.isnan(value) else value for value in column.tolist()]


@every_column
def test_a_column_is_read_as_its_values_and_where_they_are_missing(name: str) -> None:
    frame = frame_of_column(name)
    expected = [None if is_missing(value) else value for value in frame["it"]]
    found = raw_values(FrameSource(frame), "it")
    assert [value is None for value in found] == [value is None for value in expected]
    pairs = [(one, other) for one, other in zip(found, expected, strict=True) if one is not None]
    assert all(one == other if isinstance(other, str) else float(one) == float(other) for one, other in pairs)


@both
def test_columns_may_have_any_text_for_a_name(library: str) -> None:
    make = pd.DataFrame if library == "pandas" else pl.DataFrame
    frame = make({"a": gaps(NUMBERS), "": gaps(TEXTS), "column_2": TEXTS})
    source = FrameSource(frame)
    schema = source.schema(READING)
    rows = schema.encode(source.read(slice(None))).nan_to_num(0)
    for made in (schema.restore(rows), source.filled(schema, rows)):
        assert list(made.columns) == ["a", "", "column_2"]
        assert list(made[""])[1:3] == TEXTS[1:3]


@both
def test_rows_are_read_by_number(library: str) -> None:
    source = FrameSource(WHOLE[library]())
    assert (len(source), source.row_entries) == (ROWS, len(source.names))
    some = source.read(np.array([7, 3, 3]))
    for name, column in source.read(slice(None)).items():
        parts = (some[name], column) if isinstance(column, np.ndarray) else (some[name].codes, column.codes)
        np.testing.assert_array_equal(parts[0], parts[1][[7, 3, 3]])


@both
def test_all_columns_of_numbers_or_counts_make_one_block_and_each_of_categories_one(library: str) -> None:
    source = FrameSource(WHOLE[library]())
    blocks = source.schema(READING).blocks
    kinds = [type(block) for block in blocks]
    assert kinds[:2] == [Numbers, Counts]
    assert set(kinds[2:]) <= {Categories, Ordinal}
    assert sorted(name for block in blocks for name in block.columns) == sorted(source.names)


@both
def test_a_frame_comes_back_from_the_models_rows(library: str) -> None:
    frame = WHOLE[library]()
    source = FrameSource(frame)
    schema = source.schema(READING)
    rows = schema.encode(source.read(slice(None)))
    made = schema.restore(rows.nan_to_num(0))
    assert list(made.columns) == list(frame.columns)
    assert list(made.dtypes) == list(frame.dtypes)
    for name in made.columns:
        pairs = [(new, old) for new, old in zip(made[name], frame[name], strict=True) if not is_missing(old)]
        if isinstance(pairs[0][1], str | bool):
            assert all(new == old for new, old in pairs)
        else:
            np.testing.assert_allclose(*np.array(pairs, dtype=np.float64).T, rtol=1e-3)


def test_whole_numbers_are_rounded_and_stay_in_the_range_of_their_type() -> None:
    frame = pd.DataFrame({"small": np.array([0, 1], "uint8"), "gap": [None, 1.0]})
    layout = FrameSource(frame).schema(READING).frame
    assert layout is not None
    made = frame_of(layout, {"small": np.array([-3.2, 1.6, 999]), "gap": np.zeros(3)})
    assert made["small"].tolist() == [0, 2, 255]


@both
def test_rows_of_weight_0_play_no_part(library: str) -> None:
    frame, weights = WHOLE[library](), (np.arange(ROWS) < 30) * 2.0
    some = frame[:30]
    schema = FrameSource(frame).schema(Reading("gaussian", "columns", weights))
    alone = FrameSource(some).schema(Reading("gaussian", "columns", weights[:30]))
    assert schema.as_dict() == alone.as_dict()


@both
def test_the_fingerprint_is_that_of_the_values(library: str) -> None:
    frame = WHOLE[library]()
    first = FrameSource(frame).fingerprint()
    assert first == FrameSource(WHOLE[library]()).fingerprint()
    assert (first["rows"], first["shape"]) == (ROWS, [ROWS, len(frame.columns)])
    assert first["sha256"] != FrameSource(frame[: ROWS - 1]).fingerprint()["sha256"]
    renamed = pd.DataFrame({"size": gaps(NUMBERS), "it": [text.upper() for text in TEXTS]})
    changed = [FrameSource(one).fingerprint()["sha256"] for one in (renamed, renamed.assign(it=TEXTS))]
    assert changed[0] != changed[1]


@pytest.mark.parametrize(
    ("frame", "plain"),
    [
        (pd.DataFrame({"a": [1.0], "b": [1]}), True),
        (pd.DataFrame({"a": [1.0]}).astype("Float32"), True),
        (pd.DataFrame({"a": [1.0, 2]}, dtype=object), True),
        (pd.DataFrame({"a": [1.0]}, dtype="float16"), True),
        (pl.DataFrame({"a": [1.0], "b": [1]}), True),
        (pd.DataFrame({"a": [1.0, 2.0, None]}), False),
        (pl.DataFrame({"a": [1, 2, None]}), False),
        (pl.DataFrame({"a": [1.0, 2.0, np.nan]}), False),
        (pd.DataFrame({"a": [1, 2], "b": ["x", "x"]}), False),
        (pd.DataFrame({"a": [1, 2], "b": [3, 3]}), False),
        (pa.table({"a": [1, 2]}), False),
        (pd.DataFrame({"a": ["1.0"]}), False),
        (pd.DataFrame({"a": [True]}), False),
        (pd.DataFrame({"a": pd.Categorical([1, 2])}), False),
    ],
)
def test_frames_are_plain_that_hold_complete_numbers_alone(frame: Any, plain: bool) -> None:
    assert is_frame(frame)
    columns = columns_of(frame)
    assert is_plain(frame, columns, kinds_of(columns, {})) == plain


def test_arrays_are_no_frames() -> None:
    assert not is_frame(np.zeros((2, 2)))
    assert not is_frame([[1.0]])


DAYS = [date(2024, 3, 1), None, date(2020, 2, 29), date(1969, 12, 31)]
MOMENTS = [datetime(2024, 3, 1, 12, 30, 5, 250_000), None, datetime(1969, 12, 31, 23), datetime(2020, 1, 1)]
SPANS = [timedelta(days=2, seconds=1), None, timedelta(milliseconds=-5), timedelta()]
ZONED = [value and value.replace(tzinfo=UTC) for value in MOMENTS]
DATES = {
    "days of polars": pl.DataFrame({"it": DAYS}),
    "moments of polars": pl.DataFrame({"it": pl.Series(MOMENTS, dtype=pl.Datetime("ms"))}),
    "moments of a zone of polars": pl.DataFrame({"it": pl.Series(ZONED, dtype=pl.Datetime("us", "UTC"))}),
    "durations of polars": pl.DataFrame({"it": pl.Series(SPANS, dtype=pl.Duration("us"))}),
    "times of polars": pl.DataFrame({"it": [value and value.time() for value in MOMENTS]}),
    "moments of pandas": pd.DataFrame({"it": pd.Series(MOMENTS, dtype="datetime64[us]")}),
    "moments of a zone of pandas": pd.DataFrame({"it": pd.Series(ZONED, dtype="datetime64[us, UTC]")}),
    "durations of pandas": pd.DataFrame({"it": pd.Series(SPANS, dtype="timedelta64[us]")}),
    "days of arrow in pandas": pd.DataFrame({"it": pd.Series(DAYS, dtype="date32[day][pyarrow]")}),
    "days of pandas": pd.DataFrame({"it": pd.Series(DAYS, dtype=object)}),
    "moments of a zone as objects": pd.DataFrame({"it": pd.Series(ZONED, dtype=object)}),
    "times of pandas": pd.DataFrame({"it": [value and value.time() for value in MOMENTS]}, dtype=object),
    "durations as objects": pd.DataFrame({"it": pd.Series(SPANS, dtype=object)}),
    "days of arrow": pa.table({"it": pa.array(DAYS, pa.date32())}),
    "moments of arrow": pa.table({"it": pa.array(MOMENTS, pa.timestamp("us"))}),
    "moments of a zone of arrow": pa.table({"it": pa.array(ZONED, pa.timestamp("us", "Europe/Berlin"))}),
    "durations of arrow": pa.table({"it": pa.array(SPANS, pa.duration("us"))}),
}


@pytest.mark.parametrize("name", DATES)
def test_dates_are_learned_as_numbers_and_come_back_as_dates(name: str) -> None:
    frame = DATES[name]
    source = FrameSource(frame)
    schema = source.schema(READING)
    rows = schema.encode(source.read(slice(None)))
    made = FrameSource(schema.restore(rows.nan_to_num(0)), schema)
    assert made.columns["it"].type == source.columns["it"].type
    assert made.columns["it"].holds == source.columns["it"].holds
    there = ~source.columns["it"].missing
    assert there.tolist() == [True, False, True, True]
    # A code is a single, with 24 bits for 50 years.
    np.testing.assert_allclose(made.table["it"][there], source.table["it"][there], atol=200)
    filled = FrameSource(source.filled(schema, rows.nan_to_num(0)), schema)
    assert (filled.table["it"][there] == source.table["it"][there]).all()
    assert np.isfinite(filled.table["it"]).all()


# What is refused


def of_pandas(values: Any, **choice: Any) -> pd.DataFrame:
    return pd.DataFrame({"odd": pd.Series(values, **choice)})


def of_polars(values: Any, **choice: Any) -> pl.DataFrame:
    return pl.DataFrame({"odd": pl.Series(values, **choice)})


DAY, ARRAYS = date(2020, 1, 1), list(np.ones((30, 3)))
REFUSED: dict[str, tuple[Any, list[str]]] = {
    "periods": (of_pandas(pd.period_range("2020", periods=30)), ["period[D]", "leave it out"]),
    "intervals": (of_pandas(pd.cut(range(30), 3)), ["objects", ".astype(str)"]),
    "complex numbers": (of_pandas([1j, 2j]), ["complex128"]),
    "lists": (of_pandas([[1.0, 2.0]] * 30), ["vectors", "in its cells", "np.stack(X['odd'])"]),
    "arrays": (of_pandas(ARRAYS), ["vectors", "in its cells", "np.stack(X['odd'])"]),
    "tensors": (of_pandas(list(torch.ones(3, 2, requires_grad=True))), ["vectors", "np.stack(X['odd'])"]),
    "lists of polars": (of_polars([[1.0, 2.0]]), ["vectors", "List(Float64)"]),
    "records": (of_pandas([{"a": 1}]), ["records"]),
    "records of polars": (of_polars([{"a": 1}]), ["records", "Struct"]),
    "bytes": (of_pandas([b"a"]), ["objects", "leave it out"]),
    "bytes of polars": (of_polars([b"a"]), ["objects", "Binary"]),
    "numbers and texts": (of_pandas([1, "a"]), ["several kinds", ".astype(str)"]),
    "a number after many texts": (of_pandas(["a"] * 200 + [1], dtype=object), ["several kinds"]),
    "truths and numbers": (of_pandas([True, 2.5], dtype=object), ["several kinds"]),
    "numbers and lists": (of_pandas([1.0, [2.0]]), ["several kinds"]),
    "decimals of polars": (of_polars([Decimal("1.5"), None]), ["exact numbers", "Decimal", "Cast it to floats"]),
    "infinity": (of_pandas([np.inf, 1, None]), ["infinite", "Leave those rows out"]),
    "a huge number": (of_pandas([10**400, 1, None], dtype=object), ["double", "Scale them"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_block_can_read_is_refused_by_the_columns_name(name: str) -> None:
    frame, parts = REFUSED[name]
    with pytest.raises(DataError) as error:
        FrameSource(frame).schema(READING)
    assert "\n" not in str(error.value)
    assert all(part in str(error.value) for part in ["Column 'odd'", *parts]), error.value


def test_a_column_without_any_value_among_the_rows_that_count_is_refused() -> None:
    weights = np.array([0.0, 0.0, 1.0, 1.0])
    for values in ([1.0, 2.0, None, None], ["a", "b", None, None]):
        with pytest.raises(DataError, match=r"'odd' holds no value in any row of weight above 0; .*Leave it out, or"):
            FrameSource(of_pandas(values)).schema(Reading("gaussian", "columns", weights))


def test_a_frame_that_is_not_read_yet_is_refused() -> None:
    with warnings.catch_warnings(), pytest.raises(DataError, match=r"LazyFrame.*X\.collect\(\)"):
        check_read(pl.LazyFrame({"a": [1]}))


def test_a_column_of_one_kind_is_that_kind_whatever_its_objects_are_called() -> None:
    class Name(str):
        __slots__ = ()

    kinds = {"numbers": [np.float32(1), 2, Decimal(3)], "texts": [Name("a"), "b"], "booleans": [np.bool_(True), False]}
    for kind, values in kinds.items():
        column = next(iter(FrameSource(of_pandas([*values, None], dtype=object)).columns.values()))
        assert isinstance(column, Column)
        assert column.holds == kind
        assert column.missing.tolist() == [False] * len(values) + [True]
