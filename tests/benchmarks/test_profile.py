from functools import partial

import numpy as np
import pytest

from benchmarks import profile
from benchmarks.profile import OUTSIDE, PRODUCTS, UNNAMED, measure


@pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
def test_shares_of_a_step_add_up_and_a_fit_is_its_steps_and_what_stands_beside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Products of the size that the script measures take half a minute where a processor has none of this type.
    monkeypatch.setattr(profile, "largest_rate", partial(profile.largest_rate, size=256, times=2))
    found = measure(np.random.default_rng(0).normal(size=(150, 4)).astype(np.float32), epochs=2)
    assert list(found["stages"]) == ["components", "clusters"]
    for stage in found["stages"].values():
        assert sum(stage["shares"].values()) == pytest.approx(1)
        assert 0 < stage["shares"][PRODUCTS] < 1 > stage["shares"][OUTSIDE]
        assert stage["flop"] > 150 * 2 * 3 * 2 * 4 * 256
        assert stage["ms"] > 0
        assert stage["of_rate"] > 0
    assert set(found["beside"]) == {*profile.BESIDE, UNNAMED}
    assert all(seconds > 0 for seconds in found["beside"].values())
    default = found["default"]
    assert 0 < default["of_rate"] < default["of_rate_in_steps"]
    assert default["in_steps"] == pytest.approx(
        sum(stage["steps"] * stage["ms"] for stage in found["stages"].values()) / 1000
    )
