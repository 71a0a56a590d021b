import numpy as np
import pytest
import torch

from vaecluster.inference.naming import Naming, names_of
from vaecluster.model.grouping import Grouping
from vaecluster.model.vae import ClusteringVAE


def naming(labels: list, assigned: list) -> Naming:
    known, clusters = np.array(labels), np.array(assigned)
    return Naming(known, clusters, names_of(known, clusters))


def model_of(cluster_of: list[int], clusters: int) -> ClusteringVAE:
    """A model of which only the grouping is looked at."""
    parts = [torch.nn.Identity()] * 4
    return ClusteringVAE(*parts, Grouping(torch.tensor(cluster_of), clusters))


def test_clusters_come_in_the_order_of_their_names_and_the_nameless_last() -> None:
    model, names = naming(["c", "a", "a"], [1, 3, 3]).renumbered(model_of([0, 1, 2, 3, 4, 3], 5))
    assert names == {0: "a", 1: "c"}
    assert model.grouping.cluster_of.tolist() == [2, 1, 3, 0, 4, 0]


def test_without_a_name_the_model_stays_as_it_is() -> None:
    model = model_of([0, 1], 2)
    assert naming([], []).renumbered(model) == (model, {})


def test_each_name_is_that_of_one_cluster() -> None:
    assert len(naming([5, 5, 5, 5], [0, 0, 1, 1]).names) == 1


def test_a_cluster_that_holds_no_row_of_a_label_is_not_named_by_it() -> None:
    # One-to-one, the second label would have to go to the cluster that is left.
    assert naming([1, 1, 1, 2], [0, 0, 1, 0]).names == {0: 1}


@pytest.mark.parametrize("seed", range(5))
def test_renumbering_permutes_clusters_and_keeps_the_names_of_components(seed: int) -> None:
    random = np.random.default_rng(seed)
    cluster_of = random.permutation(np.arange(12) % 6)
    given = naming(random.integers(0, 4, 30).tolist(), random.integers(0, 6, 30).tolist())
    model, names = given.renumbered(model_of(cluster_of.tolist(), 6))
    number = model.grouping.cluster_of.numpy()
    assert sorted(set(zip(cluster_of.tolist(), number.tolist(), strict=True))) == [
        (cluster, int(number[cluster_of == cluster][0])) for cluster in range(6)
    ]
    assert list(names) == sorted(names)
    assert [names[cluster] for cluster in names] == sorted(given.names.values())
    for cluster, name in given.names.items():
        assert names[int(number[cluster_of == cluster][0])] == name
