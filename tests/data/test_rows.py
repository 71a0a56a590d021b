from math import prod

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.rows import Rows, normalised, split

quick = settings(max_examples=20, deadline=None)
CPU = torch.device("cpu")
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
SHAPES = [(9, 4), (9, 3, 2), (9, 3, 2, 3)]


def some_rows(*shape: int, weights: np.ndarray | None = None) -> Rows:
    source = ArraySource(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8))
    return Rows(source, source.schema(Reading("gaussian", "columns")), CPU, weights)


@given(st.lists(st.integers(0, 8), min_size=1, max_size=12), st.sampled_from(SHAPES))
@quick
def test_a_batch_holds_the_rows_asked_for_in_the_order_asked_for(numbers: list[int], shape: tuple[int, ...]) -> None:
    rows = some_rows(*shape)
    every = rows.schema.encode(rows.source.read(slice(None)))
    assert torch.equal(rows[np.array(numbers)], every[numbers])
    # Also of a part of them, and of a part of that.
    part = rows.some(np.array([8, *range(8)])).some(np.array([*range(1, 9), 0]))
    assert torch.equal(part[np.array(numbers)], every[numbers])


@given(st.integers(0, 9), st.integers(0, 12))
@quick
def test_a_slice_is_the_rows_in_it_however_far_it_reaches(start: int, length: int) -> None:
    rows = some_rows(9, 4)
    every = rows.schema.encode(rows.source.read(slice(None)))
    assert torch.equal(rows[start : start + length], every[start : start + length])
    assert torch.equal(rows.some(np.arange(9))[start : start + length], every[start : start + length])


@pytest.mark.parametrize(("shape", "data_shape"), [((9, 4), (4,)), ((9, 3, 2), (1, 3, 2)), ((9, 3, 2, 3), (3, 3, 2))])
def test_a_batch_is_laid_out_as_the_model_reads_it(shape: tuple[int, ...], data_shape: tuple[int, ...]) -> None:
    rows = some_rows(*shape)
    assert len(rows) == 9
    batch = rows[2:5]
    assert (batch.shape, batch.dtype, batch.device) == ((3, *data_shape), torch.float32, CPU)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("shape", SHAPES)
def test_rows_that_reside_on_a_device_are_the_same_as_those_that_are_sent(shape: tuple[int, ...], device: str) -> None:
    source, schema = some_rows(*shape).source, some_rows(*shape).schema
    rows = Rows(source, schema, torch.device(device), np.ones(9), labels=np.arange(9))
    needed = 4 * 9 * prod(schema.data_shape)
    assert rows.kept_on_device(needed - 1) is rows
    here = rows.kept_on_device(needed)
    assert here.resident is not None
    assert here.labels is rows.labels
    for part in (np.arange(9), np.array([8, 2, 2])):
        for numbers in (np.array([0, 2, 1, 1]), np.array([], dtype=np.intp), slice(1, 3), slice(0, 20)):
            assert torch.equal(here.some(part)[numbers], rows.some(part)[numbers])
            assert torch.equal(here[numbers], rows[numbers])
    here[0:5].zero_()
    assert torch.equal(here[0:5], rows[0:5])


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", SHAPES)
def test_rows_are_not_copied_and_changing_a_batch_changes_none(dtype: type, shape: tuple[int, ...]) -> None:
    array = np.ones(shape, dtype)
    source = ArraySource(array)
    rows = Rows(source, source.schema(Reading("bernoulli", "columns")), CPU)
    assert rows.source.array is array
    rows[0:5].zero_()
    assert (array == 1).all()


def test_a_part_has_its_own_weights_one_on_average() -> None:
    weights = np.array([0.5, 0.5, 0.5, 1.5, 1.5, 1.5, 1.0, 1.0, 1.0])
    rows = some_rows(9, 4, weights=weights)
    np.testing.assert_allclose(rows.some(np.array([0, 3])).weights, [0.5, 1.5])
    np.testing.assert_allclose(rows.some(np.array([0, 6])).weights, [2 / 3, 4 / 3])
    # All the same are none.
    assert rows.some(np.array([3, 4])).weights is None
    assert some_rows(9, 4).some(np.array([3, 4])).weights is None


@pytest.mark.parametrize(("weights", "expected"), [([2.0, 2.0], None), ([1.0, 3.0], [0.5, 1.5]), ([], None)])
def test_weights_in_proportion_are_one_on_average(weights: list[float], expected: list[float] | None) -> None:
    found = normalised(np.array(weights))
    assert (None if found is None else found.tolist()) == expected


@given(number=st.integers(0, 8), seed=st.integers(0, 99))
@quick
def test_a_split_leaves_every_row_on_one_side(number: int, seed: int) -> None:
    rows = some_rows(9, 4)
    kept, held_out = split(rows, number, Generator().manual_seed(seed))
    assert (len(kept), len(held_out)) == (9 - number, number)
    sides = [np.arange(9) if side.numbers is None else side.numbers for side in (kept, held_out)]
    assert sorted(np.concatenate(sides)) == list(range(9))
    # In the order of the source, which is the order of a disk.
    assert all((np.diff(side) > 0).all() for side in sides)
    again = split(rows, number, Generator().manual_seed(seed))
    assert torch.equal(again[1][:], held_out[:])
