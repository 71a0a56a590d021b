from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vaecluster.data.blocks.scaling import Moments, Passes, common_scale, in_one_unit, moments_of, own_scales

quick = settings(max_examples=25, deadline=None)
shapes = st.tuples(st.integers(1, 12), st.integers(1, 4))
tables = hnp.arrays(np.float64, shapes, elements=st.floats(-1e6, 1e6)).map(lambda table: table.round(3))
with_gaps = hnp.arrays(np.float64, shapes, elements=st.sampled_from([-2.5, 0.0, 1.0, 7.25, np.nan]))
varied = tables.filter(lambda table: np.ptp(table, axis=0).max() > 0.1)
CONSTANTS = [0.0, 0.1, -1 / 3, 1e9, 1e-300]


def passes_of(table: np.ndarray, weights: np.ndarray | None = None, size: int = 100) -> Passes:
    """In blocks of so many rows."""

    def passes() -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        for start in range(0, len(table), size):
            block = slice(start, start + size)
            yield table[block], None if weights is None else weights[block]

    return passes


def moments(table: np.ndarray, weights: np.ndarray | None = None, size: int = 100) -> Moments:
    return moments_of(passes_of(table, weights, size))


def distances(table: np.ndarray) -> np.ndarray:
    """Between all rows: (rows, rows)."""
    return np.sqrt(((table[:, None] - table) ** 2).sum(-1))


# Moments


@given(table=tables, size=st.integers(1, 13))
@quick
def test_moments_are_numpys_however_the_rows_are_read(table: np.ndarray, size: int) -> None:
    found = moments(table, size=size)
    np.testing.assert_array_equal(found.low, table.min(0))
    np.testing.assert_array_equal(found.high, table.max(0))
    np.testing.assert_allclose(found.mean, table.mean(0), atol=1e-9)
    np.testing.assert_allclose(found.deviation, table.std(0), rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(found.present, np.full(table.shape[1], len(table)))
    assert found.rows == len(table)


@given(table=with_gaps, size=st.integers(1, 13))
@quick
def test_missing_values_are_left_out(table: np.ndarray, size: int) -> None:
    found = moments(table, size=size)
    assert found.rows == len(table)
    for column, values in enumerate(table.T):
        there = values[~np.isnan(values)]
        assert found.present[column] == len(there)
        # Of a column without values.
        there = there if len(there) else np.zeros(1)
        np.testing.assert_allclose(found.mean[column], there.mean(), atol=1e-12)
        np.testing.assert_allclose(found.deviation[column], there.std(), atol=1e-7)
        assert (found.low[column], found.high[column]) == (there.min(), there.max())


@given(table=with_gaps, data=st.data(), size=st.integers(1, 13))
@quick
def test_a_weight_counts_as_so_many_equal_rows(table: np.ndarray, data: st.DataObject, size: int) -> None:
    counts = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(table), max_size=len(table))))
    weighted, repeated = moments(table, 0.1 * counts, size), moments(table.repeat(counts, 0))
    np.testing.assert_allclose(weighted.mean, repeated.mean, atol=1e-12)
    np.testing.assert_allclose(weighted.deviation, repeated.deviation, atol=1e-7)


def test_a_row_of_weight_zero_does_not_count() -> None:
    found = moments(np.array([[1.0], [3.0], [500.0]]), np.array([1.0, 1.0, 0.0]), size=1)
    assert (found.mean[0], found.deviation[0]) == (2, 1)


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("unit", [1e-308, 1e-200, 1e-160, 1e-20, 1.0, 1e20, 1e160, 1e200, 1e300])
def test_values_of_every_size_have_their_moments(unit: float, size: int) -> None:
    table = unit * np.array([[1.0, 1e-3], [-2.0, 1e-3], [4.0, 5e-3], [0.0, 2e-3]])
    found = moments(table, size=size)
    np.testing.assert_allclose(found.mean, [unit * 0.75, unit * 2.25e-3], rtol=1e-12)
    np.testing.assert_allclose(found.deviation / unit, np.std(table / unit, axis=0), rtol=1e-9)


@pytest.mark.parametrize("value", [*CONSTANTS, 1e300, -1e-308])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_constant_column_has_no_spread(value: float, size: int) -> None:
    found = moments(np.full((7, 2), value), size=size)
    assert (found.deviation == 0).all()
    np.testing.assert_allclose(found.mean, value)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int16, np.int64, np.float16, np.float32])
def test_numbers_of_every_type_have_their_moments(dtype: type) -> None:
    table = np.array([[0, 1], [1, 1], [1, 0], [1, 1]], dtype)
    found = moments(table, size=3)
    np.testing.assert_allclose(found.mean, [0.75, 0.75])
    np.testing.assert_allclose(found.deviation, table.astype(float).std(0))


# Scales


@given(tables)
@quick
def test_with_own_scales_columns_have_mean_zero_and_spread_one_or_are_constant(table: np.ndarray) -> None:
    offset, scale = own_scales(moments(table))
    scaled = (table - offset) / scale
    constant = np.ptp(table, axis=0) == 0
    # Columns of 0 and 1 have a law of their own below.
    coded = np.isin(table, (0, 1)).all(0)
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(0)[~(constant | coded)], 1, rtol=1e-6)
    np.testing.assert_allclose(scaled[:, constant], 0, atol=1e-6)


