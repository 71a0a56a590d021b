from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from vaecluster.data.blocks import BLOCKS, Categories, Ordinal
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.frames import columns_of
from vaecluster.data.raw import Coded
from vaecluster.errors import DataError
from vaecluster.files import record

READING = Reading("gaussian", "columns")
ORDER = ("low", "middle", "high", "top")
GRADES = Coded(np.array([2, 0, -1, 1, 0]), ORDER)
TEXTS = ["high", None, "low", "high"]


def block(coded: Coded = GRADES) -> Ordinal:
    return Ordinal.of("grade", coded, READING)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"it": pd.Categorical(TEXTS, ORDER, ordered=True)}),
        pl.DataFrame({"it": pl.Series(TEXTS, dtype=pl.Enum(ORDER))}),
        pa.table({"it": pa.DictionaryArray.from_arrays(pa.array([2, None, 0, 2]), pa.array(ORDER), ordered=True)}),
    ],
)
def test_the_order_is_that_which_is_declared(frame: Any) -> None:
    coded = Ordinal.read(columns_of(frame)["it"])
    assert coded.values == ("low", "high")
    assert coded.codes.tolist() == [1, -1, 0, 1]


def test_numbers_are_in_their_own_order() -> None:
    coded = Ordinal.read(columns_of(pl.DataFrame({"it": [10, 2, None, 10]}))["it"])
    assert coded.values == (2, 10)
    assert coded.codes.tolist() == [1, 0, -1, 1]


def test_categories_that_some_row_has_are_ranks_and_come_back() -> None:
    assert block().categories.values == ("low", "middle", "high")
    rows = block().encode(GRADES)
    np.testing.assert_array_equal(rows[:, 0], [2, 0, np.nan, 1, 0])
    assert block().restore(rows[[0, 1, 3]]).tolist() == [["high"], ["low"], ["middle"]]


def test_rows_are_as_far_apart_as_their_ranks() -> None:
    low, middle, high, missing = block().coordinates()(torch.tensor([[0.0], [1.0], [2.0], [torch.nan]]))[:, 0]
    assert high - middle == pytest.approx(float(middle - low))
    assert missing.isnan()
    assert block().embedding()(torch.tensor([[torch.nan]])).tolist() == [[0, 1]]


def test_neighbouring_ranks_are_as_far_apart_as_categories_and_many_have_deviation_1() -> None:
    rare = Coded(np.array([0] * 99 + [1]), ("no", "yes"))
    assert block(rare).coordinates()(torch.tensor([[0.0], [1.0]])).diff(dim=0).item() == pytest.approx(1)
    many = Coded(np.arange(11), tuple(range(11)))
    assert block(many).coordinates()(torch.arange(11.0)[:, None]).std(correction=0).item() == pytest.approx(1)


@pytest.mark.parametrize("number", [0.0, 3.0, -1e4, 1e4])
def test_probabilities_sum_to_one_and_a_larger_number_means_a_higher_rank(number: float) -> None:
    likelihood = block().likelihood("bernoulli", 2.5)
    numbers = torch.full((1, 1), number)
    log_probs = torch.stack([likelihood(numbers).log_prob(torch.tensor([[float(rank)]])) for rank in range(3)])
    assert log_probs.exp().sum().item() == pytest.approx(1)
    assert log_probs.isfinite().all()
    assert likelihood.expected(numbers).item() == {-1e4: 0, 0.0: 0, 3.0: 2, 1e4: 2}[number]


def test_a_fit_starts_at_the_shares_of_all_rows() -> None:
    likelihood = block().likelihood("gaussian", 1.0)
    log_probs = [likelihood(torch.zeros(1, 1)).log_prob(torch.tensor([[float(rank)]])) for rank in range(3)]
    np.testing.assert_allclose(torch.cat(log_probs).exp().detach().numpy(), [0.5, 0.25, 0.25], rtol=1e-5)
    assert block().shares.tolist() == [0.5, 0.25, 0.25]
    assert Ordinal.of("grade", GRADES, replace(READING, weights=np.array([1, 1, 1, 2, 1]))).shares.tolist() == [
        0.4,
        0.4,
        0.2,
    ]


@pytest.mark.parametrize("number", [1, 2, 3, 200])
def test_any_number_of_categories_has_a_likelihood_with_gradients(number: int) -> None:
    likelihood = block(Coded(np.arange(number), tuple(range(number)))).likelihood("gaussian", 1.0)
    numbers = torch.zeros(number, 1, requires_grad=True)
    likelihood(numbers).log_prob(torch.arange(float(number))[:, None]).sum().backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in [numbers, *likelihood.parameters()])


def test_a_column_without_any_value_is_refused() -> None:
    with pytest.raises(DataError, match=r"'grade' holds no value at all"):
        block(Coded(np.array([-1]), ()))


def test_a_block_is_kept_in_a_file_as_it_is() -> None:
    again = record.typed(Ordinal, record.plain(block()))
    again.check()
    assert again.categories == block().categories
    assert BLOCKS["ordinal"] is Ordinal


@pytest.mark.parametrize(
    "change", [{"shares": np.ones(2)}, {"shares": np.zeros(3)}, {"categories": Categories(("other",), ORDER)}]
)
def test_blocks_that_no_column_has_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"its (shares|categories) are"):
        replace(block(), **change).check()
