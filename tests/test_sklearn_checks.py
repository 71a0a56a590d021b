"""scikit-learn's own estimator checks."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from vaecluster import Bound, TwoViews, VAEClustering

# The checks fit tables of 20 to 60 rows: with batches of 100 that is a step an epoch.
SMALL = {"epochs": 100, "learning_rate": 1e-2, "latent": 2, "hidden": (32, 32)}
SMALL_DATA = [
    VAEClustering("auto", method=TwoViews(**SMALL), random_state=0),
    VAEClustering(3, method=Bound(**SMALL), random_state=0),
]
# Equal to the last digit are only methods without chance: here rows come in another order when there are more of them.
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "rows of weight 2 and two rows are equal on average only",
    # scikit-learn 1.6 asks this of estimators that take no sparse rows, too.
    "check_sample_weight_equivalence_on_sparse_data": "sparse rows are refused",
}


@pytest.mark.filterwarnings(
    "ignore::vaecluster.errors.EmptyClustersWarning", "ignore::vaecluster.errors.FewCluesWarning"
)
@parametrize_with_checks(SMALL_DATA, expected_failed_checks=lambda estimator: EXPECTED)
def test_scikit_learns_estimator_checks_pass(estimator, check):
    check(estimator)
