from dataclasses import replace

import numpy as np
import pytest

from vaecluster.clusters.number import Evidence
from vaecluster.errors import EmptyClustersWarning, FewCluesWarning, InterruptedFitWarning, SplitClustersWarning
from vaecluster.inference.advice import cut_warnings, fit_warnings, heads_find
from vaecluster.methods.two_views.regrouping import LOOKS
from vaecluster.training.events import ClustersMergedAgain, Ending
from vaecluster.training.listeners.history import History

SIZES = np.array([5, 3, 2])


def advice(ending: Ending = "finished", merged_again: int = 0, sizes: np.ndarray | None = None, number=None) -> list:
    # Without a number of their own, clusters are as many as were found.
    if sizes is None:
        sizes = SIZES if number is None else np.full(number.clusters, 3)
    again = [ClustersMergedAgain(epoch, 10, 1) for epoch in range(merged_again)]
    return list(fit_warnings(History([], ending, again), sizes, number))


def evidence(*found: int) -> Evidence:
    """Of heads that found these numbers among 20 components."""
    return Evidence(np.array(found), np.zeros(19), np.ones(19))


@pytest.mark.parametrize("merged_again", range(len(LOOKS)))
@pytest.mark.parametrize("number", [None, evidence(2, 2)], ids=["given", "found"])
def test_of_a_fit_that_went_well_there_is_nothing_to_say(merged_again, number):
    assert advice(merged_again=merged_again, number=number) == []
    assert advice("early stopping", merged_again, number=number) == []


def test_clusters_that_were_dead_at_every_look_are_told():
    ((message, category),) = advice(merged_again=len(LOOKS))
    assert category is EmptyClustersWarning
    assert message.startswith("At every check some clusters")


def test_clusters_without_rows_are_counted():
    ((message, category),) = advice(sizes=np.array([4, 0, 6, 0]))
    assert category is EmptyClustersWarning
    assert message.startswith("Only 2 of 4 clusters hold any row.")


@pytest.mark.parametrize(
    ("found", "used", "parts"),
    [
        ((13, 13), 10, ("13 clusters were found: both", "The model has 10, the most that the range", "`cut(n)`")),
        ((3, 3, 1), 6, ("3 clusters were found: of three", "The model has 6, the fewest that range or labels")),
        ((1, 1), 2, ("No boundary between clusters was found: nowhere", "The model has 2, the fewest that range")),
    ],
)
def test_a_number_that_is_not_the_one_found_is_told_even_where_that_is_clear(found, used, parts):
    ((message, category),) = advice(number=evidence(*found), sizes=np.full(used, 5))
    assert category is FewCluesWarning
    assert "Give a number" not in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("found", "parts"),
    [
        ((1, 1), ("No clusters were found: nowhere", "less than a third as dense as on both sides", "Give a number")),
        ((1,), ("No clusters were found: nowhere", "Give a number")),
        ((1, 1, 3), ("No clusters were found: of three parts", "two find no boundary, the other finds 3", "Give a")),
        ((12, 13, 13), ("13 clusters were found. Of three parts", "the other finds 12.", "`cut(n)`", "without a new")),
        ((13,), ("13 clusters were found. The model learned in one part only", "more heads", "`cut(n)`")),
    ],
)
def test_a_number_that_heads_do_not_agree_on_is_told_with_what_to_do(found, parts):
    ((message, category),) = advice(number=evidence(*found))
    assert category is FewCluesWarning
    for part in parts:
        assert part in message


def test_clusters_that_lie_close_together_are_told_where_heads_agree():
    ((message, category),) = advice(number=replace(evidence(8, 8, 8), apart=0.4))
    assert category is FewCluesWarning
    for part in ("8 clusters were found. All three parts", "up to 0.4 times as dense as inside", "`cut(n)`"):
        assert part in message


@pytest.mark.parametrize("found", [(12, 13, 13), (13,), (12, 13)])
def test_a_number_that_heads_do_not_agree_on_does_not_sound_like_an_error(found):
    ((message, _),) = advice(number=evidence(*found))
    assert not any(word in message for word in ("but", "wrong", "little", "fail", "weak", "No "))


@pytest.mark.parametrize(
    ("found", "heads", "find"),
    [
        ((8, 8), "both", " find 8"),
        ((8,) * 5, "all five", " find 8"),
        ((8,) * 12, "all 12", " find 8"),
        ((1, 1, 1), "all three", " find no boundary"),
        ((12, 13), "of two", ", one finds 12, the other finds 13"),
        ((12, 13, 13, 13, 40), "of five", ", three find 13, the others find 12 and 40"),
        ((9, 10, 11, 12, 13), "of five", ", one finds 11, the others find between 9 and 13"),
        ((3, 3, 1), "of three", ", two find 3, the other finds 1"),
        ((1, 1, 1, 2, 3), "of five", ", three find no boundary, the others find 2 and 3 clusters"),
    ],
)
def test_what_heads_find_is_said_in_plain_words_whatever_their_order(found, heads, find):
    words = f"{heads} parts of the model that learned apart{find}"
    assert heads_find(evidence(*found)) == heads_find(evidence(*found[::-1])) == words


def test_all_that_went_wrong_is_told():
    told = advice("interrupted", len(LOOKS), np.array([9, 0]), evidence(2, 1))
    categories = [InterruptedFitWarning, FewCluesWarning, EmptyClustersWarning, EmptyClustersWarning]
    assert [category for _, category in told] == categories


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ([0, 0, 1, 1, 2], [0, 0, 1, 1, 1], None),
        ([0, 0, 1, 1, 2], [0, 0, 1, 1, 2], None),
        ([0, 0, 1, 1, 2], [0, 0, 1, 2, 3], ["Cluster 1 is split", "n_clusters=4"]),
        ([0, 0, 1, 1, 2], [0, 1, 2, 3, 4], ["Clusters 0, 1 are split", "n_clusters=5"]),
        ([0, 0, 1, 1, 2], [0, 1, 1, 1, 1], ["Cluster 0 is split", "n_clusters=2"]),
        (np.arange(14) // 2, np.arange(14), ["Clusters 0, 1, 2, 3, 4, ... are split", "n_clusters=14"]),
    ],
)
def test_a_cut_warns_of_just_the_clusters_that_it_splits(before, after, parts):
    advice = list(cut_warnings(np.array(before), np.array(after)))
    if parts is None:
        assert advice == []
        return
    ((message, category),) = advice
    assert category is SplitClustersWarning
    assert all(part in message for part in parts)


def test_a_cut_into_clusters_without_rows_says_so():
    before, after = np.array([0, 0, 1]), np.array([0, 1, 2])
    (_, (message, category)) = cut_warnings(before, after, np.array([0, 5, 5]))
    assert (category, message) == (EmptyClustersWarning, "Only 2 of 3 clusters hold any row. Cut at a smaller number.")
    assert len(list(cut_warnings(before, after, np.array([1, 5, 5])))) == 1
