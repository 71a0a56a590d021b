"""The progress of a fit on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    track,
)
from rich.text import Text

from vaecluster.data.telling import Telling, in_silence
from vaecluster.training.events import AtWork, EpochDone, Event, Listener, StepDone, at_work
from vaecluster.training.listeners.words import clock, epoch_words, terms_words, work_words

# Seconds between two readings of the running terms: each waits for the device.
REFRESH = 0.25
# Seconds between two plain lines; the first and the last epoch always get one.
LINE_EVERY = 2.0
# And between two lines within an epoch.
STEP_LINE_EVERY = 10.0
# Who is told beside, in this thread.
_TOLD: ContextVar[Listener | None] = ContextVar("_TOLD", default=None)


@contextmanager
def progress_listeners(verbose: int) -> Iterator[list[Listener]]:
    """What shows a fit: nothing for 0; else a bar if standard error is a terminal, lines if not.

    Inside `told` its listener is told instead.
    """
    listener, console = _TOLD.get(), Console(stderr=True)
    if listener is not None:
        yield [listener]
    elif not verbose:
        yield []
    elif not console.is_terminal:
        yield [Lines()]
    else:
        with closing(Bar(console)) as bar:
            yield [bar]


def telling(verbose: int) -> Telling:
    """How the user is told of long work outside a fit; shown as `progress_listeners` show a fit."""
    listener = _TOLD.get()
    if listener is not None:
        return partial(at_work, listener)
    if not verbose:
        return in_silence
    console = Console(stderr=True)
    if console.is_terminal:
        return lambda what, parts: track(parts, what, console=console, transient=True)
    return lambda what, parts: at_work(Lines(time.perf_counter()), what, parts)


@contextmanager
def told(listener: Listener) -> Iterator[None]:
    """Have a listener told of what this thread does inside, and nothing shown: it shows that in its own way."""
    before = _TOLD.set(listener)
    try:
        yield
    finally:
        _TOLD.reset(before)


class Passing:
    """One pass over rows: how many are done, rows per second and the time left, as a bar or as lines.

    Use it as a context, and call it with the number of rows done and the share of all that they are.
    """

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.percentage:>3.0f}%"))
        bar = Progress(*columns, TextColumn("{task.fields[left]}"), console=console, transient=True)
        self._bar = bar if console.is_terminal else None
        self._task = bar.add_task("", total=1.0, left="")
        self._lines, self._started, self._before = Lines(time.perf_counter()), time.perf_counter(), 0.0

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, rows: int, share: float) -> None:
        """Show it. Rows that another process had done count for nothing: `rows` is 0 as long as only they are read."""
        seconds = time.perf_counter() - self._started
        if not rows:
            self._started, self._before = time.perf_counter(), share
        own = share - self._before
        done = f"{rows:,} rows  {rows / seconds:,.0f} rows/s" if rows and seconds else ""
        left = f"{clock(seconds * (1 - share) / own)} left" if own > 0 else ""
        if self._bar is not None:
            self._bar.update(self._task, description=done, completed=share, left=left)
        elif done:
            self._lines.say(f"{done}  {100 * share:.0f}%  {left}")


class Pace:
    """How fast learning is."""

    def __init__(self) -> None:
        self._created = time.perf_counter()
        # When learning began, and how many rows had been learned from by then: in another process, or in the first
        # step. What came before it, such as a search for neighbours, says nothing about how long the rest takes.
        self._began: tuple[float, int] | None = None

    def begin(self, event: StepDone | EpochDone) -> float:
        """When learning began, if it has only just begun now."""
        if self._began is None and isinstance(event, StepDone):
            self._began = time.perf_counter(), event.rows_done
        elif self._began is None and isinstance(event, EpochDone):
            self._began = self._created, (event.epoch - 1) * event.rows
        assert self._began is not None
        return self._began[0]

    def of(self, done: int, in_all: int) -> tuple[float, float]:
        """Rows a second so far, and the seconds left."""
        assert self._began is not None
        started, before = self._began
        seconds, own = time.perf_counter() - started, done - before
        return own / seconds if seconds else 0.0, seconds / max(1, own) * (in_all - done)


class Lines:
    """One line an epoch or a part of other work, at most one every few seconds, for logs and pipes."""

    def __init__(self, last_line: float = float("-inf")) -> None:
        self._last_line, self._pace = last_line, Pace()

    def __call__(self, event: Event) -> None:
        """Print a line when it is due."""
        if isinstance(event, AtWork):
            self.say(work_words(event))
        elif isinstance(event, StepDone):
            if time.perf_counter() - max(self._last_line, self._pace.begin(event)) >= STEP_LINE_EVERY:
                speed, left = self._pace.of(event.rows_done, event.rows_in_all)
                terms = terms_words(event.means())
                self.say(f"epoch {event.epoch}/{event.epochs}  {terms}  {speed:,.0f} rows/s  {clock(left)} left")
        elif isinstance(event, EpochDone):
            self._pace.begin(event)
            _, left = self._pace.of(event.epoch * event.rows, event.epochs * event.rows)
            self.say(f"{epoch_words(event)}  {clock(left)} left", always=event.epoch in (1, event.epochs))

    def say(self, line: str, *, always: bool = False) -> None:
        """Print a line if it is time for one, or `always`."""
        if always or time.perf_counter() - self._last_line >= LINE_EVERY:
            self._last_line = time.perf_counter()
            print(line, file=sys.stderr, flush=True)


class Bar:
    """A live bar with rows per second and the time left, and the terms in a line below it."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f}%"),
            _RowsPerSecond(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self._terms = ""
        self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=8)
        self._task: TaskID | None = None
        self._read_at = 0.0

    def __call__(self, event: Event) -> None:
        """Move the bar; read the terms only now and then."""
        if self._task is None:
            self._task = self._progress.add_task("fit", total=None, epoch="")
            self._live.start()
        if isinstance(event, AtWork):
            self._terms = work_words(event)
            return
        epoch = f"{event.epoch}/{event.epochs}"
        if isinstance(event, StepDone):
            self._progress.update(self._task, epoch=epoch, completed=event.rows_done, total=event.rows_in_all)
            if time.perf_counter() - self._read_at > REFRESH:
                self._read_at = time.perf_counter()
                self._terms = terms_words(event.means())
        elif isinstance(event, EpochDone):
            self._progress.update(self._task, epoch=epoch)
            diagnostics = f"clusters {event.populated_clusters}  confidence {event.mean_confidence:.2f}"
            self._terms = f"{terms_words(event.terms)}  {diagnostics}"

    def close(self) -> None:
        """Stop drawing."""
        self._live.stop()

    def _picture(self) -> RenderableType:
        # Two lines, so that a terminal of 80 columns shows all of it.
        return Group(self._progress.get_renderable(), Text(self._terms, style="dim"))


class _RowsPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} rows/s" if speed else "", style="cyan")