@given(varied)
@quick
def test_a_common_scale_keeps_the_proportions_of_distances(table: np.ndarray) -> None:
    offset, scale = common_scale(moments(table))
    assert (scale == scale[0]).all()
    scaled = (table - offset) / scale
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-6)
    assert scaled.var(0).mean() == pytest.approx(1, rel=1e-6)
    # Also those of new rows, which vary in columns that were constant.
    rows = np.vstack([table, table + np.ptp(table) * np.eye(*table.shape)])
    before, after = distances(rows), distances((rows - offset) / scale)
    np.testing.assert_allclose(after / after.max(), before / before.max(), atol=1e-9)


def test_a_constant_column_is_divided_by_the_spread_that_the_others_have_in_common() -> None:
    offset, scale = common_scale(moments(np.array([[0.0, 1.0], [1.0, 1.0]])))
    assert offset.tolist() == [0.5, 1.0]
    np.testing.assert_allclose(scale, 0.5 / 2**0.5)


@pytest.mark.parametrize("scales", [own_scales, common_scale])
@pytest.mark.parametrize("value", CONSTANTS)
@pytest.mark.parametrize("rows", [1, 7])
def test_constant_rows_are_not_blown_up(scales, value: float, rows: int) -> None:
    table = np.full((rows, 3), value)
    offset, scale = scales(moments(table))
    assert (scale == 1).all()
    assert np.abs((table - offset) / scale).max() < 1e-6


@pytest.mark.parametrize("scales", [own_scales, common_scale])
def test_rounding_errors_of_a_large_constant_column_stay_small(scales) -> None:
    # A sum of such numbers in another order gives another mean.
    table = np.column_stack([np.full(5, 1e15 / 3), np.arange(5.0)])
    offset, scale = scales(moments(table))
    rounded = table + np.array([0.125, 0.0])
    assert np.abs((rounded - offset) / scale)[:, 0].max() < 1e-5


@pytest.mark.parametrize("scales", [own_scales, common_scale])
@pytest.mark.parametrize("unit", [1e-308, 1e-160, 1e160, 1e300])
def test_scales_of_extreme_columns_are_finite(scales, unit: float) -> None:
    table = unit * np.array([[1.0, 2.0], [3.0, 2.0], [-1.0, 2.0]])
    offset, scale = scales(moments(table))
    scaled = (table - offset) / scale
    assert np.isfinite(scaled).all()
    assert (scale > 0).all()
    assert np.abs(scaled[:, 0]).max() > 1


@pytest.mark.parametrize("share", [0.01, 0.5, 0.97])
def test_zeros_and_ones_are_as_far_apart_as_numbers_one_deviation_apart(share: float) -> None:
    coded = (np.arange(100) < 100 * share).astype(float)
    table = np.column_stack([coded, 1 - coded, np.where(coded > 0, 5.0, 4.0), np.linspace(0, 1, 100)])
    scale = own_scales(moments(table))[1]
    np.testing.assert_allclose(scale, [np.sqrt(2), np.sqrt(2), *table.std(0)[2:]], rtol=1e-9)
    # Two rows of different categories differ in both columns.
    assert np.linalg.norm((table[0] - table[-1])[:2] / scale[:2]) == pytest.approx(1)


RANDOM = np.random.default_rng(0)
WIDE = RANDOM.normal(size=(400, 12)) @ RANDOM.normal(size=(12, 12))
COMPONENTS = (WIDE - WIDE.mean(0)) @ np.linalg.svd(WIDE - WIDE.mean(0), full_matrices=False)[2].T
COUNTS = RANDOM.poisson(0.5, size=(300, 40))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (WIDE / np.linalg.norm(WIDE, axis=1, keepdims=True), True),
        (7 * WIDE / np.linalg.norm(WIDE, axis=1, keepdims=True), True),
        (COMPONENTS, True),
        (COMPONENTS.astype(np.float32), True),
        (COMPONENTS[:300] + 5, True),
        (COUNTS, True),
        (COUNTS.astype(np.uint8), True),
        (WIDE, False),
        (COMPONENTS[:, ::-1], False),
        (COMPONENTS[:, :4], False),
        (COUNTS + 1, False),
        (COUNTS / 2, False),
        (np.where(WIDE > 0, WIDE, 0), False),
        (RANDOM.normal(size=(200, 12)) * np.geomspace(1e-3, 1e3, 12), False),
        (np.where(RANDOM.random(COMPONENTS.shape) < 0.1, np.nan, COMPONENTS), False),
        (1e200 * WIDE, False),
        (np.c_[WIDE, 101325 + 100 * RANDOM.normal(size=400)], False),
        (np.c_[WIDE, 1.6e9 + RANDOM.integers(0, 10**7, 400)], False),
        (np.c_[COUNTS, 20 + RANDOM.poisson(9, 300)], True),
        (np.c_[COUNTS[:, :8], RANDOM.integers(20_000, 90_000, 300)], False),
        (np.c_[COUNTS > 0, RANDOM.integers(150, 200, 300)].astype(int), False),
    ],
)
def test_embeddings_components_and_counts_seem_to_be_in_one_unit_and_nothing_else(rows, expected):
    for parts in (1, 7):
        passes = lambda parts=parts: iter([(part, None) for part in np.array_split(rows, parts)])  # noqa: E731
        assert in_one_unit(passes, moments_of(passes)) is expected
