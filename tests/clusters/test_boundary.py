from itertools import pairwise

import numpy as np
import pytest

from joint_tables import blocks, homogeneous, lattices, merged, random_table, row_of_lattices, same_partition
from vaecluster.clusters.boundary import APART, LEVELS, Null, densities, halved, nested_regions, regions
from vaecluster.clusters.hierarchy import merge_components
from vaecluster.clusters.joint import Matrix
from vaecluster.clusters.merging import CRUMB

# Rows have so many neighbours that components are crossed rarely.
SCALE = 1e-5


def uneven(groups: int, size: int, ratio: float, seed: int = 0) -> Matrix:
    """Shares of as many components in each group, the largest group so many times as large as the smallest."""
    shares = np.geomspace(1, ratio, groups)
    parts = np.random.default_rng(seed).dirichlet(10 * np.ones(size), groups)
    return (shares[:, None] / shares.sum() * parts).ravel()


# The rate in one homogeneous cluster: equation (23)


@pytest.mark.parametrize(
    ("null", "share", "rate"),
    [
        (Null(0.01, 1), 1.0, 0.01),
        (Null(0.01, 1), 0.1, 0.1),
        (Null(0.01, 2), 1.0, 0.1),
        (Null(0.01, 2), 0.25, 0.2),
        (Null(1e-6, 3), 1.0, 0.01),
        # Clusters of a neighbourhood or less are crossed as by chance.
        *[(Null(0.01, 2), share, 1.0) for share in (0.01, 0.001, 0.0)],
        (Null(1.0, 10), 0.5, 1.0),
    ],
)
def test_the_rate_is_that_of_the_formula(null: Null, share: float, rate: float) -> None:
    assert null.rate(np.array([share]))[0] == pytest.approx(rate)


@pytest.mark.parametrize("null", [Null(1e-4, 1.0), Null(0.02, 3.7), Null(0.5, 10.0)], ids=str)
def test_the_larger_a_cluster_the_rarer_it_is_crossed_and_never_more_than_by_chance(null: Null) -> None:
    rates = null.rate(np.geomspace(1e-9, 1, 100))
    assert (np.diff(rates) <= 0).all()
    assert rates.max() == 1
    assert rates.min() > 0


@pytest.mark.parametrize(
    ("rows", "rank", "dimension", "rate"),
    [(1000, 10, 1, 0.01), (1000, 10, 2, 0.1), (4000, 10, 2, 0.05), (1000, 40, 2, 0.2), (1, 1.5, 3, 1), (0, 2, 3, 1)],
)
def test_neighbours_cross_a_cut_through_all_rows_by_their_rank(
    rows: int, rank: float, dimension: float, rate: float
) -> None:
    assert Null.of_neighbours(rows, rank, dimension).rate(np.ones(1))[0] == pytest.approx(rate)


@pytest.mark.parametrize(
    ("one", "other", "whole"), [(0.5, 0.5, 1), (0.1, 0.1, 0.2), (0.02, 0.98, 0.0784), (0, 0.4, 0), (0, 0, 0)]
)
def test_a_small_piece_is_cut_off_as_half_of_a_small_cluster_is(one: float, other: float, whole: float) -> None:
    assert halved(one, other) == halved(other, one) == pytest.approx(whole)


# How dense rows are between two: equation (22)


@pytest.mark.parametrize("between", [1.0, 0.3, 0.1, 0.0])
@pytest.mark.parametrize(("side", "dimension"), [(8, 1), (3, 2), (2, 3)])
def test_where_a_cut_is_crossed_as_in_one_cluster_rows_are_as_dense_between(
    side: int, dimension: int, between: float
) -> None:
    null, near = Null(SCALE, dimension), lattices(1, side, dimension)
    table = homogeneous(uneven(1, len(near), 1), near, null, between)
    density = null.density_between(table, table.sum(1))
    np.testing.assert_allclose(density[near], between, atol=1e-6)
    np.testing.assert_allclose(density, density.T)


