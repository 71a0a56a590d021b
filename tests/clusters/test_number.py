import json
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from vaecluster.clusters.hierarchy import Hierarchy, merge_components
from vaecluster.clusters.joint import Matrix
from vaecluster.clusters.number import (
    AskedNumber,
    Evidence,
    Strength,
    agreed_level,
    agreement_of,
    level_of,
    most_of,
    within,
)
from vaecluster.files.record import plain, typed

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 999)
COMPONENTS = 10

# What was asked for


@pytest.mark.parametrize(
    ("number", "most", "given_by_found"),
    [
        (None, None, {1: 1, 7: 7, 99: 99}),
        (1, 1, {1: 1, 7: 1}),
        (4, 4, {1: 4, 4: 4, 7: 4}),
        ((2, 5), 5, {1: 2, 2: 2, 3: 3, 5: 5, 6: 5, 99: 5}),
        ((1, 3), 3, {1: 1, 4: 3}),
        ((4, 4), 4, {1: 4, 4: 4, 9: 4}),
    ],
    ids=str,
)
def test_a_number_is_as_asked_for_or_as_found_within_what_was_asked_for(
    number: AskedNumber, most: int | None, given_by_found: dict[int, int]
) -> None:
    assert {found: within(number, found) for found in given_by_found} == given_by_found
    assert most_of(number) == most


# What the heads found


WHOLE, SPLIT, OTHER = [0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 2, 2, 1, 1, 3, 3], [0, 2, 0, 2, 1, 3, 1, 3]


@pytest.mark.parametrize(
    ("levels", "level"),
    [
        # Heads agree as well at all of them, or there is one head only.
        ([[SPLIT] * 3, [WHOLE] * 3, [WHOLE] * 3], 2),
        ([[SPLIT], [WHOLE]], 1),
        # They agree more on the finer clusters, or on the coarser ones.
        ([[SPLIT] * 3, [SPLIT, SPLIT, WHOLE]], 0),
        # Two heads are one pair, which says nothing of chance.
        ([[SPLIT] * 2, [SPLIT, WHOLE]], 1),
        ([[SPLIT, OTHER, SPLIT], [WHOLE] * 3], 1),
        # Clusters that no two heads share are as bad as one cluster of all rows is good.
        ([[OTHER, SPLIT, WHOLE], [[0] * 8] * 3], 1),
    ],
)
def test_the_level_is_the_strictest_on_which_heads_agree_most(levels: list[list[list[int]]], level: int) -> None:
    assert agreed_level(np.array(levels)) == level


# The regions of a head at three levels, the strictest last: four, two and one, or two.
TO_ONE, TO_TWO = [SPLIT, WHOLE, [0] * 8], [SPLIT, WHOLE, WHOLE]


@pytest.mark.parametrize(
    ("heads", "level"),
    [
        # Where most find no boundary at the strictest level there is none, though they agree on others.
        ([TO_ONE] * 3, 2),
        ([TO_ONE, TO_ONE, TO_TWO], 2),
        ([TO_TWO, TO_TWO, TO_ONE], 1),
        ([TO_TWO] * 3, 2),
    ],
)
def test_a_level_is_agreed_on_where_there_is_a_boundary(heads: list[list[list[int]]], level: int) -> None:
    assert level_of(np.array(heads), [np.arange(8)] * 3) == level


def evidence_of(found: list[int], components: int = COMPONENTS, seed: int = 0) -> Evidence:
    density, agreement = np.random.default_rng(seed).random((2, components - 1))
    return Evidence(np.array(found), density, agreement)


@pytest.mark.parametrize(
    ("found", "clusters", "strength"),
    [
        # Nothing was found.
        ([1], 1, "none"),
        ([1, 1, 1], 1, "none"),
        ([1, 2], 1, "none"),
        ([1, 1, 1, 8, 9], 1, "none"),
        # One head has nobody who agrees.
        ([4], 4, "weak"),
        ([4, 4], 4, "clear"),
        ([7, 7, 7, 7, 7], 7, "clear"),
        ([4, 5], 4, "weak"),
        ([3, 4, 6], 4, "weak"),
        ([4, 5, 5, 9], 5, "weak"),
        ([1, 1, 6, 6, 6], 6, "weak"),
    ],
    ids=str,
)
def test_the_number_is_the_median_and_clear_where_all_heads_find_it(
    found: list[int], clusters: int, strength: Strength
) -> None:
    for order in list(permutations(found))[:: max(1, len(found) - 2)]:
        evidence = evidence_of(list(order))
        assert (evidence.clusters, evidence.strength) == (clusters, strength)
        # Nothing is clear about clusters that count only where boundaries may be less sharp.
        assert replace(evidence, apart=0.4).strength == ("weak" if strength == "clear" else strength)


