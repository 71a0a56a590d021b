from functools import partial

import numpy as np
import pytest

from benchmarks import profile
from benchmarks.profile import OUTSIDE, PRODUCTS, measure


@pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
def test_shares_of_a_fit_add_up_and_products_are_a_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Products of the size that the script measures take half a minute where a processor has none of this type.
    monkeypatch.setattr(profile, "largest_rate", partial(profile.largest_rate, size=256, times=2))
    found = measure(np.random.default_rng(0).normal(size=(150, 4)).astype(np.float32), epochs=2)
    assert sum(found["shares"].values()) == pytest.approx(1)
    assert all(0 <= share < 1 for share in found["shares"].values())
    assert 0 < found["shares"][PRODUCTS] < 1 > found["shares"][OUTSIDE]
    assert found["flop"] > 150 * 2 * 3 * 2 * 4 * 256
    assert found["of_largest_rate"] > 0