@pytest.mark.parametrize("apartness", [0.0, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_the_densities_of_a_tree_are_those_of_the_two_that_each_merge_joins(seed: int, apartness: float) -> None:
    table, null = random_table(seed, 8, empty=(2,)), Null(0.01, 2)
    tree = merge_components(table, apartness=apartness)
    found = densities(table, tree, null)
    assert found.shape == (7,)
    for step, clusters in enumerate(range(8, 1, -1)):
        finer, coarser = tree.cut(clusters), tree.cut(clusters - 1)
        joined = next(cluster for cluster in range(clusters - 1) if len(set(finer[coarser == cluster])) == 2)
        one, other = np.unique(finer[coarser == joined])
        together = merged(table, finer)
        between = null.density_between(together, together.sum(1))
        assert found[step] == pytest.approx(between[one, other])


def test_densities_of_counts_and_of_one_component() -> None:
    counts = np.random.default_rng(0).integers(1, 50, (6, 6)).astype(float)
    tree, null = merge_components(counts), Null(0.01, 2)
    np.testing.assert_allclose(densities(counts, tree, null), densities(counts.T * 7, tree, null))
    assert densities(np.ones((1, 1)), merge_components(np.ones((1, 1))), null).shape == (0,)


# Regions

SHAPES = [(1, 8), (2, 3), (3, 3)]


@pytest.mark.parametrize("ratio", [1, 50])
@pytest.mark.parametrize("number", [1, 2, 3, 7, 12])
@pytest.mark.parametrize(("dimension", "side"), SHAPES)
def test_there_are_as_many_regions_as_homogeneous_clusters_whatever_their_sizes(
    dimension: int, side: int, number: int, ratio: float
) -> None:
    size = side**dimension
    number = min(number, 150 // size)
    null, group = Null(SCALE, dimension), np.repeat(np.arange(number), size)
    table = homogeneous(uneven(number, size, ratio), lattices(number, side, dimension), null)
    np.testing.assert_array_equal(regions(table, null), group)
    # Also where some rows have their views anywhere.
    shares = table.sum(1)
    np.testing.assert_array_equal(regions((1 - 1e-6) * table + 1e-6 * np.outer(shares, shares), null), group)


@pytest.mark.parametrize(("between", "apart"), [(0, True), (0.1, True), (0.2, True), (0.5, False), (1, False)])
@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize(("dimension", "side"), [(1, 8), (2, 4)])
def test_clusters_side_by_side_are_apart_where_rows_between_them_are_rare(
    dimension: int, side: int, number: int, between: float, apart: bool
) -> None:
    assert apart == (between < APART)
    null, (within, across) = Null(SCALE, dimension), row_of_lattices(number, side, dimension)
    shares = uneven(number, side**dimension, 1)
    table = homogeneous(shares, within | across, null, np.where(across, between, 1.0))
    assert regions(table, null).max() + 1 == (number if apart else 1)


@pytest.mark.parametrize(("between", "apart"), [(0.1, 5), (0.32, 4), (0.42, 2), (0.6, 0)])
@pytest.mark.parametrize("number", [2, 3])
def test_clusters_are_apart_at_levels_above_the_density_between_them(number: int, between: float, apart: int) -> None:
    null, (within, across) = Null(SCALE, 1), row_of_lattices(number, 8, 1)
    table = homogeneous(uneven(number, 8, 1), within | across, null, np.where(across, between, 1.0))
    found = nested_regions(table, null).max(1) + 1
    assert found.tolist() == [number] * apart + [1] * (len(LEVELS) - apart)


def test_regions_of_a_stricter_level_are_made_of_those_of_the_one_before() -> None:
    null, (within, across) = Null(SCALE, 1), row_of_lattices(6, 8, 1)
    # Between the six in a row, from the first pair on.
    between = np.ones(across.shape)
    for place, density in enumerate((0.1, 0.32, 0.42, 0.47, 0.6)):
        left, right = slice(8 * place, 8 * place + 8), slice(8 * place + 8, 8 * place + 16)
        between[left, right] = between[right, left] = density
    levels = nested_regions(homogeneous(uneven(6, 8, 1), within | across, null, np.where(across, between, 1.0)), null)
    assert len(set(levels.max(1).tolist())) > 2
    for finer, coarser in pairwise(levels):
        assert all(len(set(coarser[finer == one])) == 1 for one in set(finer))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["random", "blocks", "lattices"])
def test_renaming_components_renames_the_regions(kind: str, seed: int) -> None:
    null = Null(SCALE, 2)
    table = {
        "random": lambda: random_table(seed, 12) + 3 * np.diag(random_table(seed, 12).sum(1)),
        "blocks": lambda: blocks(seed, [0, 0, 1, 1, 1, 2, 2, 3]),
        "lattices": lambda: homogeneous(uneven(4, 9, 5, seed), lattices(4, 3, 2), null),
    }[kind]()
    renaming = np.random.default_rng(seed).permutation(len(table))
    region, renamed = regions(table, null), regions(table[np.ix_(renaming, renaming)], null)
    assert same_partition(renamed, region[renaming])
    for found in (region, renamed):
        # Numbered by their first component.
        assert list(dict.fromkeys(found.tolist())) == list(range(found.max() + 1))


@pytest.mark.parametrize("part", [0.5, 0.9, 1.1, 2.0])
@pytest.mark.parametrize("size", [1, 3])
def test_a_group_is_a_region_of_its_own_only_if_it_is_no_crumb(size: int, part: float) -> None:
    groups = [0] * 4 + [1] * 4 + [2] * size
    small = part * CRUMB / len(groups)
    table = blocks(0, groups, (0.6 - small, 0.4, small))
    region = regions(table, Null(SCALE, 2))
    if part > 1:
        assert same_partition(region, np.array(groups))
    else:
        # It goes as a whole where it loses least.
        assert same_partition(region[:8], np.array(groups[:8]))
        assert len(set(region[8:].tolist())) == 1
        assert region.max() == 1


def test_a_crumb_goes_where_it_has_most_of_its_views() -> None:
    crumb = 0.5 * CRUMB / 3
    for home in (0, 1):
        table = np.diag([0.5, 0.5 - crumb, crumb])
        moved = 0.1 * crumb
        table[home, home] -= moved
        table[2, 2] -= moved
        table[home, 2] = table[2, home] = moved
        # It crosses too rarely to be one with it.
        assert Null(1.0, 2).density_between(table, table.sum(1))[home, 2] < APART
        assert regions(table, Null(1.0, 2)).tolist() == [0, 1, home]


@pytest.mark.parametrize("empty", [1, 4, 20])
def test_empty_components_are_no_regions(empty: int) -> None:
    groups = [0, 0, 1, 1, 1, 2, 2]
    region = regions(np.pad(blocks(0, groups), (empty, 0)), Null(SCALE, 2))
    assert same_partition(region[empty:], np.array(groups))
    assert region.max() == 2


@pytest.mark.parametrize("size", [1, 2, 5])
def test_where_one_component_has_all_rows_there_is_one_region(size: int) -> None:
    table = np.zeros((size, size))
    table[-1, -1] = 1
    for null in (Null(SCALE, 2), Null.fitted(table)):
        assert regions(table, null).tolist() == [0] * size


def test_counts_and_a_table_that_is_not_symmetric_will_do() -> None:
    counts = 1000 * blocks(0, [0, 0, 0, 1, 1]) + np.triu(np.ones((5, 5)), 1)
    before = counts.copy()
    symmetric = (counts + counts.T) / counts.sum() / 2
    null = Null.fitted(counts)
    assert null.scale == pytest.approx(Null.fitted(symmetric).scale)
    np.testing.assert_array_equal(regions(counts, null), regions(symmetric, null))
    np.testing.assert_array_equal(counts, before)


# Where views are no neighbours


@pytest.mark.parametrize("stray", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("ratio", [1, 10])
@pytest.mark.parametrize("number", [1, 2, 5, 10])
def test_fitted_to_blocks_the_null_finds_each_of_them(number: int, ratio: float, stray: float) -> None:
    shares = np.geomspace(1, ratio, number)
    groups = np.repeat(np.arange(number), 5)
    table = blocks(0, groups.tolist(), (shares / shares.sum()).tolist())
    table = (1 - stray) * table + stray * np.outer(table.sum(1), table.sum(1))
    np.testing.assert_array_equal(regions(table, Null.fitted(table)), groups)


@pytest.mark.parametrize("number", [1, 2, 5])
@pytest.mark.parametrize(("dimension", "side"), SHAPES)
def test_fitted_to_homogeneous_clusters_it_finds_each_of_them(dimension: int, side: int, number: int) -> None:
    near = lattices(number, side, dimension)
    table = homogeneous(uneven(number, side**dimension, 3), near, Null(SCALE, dimension))
    group = np.repeat(np.arange(number), side**dimension)
    np.testing.assert_array_equal(regions(table, Null.fitted(table)), group)


@pytest.mark.parametrize("seed", range(3))
def test_the_fitted_null_does_not_depend_on_names(seed: int) -> None:
    # No two merges cost the same.
    groups = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
    table = random_table(seed, 10) * np.where(groups[:, None] == groups, 1, 0.01)
    table /= table.sum()
    renaming = np.random.default_rng(seed).permutation(len(table))
    scale = Null.fitted(table).scale
    assert Null.fitted(table[np.ix_(renaming, renaming)]).scale == pytest.approx(scale)
    assert 0 < scale <= 1


@pytest.mark.parametrize("table", [np.ones((1, 1)), np.diag([1.0, 0.0]), np.diag([1.0, 0.0, 0.0, 0.0])])
def test_where_nothing_can_be_fitted_cuts_are_crossed_as_by_chance(table: Matrix) -> None:
    assert Null.fitted(table).rate(np.array([0.1, 1.0])).tolist() == [1, 1]
