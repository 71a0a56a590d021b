from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from vaecluster.data.blocks import BLOCKS, Counts
from vaecluster.data.blocks.counts import moments
from vaecluster.data.blocks.reading import Reading
from vaecluster.errors import DataError
from vaecluster.files import record

# Whatever numbers are to be: counts have a likelihood of their own.
READING = Reading("bernoulli", "common")
VISITS = np.array([0.0, 1.0, 0.0, 7.0, 2.0, np.nan])


def counts(*columns: np.ndarray, weights: np.ndarray | None = None) -> Counts:
    (block,) = Counts.of_columns(
        {f"c{n}": column for n, column in enumerate(columns)}, replace(READING, weights=weights)
    )
    return block


def test_the_model_has_counts_as_they_are_and_gives_whole_ones_back() -> None:
    block, table = counts(VISITS, 2 * VISITS), np.column_stack([VISITS, 2 * VISITS])
    np.testing.assert_array_equal(block.encode(table), table)
    np.testing.assert_array_equal(block.restore(np.array([[0.4, 6.6]], dtype=np.float32)), [[0, 7]])
    assert (block.shape, block.embedded, block.missing) == ((2,), (4,), True)


def test_the_encoder_reads_logarithms_of_mean_0_and_deviation_1() -> None:
    rows = torch.from_numpy(counts(VISITS).encode(VISITS[:, None]))
    read = counts(VISITS).coordinates()(rows)[:, 0].double().numpy()
    assert np.isnan(read).tolist() == np.isnan(VISITS).tolist()
    logs = np.log1p(VISITS)
    np.testing.assert_allclose(read, (logs - np.nanmean(logs)) / np.nanstd(logs), atol=1e-6)
    np.testing.assert_array_equal(counts(VISITS).embedding()(rows)[-1], [0, 1])


def test_new_rows_may_hold_anything() -> None:
    block = counts(VISITS)
    rows = block.encode(np.array([[-3.0], [2.4], [1e300]]))
    assert rows[:2].tolist() == [[0], [2]]
    log_prob = block.likelihood("gaussian", 1.0)(torch.zeros(3, 1)).log_prob(torch.from_numpy(rows))
    assert log_prob.isfinite().all()
    assert block.embedding()(torch.from_numpy(rows)).isfinite().all()


def test_a_fit_starts_at_the_mean_and_the_variance_of_all_rows() -> None:
    there = VISITS[:5]
    (entries,) = (counts(there).likelihood("gaussian", 1.0).entries(torch.zeros(1, 1)),)
    assert entries.mean.item() == pytest.approx(there.mean())
    assert entries.variance.item() == pytest.approx(there.var())


@pytest.mark.parametrize("values", [np.zeros(4), np.ones(4, dtype=np.int64), np.array([0, 10**6])])
def test_columns_of_any_spread_have_a_likelihood(values: np.ndarray) -> None:
    block = counts(values)
    block.check()
    rows = torch.from_numpy(block.encode(values[:, None]))
    assert block.likelihood("gaussian", 1.0)(torch.zeros(len(values), 1)).log_prob(rows).isfinite().all()


def test_a_row_of_weight_two_is_two_rows() -> None:
    once = counts(np.array([0.0, 3.0]), weights=np.array([1.0, 2.0]))
    twice = counts(np.array([0.0, 3.0, 3.0]))
    assert once.means == pytest.approx(twice.means)
    assert moments(np.array([0.0, 3, 3]))[1] == pytest.approx(once.dispersions[0])


@pytest.mark.parametrize(("value", "said"), [(-1.0, "-1"), (0.5, "0.5")])
def test_what_is_not_counted_is_refused(value: float, said: str) -> None:
    with pytest.raises(DataError, match=rf"'c0' is to be read as count, but holds {said};.*Read it as number"):
        counts(np.array([0.0, value]))


def test_a_block_is_kept_in_a_file_as_it_is() -> None:
    again = record.typed(Counts, record.plain(counts(VISITS)))
    again.check()
    np.testing.assert_array_equal(again.means, counts(VISITS).means)
    assert BLOCKS["counts"] is Counts


@pytest.mark.parametrize(
    "change", [{"means": np.zeros(1)}, {"dispersions": np.ones(2)}, {"columns": ("other",)}, {"means": -np.ones(1)}]
)
def test_blocks_that_no_column_has_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"its (counts|logarithms)"):
        replace(counts(VISITS), **change).check()
