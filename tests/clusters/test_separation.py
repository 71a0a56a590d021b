import numpy as np
import pytest
from sklearn.datasets import make_blobs, make_circles, make_moons
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors

from vaecluster.clusters.boundary import Null
from vaecluster.clusters.separation import separation
from vaecluster.peers import KMeans

RANK = 8


def of(rows, labels, dimension=2.0):
    near = NearestNeighbors(n_neighbors=RANK + 3).fit(rows).kneighbors(rows)[1][:, RANK - 2 :]
    return separation(np.asarray(labels), near, Null.of_neighbours(len(rows), RANK, dimension))


RINGS = make_circles(600, noise=0.03, factor=0.4, random_state=0)
MOONS = make_moons(600, noise=0.05, random_state=0)


@pytest.mark.parametrize(("rows", "groups"), [RINGS, MOONS], ids=["rings", "moons"])
def test_groups_that_wind_around_each_other_are_apart_and_halves_by_kmeans_are_not(rows, groups):
    halves = KMeans().fit(rows.astype(np.float32), 2, 0).labels
    assert of(rows, groups) > 0.9
    assert of(rows, groups) > of(rows, halves)
    # A silhouette says the reverse.
    assert silhouette_score(rows, groups) < silhouette_score(rows, halves)


def test_blobs_are_the_less_apart_the_more_they_overlap():
    found = []
    for spread in (0.5, 1.5, 3.0, 6.0):
        rows, groups = make_blobs(800, centers=[[0, 0], [8, 0]], cluster_std=spread, random_state=0)
        found.append(of(rows, groups))
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.95
    assert found[-1] < 0.5


def test_random_labels_are_not_apart_at_all():
    rows = np.random.default_rng(0).normal(size=(500, 2))
    assert of(rows, np.random.default_rng(1).integers(0, 4, 500)) == pytest.approx(0, abs=0.05)


def test_names_of_clusters_mean_nothing_and_rows_of_none_play_no_part():
    rows, groups = MOONS
    assert of(rows, 7 * groups + 3) == of(rows, groups)
    between = np.where(np.arange(600) % 10 == 0, -1, groups)
    assert of(rows, between) == pytest.approx(of(rows, groups), abs=0.05)


@pytest.mark.parametrize("labels", [np.zeros(600), np.full(600, -1), np.where(np.arange(600) < 300, -1, 2)])
def test_one_cluster_is_apart_from_nothing(labels):
    assert of(MOONS[0], labels.astype(int)) is None
