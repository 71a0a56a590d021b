import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from vaecluster.clusters.hierarchy import Hierarchy, Matrix, merge_components
from vaecluster.clusters.number import APART, CLEAR, LEAST, NOISE, Evidence, adjusted_rand, weigh
from vaecluster.files.record import plain, typed

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 999)
COMPONENTS = 10


def level_losses(level: float) -> Matrix:
    """k loss(k) is the same for every number of clusters up to `COMPONENTS`."""
    return level / np.arange(2, COMPONENTS + 1)


def agreeing(losses: Matrix) -> Evidence:
    return evidence_of(losses, np.ones(len(losses)))


def evidence_of(losses: Matrix, agreement: Matrix) -> Evidence:
    """With components enough for every number."""
    return Evidence(losses, np.zeros(len(losses)), agreement, in_use=2.0 * COMPONENTS)


def drop_after(number: int) -> Matrix:
    """Merging loses much down from `number` clusters, and a twentieth of that down to them."""
    losses = level_losses(1.0)
    losses[number - 1 :] /= 20
    return losses


# What losses and agreement say


@given(level=st.floats(0, 1.2 * NOISE))
@quick
def test_a_level_curve_speaks_for_no_number(level: float) -> None:
    evidence = agreeing(level_losses(level))
    np.testing.assert_allclose(evidence.support, evidence.support[0])
    assert (evidence.strength, evidence.clusters) == ("none", 1)


@pytest.mark.parametrize("number", range(2, COMPONENTS))
def test_a_drop_after_a_number_speaks_for_it_clearly(number: int) -> None:
    evidence = agreeing(drop_after(number))
    assert (evidence.strength, evidence.clusters) == ("clear", number)


@given(seed=seeds)
@quick
def test_disagreement_about_a_number_takes_its_share_of_that_numbers_support(seed: int) -> None:
    losses, agreement = np.random.default_rng(seed).random((2, COMPONENTS - 1))
    evidence = agreeing(losses)
    np.testing.assert_array_equal(evidence.numbers, range(2, COMPONENTS))
    for number, support in zip(evidence.numbers, evidence_of(losses, agreement).support, strict=True):
        assert support == pytest.approx(agreement[number - 2] * evidence.support[number - 2])


def test_a_drop_at_which_the_heads_disagree_speaks_for_nothing() -> None:
    agreement = np.zeros(COMPONENTS - 1)
    assert evidence_of(drop_after(4), agreement).clusters == 1
    # Agreement at other numbers does not make up for it.
    agreement[6:] = 1
    assert evidence_of(drop_after(4), agreement).strength == "none"


@pytest.mark.parametrize(
    ("agreement", "strength"),
    [(CLEAR + 0.05, "clear"), (CLEAR, "clear"), (CLEAR - 0.05, "weak"), (LEAST, "weak"), (LEAST - 0.05, "none")],
)
def test_support_below_the_least_finds_one_cluster(agreement: float, strength: str) -> None:
    # Support that is the agreement itself: the second merge loses all but the noise.
    evidence = evidence_of(np.array([(1.0 + NOISE) / 2, 1.0 / 3]), np.full(2, agreement))
    np.testing.assert_allclose(evidence.support, [agreement])
    evidence = replace(evidence, agreement=evidence.agreement + 1e-12)
    assert evidence.strength == strength
    assert evidence.clusters == (1 if strength == "none" else 2)


@pytest.mark.parametrize("components", [1, 2])
def test_where_no_two_numbers_can_be_compared_there_is_one_cluster(components: int) -> None:
    evidence = agreeing(np.ones(components - 1))
    assert evidence.numbers.tolist() == []
    assert (evidence.strength, evidence.clusters) == ("none", 1)


