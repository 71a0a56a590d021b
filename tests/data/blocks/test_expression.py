from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.decomposition import PCA

from h5ad_files import counts_of_groups
from vaecluster.data.blocks import Expression
from vaecluster.data.blocks import expression as module
from vaecluster.data.schema import Schema

# Of an odd number of cells one has the median total.
COUNTS = counts_of_groups(121)[0].astype(np.float64)


def block(counts: Any = COUNTS, weights: Any = None, *, logged: bool = False) -> Expression:
    weights = np.ones(len(counts)) if weights is None else np.asarray(weights, float)

    def passes() -> Any:
        return ((csr_array(counts[some]), weights[some]) for some in (slice(0, 50), slice(50, None)))

    return Expression.of(passes, counts.shape[1], logged=logged)


def read(made: Expression, values: Any) -> Any:
    return made.embedding()(torch.from_numpy(made.encode(values))).numpy()


def recipe(counts: Any) -> tuple[Any, Any]:
    """Equal totals, logarithms, one spread, principal components: (components, median total)."""
    total = np.median(counts.sum(1))
    logs = np.log1p(counts * (total / counts.sum(1, keepdims=True)))
    standard = np.clip((logs - logs.mean(0)) / logs.std(0), -10, 10)
    return PCA(50, svd_solver="full").fit_transform(standard), total


def test_cells_are_read_by_principal_components_of_their_scaled_logarithms() -> None:
    expected, _ = recipe(COUNTS)
    found = read(block(), COUNTS)
    expected *= np.sign((expected * found).sum(0)) / np.sqrt(expected.var(0).mean())
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_all_components_together_have_variance_one_and_mean_zero() -> None:
    found = read(block(), COUNTS)
    assert found.var(0).mean() == pytest.approx(1, rel=1e-3)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-4)


def test_a_cell_keeps_its_total_and_its_chosen_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VARIABLE_GENES", 20)
    made = block()
    encoded = made.encode(csr_array(COUNTS))
    assert (made.shape, made.given_shape, made.embedded) == ((21,), (60,), (20,))
    np.testing.assert_allclose(encoded.sum(1), COUNTS.sum(1))
    np.testing.assert_array_equal(encoded[:, :-1], COUNTS[:, made.chosen])
    np.testing.assert_array_equal(encoded, made.encode(COUNTS))


def test_what_is_restored_is_read_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VARIABLE_GENES", 20)
    for logged, values in ((False, COUNTS), (True, np.log1p(COUNTS))):
        made = block(values, logged=logged)
        encoded = made.encode(values)
        np.testing.assert_allclose(made.encode(made.restore(encoded)), encoded, rtol=1e-4)


def test_logarithms_are_read_as_the_counts_that_they_come_from() -> None:
    total = np.median(COUNTS.sum(1))
    logs = np.log1p(COUNTS * (total / COUNTS.sum(1, keepdims=True)))
    np.testing.assert_allclose(read(block(logs, logged=True), logs), read(block(), COUNTS), atol=1e-3)


def test_a_weight_of_two_is_a_row_twice_and_of_zero_no_row() -> None:
    weights = np.where(np.arange(len(COUNTS)) < 30, 2, np.where(np.arange(len(COUNTS)) < 60, 0, 1))
    weighted, repeated = block(weights=weights), block(np.repeat(COUNTS, weights, 0))
    np.testing.assert_allclose(weighted.mean, repeated.mean)
    np.testing.assert_allclose(weighted.shares, repeated.shares)
    np.testing.assert_allclose(np.abs(weighted.directions), np.abs(repeated.directions), rtol=1e-4, atol=1e-8)


def test_the_components_do_not_depend_on_how_deep_a_cell_was_read() -> None:
    made = block()
    np.testing.assert_allclose(read(made, COUNTS * 3), read(made, COUNTS), atol=1e-4)


def test_genes_that_do_not_vary_are_not_chosen() -> None:
    counts = COUNTS.copy()
    counts[:, :5] = 0
    assert set(range(5)).isdisjoint(block(counts).chosen.tolist())


def test_empty_cells_and_single_genes_are_read() -> None:
    empty = np.vstack([COUNTS, np.zeros((1, COUNTS.shape[1]))])
    assert np.isfinite(read(block(empty), empty)).all()
    assert np.isfinite(read(block(COUNTS[:, :1]), COUNTS[:, :1])).all()


def test_a_block_comes_back_from_a_file() -> None:
    made = block()
    back = Schema.from_dict(Schema((made,)).as_dict()).blocks[0]
    assert isinstance(back, Expression)
    np.testing.assert_array_equal(read(back, COUNTS), read(made, COUNTS))


@pytest.mark.parametrize("name", ["chosen", "others", "shares", "dispersions", "mean", "deviation", "directions"])
def test_a_block_with_a_part_of_another_size_is_refused(name: str) -> None:
    plain = Schema((block(),)).as_dict()
    plain["blocks"][0][name] = plain["blocks"][0][name][:-2]
    with pytest.raises(ValueError, match=r"\w"):
        Schema.from_dict(plain)


@pytest.mark.parametrize(("name", "value"), [("total", 0.0), ("total", float("nan")), ("deviation", [0.0] * 60)])
def test_a_block_with_impossible_numbers_is_refused(name: str, value: Any) -> None:
    plain = Schema((block(),)).as_dict()
    plain["blocks"][0][name] = value
    with pytest.raises(ValueError, match="numbers that no cells have"):
        Schema.from_dict(plain)
