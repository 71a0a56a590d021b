import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.rows import Rows
from vaecluster.views.change import Change, Function
from vaecluster.views.neighbours import Near, Neighbours
from vaecluster.views.pipeline import PreparedViews, Views, partner
from vaecluster.views.vectors import GaussianNoise

NEAR = Near(
    rows=np.array([[1, 2], [2, 3], [3, 0], [0, 1]], np.int32),
    unseen=np.array([[30, 31, 32], [33, 34, 35], [36, 37, 38], [20, 21, 22]], np.int32),
    dimension=1.0,
    among=4,
)


@pytest.fixture(scope="module")
def rows() -> Rows:
    source = ArraySource(np.random.default_rng(0).random((40, 6, 6)))
    return Rows(source, source.schema(Reading("gaussian", "columns")), torch.device("cpu"))


def view_of(views: PreparedViews, numbers: list[int], seed: int = 0, kind: str = "of") -> Tensor:
    indices = np.array(numbers)
    generator = Generator().manual_seed(seed)
    own = [generator] if kind == "of" else []
    return getattr(views, kind)(indices, views.rows[indices], generator, *own)


def test_preparing_finds_the_neighbours_once(rows: Rows) -> None:
    near, found = Views(Neighbours(4)).prepare(rows).near, Neighbours(4).find(rows)
    assert near is not None
    np.testing.assert_array_equal(near.rows, found.rows)
    np.testing.assert_array_equal(near.unseen, found.unseen)
    assert near.dimension == found.dimension
    assert Views().prepare(rows).near is None


@pytest.mark.parametrize("near", [NEAR.rows, NEAR.unseen, NEAR.rows[:, :1]], ids=["two", "three", "one"])
def test_a_partner_is_one_of_the_neighbours_and_each_is_as_likely(near: np.ndarray) -> None:
    indices = np.tile(np.arange(4), 1000)
    partners = partner(near, indices, Generator().manual_seed(0))
    assert partners.shape == indices.shape
    for own in range(4):
        drawn, counts = np.unique(partners[indices == own], return_counts=True)
        assert drawn.tolist() == sorted(near[own])
        assert counts.min() > 800 / near.shape[1]


@pytest.mark.parametrize(("kind", "near"), [("of", NEAR.rows), ("unseen", NEAR.unseen)])
def test_a_view_is_the_partner_changed_in_order(rows: Rows, kind: str, near: np.ndarray) -> None:
    numbers = [3, 1, 1]
    changes: tuple[Change, ...] = (Function.of(lambda batch: batch + 1), Function.of(lambda batch: batch * 2))
    partners = rows[partner(near, np.array(numbers), Generator().manual_seed(0))]
    assert torch.equal(view_of(PreparedViews(rows, NEAR, ()), numbers, kind=kind), partners)
    assert torch.equal(view_of(PreparedViews(rows, NEAR, changes), numbers, kind=kind), (partners + 1) * 2)


@pytest.mark.parametrize("number", [1, 2, 3, 20, 21, 40])
def test_an_unseen_view_is_none_that_was_learned_from_if_there_are_rows_enough(rows: Rows, number: int) -> None:
    some = Rows(ArraySource(np.random.default_rng(0).random((number, 6, 6))), rows.schema, rows.device)
    views = Views(Neighbours()).prepare(some)
    numbers = list(range(number)) * 20
    drawn = view_of(views, numbers, kind="unseen")
    assert views.near is not None
    allowed = views.near.unseen if number > 2 else views.near.rows
    for own, view in zip(numbers, drawn, strict=True):
        assert any(torch.equal(view, other) for other in some[allowed[own]])


@pytest.mark.parametrize("kind", ["of", "unseen"])
def test_without_neighbours_and_changes_a_view_is_the_row_itself(rows: Rows, kind: str) -> None:
    assert torch.equal(view_of(Views().prepare(rows), [3, 1, 1], kind=kind), rows[np.array([3, 1, 1])])


@pytest.mark.parametrize("kind", ["of", "unseen"])
def test_the_generator_decides_the_views(rows: Rows, kind: str) -> None:
    for views in (PreparedViews(rows, NEAR, ()), Views(changes=(GaussianNoise(),)).prepare(rows)):
        first, again, other = (view_of(views, list(range(4)) * 5, seed, kind) for seed in (0, 0, 1))
        assert torch.equal(first, again)
        assert not torch.equal(first, other)


def test_without_neighbours_a_view_is_the_row_itself_changed(rows: Rows) -> None:
    near = Views(Neighbours(3)).prepare(rows)
    assert near.of_changes() is near
    both = Views(Neighbours(3), (GaussianNoise(1e-6),)).prepare(rows)
    indices, generator = np.arange(10), Generator().manual_seed(0)
    view = both.of_changes().of(indices, rows[indices], generator, generator)
    torch.testing.assert_close(view, rows[indices], atol=1e-4, rtol=0)
