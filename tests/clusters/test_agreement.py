import json
import tracemalloc
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import adjusted_rand_score

from vaecluster.clusters.agreement import Stability, stability_of
from vaecluster.errors import DataError

quick = settings(max_examples=60, deadline=None)
# 2 to 4 runs of 1 to 20 rows; the first run has a cluster at least.
RUNS = arrays(np.int64, st.tuples(st.integers(2, 4), st.integers(1, 20)), elements=st.integers(-1, 4)).filter(
    lambda runs: bool((runs[0] >= 0).any())
)


def numbers(stability: Stability) -> dict[str, object]:
    """All that does not depend on the names of clusters, each cluster of the first run by its first row."""
    first = stability.labels[0].tolist()
    order = np.argsort([first.index(cluster) for cluster in stability.clusters.tolist()])
    plain = stability.as_dict() | {
        "sizes": stability.sizes[order].tolist(),
        "mean_jaccard": stability.mean_jaccard[order].tolist(),
        "jaccard": stability.jaccard[:, order].tolist(),
    }
    del plain["clusters"]
    return plain


@given(RUNS, st.data())
@quick
def test_renaming_clusters_in_any_run_changes_nothing(runs: np.ndarray, data: st.DataObject) -> None:
    names = np.array([[*data.draw(st.permutations(range(10, 15))), -1] for _ in runs])
    renamed = np.take_along_axis(names, runs, axis=1)
    assert numbers(stability_of(renamed)) == numbers(stability_of(runs))


@given(RUNS, st.randoms(use_true_random=False))
@quick
def test_the_order_of_rows_changes_nothing_but_the_labels(runs: np.ndarray, random) -> None:
    order = random.sample(range(runs.shape[1]), runs.shape[1])
    assert stability_of(runs[:, order]).as_dict() == stability_of(runs).as_dict()


@given(RUNS)
@quick
def test_overlaps_and_indices_are_those_of_their_definitions(runs: np.ndarray) -> None:
    found = stability_of(runs)
    for (first, one), (second, other) in product(enumerate(runs), repeat=2):
        assert found.ari[first, second] == (1 if first == second else adjusted_rand_score(one, other))
    for run, best in zip(runs[1:], found.jaccard, strict=True):
        for cluster, overlap in zip(found.clusters, best, strict=True):
            rows = set(np.flatnonzero(runs[0] == cluster))
            others = [set(np.flatnonzero(run == other)) for other in range(5)]
            assert overlap == max(len(rows & other) / len(rows | other) for other in others)
    assert found.clusters_found.tolist() == [len(set(run.tolist()) - {-1}) for run in runs]
    assert found.sizes.tolist() == [(runs[0] == cluster).sum() for cluster in found.clusters]


@given(RUNS)
@quick
def test_runs_that_are_equal_agree_to_one_everywhere(runs: np.ndarray) -> None:
    found = stability_of([runs[0]] * 3)
    assert (found.ari == 1).all()
    assert (found.jaccard == 1).all()
    assert (found.mean_jaccard == 1).all()
    assert found.mean_ari == found.worst_ari == 1


def test_a_cluster_that_splits_in_half_overlaps_by_half_and_the_others_stay_whole() -> None:
    found = stability_of([[0] * 10 + [1] * 6, [0] * 5 + [2] * 5 + [1] * 6])
    assert found.jaccard.tolist() == [[0.5, 1.0]]
    assert found.clusters_found.tolist() == [2, 3]


def test_two_clusters_that_merge_overlap_by_their_share_of_the_merged_one() -> None:
    assert stability_of([[0] * 6 + [1] * 4, [3] * 10]).jaccard.tolist() == [[0.6, 0.4]]


def test_labels_that_have_nothing_to_do_with_each_other_have_an_index_near_0() -> None:
    found = stability_of(np.random.default_rng(0).integers(10, size=(4, 5000)))
    assert np.abs(found.ari[~np.eye(4, dtype=bool)]).max() < 0.01
    assert found.mean_jaccard.max() < 0.1


def test_the_mean_and_the_worst_index_leave_out_a_run_with_itself() -> None:
    found = stability_of([[0, 0, 1, 1], [0, 0, 1, 1], [0, 1, 0, 1]])
    pairs = [found.ari[0, 1], found.ari[0, 2], found.ari[1, 2]]
    assert found.mean_ari == pytest.approx(np.mean(pairs))
    assert found.worst_ari == min(pairs) < found.mean_ari
    assert (found.ari == found.ari.T).all()


def test_rows_of_no_cluster_are_in_no_overlap_but_count_in_the_size_of_their_cluster() -> None:
    assert stability_of([[0, 0, 0, 0], [7, 7, -1, -1]]).jaccard.tolist() == [[0.5]]
    assert stability_of([[0, 0, -1, -1], [7, 7, 7, 7]]).jaccard.tolist() == [[0.5]]
    nothing = stability_of([[0, 0, 1], [-1, -1, -1]])
    assert nothing.jaccard.tolist() == [[0, 0]]
    assert nothing.clusters_found.tolist() == [2, 0]


def test_rows_of_no_cluster_are_one_more_group_of_the_index() -> None:
    assert stability_of([[0, 0, -1, -1], [3, 3, 5, 5]]).worst_ari == 1


def test_the_record_is_plain_json_without_the_labels() -> None:
    found = stability_of(np.random.default_rng(0).integers(3, size=(3, 40)))
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain == found.as_dict()
    assert "labels" not in plain
    assert (plain["runs"], plain["rows"]) == (3, 40)
    assert plain["mean_jaccard"] == np.mean(plain["jaccard"], axis=0).tolist()


def test_memory_grows_with_the_rows_and_not_with_the_pairs_of_clusters() -> None:
    # A table of all pairs of clusters would have 400 million cells.
    rows = 20_000
    runs = np.array([np.arange(rows), np.arange(rows)[::-1]])
    tracemalloc.start()
    try:
        assert (stability_of(runs).jaccard == 1).all()
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 1000 * rows


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[0, 1]], "2 runs or more"),
        ([0, 1, 0], "2 runs or more"),
        ([], "2 runs or more"),
        ([[0, 1], [0]], "different numbers of rows"),
        ([[], []], "no rows"),
        ([[0.0, 1.0], [0.0, 1.0]], "must be integers"),
        ([["a", "b"], ["a", "b"]], "must be integers"),
        ([[0, 1], [0, -2]], "integers from 0, or -1"),
        ([[-1, -1], [0, 1]], "none of its 2 rows"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused(labels: object, message: str) -> None:
    with pytest.raises(DataError, match=message) as problem:
        stability_of(labels)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("of", [np.int8, np.uint8, np.int64, list])
def test_labels_of_any_integer_type_are_compared_alike(of: Callable[..., object]) -> None:
    runs = np.array([[0, 0, 1, 1], [1, 1, 1, 0]])
    given = runs.tolist() if of is list else runs.astype(of)  # type: ignore[arg-type]
    assert stability_of(given).as_dict() == stability_of(runs).as_dict()
