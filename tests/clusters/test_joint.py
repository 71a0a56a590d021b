from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest

from joint_tables import blocks, information, merged, pair_merged, random_table
from vaecluster.clusters.joint import LEAST, JointTable, Matrix, crossing

SHARES = np.random.default_rng(0).dirichlet(np.ones(6))
TABLES: dict[str, Matrix] = {
    "two components": random_table(0, 2),
    "five": random_table(1, 5),
    "eight": random_table(2, 8),
    "some of them empty": random_table(3, 7, empty=(0, 3, 4)),
    "all but one empty": random_table(4, 4, empty=(0, 2, 3)),
    "blocks": blocks(0, [0, 1, 0, 2, 1, 0]),
    "nothing shared": np.diag(SHARES),
    "no information": np.outer(SHARES, SHARES),
    "each has its views in the next": np.roll(np.eye(4), 1, 1) / 8 + np.roll(np.eye(4), -1, 1) / 8,
    "very small components": np.diag([1.0, 1e-9, 1e-12, 1e-14]) / (1 + 1e-9 + 1e-12 + 1e-14),
}
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def crossing_of(table: Matrix, one: int, other: int) -> float:
    """Equation (22a), for one pair, from the pairs of views that lie in the two."""
    pair = table[np.ix_([one, other], [one, other])] if one != other else np.full((2, 2), table[one, one])
    if not pair.sum(1).prod() > LEAST**2:
        return 1.0
    shares = pair.sum(1) / pair.sum()
    return float(pair[0, 1] / pair.sum() / shares.prod())


def lost(table: Matrix, one: int, other: int) -> float:
    return information(table) - information(merged(table, pair_merged(len(table), one, other)))


def most(table: Matrix, one: int, other: int) -> float:
    """What is lost where nobody has a view in another component."""
    return max(LEAST, lost(np.diag(table.sum(1)), one, other))


def crossing_in(table: Matrix) -> Matrix:
    """Of each pair of a table."""
    own = np.diag(table)
    found: Matrix = crossing(table, own[:, None], own)
    return found


TOLD: dict[str, Callable[[Matrix], Matrix]] = {
    "losses": lambda table: JointTable(table).losses,
    "most": lambda table: JointTable(table).most(),
    "crossing": crossing_in,
}
DEFINITIONS: dict[str, Callable[[Matrix, int, int], float]] = {"losses": lost, "most": most, "crossing": crossing_of}


@every_table
@pytest.mark.parametrize("name", DEFINITIONS)
def test_what_is_told_of_a_pair_is_what_its_definition_says(name: str, table: Matrix) -> None:
    told = TOLD[name](table)
    for one, other in permutations(range(len(table)), 2):
        assert told[one, other] == pytest.approx(DEFINITIONS[name](table, one, other), rel=1e-9, abs=1e-14)


