import numpy as np
import pytest
import torch

from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.rows import Rows
from vaecluster.inference.dense import LEAST_ROWS, MOST_SHARE, dense_groups


def rows_of(X):
    source = ArraySource(X.astype(np.float32))
    return Rows(source, source.schema(Reading("gaussian", "columns", None, None)), torch.device("cpu"))


def planted(size, columns, distance, rows=2000, seed=0):
    """Normal rows, and so many at the end that lie closer together, this far from their centre."""
    random = np.random.default_rng(seed)
    group = random.normal(size=(size, columns)) / 2 + distance * np.eye(columns)[0]
    return np.concatenate([random.normal(size=(rows, columns)), group])


@pytest.mark.parametrize("columns", [2, 5, 20])
@pytest.mark.parametrize("size", [25, 60, 150])
def test_a_group_that_lies_apart_is_found_whole_and_alone(size, columns):
    X = planted(size, columns, 8)
    (group,) = dense_groups(rows_of(X), np.zeros(len(X), np.intp))
    assert group.cluster == 0
    assert group.rows.tolist() == list(range(2000, 2000 + size))
    assert group.density < 0.05


@pytest.mark.parametrize(
    "X",
    [
        *(np.random.default_rng(0).uniform(size=(1500, columns)) for columns in (2, 8)),
        *(np.random.default_rng(0).standard_t(3, size=(1500, columns)) for columns in (2, 8)),
        np.random.default_rng(0).exponential(size=(1500, 4)),
        np.zeros((100, 3)),
        np.repeat(np.random.default_rng(0).normal(size=(50, 3)), 20, 0),
        planted(LEAST_ROWS - 5, 3, 8),
        planted(int(2 * MOST_SHARE * 2000), 3, 8),
        np.random.default_rng(0).normal(size=(30, 2)),
        np.ones((1, 2)),
    ],
    ids=lambda X: f"{len(X)} rows",
)
def test_nothing_is_found_where_nothing_is_and_what_is_too_small_or_too_large_is_none(X):
    assert dense_groups(rows_of(X), np.zeros(len(X), np.intp)) == []


def test_clusters_are_looked_at_each_by_itself_and_rows_in_none_not_at_all():
    X = np.concatenate([planted(40, 4, 8), planted(60, 4, 8, seed=1) + 100])
    labels = np.repeat([0, 1], [2040, 2060])
    found = dense_groups(rows_of(X), labels)
    assert [(group.cluster, len(group.rows)) for group in found] == [(1, 60), (0, 40)]
    (only,) = dense_groups(rows_of(X), np.where(labels == 0, -1, 7))
    assert (only.cluster, len(only.rows)) == (7, 60)
    # A group that has a cluster of its own is hidden in none.
    labels[2000:2040] = 2
    assert [group.cluster for group in dense_groups(rows_of(X), labels)] == [1]
