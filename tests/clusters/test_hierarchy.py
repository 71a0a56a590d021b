import json
from itertools import combinations
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cut_tree, is_valid_linkage

from joint_tables import blocks, information, merged, pair_merged, random_table, same_partition
from vaecluster.clusters.hierarchy import Hierarchy, merge_components
from vaecluster.clusters.joint import JointTable
from vaecluster.files.record import plain, typed

quick = settings(max_examples=20, deadline=None)
tables = given(seed=st.integers(0, 999), size=st.integers(2, 8))


@tables
@quick
def test_what_a_merge_loses_is_the_information_before_less_that_after(seed: int, size: int) -> None:
    table = random_table(seed, size)
    losses = JointTable(table).losses
    for one in range(size):
        for other in range(size):
            if one == other:
                assert losses[one, other] == np.inf
                continue
            lost = information(table) - information(merged(table, pair_merged(size, one, other)))
            assert losses[one, other] == pytest.approx(lost, abs=1e-12)


@tables
@quick
def test_no_merge_gains_information(seed: int, size: int) -> None:
    assert (merge_components(random_table(seed, size)).losses >= -1e-12).all()


@tables
@quick
def test_merging_loses_all_the_information_in_the_end(seed: int, size: int) -> None:
    table = random_table(seed, size)
    tree = merge_components(table)
    assert tree.losses.sum() == pytest.approx(information(table))
    assert tree.information(1) == pytest.approx(0)


@tables
@quick
def test_the_information_left_is_that_of_the_merged_table(seed: int, size: int) -> None:
    table = random_table(seed, size)
    tree = merge_components(table)
    for clusters in range(1, size + 1):
        left = information(merged(table, tree.cut(clusters)))
        assert tree.information(clusters) == pytest.approx(left, abs=1e-12)


@tables
@quick
def test_with_apartness_one_every_merge_is_of_the_two_that_are_least_apart(seed: int, size: int) -> None:
    table = random_table(seed, size)
    tree = merge_components(table, apartness=1.0)
    for step, clusters in enumerate(range(size, 1, -1)):
        together = merged(table, tree.cut(clusters))
        pairs = combinations(range(clusters), 2)
        every = [merge_components(together, pair_merged(clusters, *pair)).separation[0] for pair in pairs]
        assert tree.separation[step] == pytest.approx(min(every), abs=1e-9)


@pytest.mark.parametrize("apartness", [0.0, 0.3, 0.5, 1.0])
@tables
@quick
def test_losses_are_information_whatever_is_merged_first(apartness: float, seed: int, size: int) -> None:
    table = random_table(seed, size)
    tree = merge_components(table, apartness=apartness)
    assert tree.losses.sum() == pytest.approx(information(table))
    for clusters in range(1, size + 1):
        left = information(merged(table, tree.cut(clusters)))
        assert tree.information(clusters) == pytest.approx(left, abs=1e-12)
    assert is_valid_linkage(tree.linkage())


def test_with_apartness_a_small_group_is_kept_where_halves_of_a_large_one_are_merged() -> None:
    # A row in three of each half of a large group has its view in the other half; of the small one, a row in ten.
    table = np.array([[0.33, 0.1645, 0.0005], [0.1645, 0.33, 0.0005], [0.0005, 0.0005, 0.009]])
    halves_together = np.array([0, 0, 1])
    assert not same_partition(merge_components(table).cut(2), halves_together)
    assert same_partition(merge_components(table, apartness=0.5).cut(2), halves_together)


@tables
@quick
def test_every_merge_is_the_one_that_loses_least(seed: int, size: int) -> None:
    table = random_table(seed, size)
    tree = merge_components(table)
    for step, clusters in enumerate(range(size, 1, -1)):
        assert tree.losses[step] == pytest.approx(
            JointTable(merged(table, tree.cut(clusters))).losses.min(), abs=1e-12
        )


@tables
@quick
def test_a_cut_gives_exactly_so_many_clusters_numbered_by_their_first_component(seed: int, size: int) -> None:
    tree = merge_components(random_table(seed, size))
    for clusters in range(1, size + 1):
        cluster_of = tree.cut(clusters)
        firsts = list(dict.fromkeys(cluster_of.tolist()))
        assert firsts == list(range(clusters))
    assert tree.cut(size).tolist() == list(range(size))


@tables
@quick
def test_a_tree_joins_clusters_by_their_first_components(seed: int, size: int) -> None:
    tree = merge_components(random_table(seed, size))
    for step, (one, other) in enumerate(tree.joined()):
        finer, coarser = tree.cut(size - step), tree.cut(size - step - 1)
        assert one < other
        assert [int(np.flatnonzero(finer == finer[component])[0]) for component in (one, other)] == [one, other]
        assert coarser[one] == coarser[other]


