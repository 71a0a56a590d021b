import json
from math import isnan

from vaecluster.files.record import plain, typed
from vaecluster.training.events import ClustersMergedAgain, EpochDone, Event, RolledBack, StepDone
from vaecluster.training.listeners.history import History


def epoch(number: int, held_out_bound: float | None = None) -> EpochDone:
    terms = {"bound": -10.0 / number, "latent_kl": 2.0 * number}
    return EpochDone(number, 3, 10, 0.5 * number, 1e-3 / number, terms, number, number / 4, held_out_bound)


def history(*events: Event) -> History:
    kept = History()
    for event in events:
        kept(event)
    return kept


def test_what_happened_is_kept_in_order_and_steps_are_not() -> None:
    first, second = ClustersMergedAgain(1, 3, 2), ClustersMergedAgain(2, 3, 1)
    kept = history(epoch(1), first, StepDone(2, 3, 15, 30, dict), epoch(2), second)
    assert (kept.epochs, kept.merged_again, kept.rolled_back) == ([epoch(1), epoch(2)], [first, second], [])
    assert kept.curves() == history(epoch(1), epoch(2)).curves()
    assert History() == History([], "finished", [], [])


def test_what_a_fit_went_back_from_is_left_out() -> None:
    again, back = ClustersMergedAgain(1, 3, 2), RolledBack(3, 3, 2, 0.1)
    kept = history(epoch(1), again, epoch(2), ClustersMergedAgain(2, 3, 1), back, epoch(2, -1.0))
    assert (kept.epochs, kept.merged_again, kept.rolled_back) == ([epoch(1), epoch(2, -1.0)], [again], [back])


def test_there_is_one_curve_per_term_and_diagnostic_with_one_entry_per_epoch() -> None:
    assert history(epoch(1), epoch(2)).curves() == {
        "bound": [-10.0, -5.0],
        "latent_kl": [2.0, 4.0],
        "populated_clusters": [1.0, 2.0],
        "mean_confidence": [0.25, 0.5],
        "learning_rate": [1e-3, 0.5e-3],
        "seconds": [0.5, 1.0],
    }
    assert all(curve == [] for curve in History().curves().values())


def test_the_held_out_bound_has_a_curve_only_if_it_was_looked_at() -> None:
    assert "held_out_bound" not in history(epoch(1)).curves()
    for bound in (-2.0, 0.0, -0.0):
        assert history(epoch(1, -3.0), epoch(2, bound)).curves()["held_out_bound"] == [-3.0, bound]
    curve = history(epoch(1, -1.0), epoch(2)).curves()["held_out_bound"]
    assert (curve[0], isnan(curve[1])) == (-1.0, True)


def test_a_history_comes_back_from_json_as_it_was() -> None:
    kept = history(epoch(1, -1.0), RolledBack(2, 3, 2, 0.1), epoch(2), ClustersMergedAgain(2, 3, 2))
    kept.ending = "early stopping"
    assert typed(History, json.loads(json.dumps(plain(kept)))) == kept
