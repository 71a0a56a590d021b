from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaecluster.clusters.scores import majority_names, matched_names, score_labels
from vaecluster.errors import DataError

PAIRS = st.lists(st.tuples(st.integers(-3, 4), st.integers(-1, 5)), min_size=1, max_size=40)
quick = settings(max_examples=60, deadline=None)


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    labels, clusters = np.array(pairs).T
    return labels, clusters


@given(PAIRS)
@quick
def test_hungarian_accuracy_never_exceeds_majority_accuracy(pairs: list[tuple[int, int]]) -> None:
    scores = score_labels(*columns(pairs))
    assert 0 <= scores.hungarian_accuracy <= scores.majority_accuracy <= 1


@given(PAIRS, st.permutations(range(6)))
@quick
def test_renaming_clusters_changes_no_score(pairs: list[tuple[int, int]], renaming: list[int]) -> None:
    labels, clusters = columns(pairs)
    renamed = np.array([-1 if cluster == -1 else renaming[cluster] + 10 for cluster in clusters])
    before, after = score_labels(labels, clusters).as_dict(), score_labels(labels, renamed).as_dict()
    assert after == pytest.approx(before, abs=1e-12)


@given(PAIRS)
@quick
def test_labels_as_strings_score_as_the_same_integers_do(pairs: list[tuple[int, int]]) -> None:
    labels, clusters = columns(pairs)
    by_number = score_labels(labels, clusters).as_dict()
    for names in ([f"kind {label}" for label in labels], np.array([str(n) for n in labels], dtype=object)):
        assert score_labels(names, clusters).as_dict() == pytest.approx(by_number, abs=1e-12)


@given(PAIRS)
@quick
def test_names_learned_on_the_same_rows_change_nothing(pairs: list[tuple[int, int]]) -> None:
    labels, clusters = columns(pairs)
    assert score_labels(labels, clusters, majority=majority_names(labels, clusters)) == score_labels(labels, clusters)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20))
@quick
def test_hungarian_accuracy_is_the_best_of_all_renamings(pairs: list[tuple[int, int]]) -> None:
    labels, clusters = columns(pairs)
    best = max(np.mean(np.array(renaming)[clusters] == labels) for renaming in permutations(range(4)))
    assert score_labels(labels, clusters).hungarian_accuracy == pytest.approx(best)


@given(PAIRS)
@quick
def test_matched_names_are_one_to_one_and_name_as_many_rows_as_the_hungarian_accuracy(
    pairs: list[tuple[int, int]],
) -> None:
    labels, clusters = columns(pairs)
    names = matched_names(labels, clusters)
    assert len(set(names.values())) == len(names) == min(len(set(labels)), len(set(clusters) - {-1}))
    right = [names.get(cluster) == label for label, cluster in zip(labels.tolist(), clusters.tolist(), strict=True)]
    assert np.mean(right) == pytest.approx(score_labels(labels, clusters).hungarian_accuracy)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
@quick
def test_clusters_equal_to_the_labels_score_one(labels: list[int]) -> None:
    scores = score_labels(labels, labels)
    assert (scores.rows, scores.majority_accuracy, scores.hungarian_accuracy) == (len(labels), 1, 1)
    assert (scores.nmi, scores.ari) == (pytest.approx(1), pytest.approx(1))


def test_as_many_clusters_as_rows_have_full_majority_accuracy_only() -> None:
    # The flattery that the one-to-one renaming and the names from other rows do not share.
    labels = np.repeat([0, 1], 20)
    scores = score_labels(labels, np.arange(40))
    assert scores.majority_accuracy == 1
    assert scores.hungarian_accuracy == pytest.approx(2 / 40)


def test_fewer_clusters_than_labels_leave_labels_without_a_cluster() -> None:
    scores = score_labels(["a", "a", "b", "c"], [0, 0, 0, 0])
    assert scores.majority_accuracy == scores.hungarian_accuracy == 0.5
    assert scores.nmi == scores.ari == 0


def test_names_learned_on_train_are_applied_to_test() -> None:
    names = majority_names(["cat", "cat", "dog", "dog", "dog"], [0, 0, 0, 1, 1])
    assert names == {0: "cat", 1: "dog"}
    scores = score_labels(["dog", "dog", "cat", "cat"], [0, 0, 1, 0], majority=names)
    assert scores.majority_accuracy == 0.25
    assert scores.hungarian_accuracy == 0.75


def test_a_cluster_unseen_on_train_is_an_error_on_test() -> None:
    assert score_labels([5, 5], [0, 3], majority={0: 5}).majority_accuracy == 0.5


def test_a_name_that_no_test_row_bears_is_an_error() -> None:
    assert score_labels([5, 5], [0, 1], majority={0: 5, 1: 9}).majority_accuracy == 0.5


def test_rows_without_a_cluster_count_as_errors_even_if_they_agree() -> None:
    scores = score_labels([7, 7, 8, 8], [-1, -1, 2, 2])
    assert scores.majority_accuracy == scores.hungarian_accuracy == 0.5
    assert score_labels([7, 7], [-1, -1], majority={-1: 7}).majority_accuracy == 0
    assert score_labels([7, 7], [-1, -1]).hungarian_accuracy == 0


def test_equally_frequent_labels_are_decided_the_same_way_in_any_order() -> None:
    assert majority_names(["b", "a"], [0, 0]) == majority_names(["a", "b"], [0, 0]) == {0: "a"}


@pytest.mark.parametrize(
    ("labels", "clusters", "message"),
    [
        ([], [], "no rows"),
        ([1, 2], [1], "one label and one cluster per row"),
        ([[1], [2]], [[1], [2]], "one label and one cluster per row"),
        ([1, 2], [0.5, 1.0], "must be integers"),
        ([1, 2], ["a", "b"], "must be integers"),
        ([1, 2], [0, -2], "must be integers from 0, or -1"),
        ([0.5, 1], [0, 1], "not all integers or all strings"),
        (np.array(["a", None]), [0, 1], "not all integers or all strings"),
    ],
)
def test_columns_that_cannot_be_scored_are_refused(labels: object, clusters: object, message: str) -> None:
    with pytest.raises(DataError, match=message) as problem:
        score_labels(labels, clusters)
    assert "\n" not in str(problem.value)