@tables
@quick
def test_fewer_clusters_are_unions_of_more(seed: int, size: int) -> None:
    tree = merge_components(random_table(seed, size))
    for clusters in range(1, size):
        finer, coarser = tree.cut(clusters + 1), tree.cut(clusters)
        assert all(len(np.unique(coarser[finer == cluster])) == 1 for cluster in range(clusters + 1))


@tables
@quick
def test_scipy_cuts_the_linkage_into_the_same_clusters(seed: int, size: int) -> None:
    tree = merge_components(random_table(seed, size))
    linkage = tree.linkage()
    assert is_valid_linkage(linkage)
    assert linkage[-1, 2] == pytest.approx(tree.losses.sum())
    assert linkage[-1, 3] == size
    if (np.diff(linkage[:, 2]) <= 0).any():  # equal heights are one cut to scipy
        return
    # Not fcluster: that of scipy 1.14 is wrong for few leaves.
    for clusters in range(1, size + 1):
        assert same_partition(cut_tree(linkage, clusters)[:, 0], tree.cut(clusters))


@given(groups=st.permutations([0, 0, 0, 1, 1, 1, 1, 2, 2]), seed=st.integers(0, 999))
@quick
def test_groups_that_share_nothing_are_found_before_anything_is_lost(groups: list[int], seed: int) -> None:
    table = blocks(seed, groups)
    tree = merge_components(table)
    assert same_partition(tree.cut(3), np.array(groups))
    np.testing.assert_allclose(tree.losses[:-2], 0, atol=1e-12)
    assert (tree.losses[-2:] > 0.01).all()
    assert tree.information(3) == pytest.approx(information(table))


@tables
@quick
def test_renaming_components_renames_the_clusters_and_keeps_the_losses(seed: int, size: int) -> None:
    table, renaming = random_table(seed, size), np.random.default_rng(seed).permutation(size)
    tree, renamed = merge_components(table), merge_components(table[renaming][:, renaming])
    np.testing.assert_allclose(renamed.losses, tree.losses, atol=1e-12)
    for clusters in range(1, size + 1):
        assert same_partition(renamed.cut(clusters), tree.cut(clusters)[renaming])


@tables
@quick
def test_two_that_share_nothing_are_wholly_apart_and_two_that_are_alike_not_at_all(seed: int, size: int) -> None:
    separation = merge_components(random_table(seed, size)).separation
    assert ((separation >= 0) & (separation <= 1)).all()
    shares = np.random.default_rng(seed).dirichlet(5 * np.ones(size))
    np.testing.assert_allclose(merge_components(np.diag(shares)).separation, 1)
    np.testing.assert_allclose(merge_components(np.outer(shares, shares)).separation, 0, atol=1e-10)


given_clusters = given(seed=st.integers(0, 999), cluster_of=st.lists(st.integers(0, 3), min_size=2, max_size=8))


@given_clusters
@quick
def test_the_tree_passes_through_clusters_that_are_given(seed: int, cluster_of: list[int]) -> None:
    table, clusters = random_table(seed, len(cluster_of)), len(set(cluster_of))
    tree = merge_components(table, np.array(cluster_of))
    assert same_partition(tree.cut(clusters), np.array(cluster_of))
    for number in range(1, len(cluster_of) + 1):
        finer, coarser = tree.cut(max(number, clusters)), tree.cut(min(number, clusters))
        assert all(len(np.unique(coarser[finer == cluster])) == 1 for cluster in np.unique(finer))


@given_clusters
@quick
def test_through_given_clusters_too_losses_are_what_the_merged_tables_lack(seed: int, cluster_of: list[int]) -> None:
    table = random_table(seed, len(cluster_of))
    tree = merge_components(table, np.array(cluster_of))
    assert tree.losses.sum() == pytest.approx(information(table))
    assert (tree.losses >= -1e-12).all()
    for clusters in range(1, len(cluster_of) + 1):
        left = information(merged(table, tree.cut(clusters)))
        assert tree.information(clusters) == pytest.approx(left, abs=1e-12)
    assert is_valid_linkage(tree.linkage())


@given_clusters
@quick
def test_given_clusters_are_only_read_and_their_numbers_do_not_matter(seed: int, cluster_of: list[int]) -> None:
    table, clusters = random_table(seed, len(cluster_of)), np.array(cluster_of)
    before = clusters.copy()
    tree = merge_components(table, clusters)
    np.testing.assert_array_equal(clusters, before)
    assert plain(merge_components(table, 7 - 2 * clusters)) == plain(tree)


@tables
@quick
def test_clusters_that_merging_finds_by_itself_change_nothing_when_given(seed: int, size: int) -> None:
    table = random_table(seed, size)
    tree = merge_components(table)
    for clusters in range(1, size + 1):
        through = merge_components(table, tree.cut(clusters))
        for number in range(1, clusters + 1):
            np.testing.assert_array_equal(through.cut(number), tree.cut(number))
    np.testing.assert_array_equal(merge_components(table, np.zeros(size, dtype=int)).merges, tree.merges)


