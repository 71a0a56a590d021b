import numpy as np

from vaecluster.inference.typical import typical_rows


def test_the_most_typical_row_is_the_medoid_by_squared_distance() -> None:
    random = np.random.default_rng(0)
    codes, labels = random.normal(size=(60, 3)).astype(np.float32), random.integers(-1, 4, 60)
    squared = np.square(codes[:, None].astype(float) - codes).sum(-1)
    *found, none = typical_rows(codes, labels, 5, 1)
    assert not len(none)
    for cluster, (medoid,) in enumerate(found):
        own = np.flatnonzero(labels == cluster)
        assert medoid == own[squared[np.ix_(own, own)].sum(1).argmin()]
