"""scikit-learn's own estimator checks, with nothing expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from vaecluster import VAEClustering

# The checks fit tables of 20 to 60 rows: with batches of 100 that is a step an epoch.
SMALL_DATA = [
    VAEClustering(number, preset=preset, epochs=100, learning_rate=1e-2, latent=2, hidden=(32, 32), random_state=0)
    for preset, number in (("shared", "auto"), ("su2018", 3))
]


@pytest.mark.filterwarnings(
    "ignore::vaecluster.errors.EmptyClustersWarning", "ignore::vaecluster.errors.FewCluesWarning"
)
@parametrize_with_checks(SMALL_DATA)
def test_scikit_learns_estimator_checks_pass(estimator, check):
    check(estimator)
