from pathlib import Path

import faiss
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA

from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks import Numbers
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.room import NO_LIMIT, FileArray, Room
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.views.nearest import _plan, nearest_others
from vaecluster.views.neighbours import Near, Neighbours, coordinates, intrinsic_dimension, principal_components

CPU = torch.device("cpu")
quick = settings(max_examples=50, deadline=None)


def as_rows(array: NDArray) -> Rows:
    source = ArraySource(array)
    return Rows(source, source.schema(Reading("gaussian", "columns")), CPU)


def as_they_are(array: NDArray) -> Rows:
    columns = array.shape[1:]
    return Rows(ArraySource(array), Schema((Numbers((), "<f8", np.zeros(columns), np.ones(columns)),)), CPU)


def distances(points: NDArray) -> NDArray:
    """Between all pairs of points, infinite from a point to itself."""
    points = points.astype(np.float64)
    between = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
    np.fill_diagonal(between, np.inf)
    return between


def recall(found: NDArray, true: NDArray) -> float:
    """The share of the true neighbours that was found."""
    return float((found[:, :, None] == true[:, None, :]).any(1).mean())


def few_values(dtype: str = "f4") -> st.SearchStrategy[NDArray]:
    """Points with coordinates from a small grid, so that many are copies of each other."""
    shapes = st.tuples(st.integers(2, 30), st.integers(1, 4))
    return shapes.flatmap(lambda shape: arrays(dtype, shape, elements=st.integers(-3, 3)))


def all_of(near: Near) -> NDArray:
    """Views and unseen neighbours, in their order."""
    return np.concatenate([near.rows, near.unseen], 1)


@given(few_values(), st.integers(1, 12), st.sampled_from([0, 1000]))
@quick
def test_neighbours_are_the_nearest_by_brute_force_and_the_unseen_ones_the_next(
    array: NDArray, number: int, exact_up_to: int
) -> None:
    # So few rows make few cells, which are all read: the approximate search is exact too.
    near = Neighbours(number, exact_up_to=exact_up_to).among(lambda some: array[some], len(array))
    between, found = distances(array), all_of(near)
    nearest = np.sort(between, axis=1)[:, : found.shape[1]]
    np.testing.assert_allclose(np.take_along_axis(between, found, 1), nearest, atol=1e-3)


@given(few_values(), st.integers(1, 12), st.sampled_from([0, 1000]))
@quick
def test_no_row_is_its_own_neighbour_and_none_comes_twice(array: NDArray, number: int, exact_up_to: int) -> None:
    near = Neighbours(number, exact_up_to=exact_up_to).find(as_they_are(array))
    found = all_of(near)
    assert near.rows.dtype == near.unseen.dtype == np.int32
    assert (found != np.arange(len(array))[:, None]).all()
    # So no unseen one is a view.
    assert all(len(set(row)) == len(row) for row in found)
    assert found.min() >= 0
    assert found.max() < len(array)


