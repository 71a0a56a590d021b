import io
import re
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from rich.console import Console

from vaecluster.training.events import AtWork, ClustersMergedAgain, EpochDone, Event, Listener, StepDone
from vaecluster.training.listeners import progress
from vaecluster.training.listeners.progress import (
    Bar,
    Lines,
    Passing,
    progress_listeners,
    telling,
    told,
)

EPOCHS, ROWS = 5, 1000
TERMS = {"bound": -12.345, "latent_kl": 6.789}


def step(epoch: int, rows: int) -> StepDone:
    return StepDone(epoch, EPOCHS, (epoch - 1) * ROWS + rows, EPOCHS * ROWS, lambda: TERMS)


def epoch_done(epoch: int, seconds: float = 0.5) -> EpochDone:
    return EpochDone(epoch, EPOCHS, ROWS, seconds, 1e-3, TERMS, 7, 0.8765, None)


def play(display: Listener, seconds_per_step: float = 0.0) -> None:
    """A whole fit, two steps an epoch."""
    for epoch in range(1, EPOCHS + 1):
        for rows in (500, 1000):
            time.sleep(seconds_per_step)
            display(step(epoch, rows))
        display(epoch_done(epoch))


def bar_on_a_terminal() -> tuple[Bar, io.StringIO]:
    screen = io.StringIO()
    return Bar(Console(file=screen, force_terminal=True, width=200)), screen


