import numpy as np
import pytest

from benchmarks.profile import OUTSIDE, PRODUCTS, measure


@pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
def test_shares_of_a_fit_add_up_and_products_are_a_part_of_it() -> None:
    found = measure(np.random.default_rng(0).normal(size=(600, 4)).astype(np.float32), epochs=2)
    assert sum(found["shares"].values()) == pytest.approx(1)
    assert all(0 <= share < 1 for share in found["shares"].values())
    assert 0 < found["shares"][PRODUCTS] < 1 > found["shares"][OUTSIDE]
    assert found["flop"] > 600 * 2 * 3 * 2 * 4 * 256
    assert found["of_largest_rate"] > 0
