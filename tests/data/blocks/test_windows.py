from typing import Any

import numpy as np
import pytest

from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks import Windows
from vaecluster.data.blocks.reading import Reading
from vaecluster.errors import DataError
from vaecluster.files import record

RANDOM = np.random.default_rng(0)
CASES: dict[str, Any] = {
    "features in other units": RANDOM.normal([1e6, 0, -3], [1e3, 1e-3, 1], (30, 8, 3)),
    "one feature": RANDOM.normal(5, 2, (30, 8)).astype(np.float32),
    "whole numbers": RANDOM.integers(-9, 9, (30, 8, 2)),
    "a constant feature": np.stack([RANDOM.normal(size=(30, 8)), np.full((30, 8), 4.0)], 2),
}
cases = pytest.mark.parametrize("windows", CASES.values(), ids=list(CASES))


def block_of(windows: np.ndarray, **reading: Any) -> Windows:
    schema = ArraySource(windows, windows=True).schema(
        Reading(**{"likelihood": "gaussian", "scaling": "auto"} | reading)
    )
    (block,) = schema.blocks
    assert isinstance(block, Windows)
    assert schema.kind == "windows"
    assert schema.row_shape == windows.shape[1:]
    return block


@cases
def test_encoded_and_restored_windows_are_the_same(windows: np.ndarray) -> None:
    block = block_of(windows)
    rows = block.encode(windows)
    assert rows.shape == (len(windows), *block.shape)
    again = block.restore(rows)
    assert (again.shape, again.dtype) == (windows.shape, windows.dtype)
    assert again == pytest.approx(windows, rel=1e-5, abs=1e-5)


@cases
def test_features_come_first_each_of_mean_0_and_deviation_1_or_0(windows: np.ndarray) -> None:
    rows = block_of(windows).encode(windows)
    assert rows.mean((0, 2)) == pytest.approx(0, abs=1e-4)
    assert all(round(float(one), 2) in (0, 1) for one in rows.std((0, 2)))


@cases
def test_a_file_keeps_it(windows: np.ndarray) -> None:
    block = block_of(windows)
    again = record.typed(Windows, record.plain(block))
    again.check()
    assert again.encode(windows).tolist() == block.encode(windows).tolist()


def test_windows_without_weight_do_not_count() -> None:
    windows = CASES["one feature"]
    weights = np.repeat([1.0, 0.0], 15)
    assert block_of(windows, weights=weights).offset == pytest.approx(windows[:15].mean())


def test_probabilities_must_be_some() -> None:
    with pytest.raises(DataError, match="needs values in"):
        block_of(CASES["one feature"], likelihood="bernoulli")


@pytest.mark.parametrize(
    "wrong", [{"row_shape": (8,)}, {"row_shape": ()}, {"row_shape": (8, 2, 2)}, {"scale": np.zeros(3)}]
)
def test_what_no_windows_have_is_refused(wrong: dict[str, Any]) -> None:
    block = record.typed(Windows, record.plain(block_of(CASES["features in other units"])))
    with pytest.raises(ValueError, match=r"row_shape|offset|scale"):
        Windows(**vars(block) | wrong).check()