@pytest.mark.parametrize("found", [[1], [2, 3], [5, 5, 5, 4, 5]], ids=str)
@pytest.mark.parametrize("components", [1, 2, 8])
def test_evidence_comes_back_from_json_as_it_was(components: int, found: list[int]) -> None:
    evidence = evidence_of(found, components)
    again = typed(Evidence, json.loads(json.dumps(plain(evidence))))
    for name in ("found", "density", "agreement"):
        before, after = getattr(evidence, name), getattr(again, name)
        np.testing.assert_array_equal(after, before)
        assert after.dtype == before.dtype
    assert (again.clusters, again.strength) == (evidence.clusters, evidence.strength)


# How far the heads agree


def adjusted_rand(shares: Matrix) -> float:
    """By its definition (Hubert and Arabie 1985), from the shares of rows in the cells of two partitions."""
    together, one, other = ((values**2).sum() for values in (shares, shares.sum(1), shares.sum(0)))
    return float((together - one * other) / ((one + other) / 2 - one * other))


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


def agreement_on(groups: list[np.ndarray]) -> Matrix:
    trees, overlap = heads_on(groups)
    return agreement_of(trees, lambda one, other: overlap[one, other])


def random_heads(seed: int, heads: int, size: int = 6) -> tuple[list[Hierarchy], Matrix, Matrix]:
    """Trees, joint tables and overlaps of soft assignments of some rows."""
    assigned = np.random.default_rng(seed).dirichlet(0.2 * np.ones(size), (40, heads))
    joint = np.einsum("nhc,nhd->hcd", assigned, assigned) / len(assigned)
    overlap = np.einsum("nhc,ngd->hgcd", assigned, assigned) / len(assigned)
    return [merge_components(table) for table in joint], joint, overlap


@pytest.mark.parametrize("number", [2, 3, 5])
def test_heads_agree_in_the_groups_that_all_of_them_see_and_not_beyond(number: int) -> None:
    group = np.random.default_rng(1).integers(0, number, 4000)
    agreement = agreement_on([group, group, group])
    assert agreement.shape == (COMPONENTS - 1,)
    assert agreement[number - 2] == pytest.approx(1)
    # Inside a group each head has parted the rows in its own way.
    assert agreement[number - 1 :].max() < 0.95


def test_heads_do_not_agree_in_groups_that_each_sees_elsewhere() -> None:
    groups = list(np.random.default_rng(1).integers(0, 3, (3, 4000)))
    assert np.abs(agreement_on(groups)).max() < 0.05


@pytest.mark.parametrize("size", [1, 2, 6])
def test_one_head_agrees_with_itself(size: int) -> None:
    trees, _, overlap = random_heads(0, heads=1, size=size)
    np.testing.assert_array_equal(agreement_of(trees, lambda one, other: overlap[one, other]), np.ones(size - 1))


@given(seed=seeds, heads=st.integers(2, 4))
@quick
def test_agreement_is_the_mean_index_over_pairs_of_heads(seed: int, heads: int) -> None:
    trees, _, overlap = random_heads(seed, heads)
    agreement = agreement_of(trees, lambda one, other: overlap[one, other])
    pairs = [(one, other) for one in range(heads) for other in range(heads) if one != other]
    for entry, found in enumerate(agreement):
        cuts = [np.eye(entry + 2)[tree.cut(entry + 2)] for tree in trees]
        indices = [adjusted_rand(cuts[one].T @ overlap[one, other] @ cuts[other]) for one, other in pairs]
        assert found == pytest.approx(np.mean(indices))


@given(seed=seeds, heads=st.permutations(range(3)), components=st.permutations(range(6)))
@quick
def test_renaming_heads_or_the_components_of_one_changes_no_agreement(
    seed: int, heads: list[int], components: list[int]
) -> None:
    trees, joint, overlap = random_heads(seed, heads=3)
    before = agreement_of(trees, lambda one, other: overlap[one, other])
    after = agreement_of([trees[head] for head in heads], lambda one, other: overlap[heads[one], heads[other]])
    np.testing.assert_allclose(after, before, atol=1e-10)
    trees[1] = merge_components(joint[1][components][:, components])
    overlap[1], overlap[:, 1] = overlap[1][:, components], overlap[:, 1][:, :, components]
    np.testing.assert_allclose(agreement_of(trees, lambda one, other: overlap[one, other]), before, atol=1e-10)


@given(seed=seeds)
@quick
def test_agreement_is_scikit_learns_adjusted_rand_index_up_to_the_finite_number_of_rows(seed: int) -> None:
    random, rows = np.random.default_rng(seed), 500
    one = random.integers(0, COMPONENTS, rows)
    other = np.where(random.random(rows) < 0.5, random.integers(0, COMPONENTS, rows), one)
    trees = [merge_components(table_of(each, each[random.permutation(rows)])) for each in (one, other)]
    agreement = agreement_of(trees, lambda *_: table_of(one, other))
    for number, found in enumerate(agreement, 2):
        first, second = (tree.cut(number)[each] for tree, each in zip(trees, (one, other), strict=True))
        assert found == pytest.approx(adjusted_rand_score(first, second), abs=10 / rows)
