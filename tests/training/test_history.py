import json
from math import isnan

import pytest

from vaecluster.training.events import ClustersMergedAgain, EpochDone, StepDone
from vaecluster.training.history import History


def epoch(number: int, held_out_bound: float | None = None, **terms: float) -> EpochDone:
    return EpochDone(
        epoch=number,
        epochs=3,
        rows=10,
        seconds=0.5 * number,
        learning_rate=1e-3 / number,
        terms=terms or {"bound": -10.0 / number, "latent_kl": 2.0 * number},
        populated_clusters=number,
        mean_confidence=number / 4,
        held_out_bound=held_out_bound,
    )


def history(*epochs: EpochDone) -> History:
    kept = History()
    for event in epochs:
        kept(event)
    return kept


def test_epochs_are_kept_in_order_and_steps_are_not() -> None:
    first, second = epoch(1), epoch(2)
    kept = History()
    kept(first)
    kept(StepDone(2, 3, 15, 30, dict))
    kept(second)
    assert kept.epochs == [first, second]


def test_what_was_merged_again_is_kept_beside_the_epochs() -> None:
    first, second = ClustersMergedAgain(1, 3, 2), ClustersMergedAgain(2, 3, 1)
    kept = History()
    for event in (epoch(1), first, epoch(2), second):
        kept(event)
    assert kept.epochs == [epoch(1), epoch(2)]
    assert kept.merged_again == [first, second]
    assert kept.curves() == history(epoch(1), epoch(2)).curves()


def test_there_is_one_curve_per_term_and_diagnostic_with_one_entry_per_epoch() -> None:
    assert history(epoch(1), epoch(2)).curves() == {
        "bound": [-10.0, -5.0],
        "latent_kl": [2.0, 4.0],
        "populated_clusters": [1.0, 2.0],
        "mean_confidence": [0.25, 0.5],
        "learning_rate": [1e-3, 0.5e-3],
        "seconds": [0.5, 1.0],
    }


def test_the_held_out_bound_has_a_curve_only_if_it_was_looked_at() -> None:
    assert "held_out_bound" not in history(epoch(1)).curves()
    assert history(epoch(1, -3.0), epoch(2, -2.0)).curves()["held_out_bound"] == [-3.0, -2.0]


@pytest.mark.parametrize("bound", [0.0, -0.0])
def test_a_held_out_bound_of_zero_is_a_number_like_any_other(bound: float) -> None:
    assert history(epoch(1, -1.0), epoch(2, bound)).curves()["held_out_bound"] == [-1.0, 0.0]


def test_an_epoch_without_a_held_out_bound_leaves_a_hole() -> None:
    curve = history(epoch(1, -1.0), epoch(2)).curves()["held_out_bound"]
    assert curve[0] == -1.0
    assert isnan(curve[1])


def test_a_history_without_epochs_has_empty_curves() -> None:
    assert all(curve == [] for curve in History().curves().values())


def test_two_histories_do_not_share_their_epochs() -> None:
    history(epoch(1))(ClustersMergedAgain(1, 3, 2))
    assert History().epochs == []
    assert History().merged_again == []
    assert History().ending == "finished"


def test_a_history_comes_back_from_json_as_it_was() -> None:
    kept = history(epoch(1, -1.0), epoch(2))
    kept.ending = "early stopping"
    kept(ClustersMergedAgain(1, 3, 2))
    assert History.from_dict(json.loads(json.dumps(kept.as_dict()))) == kept
