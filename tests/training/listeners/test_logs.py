import json
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from climb import Fit
from vaecluster.errors import FileError
from vaecluster.training.events import ClustersMergedAgain, EpochDone, Event, RolledBack, StepDone
from vaecluster.training.listeners.history import History
from vaecluster.training.listeners.logs import HistoryFile, LogListener, log_listeners

EPOCHS = 9
STEP = StepDone(1, EPOCHS, 10, 100, dict)
MERGED = ClustersMergedAgain(2, EPOCHS, 3)
BACK = RolledBack(6, EPOCHS, 5, 0.1)


def epoch(number: int, **changes: Any) -> EpochDone:
    done = EpochDone(number, EPOCHS, 1000, 0.25, 1e-3, {"bound": -12.345, "latent_kl": 6.789}, 7, 0.8765, None)
    return replace(done, **changes)


def history(*events: Event) -> History:
    kept = History()
    for event in events:
        kept(event)
    return kept


def strict(line: str) -> dict[str, Any]:
    """The line's object; an error for what only Python takes for JSON."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(line, parse_constant=refuse)


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text()
    assert text == "" or text.endswith("\n")
    return [strict(line) for line in text.splitlines()]


def happened(path: Path) -> list[tuple[str, int]]:
    return [(line["event"], line["epoch"]) for line in lines(path)]


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_an_epoch_is_one_line_at_level_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vaecluster")
    LogListener()(epoch(3))
    assert caplog.record_tuples == [
        (
            "vaecluster",
            logging.INFO,
            "epoch 3/9  bound -12.35  latent_kl 6.79  clusters 7  confidence 0.876  4,000 rows/s",
        )
    ]


def test_the_held_out_bound_is_logged_if_it_was_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vaecluster")
    LogListener()(epoch(3, held_out_bound=-0.5))
    assert "  held_out_bound -0.50  " in caplog.messages[0]


def test_what_went_wrong_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    for event in (STEP, MERGED, BACK):
        LogListener()(event)
    merged, back = warnings_in(caplog)
    assert merged.startswith("epoch 2/9: ")
    assert merged.endswith(": 3")
    assert back.startswith("epoch 6/9: ")
    assert "start of epoch 5, its learning rate times 0.1" in back


def test_an_epoch_is_not_even_read_while_its_level_is_off(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "vaecluster")

    class Unreadable(dict[str, float]):
        def items(self) -> Any:
            raise AssertionError("the terms were read")

    LogListener()(epoch(1, terms=Unreadable()))
    assert not caplog.records


def test_a_program_that_sets_up_no_logging_sees_nothing() -> None:
    program = (
        "from vaecluster.training.listeners.logs import LogListener\n"
        "from vaecluster.training.events import ClustersMergedAgain\n"
        "LogListener()(ClustersMergedAgain(2, 9, 3))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_every_event_but_a_step_is_a_line_with_all_its_fields(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path / "history.jsonl", History())
    for event in (STEP, epoch(1), MERGED, BACK):
        file(event)
    file.close()
    first, merged, back = lines(tmp_path / "history.jsonl")
    assert EpochDone(**{key: value for key, value in first.items() if key != "event"}) == epoch(1)
    assert first["event"] == "epoch"
    assert merged == {"event": "merged again", "epoch": 2, "epochs": EPOCHS, "dead_clusters": 3}
    assert back == {"event": "rolled back", "epoch": 6, "epochs": EPOCHS, "back_to": 5, "rate_factor": 0.1}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_null(tmp_path: Path, number: float) -> None:
    file = HistoryFile(tmp_path / "history.jsonl", history(epoch(1, terms={"bound": number})))
    file(epoch(2, held_out_bound=number))
    first, second = lines(tmp_path / "history.jsonl")
    assert first["terms"] == {"bound": None}
    assert second["held_out_bound"] is None


def test_a_reader_follows_the_file_while_the_fit_runs(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path / "history.jsonl", History())
    with (tmp_path / "history.jsonl").open() as reader:
        assert reader.read() == ""
        for number in (1, 2):
            file(epoch(number))
            assert strict(reader.read())["epoch"] == number


def test_a_resumed_fit_goes_on_after_what_its_history_holds(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("what a fit wrote before it was killed, to the last hal")
    file = HistoryFile(path, history(epoch(1), epoch(2), MERGED, epoch(3)))
    file(epoch(4))
    assert happened(path) == [("epoch", 1), ("epoch", 2), ("merged again", 2), ("epoch", 3), ("epoch", 4)]


def test_a_reader_who_takes_back_what_was_rolled_back_has_the_history(tmp_path: Path) -> None:
    second = RolledBack(4, EPOCHS, 3, 0.01)
    events = [*map(epoch, (1, 2, 3, 4, 5)), BACK, epoch(5), epoch(6), second, *map(epoch, (3, 4, 5))]
    kept = history(*events)
    appended = HistoryFile(tmp_path / "appended.jsonl", History())
    for event in events:
        appended(event)
    HistoryFile(tmp_path / "anew.jsonl", kept)
    for name in ("appended.jsonl", "anew.jsonl"):
        read: list[int] = []
        for line in lines(tmp_path / name):
            if line["event"] == "rolled back":
                read = [number for number in read if number < line["back_to"]]
            else:
                read.append(line["epoch"])
        assert read == [done.epoch for done in kept.epochs] == [1, 2, 3, 4, 5]


def test_a_history_file_in_a_folder_that_is_gone_warns_once_and_is_not_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "logs" / "history.jsonl"
    file = HistoryFile(path, History())
    path.unlink()
    path.parent.rmdir()
    file(epoch(1))
    path.parent.mkdir()
    file(epoch(2))
    file.close()
    (warning,) = warnings_in(caplog)
    assert f"'{path}' cannot be written: No such file" in warning
    assert not path.exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_full_disk_warns_once_and_ends_no_fit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "history.jsonl"
    file = HistoryFile(path, History())
    path.unlink()
    path.symlink_to("/dev/full")
    for number in (1, 2):
        file(epoch(number))
    file.close()
    (warning,) = warnings_in(caplog)
    assert "No space left on device" in warning


def test_a_fit_is_logged_epoch_by_epoch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vaecluster")
    fit = Fit()
    with log_listeners(tmp_path / "a" / "new" / "folder", fit.history) as listeners:
        fit.learn(*listeners)
    written = [line for line in lines(tmp_path / "a/new/folder/history.jsonl") if line["event"] == "epoch"]
    assert [line["terms"] for line in written] == [done.terms for done in fit.history.epochs]
    assert len([message for message in caplog.messages if "rows/s" in message]) == len(fit.history.epochs) == 3


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with log_listeners(None, History()) as (listener,):
        listener(epoch(1))
    assert isinstance(listener, LogListener)
    assert list(tmp_path.iterdir()) == []


def test_without_tensorboard_the_history_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with log_listeners(tmp_path, History()) as listeners:
        for listener in listeners:
            listener(epoch(1))
    assert [type(listener) for listener in listeners] == [LogListener, HistoryFile]
    assert [path.name for path in tmp_path.iterdir()] == ["history.jsonl"]


@pytest.mark.parametrize(("place", "said"), [("file", "is a file; the logs need a folder"), ("file/x", "cannot be")])
def test_a_place_that_cannot_be_a_folder_is_named_before_the_fit(place: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=said), log_listeners(tmp_path / place, History()):
        raise AssertionError("the fit has begun")


def test_the_listeners_are_closed_when_the_fit_fails(tmp_path: Path) -> None:
    with pytest.raises(ArithmeticError), log_listeners(tmp_path, History()) as listeners:  # noqa: PT012
        listeners[1](epoch(1))
        raise ArithmeticError
    listeners[1](epoch(2))
    assert happened(tmp_path / "history.jsonl") == [("epoch", 1)]
