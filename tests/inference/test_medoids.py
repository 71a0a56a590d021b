import numpy as np

from vaecluster.inference.medoids import medoids


def test_a_medoid_has_the_least_squared_distance_to_all_of_its_cluster() -> None:
    random = np.random.default_rng(0)
    codes, labels = random.normal(size=(60, 3)).astype(np.float32), random.integers(-1, 4, 60)
    found = medoids(codes, labels)
    assert labels[found].tolist() == [0, 1, 2, 3]
    squared = np.square(codes[:, None].astype(float) - codes).sum(-1)
    for medoid in found:
        own = np.flatnonzero(labels == labels[medoid])
        assert medoid == own[squared[np.ix_(own, own)].sum(1).argmin()]


def test_clusters_without_rows_have_none() -> None:
    assert medoids(np.zeros((2, 1)), np.array([2, -1])).tolist() == [0]
    assert medoids(np.zeros((2, 1)), np.array([-1, -1])).tolist() == []