@given(seed=seeds, components=st.integers(1, 8))
@quick
def test_evidence_comes_back_from_json_as_it_was(seed: int, components: int) -> None:
    random = np.random.default_rng(seed)
    evidence = Evidence(*random.random((3, components - 1)), in_use=components / 3)
    again = typed(Evidence, json.loads(json.dumps(plain(evidence))))
    for name in ("losses", "separation", "agreement", "in_use"):
        np.testing.assert_array_equal(getattr(again, name), getattr(evidence, name))
    assert again.clusters == evidence.clusters


@pytest.mark.parametrize("number", range(2, COMPONENTS))
def test_a_number_that_components_are_too_few_for_must_be_of_clusters_well_apart(number: int) -> None:
    few = replace(agreeing(drop_after(number)), in_use=2 * number - 0.1)
    assert few.support[number - 2] == 0
    assert few.clusters != number
    apart = replace(few, separation=np.full(COMPONENTS - 1, APART))
    assert apart.clusters == replace(few, in_use=2.0 * number).clusters == number


# From trees and overlaps


def table_of(one: np.ndarray, other: np.ndarray, size: int = COMPONENTS) -> Matrix:
    """The shares of rows in each pair of components."""
    return np.eye(size)[one].T @ np.eye(size)[other] / len(one)