def last_frame(screen: io.StringIO) -> str:
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    return "\n".join(re.split(r"[\r\n]+", plain.strip())[-2:])  # the bar and the terms below it


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the display takes for the time, in seconds."""
    now = [100.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    return now


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_terminal")
def test_without_a_terminal_progress_is_plain_lines_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_listeners(1) as (display,):
        play(display)
    output = capsys.readouterr()
    assert isinstance(display, Lines)
    assert output.out == ""
    assert "\x1b" not in output.err


def test_on_a_terminal_progress_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "Console", lambda stderr: Console(file=io.StringIO(), force_terminal=True))
    with progress_listeners(1) as (display,):
        assert isinstance(display, Bar)


def test_a_line_holds_the_terms_the_diagnostics_the_speed_and_the_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Lines()(epoch_done(1, seconds=0.25))
    line = capsys.readouterr().err
    Lines()(epoch_done(1, seconds=0.0))
    # One too short to measure.
    assert "  inf rows/s" in capsys.readouterr().err
    assert line.startswith("epoch 1/5  bound -12.35  latent_kl 6.79  clusters 7  confidence 0.876  4,000 rows/s")
    assert re.search(r"  \d+:\d\d left\n$", line)


@pytest.mark.parametrize(
    "lines",
    [
        ((40.0, 1, "2:40"), (80.0, 2, "2:00"), (4000.0, 3, "44:27"), (20000.0, 4, "1:23:20")),
        # Epochs that another process learned took no time in this one.
        ((40.0, 3, "1:20"), (80.0, 4, "0:40")),
    ],
    ids=["whole", "resumed"],
)
def test_the_time_left_is_that_of_the_epochs_to_come(
    lines: tuple[tuple[float, int, str], ...], clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    display = Lines()
    for passed, epoch, left in lines:
        clock[0] = 100.0 + passed
        display(epoch_done(epoch))
        assert f"  {left} left" in capsys.readouterr().err


def test_what_came_before_the_first_step_says_nothing_about_the_rest(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    display = Lines()
    clock[0] += 1000
    display(step(1, 100))
    for rows, passed, line in ((110, 5, None), (600, 50, "shown"), (700, 1, None)):
        clock[0] += passed
        display(step(1, rows))
        shown = capsys.readouterr().err
        assert (shown == "") == (line is None)
        if line is not None:
            # 500 rows in 55 seconds, and 4,400 to come.
            assert shown == "epoch 1/5  bound -12.35  latent_kl 6.79  9 rows/s  8:04 left\n"


def test_lines_are_seconds_apart_but_the_first_and_the_last_always_come(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = Lines()
    for epoch, passed in ((1, 0.1), (2, 0.2), (3, 2.3), (4, 2.4), (5, 2.5)):
        clock[0] = 100.0 + passed
        lines(epoch_done(epoch))
    shown = re.findall(r"^epoch (\d)", capsys.readouterr().err, flags=re.MULTILINE)
    assert shown == ["1", "3", "5"]


def test_steps_and_clusters_that_were_merged_again_print_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    for event in (step(1, 500), ClustersMergedAgain(2, EPOCHS, 3)):
        Lines()(event)
    assert capsys.readouterr() == ("", "")


def test_what_is_done_between_two_epochs_has_lines_seconds_apart_too(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = Lines()
    lines(epoch_done(1))
    for done, passed in enumerate((0.5, 2.5, 3.0, 60.0)):
        clock[0] = 100.0 + passed
        lines(AtWork("merging components", done, 4))
    assert capsys.readouterr().err.splitlines()[1:] == ["merging components  1/4", "merging components  3/4"]


def test_a_bar_says_what_is_done_between_two_epochs() -> None:
    bar, screen = bar_on_a_terminal()
    for event in (step(2, 1000), epoch_done(2), AtWork("merging components", 1, 4)):
        bar(event)
    bar.close()
    assert "merging components  1/4" in last_frame(screen)
    assert "40%" in last_frame(screen)


def test_a_bar_stays_as_it_is_when_clusters_are_merged_again() -> None:
    bar, screen = bar_on_a_terminal()
    for event in (step(2, 1000), epoch_done(2), ClustersMergedAgain(2, EPOCHS, 3)):
        bar(event)
    bar.close()
    frame = last_frame(screen)
    assert "epoch 2/5" in frame
    assert "40%" in frame
    assert "bound -12.35  latent_kl 6.79  clusters 7  confidence 0.88" in frame
    # The cursor is given back.
    assert screen.getvalue().rstrip().endswith("\x1b[?25h")


def test_the_bar_shows_the_terms_the_speed_and_the_time_left() -> None:
    bar, screen = bar_on_a_terminal()
    play(bar, seconds_per_step=0.01)
    bar.close()
    frame = last_frame(screen)
    assert "100%" in frame
    assert f"epoch {EPOCHS}/{EPOCHS}" in frame
    assert "bound -12.35  latent_kl 6.79  clusters 7  confidence 0.88" in frame
    assert re.search(r"[\d,]+ rows/s", frame)
    assert re.search(r"\d:\d\d:\d\d left \d:\d\d:\d\d", frame)


def test_the_bar_reads_the_terms_only_now_and_then() -> None:
    # Each reading waits for the device.
    readings = []
    bar, _ = bar_on_a_terminal()
    for rows in range(1, 101):
        bar(StepDone(1, 1, rows, 100, lambda: readings.append(1) or TERMS))
    bar.close()
    assert 1 <= len(readings) < 20


def test_a_bar_can_be_closed_before_anything_happened() -> None:
    bar_on_a_terminal()[0].close()


def test_a_pass_over_rows_tells_rows_per_second_and_the_time_left(
    clock: list[float], capsys: pytest.CaptureFixture[str], no_terminal: None
) -> None:
    with Passing() as told:
        # Another process had done a fifth, which is read in no time.
        told(0, 0.2)
        for rows, share, seconds in ((1000, 0.4, 4.0), (1500, 0.5, 1.0), (2000, 0.6, 3.0)):
            clock[0] += seconds
            told(rows, share)
    assert (
        capsys.readouterr().err == "1,000 rows  250 rows/s  40%  0:12 left\n2,000 rows  250 rows/s  60%  0:08 left\n"
    )


def shown_of_a_silent_fit() -> list[Listener]:
    with progress_listeners(0) as shown:
        return shown


def test_whoever_is_told_hears_all_of_this_thread_and_nothing_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    events: list[Event] = []
    with told(events.append):
        with progress_listeners(1) as (display,):
            play(display)
        assert list(telling(1)("reading", ["a", "b"])) == ["a", "b"]
        with ThreadPoolExecutor(1) as other:
            assert other.submit(shown_of_a_silent_fit).result() == []
    assert events[-2:] == [AtWork("reading", 0, 2), AtWork("reading", 1, 2)]
    assert len(events) > 2
    assert capfd.readouterr() == ("", "")
    assert shown_of_a_silent_fit() == []
