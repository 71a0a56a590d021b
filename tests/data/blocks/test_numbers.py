from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vaecluster.data.blocks import Numbers
from vaecluster.errors import DataError
from vaecluster.model.likelihood import OF_NUMBERS

quick = settings(max_examples=25, deadline=None)
WHOLE = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"]
SCALINGS = ["columns", "common"]
shapes = st.tuples(st.integers(1, 12), st.integers(1, 4))
tables = hnp.arrays(np.float64, shapes, elements=st.floats(-1e6, 1e6))
scalings = pytest.mark.parametrize("scaling", SCALINGS)


def numbers(table: np.ndarray, likelihood: str = "gaussian", scaling: Any = "columns", **names: Any) -> Numbers:
    return Numbers.of(lambda: iter([(table, None)]), table.dtype, likelihood=likelihood, scaling=scaling, **names)


def plain(dtype: str, columns: int = 1) -> Numbers:
    return Numbers((), np.dtype(dtype).str, np.zeros(columns), np.ones(columns))


@scalings
@given(table=tables)
@quick
def test_numbers_come_back_to_rounding(scaling: str, table: np.ndarray) -> None:
    block = numbers(table, scaling=scaling)
    encoded = block.encode(table)
    assert encoded.dtype == np.float32
    assert np.isfinite(encoded).all()
    np.testing.assert_allclose(block.restore(encoded), table, atol=1e-6 * (1 + float(np.ptp(table))))


@scalings
@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3, 1e9, 1e-300])
def test_a_constant_column_is_not_blown_up_and_comes_back(scaling: str, value: float) -> None:
    table = np.column_stack([np.full(7, value), np.full(7, 2.0)])
    block = numbers(table, scaling=scaling)
    assert np.abs(block.encode(table)).max() < 1e-6
    np.testing.assert_allclose(block.restore(block.encode(table)), table)


def test_small_changes_on_a_large_number_are_kept() -> None:
    table = 1e9 + np.array([[0.0], [1.0], [2.0]])
    block = numbers(table)
    np.testing.assert_allclose(block.encode(table).ravel(), [-(1.5**0.5), 0.0, 1.5**0.5], rtol=1e-6)
    np.testing.assert_allclose(block.restore(block.encode(table)), table, rtol=0, atol=1e-6)


def test_new_rows_are_scaled_as_the_rows_of_the_fit() -> None:
    block = numbers(np.array([[0.0, 10.0], [2.0, 30.0]]))
    np.testing.assert_allclose(block.encode(np.array([[3.0, 20.0]])), [[2.0, 0.0]])


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int16, np.float16, np.float32, np.int64])
def test_numbers_of_any_type_come_back_in_their_type(dtype: type) -> None:
    table = np.random.default_rng(0).integers(0, 2, (6, 3)).astype(dtype)
    block = numbers(table)
    restored = block.restore(block.encode(table))
    assert restored.dtype == table.dtype
    np.testing.assert_allclose(restored.astype(float), table.astype(float), atol=1e-3)


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("value", [-1e30, -1.0, 1e30])
def test_whole_numbers_are_clipped_to_what_their_type_can_hold(dtype: str, value: float) -> None:
    limits = np.iinfo(dtype)
    expected = int(min(max(value, limits.min), limits.max))
    assert int(plain(dtype).restore(np.array([[value]])).item()) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("dtype", ["f2", "f4"])
def test_floats_are_clipped_to_what_their_type_can_hold_and_stay_missing(dtype: str) -> None:
    top = np.finfo(dtype).max
    restored = replace(plain(dtype), scale=np.array([1e30])).restore(np.array([[-1e9], [np.nan], [1e9]], np.float32))
    assert restored.dtype == dtype
    np.testing.assert_array_equal(restored, [[-top], [np.nan], [top]])


@pytest.mark.parametrize(("dtype", "expected"), [("|u1", [[0], [1]]), ("|b1", [[False], [True]])])
def test_whole_numbers_are_rounded_and_truth_values_cut_at_a_half(dtype: str, expected: list[list[int]]) -> None:
    restored = plain(dtype).restore(np.array([[0.4], [0.6]], np.float32))
    assert restored.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(restored, expected)


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=st.floats(-1, 2)))
@quick
def test_probabilities_stay_as_they_are_and_must_lie_in_zero_to_one(table: np.ndarray) -> None:
    if ((table >= 0) & (table <= 1)).all():
        np.testing.assert_array_equal(numbers(table, "bernoulli").encode(table), table.astype(np.float32))
    else:
        with pytest.raises(DataError, match=r"values in \[0, 1\]"):
            numbers(table, "bernoulli")


@pytest.mark.parametrize("names", [None, ["share", "age", "change"]])
def test_the_first_column_out_of_range_is_named_with_its_range(names: list[str] | None) -> None:
    table = np.array([[0.5, 17.0, -3.0], [0.1, 90.0, 0.0]])
    column = "column 1" if names is None else "column 'age'"
    with pytest.raises(DataError, match=rf"{column} ranges from 17 to 90.*[Ss]cale it.*likelihood='gaussian'"):
        numbers(table, "bernoulli", names=names)


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_the_likelihood_is_the_one_of_that_name(name: str) -> None:
    likelihood = plain("f8", 3).likelihood(name, 2.5)
    assert type(likelihood) is OF_NUMBERS[name]
    assert likelihood.shape == (3,)
    if not likelihood.unit:
        torch.testing.assert_close(likelihood(torch.zeros(2, 3)).variance, torch.full((2, 3), 0.4))


# Missing values


GAPS = np.array([[1.0, np.nan], [3.0, 4.0], [np.nan, 8.0]])


def test_where_values_are_missing_the_encoder_reads_the_mean_and_a_mark() -> None:
    block = numbers(GAPS, columns=("a", "b"))
    assert block.missing
    assert (block.shape, block.embedded) == ((2,), (4,))
    encoded = block.encode(GAPS)
    np.testing.assert_allclose(encoded, [[-1, np.nan], [1, -1], [np.nan, 1]])
    read = block.embedding()(torch.from_numpy(encoded))
    assert read.tolist() == [[-1, 0, 0, 1], [1, -1, 0, 0], [0, 1, 1, 0]]
    np.testing.assert_allclose(block.restore(encoded), GAPS)


def test_where_none_is_missing_the_encoder_reads_the_numbers_alone() -> None:
    block = numbers(GAPS[1:2])
    assert not block.missing
    assert block.embedded == block.shape == (2,)
    assert torch.equal(block.embedding()(torch.ones(1, 2)), torch.ones(1, 2))


# Blocks from a file


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"dtype": "<U3"}, "dtype"),
        ({"dtype": "|O"}, "dtype"),
        ({"scale": np.ones(3)}, "different shapes"),
        ({"scale": np.array([1.0, 0.0])}, "no rows have"),
        ({"scale": np.array([1.0, -1.0])}, "no rows have"),
        ({"offset": np.array([0.0, np.nan])}, "no rows have"),
        ({"scale": np.array([1.0, np.inf])}, "no rows have"),
        ({"offset": np.zeros((2, 1)), "scale": np.ones((2, 1))}, "another shape"),
        ({"columns": ("a",)}, "another shape"),
    ],
)
def test_numbers_that_no_rows_have_are_refused(change: dict[str, Any], problem: str) -> None:
    values = {"columns": (), "dtype": "<f8", "offset": np.zeros(2), "scale": np.ones(2)}
    Numbers(**values).check()
    with pytest.raises(ValueError, match=problem):
        Numbers(**values | change).check()
