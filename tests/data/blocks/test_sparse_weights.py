from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from vaecluster import TwoViews, VAEClustering
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks import Numbers, Sparse
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.sparse import SparseSource
from vaecluster.files import record

ROWS, COLUMNS, TOPICS = 120, 300, 3
READING = Reading("gaussian", "auto")


def weights() -> Any:
    """Rows of three topics, each with columns of its own, of which a row has one in three: (rows, columns)."""
    random = np.random.default_rng(0)
    topic_of = np.arange(ROWS) % TOPICS
    own = np.arange(COLUMNS) % (4 * TOPICS) == topic_of[:, None]
    made = np.where(own & (random.random((ROWS, COLUMNS)) < 0.5), random.uniform(0.5, 1, (ROWS, COLUMNS)), 0)
    return made * random.uniform(0.5, 2, (ROWS, 1))


def block_of(rows: Any, reading: Reading = READING) -> Any:
    return ArraySource(rows).schema(reading).blocks[0]


def test_wide_rows_that_are_mostly_zero_are_read_by_their_topics_sparse_or_not() -> None:
    rows = weights()
    dense, sparse = block_of(rows), SparseSource(csr_array(rows)).schema(READING).blocks[0]
    assert isinstance(dense, Sparse)
    assert isinstance(sparse, Sparse)
    np.testing.assert_allclose(dense.encode(rows), sparse.encode(rows), atol=1e-4)
    # No more topics than columns that hold something.
    assert (dense.given_shape, dense.shape) == ((COLUMNS,), (COLUMNS // 4,))


def test_how_long_a_row_is_says_nothing() -> None:
    block = block_of(weights())
    np.testing.assert_allclose(block.encode(weights() * 7), block.encode(weights()), atol=1e-4)


def test_rows_come_back_as_far_as_topics_say_them_in_their_mean_length_and_type() -> None:
    # More rows than topics say no more than these.
    rows = np.repeat(weights()[:30], 4, axis=0).astype(np.float32)
    block = block_of(rows)
    back = block.restore(block.encode(rows))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, rows / lengths * lengths.mean(), atol=1e-3)


def test_counts_are_read_by_the_logarithms_of_their_shares_and_come_back_whole() -> None:
    counts = np.round(4 * np.repeat(weights()[:30], 4, axis=0)).astype(np.int32)
    block = block_of(counts)
    assert block.total == np.median(counts.sum(1))
    np.testing.assert_allclose(block.encode(counts * 3), block.encode(counts), atol=1e-4)
    back = block.restore(block.encode(counts))
    assert back.dtype == np.int32
    assert np.corrcoef(back.ravel(), counts.ravel())[0, 1] > 0.9


def beside(*measures: Any) -> Any:
    """Categories of rows, each 0 or 1, and measures."""
    codes = np.kron(np.eye(20)[np.arange(ROWS) % 20], np.ones(15))
    return np.column_stack([codes, *measures])


OTHERS = {
    "measures beside categories": (beside(np.full(ROWS, 0.5) + np.arange(ROWS)), READING),
    "whole measures beside categories": (beside(np.arange(ROWS) + 18, np.arange(ROWS) + 1), READING),
    "a measure that outweighs weights": (np.column_stack([np.arange(ROWS) + 30.0, weights()]), READING),
    "few columns": (weights()[:, :100], READING),
    "below zero": (-weights(), READING),
    "not so many zeros": (np.where(np.arange(COLUMNS) < 45, 1.0, weights()), READING),
    "scaled as the user says": (weights(), Reading("gaussian", "columns")),
    "probabilities": (weights() / 3, Reading("bernoulli", "auto")),
}


@pytest.mark.parametrize(("rows", "reading"), OTHERS.values(), ids=OTHERS)
def test_other_rows_are_numbers(rows: Any, reading: Reading) -> None:
    assert isinstance(block_of(rows, reading), Numbers)


@pytest.mark.parametrize(
    "wrong", [{"topics": np.ones((COLUMNS, 1))}, {"length": 0.0}, {"scale": np.zeros(100)}, {"dtype": "<U1"}]
)
def test_a_block_that_no_rows_have_is_refused(wrong: dict[str, Any]) -> None:
    block = block_of(weights())
    record.typed(Sparse, record.plain(block)).check()
    with pytest.raises(ValueError, match=r"topics|length|scale|dtype"):
        Sparse(**vars(block) | wrong).check()


@pytest.mark.filterwarnings("ignore")
def test_clusters_are_merged_by_their_codes_and_new_rows_may_be_sparse_or_not() -> None:
    model = VAEClustering(TOPICS, method=TwoViews(epochs=2, heads=1), random_state=0).fit(csr_array(weights()))
    assert model.method_.merges_by_code(model.fitted_.schema)
    np.testing.assert_array_equal(model.predict(weights()), model.labels_)
    assert model.sample(2).shape == (2, COLUMNS)
