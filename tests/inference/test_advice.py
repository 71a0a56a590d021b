import numpy as np
import pytest

from vaecluster.clusters.number import NOISE, Evidence
from vaecluster.errors import EmptyClustersWarning, FewCluesWarning, InterruptedFitWarning
from vaecluster.inference.advice import fit_warnings
from vaecluster.methods.two_views.regrouping import LOOKS
from vaecluster.training.events import ClustersMergedAgain, Ending
from vaecluster.training.listeners.history import History

SIZES = np.array([5, 3, 2])


def advice(ending: Ending = "finished", merged_again: int = 0, sizes: np.ndarray = SIZES, number=None) -> list:
    again = [ClustersMergedAgain(epoch, 10, 1) for epoch in range(merged_again)]
    return list(fit_warnings(History([], ending, again), sizes, number))


def evidence(agreement: float) -> Evidence:
    """Support for two clusters that is the agreement itself."""
    return Evidence(np.array([(1 + NOISE) / 2, 1 / 3]), np.zeros(2), np.full(2, agreement), in_use=10.0)


@pytest.mark.parametrize("merged_again", range(len(LOOKS)))
@pytest.mark.parametrize("number", [None, evidence(1.0)], ids=["given", "found"])
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


def test_little_evidence_for_a_number_that_was_found_is_told():
    weak, none = advice(number=evidence(0.7)), advice(number=evidence(0.1))
    assert [category for _, category in weak + none] == [FewCluesWarning, FewCluesWarning]
    assert weak[0][0].startswith("2 clusters were found, but little speaks for that number")
    assert none[0][0].startswith("No clusters were found")


def test_all_that_went_wrong_is_told():
    told = advice("interrupted", len(LOOKS), np.array([9, 0]), evidence(0.1))
    categories = [InterruptedFitWarning, FewCluesWarning, EmptyClustersWarning, EmptyClustersWarning]
    assert [category for _, category in told] == categories
