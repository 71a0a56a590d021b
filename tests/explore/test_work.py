"""Long work beside the page: how far it is, and how it ends."""

import time
from threading import Event

import pytest

from vaecluster.errors import DataError, FileError, SettingError
from vaecluster.explore.work import Doing, Worker, words_of
from vaecluster.training.events import StepDone
from vaecluster.training.listeners.progress import progress_listeners, telling


def ended(worker: Worker) -> Doing:
    while worker.doing is None or worker.doing.running:
        time.sleep(0.01)
    return worker.doing


def test_how_far_work_is_is_known_from_what_a_fit_tells() -> None:
    worker, told, looked = Worker(), [Event() for _ in range(6)], [Event() for _ in range(6)]

    def pause(place: int) -> None:
        told[place].set()
        assert looked[place].wait(20)

    def work() -> str:
        for _ in telling(0)("looking for neighbours", range(2)):
            pass
        pause(0)
        with progress_listeners(0) as (display,):
            display(StepDone(1, 4, 0, 400, dict))
            pause(1)
            display(StepDone(2, 4, 100, 400, dict))
            pause(2)
            for _ in telling(0)("merging", range(2)):
                pass
            pause(3)
            display(StepDone(4, 4, 400, 400, dict))
            pause(4)
            for _ in telling(0)("saving", range(2)):
                pass
            pause(5)
        return "Done."

    worker.start("Splitting", work)
    found = []
    for place in range(6):
        assert told[place].wait(20)
        found.append(worker.doing)
        looked[place].set()
    steps = [(one.step, one.share, one.left is None) for one in found if one is not None]
    assert steps == [
        ("looking for neighbours  1/2", None, True),
        ("epoch 1/4", 0, True),
        ("epoch 2/4", 0.25, False),
        ("merging  1/2", 0.25, True),
        # What comes after the fit is no part of it.
        ("epoch 4/4", None, True),
        ("saving  1/2", None, True),
    ]
    assert ended(worker).said == "Done."


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize(
    ("problem", "about"),
    [
        (FileError("'/home/me/run' is\ndamaged."), False),
        (DataError("The rows in /home/me/run are others."), False),
        (OSError("No room in /home/me/run"), False),
        (SettingError("There is no cluster /home/me/run."), True),
    ],
)
def test_what_went_wrong_is_said_without_names_of_files_if_these_are_left_out(
    problem: Exception, about: bool, names: bool
) -> None:
    said = words_of(problem, names=names)
    assert ("/home/me/run" in said) == (names or about)
    assert "\n" not in said
    assert (type(problem).__name__ in said) == (type(problem) is OSError)


def test_one_thing_is_done_at_a_time_and_says_what_went_wrong() -> None:
    worker, go_on = Worker(), Event()

    def work() -> str:
        assert go_on.wait(20)
        raise SettingError("It is\nwrong.")

    worker.start("Saving", work)
    with pytest.raises(SettingError, match="Saving is under way"):
        worker.start("Splitting", str)
    go_on.set()
    assert ended(worker).error == "It is wrong."
    assert worker.start("Splitting", lambda: "Done.").share is None
    assert ended(worker).said == "Done."
