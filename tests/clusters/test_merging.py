import numpy as np
import pytest

from joint_tables import blocks, random_table
from vaecluster.clusters.joint import JointTable, Matrix
from vaecluster.clusters.merging import Merging

TABLES = {
    "random": random_table(0, 9),
    "some of them empty": random_table(1, 9, empty=(0, 4)),
    "blocks, most cells empty": blocks(0, [0, 1, 0, 2, 1, 0, 2, 3, 3]),
    "no two alike": np.diag(np.arange(1.0, 10)) / 45,
    "all alike": np.full((9, 9), 1 / 81),
    "one": np.ones((1, 1)),
}
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@every_table
@pytest.mark.parametrize("apartness", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("placed", [False, True], ids=["anywhere", "at codes"])
def test_the_cheapest_pair_is_the_first_of_least_cost_that_may_be_merged(
    table: Matrix, apartness: float, gated: bool, placed: bool
) -> None:
    joint = JointTable(table, means=np.random.default_rng(2).normal(size=(len(table), 3)) if placed else None)
    # Odd ones with odd ones only, and once they are large with any.
    odd = np.arange(len(table)) % 2

    def allowed(places: np.ndarray | slice) -> np.ndarray:
        large = joint.share > 0.3
        return (odd[places][:, None] == odd) | large[places][:, None] | large

    merging, merges = Merging(joint, apartness, allowed if gated else None), 0
    while pair := merging.cheapest():
        costs = joint.losses / joint.most() ** apartness
        if placed:
            costs *= joint.distances()
        costs[np.tril_indices(len(table))] = np.inf
        if gated:
            costs[~allowed(slice(None))] = np.inf
        assert costs[pair] == pytest.approx(costs.min(), abs=1e-15)
        assert pair[0] < pair[1]
        merging.merge(*pair)
        merges += 1
    left = np.flatnonzero(~joint.gone)
    assert len(left) == len(table) - merges
    if gated:
        assert not allowed(left)[:, left][np.triu_indices(len(left), 1)].any()
    else:
        assert len(left) == 1
