import numpy as np
import pytest

from vaecluster.evaluation.naming import named_in_order


def test_clusters_come_in_the_order_of_their_names_and_the_nameless_last() -> None:
    order, names = named_in_order(np.array(["c", "a", "a"]), np.array([1, 3, 3]), 5)
    assert order.tolist() == [3, 1, 0, 2, 4]
    assert names == {3: "a", 1: "c"}


def test_each_name_is_that_of_one_cluster() -> None:
    labels, assigned = np.array([5, 5, 5, 5]), np.array([0, 0, 1, 1])
    assert len(named_in_order(labels, assigned, 2)[1]) == 1


def test_a_cluster_that_holds_no_row_of_a_label_is_not_named_by_it() -> None:
    # One-to-one, the second label would have to go to the cluster that is left.
    _, names = named_in_order(np.array([1, 1, 1, 2]), np.array([0, 0, 1, 0]), 2)
    assert names == {0: 1}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_is_one_of_all_clusters(seed: int) -> None:
    random = np.random.default_rng(seed)
    order, names = named_in_order(random.integers(0, 4, 30), random.integers(0, 6, 30), 6)
    assert sorted(order.tolist()) == list(range(6))
    assert [names[cluster] for cluster in order.tolist() if cluster in names] == sorted(names.values())
