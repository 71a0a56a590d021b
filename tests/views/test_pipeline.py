import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.rows import Rows
from vaecluster.views.change import Change, Function
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import PreparedViews, Views
from vaecluster.views.vectors import GaussianNoise

NEIGHBOURS = np.array([[1, 2], [2, 3], [3, 0], [0, 1]], np.int32)


@pytest.fixture(scope="module")
def rows() -> Rows:
    source = ArraySource(np.random.default_rng(0).random((40, 6, 6)))
    return Rows(source, source.schema(Reading("gaussian", "columns")), torch.device("cpu"))


def view_of(views: PreparedViews, numbers: list[int], seed: int = 0) -> Tensor:
    indices = np.array(numbers)
    return views.of(indices, views.rows[indices], Generator().manual_seed(seed))


def test_preparing_finds_the_neighbours_once(rows: Rows) -> None:
    views = Views(Neighbours(4)).prepare(rows)
    np.testing.assert_array_equal(views.neighbours, Neighbours(4).find(rows))
    assert Views().prepare(rows).neighbours is None


def test_a_partner_is_one_of_the_neighbours_and_each_is_as_likely(rows: Rows) -> None:
    indices = np.tile(np.arange(4), 1000)
    partners = PreparedViews(rows, NEIGHBOURS, ()).partner(indices, Generator().manual_seed(0))
    assert partners.shape == indices.shape
    for own in range(4):
        drawn, counts = np.unique(partners[indices == own], return_counts=True)
        assert drawn.tolist() == sorted(NEIGHBOURS[own])
        assert counts.min() > 400


def test_a_view_is_the_partner_changed_in_order(rows: Rows) -> None:
    numbers = np.array([3, 1, 1])
    changes: tuple[Change, ...] = (Function.of(lambda batch: batch + 1), Function.of(lambda batch: batch * 2))
    assert torch.equal(view_of(PreparedViews(rows, NEIGHBOURS, ()), [3, 1, 1]), rows[_partners(rows, numbers)])
    expected = (rows[_partners(rows, numbers)] + 1) * 2
    assert torch.equal(view_of(PreparedViews(rows, NEIGHBOURS, changes), [3, 1, 1]), expected)


def _partners(rows: Rows, numbers: np.ndarray) -> np.ndarray:
    return PreparedViews(rows, NEIGHBOURS, ()).partner(numbers, Generator().manual_seed(0))


def test_without_neighbours_and_changes_a_view_is_the_row_itself(rows: Rows) -> None:
    views = Views().prepare(rows)
    assert views.partner(np.array([3, 1, 1]), Generator().manual_seed(0)).tolist() == [3, 1, 1]
    assert torch.equal(view_of(views, [3, 1, 1]), rows[np.array([3, 1, 1])])


def test_the_generator_decides_the_views(rows: Rows) -> None:
    for views in (PreparedViews(rows, NEIGHBOURS, ()), Views(changes=(GaussianNoise(),)).prepare(rows)):
        first, again, other = (view_of(views, list(range(4)) * 5, seed) for seed in (0, 0, 1))
        assert torch.equal(first, again)
        assert not torch.equal(first, other)