# A neighbourhood is a tenth of the rows at most; half as many are kept unseen, if there are any left.
@pytest.mark.parametrize(
    ("rows", "number", "views", "unseen", "rank"),
    [
        (1, 10, 1, 0, 1.5),
        (2, 10, 1, 0, 1.5),
        *[(rows, 10, 1, 1, 2.0) for rows in (3, 4, 19)],
        *[(rows, 10, 2, 1, 3.0) for rows in (20, 21)],
        (40, 10, 4, 2, 5.5),
        *[(rows, 10, 10, 5, 13.0) for rows in (100, 300)],
        *[(300, number, number, max(1, number // 2), None) for number in (1, 2, 3, 9)],
    ],
)
@pytest.mark.parametrize("row_shape", [(4,), (100,), (5, 10)], ids=str)
def test_few_rows_have_fewer_neighbours(
    rows: int, number: int, views: int, unseen: int, rank: float | None, row_shape: tuple[int, ...]
) -> None:
    near = Neighbours(number).find(as_rows(np.random.default_rng(0).random((rows, *row_shape))))
    assert near.rows.shape == (rows, views)
    assert near.unseen.shape == (rows, unseen)
    if unseen:
        ranks = np.arange(views + unseen) + 1
        assert near.unseen_rank == ranks[views:].mean()
    if rank is not None:
        assert near.unseen_rank == rank
    assert near.dimension >= 1


def test_a_single_row_is_its_own_neighbour() -> None:
    assert Neighbours(10).find(as_they_are(np.ones((1, 4)))).rows.tolist() == [[0]]


@pytest.mark.parametrize("exact_up_to", [0, 1000])
def test_rows_that_are_all_the_same_have_each_other_and_tell_no_dimension(exact_up_to: int) -> None:
    near = Neighbours(5, exact_up_to=exact_up_to).find(as_they_are(np.ones((400, 3), np.float32)))
    assert near.rows.shape == (400, 5)
    assert (all_of(near) != np.arange(400)[:, None]).all()
    assert near.dimension == 1


@pytest.mark.parametrize(("columns", "spread"), [(1, True), (128, True), (129, False)])
def test_values_that_come_often_are_spread_in_narrow_rows(columns: int, spread: bool) -> None:
    array = np.random.default_rng(0).integers(4, size=(200, columns)).astype(np.float32)
    found = coordinates(as_they_are(array))(slice(None)).numpy()
    assert (len(np.unique(found)) > 4) == spread
    assert np.abs(found - array).max() <= 0.5


def test_a_copy_is_a_neighbour() -> None:
    near = Neighbours(1).find(as_they_are(np.array([[0.0], [5.0], [0.0], [5.1]])))
    assert near.rows.tolist() == [[2], [3], [0], [1]]


def test_weights_of_rows_change_no_neighbours() -> None:
    rows = as_they_are(np.random.default_rng(0).normal(size=(60, 3)))
    near = Neighbours().find(rows)
    rows.weights = np.random.default_rng(1).uniform(0.1, 3, 60)
    same_neighbours(Neighbours().find(rows), near)


def same_neighbours(after: Near, before: Near) -> None:
    np.testing.assert_array_equal(all_of(after), all_of(before))
    assert after.rows.shape == before.rows.shape
    assert after.dimension == pytest.approx(before.dimension, rel=1e-4)


# The dimension


def uniform(rows: int, dimension: int, columns: int | None = None) -> NDArray:
    """Uniform rows of this dimension, turned at random into as many columns."""
    generator = np.random.default_rng(0)
    turned = np.linalg.qr(generator.normal(size=(columns or dimension, dimension))).Q
    return generator.random((rows, dimension)) @ turned.T


@pytest.mark.parametrize("exact_up_to", [0, 5000])
@pytest.mark.parametrize("unit", [1.0, 1e-3, 100.0])
@pytest.mark.parametrize(("dimension", "columns"), [(1, 1), (1, 6), (2, 2), (2, 6), (5, 5), (5, 100)])
def test_the_dimension_of_uniform_rows_is_found_in_however_many_columns_and_whatever_unit(
    dimension: int, columns: int, unit: float, exact_up_to: int
) -> None:
    rows = as_they_are(unit * uniform(2000, dimension, columns))
    assert Neighbours(exact_up_to=exact_up_to).find(rows).dimension == pytest.approx(dimension, rel=0.2)


@pytest.mark.parametrize("exact_up_to", [0, 5000])
@pytest.mark.parametrize(("places", "copies"), [(100, 20), (100, 30), (1, 400)])
def test_copies_tell_nothing_of_the_dimension(places: int, copies: int, exact_up_to: int) -> None:
    # Far from the others, which then have none of the copies among their neighbours.
    alone = uniform(1000, 2)
    heaps = np.repeat(5 + uniform(places, 2), copies, 0)

    def dimension(points: NDArray[np.float64]) -> float:
        given = points.astype(np.float32)
        return Neighbours(exact_up_to=exact_up_to).among(lambda some: given[some], len(given)).dimension

    assert dimension(np.concatenate([alone, heaps])) == pytest.approx(dimension(alone), rel=0.03)


def of_even_rows(ranks: tuple[int, int], dimension: float) -> NDArray[np.float64]:
    """Squared distances to neighbours of two ranks among evenly dense rows: their volumes are a Poisson process."""
    random, (near, further) = np.random.default_rng(0), ranks
    inner = random.gamma(near, size=20_000)
    return np.stack([inner, inner + random.gamma(further - near, size=20_000)], 1) ** (2 / dimension)


@pytest.mark.parametrize("dimension", [1.5, 2.0, 5.0, 40.0])
@pytest.mark.parametrize("ranks", [(10, 20), (10, 15), (1, 2), (2, 3)], ids=str)
def test_the_dimension_is_how_fast_distances_grow_with_the_rank(ranks: tuple[int, int], dimension: float) -> None:
    squared = of_even_rows(ranks, dimension)
    for some in (squared, 9 * squared, np.concatenate([squared, [[0.0, 7.0]] * 3000])):
        assert intrinsic_dimension(some, *ranks) == pytest.approx(dimension, rel=0.03)
    # Near copies of some rows hardly count.
    squared[:2000, 0] /= 1e6
    assert intrinsic_dimension(squared, *ranks) == pytest.approx(dimension, rel=0.3)


@pytest.mark.parametrize("squared", [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 100.0]], ids=str)
def test_copies_and_less_than_one_dimension_are_one_dimension(squared: list[float]) -> None:
    assert intrinsic_dimension(np.array([squared]), 10, 20) == 1.0


# Rows of many kinds


def test_a_constant_column_changes_nothing() -> None:
    array = np.random.default_rng(0).normal(size=(60, 3))
    with_constant = np.column_stack([array, np.full(60, 1e6)])
    same_neighbours(Neighbours().find(as_rows(with_constant)), Neighbours().find(as_rows(array)))


@pytest.mark.parametrize("row_shape", [(100,), (10, 10)])
def test_constant_rows_of_many_entries_pass(row_shape: tuple[int, ...]) -> None:
    array = np.full((30, *row_shape), 7, np.uint8)
    assert Neighbours(3).find(as_rows(array)).rows.shape == (30, 3)


def test_columns_count_as_they_are_scaled() -> None:
    # The first column decides only if its larger unit counts.
    array = np.array([[0.0, 0.0], [1000.0, 0.0], [0.0, 1.0], [1000.0, 1.0], [5000.0, 0.4]])
    found = Neighbours(1).find(as_rows(array))
    assert found.rows[:, 0].tolist()[:4] == [1, 0, 3, 2]


@pytest.mark.parametrize("row_shape", [(200,), (10, 20), (10, 10, 2)])
def test_rows_with_many_entries_are_compared_by_principal_components(row_shape: tuple[int, ...]) -> None:
    generator = np.random.default_rng(0)
    array = generator.normal(size=(150, 5)) @ generator.normal(size=(5, 200)) + 2 * generator.normal(size=(150, 200))
    rows = as_rows(array.reshape(150, *row_shape))
    scaled = rows[np.arange(150)].flatten(1).numpy()
    expected = np.argsort(distances(PCA(5).fit_transform(scaled)), axis=1)[:, :5]
    assert recall(Neighbours(5, components=5, images_by="pixels").find(rows).rows, expected) > 0.99
    all_columns = np.argsort(distances(scaled), axis=1)[:, :5]
    assert recall(Neighbours(5, components=200, images_by="pixels").find(rows).rows, all_columns) > 0.99
    assert recall(expected, all_columns) < 0.9


@pytest.mark.parametrize(("row_shape", "expected"), [((200,), 128), ((100,), 100), ((10, 20), 64)])
def test_numbers_are_compared_along_more_axes_than_pixels(row_shape: tuple[int, ...], expected: int) -> None:
    rows = as_rows(np.random.default_rng(0).normal(size=(150, *row_shape)))
    assert Neighbours().points(rows)(slice(0, 3)).shape == (3, expected)


def test_principal_components_are_orthonormal_and_hold_the_largest_variance() -> None:
    generator = np.random.default_rng(0)
    array = generator.normal(size=(500, 80)) * np.linspace(1, 5, 80)
    rows = as_they_are(array)
    mean, directions = principal_components(coordinates(rows), len(rows), 6)
    torch.testing.assert_close(mean.double(), torch.from_numpy(array.mean(0)), atol=1e-4, rtol=0)
    torch.testing.assert_close(directions.T @ directions, torch.eye(6), atol=1e-4, rtol=0)
    held = ((rows[:] - mean) @ directions).var(0).sum()
    assert held >= 0.99 * np.linalg.eigvalsh(np.cov(array.T))[-6:].sum()


def test_components_from_a_sample_are_close_to_those_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    array = generator.normal(size=(3000, 5)) @ generator.normal(size=(5, 100)) + 0.1 * generator.normal(
        size=(3000, 100)
    )
    rows = as_they_are(array)
    _, of_all = principal_components(coordinates(rows), len(rows), 5)
    monkeypatch.setattr("vaecluster.views.neighbours.SAMPLE_ROWS", 500)
    _, of_sample = principal_components(coordinates(rows), len(rows), 5)
    assert torch.linalg.matrix_norm(of_all.T @ of_sample, 2) > 0.99
    assert torch.linalg.svdvals(of_all.T @ of_sample).min() > 0.99


def test_reading_in_small_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = as_rows(np.random.default_rng(0).random((50, 10, 10)))
    whole = Neighbours().find(rows)
    monkeypatch.setattr("vaecluster.data.raw.BLOCK_ENTRIES", 700)
    same_neighbours(Neighbours().find(rows), whole)


@pytest.fixture(scope="module")
def groups() -> Rows:
    """Forty groups in twenty columns: 4,000 rows, 63 cells."""
    return as_rows(make_blobs(4000, n_features=20, centers=40, random_state=0)[0])


def test_the_approximate_search_finds_nearly_all(groups: Rows) -> None:
    exact = Neighbours(exact_up_to=4000).find(groups)
    approximate = Neighbours(exact_up_to=3999).find(groups)
    for found, true in ((approximate.rows, exact.rows), (all_of(approximate), all_of(exact))):
        assert 0.95 <= recall(found, true) <= 1
    assert approximate.dimension == pytest.approx(exact.dimension, rel=0.02)


@pytest.mark.parametrize(("first", "then"), [(1, 0), (10, 5), (15, 1)], ids=str)
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("shards", [1, 3])
def test_distances_are_those_to_the_last_of_each(
    groups: Rows, first: int, then: int, exact: bool, shards: int
) -> None:
    points = groups[:].numpy()
    found = nearest_others(lambda some: points[some], 4000, first, then, exact=exact, shards=shards)
    assert (found.first.shape, found.then.shape, found.squared.shape) == ((4000, first), (4000, then), (4000, 2))
    last = np.stack([found.first[:, -1], np.concatenate([found.first, found.then], 1)[:, -1]], 1)
    true = ((points[last] - points[:, None]) ** 2).sum(-1)
    # The approximate search keeps half precision.
    np.testing.assert_allclose(found.squared, true, rtol=1e-3 if exact else 0.02, atol=1e-4)


@pytest.mark.parametrize("exact_up_to", [0, 4000])
def test_little_room_gives_the_same_neighbours(groups: Rows, exact_up_to: int) -> None:
    view = Neighbours(exact_up_to=exact_up_to)
    whole = view.find(groups)
    narrow = Rows(groups.source, groups.schema, CPU, room=Room(2**20))
    found = view.find(narrow)
    assert isinstance(found.rows, FileArray)
    # Centres of cells are found from fewer rows; and ties may fall the other way.
    least = 0.9999 if exact_up_to else 0.99
    assert recall(found.rows[:], whole.rows) > least
    assert recall(found.unseen[:], whole.unseen) > least
    assert found.dimension == pytest.approx(whole.dimension, rel=0.01)


@pytest.mark.parametrize("room", [NO_LIMIT, Room(2**20)], ids=["in memory", "little room"])
@pytest.mark.parametrize("exact", [True, False])
def test_rows_of_a_shard_are_from_everywhere_and_have_their_nearest_in_it(exact: bool, room: Room) -> None:
    # Sorted by group, as files often are.
    size, groups, shards = 4096, 4, 2
    group = np.repeat(np.arange(groups), size)
    points = (9.0 * group + np.random.default_rng(0).random(len(group)))[:, None].astype(np.float32)
    found = nearest_others(lambda some: points[some], len(group), 5, exact=exact, shards=shards, room=room).first[:]
    np.testing.assert_array_equal(group[found], np.repeat(group[:, None], 5, 1))
    shard = np.full(len(group), -1)
    for one in _plan(len(group), 1, shards, len(group)):
        shard[one.block] = one.parts[0][0].start > 0
    assert np.bincount(shard).tolist() == [len(group) // shards] * shards
    np.testing.assert_array_equal(shard[found], np.repeat(shard[:, None], 5, 1))
    for number in range(shards):
        mine = np.flatnonzero(shard == number)
        alone = nearest_others(lambda some, mine=mine: points[mine][some], len(mine), 5, exact=True).first
        assert recall(found[mine], mine[alone]) >= (1 if exact else 0.98)


def test_rows_of_shards_are_compared_with_fewer_and_are_of_the_same_dimension() -> None:
    points = np.random.default_rng(0).random((100_001, 2)).astype(np.float32)
    near = Neighbours(2, shard=100_000).find(as_they_are(points))
    assert near.among == 50_000
    assert near.dimension == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize("shards", [1, 2])
def test_little_room_finds_neighbours_among_copies(shards: int) -> None:
    points = np.repeat(np.eye(4, dtype=np.float32), 300, 0)
    room = Room(2**13)
    found = nearest_others(lambda some: points[some], 1200, 5, 2, exact=False, shards=shards, room=room)
    assert (found.first[:] // 300 == np.arange(1200)[:, None] // 300).all()
    assert (found.first[:] != np.arange(1200)[:, None]).all()


@pytest.mark.parametrize("exact_up_to", [0, 4000])
def test_the_same_rows_give_the_same_neighbours(groups: Rows, exact_up_to: int) -> None:
    view = Neighbours(exact_up_to=exact_up_to)
    same_neighbours(view.find(groups), view.find(groups))


def test_rows_are_not_near_because_they_lack_the_same_values() -> None:
    # Two groups; the first row of each lacks the same value.
    group = np.repeat([0.0, 9.0], 11)
    array = group[:, None] + 0.1 * np.random.default_rng(0).random((22, 2))
    array[[0, 11], 1] = np.nan
    passes = [(array, None)]
    block = Numbers.of(lambda: iter(passes), array.dtype, likelihood="gaussian", scaling="columns", columns=("a", "b"))
    rows = Rows(ArraySource(array), Schema((block,)), CPU)
    near = Neighbours(2).find(rows).rows
    np.testing.assert_array_equal(group[near], np.repeat(group[:, None], 2, 1))


def test_the_number_of_threads_of_faiss_is_left_as_it_was(groups: Rows) -> None:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(before + 1)
    try:
        Neighbours().find(groups)
        assert faiss.omp_get_max_threads() == before + 1
    finally:
        faiss.omp_set_num_threads(before)


@pytest.mark.data
def test_neighbours_of_real_digits_are_mostly_the_same_digit(data_folder: Path) -> None:
    with np.load(data_folder / "mnist.npz") as file:
        images, labels = file["x_train"][:20_000], file["y_train"][:20_000]
    rows = as_rows(images)
    exact = Neighbours(exact_up_to=20_000).find(rows).rows
    approximate = Neighbours(exact_up_to=0).find(rows).rows
    assert recall(approximate, exact) > 0.98
    same = labels[approximate] == labels[:, None]
    assert same[:, 0].mean() > 0.96
    assert same.mean() > 0.93