def heads_on(groups: list[np.ndarray], rows: int = 4000) -> tuple[list[Hierarchy], Matrix]:
    """Trees and overlap of heads, each of which splits its groups of the rows into components at random.

    A row and its view share a group and nothing more.
    """
    random = np.random.default_rng(0)
    component_of, trees = [], []
    for group in groups:
        # Component c is of group c modulo the number of groups.
        number = group.max() + 1
        pick = random.integers(0, COMPONENTS // number, (2, rows))
        own, view = group + number * pick
        component_of.append(own)
        trees.append(merge_components(table_of(own, view)))
    overlap = np.array([[table_of(one, other) for other in component_of] for one in component_of])
    return trees, overlap


def random_heads(seed: int, heads: int, size: int = 6) -> tuple[Matrix, Matrix]:
    """Joint tables and overlaps of soft assignments of some rows."""
    assigned = np.random.default_rng(seed).dirichlet(0.2 * np.ones(size), (40, heads))
    joint = np.einsum("nhc,nhd->hcd", assigned, assigned) / len(assigned)
    return joint, np.einsum("nhc,ngd->hgcd", assigned, assigned) / len(assigned)


def check_same(after: Evidence, before: Evidence) -> None:
    for name in ("losses", "separation", "agreement", "in_use"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=1e-10)


@pytest.mark.parametrize("shares", [[1.0], [0.5, 0.5], [0.7, 0.2, 0.1], [0.25] * 4 + [0.0] * 3])
def test_as_many_components_are_in_use_as_equal_ones_of_that_entropy(shares: list[float]) -> None:
    size, some = len(shares), np.array([share for share in shares if share])
    tree = merge_components(np.diag(shares))
    evidence = weigh([tree], np.zeros((1, 1, size, size)))
    assert evidence.in_use == pytest.approx(np.prod(some**-some))
    assert 1 <= evidence.in_use <= len(some) + 1e-12


@pytest.mark.parametrize("number", [2, 3, 5])
def test_the_number_of_groups_that_all_heads_see_is_found(number: int) -> None:
    group = np.random.default_rng(1).integers(0, number, 4000)
    evidence = weigh(*heads_on([group, group, group]))
    assert (evidence.strength, evidence.clusters) == ("clear", number)
    assert evidence.agreement[number - 2] == pytest.approx(1)
    # Inside a group each head has parted the rows in its own way.
    assert evidence.agreement[number - 1 :].max() < 0.95


def test_groups_that_each_head_sees_elsewhere_speak_for_nothing() -> None:
    groups = list(np.random.default_rng(1).integers(0, 3, (3, 4000)))
    evidence = weigh(*heads_on(groups))
    assert np.abs(evidence.agreement).max() < 0.05
    assert (evidence.strength, evidence.clusters) == ("none", 1)
    # Each head by itself would be sure of them.
    assert weigh(*heads_on(groups[:1])).clusters == 3


def test_one_head_agrees_with_itself_and_weighs_its_own_losses() -> None:
    joint, overlap = random_heads(0, heads=1)
    tree = merge_components(joint[0])
    evidence = weigh([tree], overlap)
    np.testing.assert_array_equal(evidence.agreement, 1)
    np.testing.assert_array_equal(evidence.losses, tree.losses[::-1])
    np.testing.assert_array_equal(evidence.separation, tree.separation[::-1])
    assert evidence.numbers.tolist() == [2, 3, 4, 5]


@given(seed=seeds, heads=st.integers(1, 4))
@quick
def test_the_losses_add_up_to_the_information_of_the_head_with_most(seed: int, heads: int) -> None:
    joint, overlap = random_heads(seed, heads)
    trees = [merge_components(table) for table in joint]
    evidence = weigh(trees, overlap)
    for entry in range(len(evidence.losses)):
        left = max(trees, key=lambda tree: tree.losses.sum()).information(entry + 2)
        assert evidence.losses[: entry + 1].sum() == pytest.approx(left, abs=1e-12)


@given(seed=seeds, renaming=st.permutations(range(3)))
@quick
def test_renaming_heads_changes_no_evidence(seed: int, renaming: list[int]) -> None:
    joint, overlap = random_heads(seed, heads=3)
    before = weigh([merge_components(table) for table in joint], overlap)
    after = weigh([merge_components(joint[head]) for head in renaming], overlap[renaming][:, renaming])
    check_same(after, before)


@given(seed=seeds, renaming=st.permutations(range(6)))
@quick
def test_renaming_the_components_of_a_head_changes_no_evidence(seed: int, renaming: list[int]) -> None:
    joint, overlap = random_heads(seed, heads=3)
    before = weigh([merge_components(table) for table in joint], overlap)
    joint[1] = joint[1][renaming][:, renaming]
    overlap[1], overlap[:, 1] = overlap[1][:, renaming], overlap[:, 1][:, :, renaming]
    after = weigh([merge_components(table) for table in joint], overlap)
    check_same(after, before)


# The adjusted Rand index


@given(seed=seeds, clusters=st.integers(2, 6), noise=st.floats(0, 1))
@quick
def test_the_index_is_scikit_learns_up_to_the_finite_number_of_rows(seed: int, clusters: int, noise: float) -> None:
    random, rows = np.random.default_rng(seed), 500
    one = random.integers(0, clusters, rows)
    other = np.where(random.random(rows) < noise, random.integers(0, clusters, rows), one)
    assert adjusted_rand(table_of(one, other)) == pytest.approx(adjusted_rand_score(one, other), abs=10 / rows)
    # The more rows of the same kind, the closer.
    one, other = np.tile(one, 20), np.tile(other, 20)
    assert adjusted_rand(table_of(one, other)) == pytest.approx(adjusted_rand_score(one, other), abs=10 / len(one))


@given(seed=seeds, renaming=st.permutations(range(COMPONENTS)))
@quick
def test_the_same_partition_under_other_names_has_index_one(seed: int, renaming: list[int]) -> None:
    one = np.random.default_rng(seed).integers(0, 4, 100)
    assert adjusted_rand(table_of(one, np.array(renaming)[one])) == pytest.approx(1)


@given(seed=seeds)
@quick
def test_independent_partitions_have_index_zero(seed: int) -> None:
    one, other = np.random.default_rng(seed).dirichlet(np.ones(5), 2)
    assert adjusted_rand(np.outer(one, other)) == pytest.approx(0, abs=1e-12)


@given(seed=seeds)
@quick
def test_the_index_does_not_depend_on_which_partition_comes_first(seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet(0.3 * np.ones(20)).reshape(4, 5)
    assert adjusted_rand(shares) == pytest.approx(adjusted_rand(shares.T))
    assert adjusted_rand(shares) <= 1


def test_two_partitions_into_one_cluster_are_the_same() -> None:
    assert adjusted_rand(np.ones((1, 1))) == 1
