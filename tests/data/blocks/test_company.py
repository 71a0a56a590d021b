import numpy as np
import pytest
from scipy.sparse import csr_array

from vaecluster.data.blocks import company
from vaecluster.data.blocks.company import topics_of

ROWS, COLUMNS = 200, 40


def weights(seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.where(random.random((ROWS, COLUMNS)) < 0.15, random.uniform(0.5, 2, (ROWS, COLUMNS)), 0)


def of_two_kinds() -> np.ndarray:
    """Rows with one of the first two columns and some of four; or with one of the next two and some of four others."""
    random = np.random.default_rng(0)
    kind, which = random.integers(2, size=ROWS), random.integers(2, size=ROWS)
    rows = np.zeros((ROWS, 12))
    rows[np.arange(ROWS), 2 * kind + which] = 1
    rows[:, 4:] = (np.arange(8) // 4 == kind[:, None]) & (random.random((ROWS, 8)) < 0.5)
    return rows


def information(rows: np.ndarray) -> np.ndarray:
    """Equation (50), pair by pair."""
    there = (rows != 0).astype(float)
    often = there.sum(0)
    both = np.diag(often)
    for row in there:
        for one in np.flatnonzero(row):
            for other in np.flatnonzero(row):
                if one != other:
                    both[one, other] += 1 / (row.sum() - 1)
    with np.errstate(divide="ignore"):
        return np.log(both * often.sum() / np.outer(often, often)).clip(0)


def test_topics_are_the_leading_directions_of_positive_pointwise_mutual_information() -> None:
    found = topics_of(weights(), COLUMNS)
    ways, lengths, _ = np.linalg.svd(information(weights()))
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), np.sqrt(lengths / lengths[0]), rtol=1e-6)
    np.testing.assert_allclose(found @ found.T, (ways * lengths / lengths[0]) @ ways.T, atol=1e-8)


@pytest.mark.parametrize(
    "same",
    [lambda rows: csr_array(rows), lambda rows: rows[::-1], lambda rows: rows * 7, lambda rows: np.repeat(rows, 2, 0)],
    ids=["sparse", "in another order", "larger", "twice"],
)
def test_it_makes_no_difference_how_rows_are_written(same: object) -> None:
    one, other = topics_of(weights(), 5), topics_of(same(weights()), 5)  # type: ignore[operator]
    np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-8)


def test_columns_of_one_company_are_near_though_no_row_has_both() -> None:
    found = topics_of(of_two_kinds(), 2)
    angles = found @ found.T / np.outer(*[np.linalg.norm(found, axis=1)] * 2)
    assert angles[0, 1] > 0.9
    assert angles[2, 3] > 0.9
    assert np.abs(angles[:2, 2:4]).max() < 0.2


def test_columns_beyond_the_companions_have_topics_too(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = topics_of(weights(), 5)
    monkeypatch.setattr(company, "COMPANIONS", COLUMNS // 2)
    some = topics_of(weights(), 5)
    assert some.shape == whole.shape
    assert (np.linalg.norm(some, axis=1) > 0).all()


def test_of_too_many_pairs_those_of_random_entries_say_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = topics_of(of_two_kinds(), 2)
    monkeypatch.setattr(company, "PAIRS", ROWS * 5)
    some = topics_of(of_two_kinds(), 2)
    assert 0.9 < np.corrcoef((whole @ whole.T).ravel(), (some @ some.T).ravel())[0, 1] < 1


def test_columns_that_are_never_there_have_no_topic() -> None:
    rows = weights()
    rows[:, 3] = 0
    assert not topics_of(rows, 5)[3].any()


def test_where_one_column_is_all_that_there_is_it_is_the_topic() -> None:
    rows = np.zeros((ROWS, COLUMNS))
    rows[::2, 3] = 1
    assert topics_of(rows, 5).T.tolist() == [(np.arange(COLUMNS) == 3).tolist()]