@tables
@quick
def test_above_the_clusters_a_tree_can_follow_another_one(seed: int, size: int) -> None:
    first, table = merge_components(random_table(seed, size)), random_table(seed + 1, size)
    for clusters in range(1, size + 1):
        tree = merge_components(table, first.cut(clusters), list(first.joined())[size - clusters :])
        for number in range(1, clusters + 1):
            np.testing.assert_array_equal(tree.cut(number), first.cut(number))
            left = information(merged(table, tree.cut(number)))
            assert tree.information(number) == pytest.approx(left, abs=1e-12)


def test_counts_and_a_table_that_is_not_symmetric_will_do() -> None:
    random = np.random.default_rng(0)
    counts = random.integers(0, 50, (6, 6)).astype(float)
    given_before = counts.copy()
    tree = merge_components(counts)
    assert tree.information(6) == pytest.approx(information((counts + counts.T) / counts.sum() / 2))
    np.testing.assert_array_equal(counts, given_before)


def test_one_component_is_one_cluster() -> None:
    tree = merge_components(np.ones((1, 1)))
    assert (tree.merges.shape, tree.losses.shape) == ((0, 2), (0,))
    assert tree.cut(1).tolist() == [0]
    assert tree.information(1) == 0
    assert typed(Hierarchy, plain(tree)).merges.shape == (0, 2)


def test_two_components_that_tell_everything_lose_a_bit() -> None:
    tree = merge_components(np.eye(2))
    assert tree.losses == pytest.approx([log(2)])
    assert tree.cut(2).tolist() == [0, 1]
    assert tree.cut(1).tolist() == [0, 0]
    assert is_valid_linkage(tree.linkage())


@given(seed=st.integers(0, 999), empty=st.sets(st.integers(0, 6), max_size=6))
@quick
def test_components_without_rows_cost_nothing(seed: int, empty: set[int]) -> None:
    table = random_table(seed, 7, sorted(empty))
    tree = merge_components(table)
    assert np.isfinite(tree.losses).all()
    np.testing.assert_allclose(tree.losses[: len(empty)], 0, atol=1e-12)
    assert tree.losses.sum() == pytest.approx(information(table), abs=1e-12)
    assert is_valid_linkage(tree.linkage())


@tables
@quick
def test_a_tree_comes_back_from_json_as_it_was(seed: int, size: int) -> None:
    tree = merge_components(random_table(seed, size))
    again = typed(Hierarchy, json.loads(json.dumps(plain(tree))))
    assert again.components == tree.components
    np.testing.assert_array_equal(again.merges, tree.merges)
    np.testing.assert_array_equal(again.losses, tree.losses)
    np.testing.assert_array_equal(again.shares, tree.shares)
    assert again.merges.dtype == tree.merges.dtype


def test_labels_decide_between_merges_that_cost_the_same() -> None:
    """Four components that share alike; labels say which two belong together."""
    table = np.full((4, 4), 0.03) + np.eye(4) * 0.13
    for partner in (1, 2, 3):
        labels = np.zeros((4, 2))
        labels[[0, partner], 0] = labels[[one for one in (1, 2, 3) if one != partner], 1] = 0.1
        assert merge_components(table, labels=labels).cut(2).tolist() == [
            0 if one in (0, partner) else 1 for one in range(4)
        ]


def test_of_pairs_that_lose_as_much_those_of_which_the_codes_are_near_are_merged() -> None:
    table, means = np.full((4, 4), 1 / 16), np.array([[0.0], [5.0], [0.1], [5.1]])
    assert merge_components(table + np.eye(4), means=means).cut(2).tolist() == [0, 1, 0, 1]


def test_by_code_a_crumb_is_merged_before_it_is_a_cluster_and_known_labels_keep_it() -> None:
    """Two large groups whose codes are near, and one in a hundred rows far away."""
    table, means = np.diag([0.49, 0.5, 0.01]) + 1e-4, np.array([[0.0], [1.0], [50.0]])
    assert merge_components(table).cut(2).tolist() == [0, 1, 0]
    assert merge_components(table, apartness=0.5, means=means).cut(2).tolist() == [0, 1, 1]
    assert merge_components(table, apartness=0.5, means=means, labels=np.eye(3) / 3).cut(2).tolist() == [0, 0, 1]
    table[2, 2] = 0.13
    assert merge_components(table, apartness=0.5, means=means).cut(2).tolist() == [0, 0, 1]


def test_the_mean_code_of_what_was_merged_is_that_of_its_rows() -> None:
    table = JointTable(np.diag([0.5, 0.25, 0.25]), means=np.array([[0.0], [3.0], [10.0]]))
    table.merge(0, 1)
    assert table.distances()[0, 2] == pytest.approx(81)
