"""scikit-learn's own estimator checks."""

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from builders import estimator
from vaecluster.methods import METHODS

# The checks fit tables of 20 to 60 rows: with batches of 100 that is a step an epoch.
SMALL = {"batch_size": 100, "epochs": 100, "learning_rate": 1e-2, "hidden": (32, 32)}
MORE: dict[str, Any] = {"two-views": {"n_clusters": "auto"}, "vade": {"warm_epochs": 100, "precision": 50.0}}
ESTIMATORS = [estimator(name, device="auto", **SMALL | MORE.get(name, {})) for name in METHODS]
# Equal to the last digit are only methods without chance: here rows come in another order when there are more of them.
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "rows of weight 2 and two rows are equal on average only",
    # scikit-learn 1.6 asks this of estimators that take no sparse rows, too.
    "check_sample_weight_equivalence_on_sparse_data": "sparse rows are refused",
}


@pytest.mark.filterwarnings(
    "ignore::vaecluster.errors.EmptyClustersWarning", "ignore::vaecluster.errors.FewCluesWarning"
)
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda estimator: EXPECTED)
def test_scikit_learns_estimator_checks_pass(estimator: Any, check: Any) -> None:
    check(estimator)
