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
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.views.neighbours import Neighbours, coordinates, principal_components

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


@given(few_values(), st.integers(1, 12), st.sampled_from([0, 1000]))
@quick
def test_neighbours_are_as_near_as_the_nearest_by_brute_force(array: NDArray, number: int, exact_up_to: int) -> None:
    # So few rows make few cells, which are all read: the approximate search is exact too.
    found = Neighbours(number, exact_up_to=exact_up_to).find(as_they_are(array))
    between = distances(array)
    nearest = np.sort(between, axis=1)[:, : found.shape[1]]
    assert found.shape == (len(array), min(number, len(array) - 1))
    np.testing.assert_allclose(np.take_along_axis(between, found, 1), nearest, atol=1e-3)


@given(few_values(), st.integers(1, 12), st.sampled_from([0, 1000]))
@quick
def test_no_row_is_its_own_neighbour_and_none_comes_twice(array: NDArray, number: int, exact_up_to: int) -> None:
    found = Neighbours(number, exact_up_to=exact_up_to).find(as_they_are(array))
    assert found.dtype == np.int32
    assert (found != np.arange(len(array))[:, None]).all()
    assert all(len(set(row)) == len(row) for row in found)
    assert found.min() >= 0
    assert found.max() < len(array)


@pytest.mark.parametrize("exact_up_to", [0, 1000])
def test_rows_that_are_all_the_same_have_each_other(exact_up_to: int) -> None:
    found = Neighbours(5, exact_up_to=exact_up_to).find(as_they_are(np.ones((400, 3), np.float32)))
    assert found.shape == (400, 5)
    assert (found != np.arange(400)[:, None]).all()


def test_a_copy_is_a_neighbour() -> None:
    found = Neighbours(1).find(as_they_are(np.array([[0.0], [5.0], [0.0], [5.1]])))
    assert found.tolist() == [[2], [3], [0], [1]]


@pytest.mark.parametrize(("rows", "shape"), [(1, (1, 1)), (2, (2, 1)), (3, (3, 2))])
@pytest.mark.parametrize("row_shape", [(4,), (100,), (10, 10)])
def test_few_rows_give_as_many_neighbours_as_there_are(
    rows: int, shape: tuple[int, int], row_shape: tuple[int, ...]
) -> None:
    array = np.random.default_rng(0).random((rows, *row_shape))
    found = Neighbours(10).find(as_rows(array))
    assert found.shape == shape
    if rows == 1:
        assert found.tolist() == [[0]]
    else:
        assert all(sorted([own, *others]) == list(range(rows)) for own, others in enumerate(found))


def test_a_constant_column_changes_nothing() -> None:
    array = np.random.default_rng(0).normal(size=(60, 3))
    with_constant = np.column_stack([array, np.full(60, 1e6)])
    np.testing.assert_array_equal(Neighbours().find(as_rows(with_constant)), Neighbours().find(as_rows(array)))


@pytest.mark.parametrize("row_shape", [(100,), (10, 10)])
def test_constant_rows_of_many_entries_pass(row_shape: tuple[int, ...]) -> None:
    array = np.full((30, *row_shape), 7, np.uint8)
    assert Neighbours(3).find(as_rows(array)).shape == (30, 3)


def test_columns_count_as_they_are_scaled() -> None:
    # The first column decides only if its larger unit counts.
    array = np.array([[0.0, 0.0], [1000.0, 0.0], [0.0, 1.0], [1000.0, 1.0], [5000.0, 0.4]])
    found = Neighbours(1).find(as_rows(array))
    assert found[:, 0].tolist()[:4] == [1, 0, 3, 2]


@pytest.mark.parametrize("row_shape", [(200,), (10, 20), (10, 10, 2)])
def test_rows_with_many_entries_are_compared_by_principal_components(row_shape: tuple[int, ...]) -> None:
    generator = np.random.default_rng(0)
    array = generator.normal(size=(150, 5)) @ generator.normal(size=(5, 200)) + 2 * generator.normal(size=(150, 200))
    rows = as_rows(array.reshape(150, *row_shape))
    scaled = rows[np.arange(150)].flatten(1).numpy()
    expected = np.argsort(distances(PCA(5).fit_transform(scaled)), axis=1)[:, :5]
    assert recall(Neighbours(5, components=5).find(rows), expected) > 0.99
    all_columns = np.argsort(distances(scaled), axis=1)[:, :5]
    assert recall(Neighbours(5, components=200).find(rows), all_columns) > 0.99
    assert recall(expected, all_columns) < 0.9


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
    np.testing.assert_array_equal(Neighbours().find(rows), whole)


@pytest.fixture(scope="module")
def groups() -> Rows:
    """Forty groups in twenty columns: 4,000 rows, 63 cells."""
    return as_rows(make_blobs(4000, n_features=20, centers=40, random_state=0)[0])


def test_the_approximate_search_finds_nearly_all(groups: Rows) -> None:
    exact = Neighbours(exact_up_to=4000).find(groups)
    approximate = Neighbours(exact_up_to=3999).find(groups)
    assert 0.95 <= recall(approximate, exact) <= 1


@pytest.mark.parametrize("exact_up_to", [0, 4000])
def test_the_same_rows_give_the_same_neighbours(groups: Rows, exact_up_to: int) -> None:
    view = Neighbours(exact_up_to=exact_up_to)
    np.testing.assert_array_equal(view.find(groups), view.find(groups))


def test_rows_are_not_near_because_they_lack_the_same_values() -> None:
    array = np.array([[0.0, np.nan], [9.0, np.nan], [0.0, 0.1], [9.0, 9.0], [0.1, 0.0], [9.1, 9.1]])
    passes = [(array, None)]
    block = Numbers.of(lambda: iter(passes), array.dtype, likelihood="gaussian", scaling="columns", columns=("a", "b"))
    rows = Rows(ArraySource(array), Schema((block,)), CPU)
    near = Neighbours(2).find(rows)
    assert set(near[0]) == {2, 4}
    assert set(near[1]) == {3, 5}


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
    exact = Neighbours(exact_up_to=20_000).find(rows)
    approximate = Neighbours(exact_up_to=0).find(rows)
    assert recall(approximate, exact) > 0.98
    same = labels[approximate] == labels[:, None]
    assert same[:, 0].mean() > 0.96
    assert same.mean() > 0.93
