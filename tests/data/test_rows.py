import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vaecluster.data.preprocessing import choose_preprocessing
from vaecluster.data.rows import Rows

quick = settings(max_examples=20, deadline=None)
CPU = torch.device("cpu")


def some_rows(*shape: int, dtype: str = "u1") -> Rows:
    array = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    return Rows(array, choose_preprocessing(array, "gaussian"), CPU)


@given(st.lists(st.integers(0, 8), min_size=1, max_size=12), st.sampled_from([(9, 4), (9, 3, 2), (9, 3, 2, 3)]))
@quick
def test_a_batch_holds_the_rows_asked_for_in_the_order_asked_for(indices: list[int], shape: tuple[int, ...]) -> None:
    rows = some_rows(*shape)
    every = rows.preprocessing.apply(rows.array)
    assert torch.equal(rows[np.array(indices)], every[indices])


@given(st.integers(0, 9), st.integers(0, 12))
@quick
def test_a_slice_is_the_rows_in_it_however_far_it_reaches(start: int, length: int) -> None:
    rows = some_rows(9, 4)
    every = rows.preprocessing.apply(rows.array)
    assert torch.equal(rows[start : start + length], every[start : start + length])


@pytest.mark.parametrize(("shape", "data_shape"), [((9, 4), (4,)), ((9, 3, 2), (1, 3, 2)), ((9, 3, 2, 3), (3, 3, 2))])
def test_a_batch_is_laid_out_as_the_model_reads_it(shape: tuple[int, ...], data_shape: tuple[int, ...]) -> None:
    rows = some_rows(*shape)
    assert len(rows) == 9
    batch = rows[2:5]
    assert batch.shape == (3, *data_shape)
    assert batch.dtype == torch.float32
    assert batch.device == CPU


def test_bytes_stay_bytes_and_are_not_copied() -> None:
    array = np.zeros((4, 2, 2), np.uint8)
    rows = Rows(array, choose_preprocessing(array, "gaussian"), CPU)
    assert rows.array is array


def test_changing_a_batch_changes_no_row() -> None:
    rows = some_rows(5, 3, dtype="f4")
    before = rows.array.copy()
    batch = rows[0:5]
    batch.zero_()
    np.testing.assert_array_equal(rows.array, before)