@every_table
def test_a_pair_has_no_order_and_no_merge_gains(table: Matrix) -> None:
    joint = JointTable(table)
    for told in (joint.losses, joint.most(), crossing_in(table)):
        np.testing.assert_allclose(told, told.T, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(np.diag(crossing_in(table)), 1)
    assert joint.losses.min() >= -1e-12
    assert np.isinf(np.diag(joint.losses)).all()


@every_table
@pytest.mark.parametrize("seed", range(3))
def test_after_any_merges_everything_is_as_in_a_table_made_anew(seed: int, table: Matrix) -> None:
    random, joint, left = np.random.default_rng(seed), JointTable(table), list(range(len(table)))
    while len(left) > 1:
        # In either order of the two.
        one, other = random.choice(left, 2, replace=False).tolist()
        before = joint.losses.copy()
        lowered = joint.merge(one, other)
        left.remove(other)
        table = table.copy()
        table[one] += table[other]
        table[:, one] += table[:, other]
        anew, rest = JointTable(table[np.ix_(left, left)]), np.ix_(left, left)
        for told, again in ((joint.table[rest], anew.table), (joint.losses[rest], anew.losses)):
            np.testing.assert_allclose(told, again, atol=1e-12)
        np.testing.assert_allclose(joint.share[left], anew.share)
        assert joint.gone.tolist() == [component not in left for component in range(len(table))]
        assert np.isinf(joint.losses[joint.gone]).all()
        assert np.isinf(joint.losses[:, joint.gone]).all()
        # All other losses are as they were, or became smaller between the rest that is told of.
        changed = np.zeros_like(before, dtype=bool)
        changed[np.ix_(lowered, lowered)] = True
        changed[[one, other]] = changed[:, [one, other]] = True
        np.testing.assert_array_equal(joint.losses[~changed], before[~changed])
        others = [component for component in left if component != one]
        assert (joint.losses[np.ix_(others, others)] <= before[np.ix_(others, others)] + 1e-14).all()
    assert joint.table.sum() == pytest.approx(1)


@every_table
def test_the_table_that_was_given_is_only_read(table: Matrix) -> None:
    before = table.copy()
    JointTable(table).merge(0, 1)
    np.testing.assert_array_equal(table, before)


# Crossing: equation (22a)


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.98, 0.02], [0.9999, 0.0001], [0.2, 0.3, 0.5]], ids=str)
def test_two_cross_as_by_chance_where_views_tell_nothing_and_never_where_they_tell_all(shares: list[float]) -> None:
    apart = ~np.eye(len(shares), dtype=bool)
    np.testing.assert_allclose(crossing_in(np.outer(shares, shares)), 1)
    np.testing.assert_array_equal(crossing_in(np.diag(shares))[apart], 0)


def test_blocks_never_cross_and_within_a_block_they_cross_as_by_chance() -> None:
    groups = np.array([0, 1, 0, 2, 1, 0, 2])
    rates = crossing_in(blocks(0, groups.tolist(), (0.9, 0.09, 0.01)))
    np.testing.assert_allclose(rates, groups[:, None] == groups, atol=1e-9)


@pytest.mark.parametrize("size", [1e-6, 0.01, 1.0, 50.0])
def test_how_large_a_pair_is_and_what_else_there_is_do_not_matter(size: float) -> None:
    pair = random_table(0, 2)
    rest = random_table(1, 3)
    table = np.block([[size * pair, np.full((2, 3), 0.01)], [np.full((3, 2), 0.01), rest]])
    assert crossing_in(table)[0, 1] == pytest.approx(crossing_in(pair)[0, 1])


@pytest.mark.parametrize("seed", range(10))
def test_crossing_is_one_less_the_second_eigenvalue_of_the_two_alone(seed: int) -> None:
    pair = random_table(seed, 2)
    steps = np.linalg.eigvals(pair / pair.sum(1, keepdims=True))
    assert crossing_in(pair)[0, 1] == pytest.approx(1 - steps.min())


def test_an_empty_component_is_one_with_any_other() -> None:
    rates = crossing_in(random_table(0, 5, empty=(1, 3)))
    np.testing.assert_array_equal(rates[[1, 3]], 1)
    np.testing.assert_array_equal(rates[:, [1, 3]], 1)


@every_table
def test_what_labels_lose_is_added_to_each_loss_and_stays_right_after_merges(table: Matrix) -> None:
    """Of a table of components and labels merging two loses the information between rows and columns."""
    labels = np.random.default_rng(5).dirichlet(np.ones(3), len(table)) * np.arange(len(table))[:, None]
    plain, told = JointTable(table), JointTable(table, labels)
    while True:
        for one, other in permutations(np.flatnonzero(~told.gone), 2):
            together = np.delete(told.labels, other, 0)
            together[one - (other < one)] += told.labels[other]
            hidden = label_information(told.labels) - label_information(together)
            expected = plain.losses[one, other] + hidden
            assert told.losses[one, other] == pytest.approx(expected, rel=1e-9, abs=1e-12)
        left = np.flatnonzero(~told.gone)
        if len(left) < 2:
            break
        plain.merge(*left[:2])
        told.merge(*left[:2])


def label_information(table: Matrix) -> float:
    """sum L log L / (L_c L_y), of shares that sum to any weight."""
    inside = table > 0
    chance = table.sum(1)[:, None] * table.sum(0) / max(table.sum(), LEAST)
    return float((table[inside] * np.log(table[inside] / chance[inside])).sum())
