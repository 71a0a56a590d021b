from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from vaecluster.data.blocks import BLOCKS, Amounts
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.schema import Schema
from vaecluster.errors import DataError
from vaecluster.files import record

READING = Reading("gaussian", "columns")
INCOME = np.array([0.0, 20_000.0, 30_000.0, 40_000.0, 5_000_000.0, np.nan])


def amounts(*columns: np.ndarray) -> Amounts:
    (block,) = Amounts.of_columns({f"c{n}": column for n, column in enumerate(columns)}, READING)
    return block


def test_amounts_come_back_to_rounding() -> None:
    block = amounts(INCOME, 2 * INCOME)
    table = np.column_stack([INCOME, 2 * INCOME])
    rows = block.encode(table)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(block.restore(rows), table, rtol=1e-5, atol=0.1)
    assert (block.shape, block.missing, block.columns) == ((2,), True, ("c0", "c1"))


def test_what_is_learned_is_the_logarithm_in_units_that_most_exceed() -> None:
    block = amounts(INCOME)
    assert block.unit.tolist() == [23_000.0]
    logs = np.log1p(INCOME / 23_000)
    expected = (logs - np.nanmean(logs)) / np.nanstd(logs)
    np.testing.assert_allclose(block.encode(INCOME[:, None])[:, 0], expected, rtol=1e-5)


def test_the_unit_of_money_changes_nothing() -> None:
    cents = amounts(100 * INCOME)
    np.testing.assert_allclose(cents.encode(100 * INCOME[:, None]), amounts(INCOME).encode(INCOME[:, None]), rtol=1e-6)


def test_new_negative_amounts_are_read_as_none_and_none_are_given_back() -> None:
    block = amounts(INCOME)
    assert block.encode(np.array([[-5.0]])) == block.encode(np.array([[0.0]]))
    made = block.restore(np.array([[-100.0], [1e30]], dtype=np.float32))
    assert made[0, 0] == 0
    assert np.isfinite(made).all()


def test_a_negative_amount_in_the_fit_is_refused() -> None:
    with pytest.raises(DataError, match=r"'c0' is to be read as amount, but holds -5.*Read it as number"):
        amounts(np.array([-5.0, 1.0]))


def test_nothing_but_zeros_has_a_unit() -> None:
    assert np.isfinite(amounts(np.zeros(3)).encode(np.zeros((3, 1)))).all()


def test_the_encoder_and_the_likelihood_are_those_of_numbers() -> None:
    block = amounts(INCOME)
    rows = torch.from_numpy(block.encode(INCOME[:, None]))
    assert block.embedding()(rows).shape == (6, *block.embedded)
    assert block.likelihood("gaussian", 1.0)(torch.zeros(6, 1)).log_prob(rows.nan_to_num(0)).shape == (6,)


def test_a_block_is_kept_in_a_file_as_it_is() -> None:
    block = amounts(INCOME)
    again = record.typed(Amounts, record.plain(block))
    again.check()
    np.testing.assert_array_equal(again.encode(INCOME[:, None]), block.encode(INCOME[:, None]))
    assert BLOCKS["amounts"] is Amounts
    assert Schema((block,)).data_shape == (1,)


@pytest.mark.parametrize("change", [{"unit": np.zeros(1)}, {"unit": np.ones(2)}, {"columns": ("other",)}])
def test_blocks_that_no_column_has_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"its (units|numbers) are"):
        replace(amounts(INCOME), **change).check()
