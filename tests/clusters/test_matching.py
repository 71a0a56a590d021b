import numpy as np
import pytest

from vaecluster.clusters.matching import matched, overlap

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 5, 200)


def test_clusters_with_the_same_rows_get_the_same_number_whatever_their_names():
    first, second = matched([LABELS, np.array([7, 3, 0, 9, 5])[LABELS]])
    np.testing.assert_array_equal(first, second)


def test_clusters_of_the_first_are_numbered_by_size():
    (found,) = matched([np.repeat([4, 9, 2], [2, 5, 3])])
    assert np.bincount(found).tolist() == [5, 3, 2]


@pytest.mark.parametrize("other", [RANDOM.integers(0, 4, 200), RANDOM.integers(-1, 9, 200), np.full(200, -1)])
def test_each_stays_the_same_partition_and_rows_of_no_cluster_stay_in_none(other):
    for given, found in zip([LABELS, other], matched([LABELS, other]), strict=True):
        np.testing.assert_array_equal(given == -1, found == -1)
        pairs = {(one, two) for one, two in zip(given.tolist(), found.tolist(), strict=True)}
        assert len(pairs) == len(set(given.tolist())) == len(set(found.tolist()))


def test_a_cluster_that_is_split_keeps_its_number_in_the_larger_half_and_others_get_new_ones():
    whole = np.repeat([0, 1], [10, 6])
    halves = np.repeat([0, 1, 2], [4, 6, 6])
    assert np.unique(matched([whole, halves])[1]).tolist() == [0, 1, 2]
    assert matched([whole, halves])[1].tolist() == [2] * 4 + [0] * 6 + [1] * 6


def test_clusters_that_share_less_than_a_third_are_not_the_same():
    one, other = np.repeat([0, 1], [10, 10]), np.tile([0, 1], 10)
    assert overlap(one == 0, other == 0) == pytest.approx(1 / 3)
    mixed = np.repeat([0, 1, 2, 3, 4], 4)
    assert set(matched([np.arange(20) % 5, mixed])[1]) == {5, 6, 7, 8, 9}


def test_a_third_fit_is_matched_to_what_only_the_second_found():
    first, second = np.zeros(9, dtype=np.intp), np.repeat([0, 1, 2], 3)
    found = matched([first, second, second[::-1]])
    assert set(found[2]) == set(found[1])
