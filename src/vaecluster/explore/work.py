"""Long work in a thread, one at a time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

from vaecluster.errors import SettingError, VaeclusterError
from vaecluster.training.events import AtWork, EpochDone, Event, StepDone
from vaecluster.training.listeners.progress import Pace, told
from vaecluster.training.listeners.words import clock, work_words


@final
@dataclass(frozen=True)
class Doing:
    """What is done or was done last, what is to be said of it at its end, and what went wrong.

    `step` says what it is at, and `share` how much of a fit is done, from its first step to its last; `left` is the
    time until then, in words, where it is known.
    """

    what: str
    running: bool = True
    said: str | None = None
    error: str | None = None
    step: str = ""
    share: float | None = None
    left: str | None = None


def words_of(
    problem: BaseException, *, names: bool, asked: type[Exception] | tuple[type[Exception], ...] = SettingError
) -> str:
    """What went wrong, in one line.

    Without `names` this holds words of the errors `asked` alone, which are about what was asked: others name files.
    """
    own = isinstance(problem, VaeclusterError)
    kind = f"It failed: {type(problem).__name__}"
    if names or isinstance(problem, asked):
        said = str(problem) if own else f"{kind} {problem}"
    else:
        said = "A file is there already, or cannot be read or written" if own else kind
        said += ". Start without --no-names to read more."
    return " ".join(said.split())


@final
class Worker:
    """Does one thing at a time. Without `names` it says nothing that may hold one."""

    def __init__(self, *, names: bool = True) -> None:
        self.doing: Doing | None = None
        self._names = names
        self._lock, self._pace = threading.Lock(), Pace()

    def start(self, what: str, work: Callable[[], str]) -> Doing:
        """Begin, and come back at once; what `work` returns is said at its end. `SettingError` if it is busy."""
        with self._lock:
            self.check_idle()
            self.doing, self._pace = Doing(what), Pace()
            begun = self.doing
        threading.Thread(target=self._do, args=(work,), daemon=True).start()
        return begun

    def check_idle(self) -> None:
        """Raise `SettingError` while something is under way."""
        if self.doing is not None and self.doing.running:
            raise SettingError(f"{self.doing.what} is under way. Wait for it to end.")

    def _do(self, work: Callable[[], str]) -> None:
        try:
            with told(self._told):
                said = work()
            self._say(said=said, running=False)
        except BaseException as problem:
            self._say(error=words_of(problem, names=self._names), running=False)
            if not isinstance(problem, VaeclusterError):
                raise

    def _told(self, event: Event) -> None:
        if isinstance(event, AtWork):
            # How long it takes is not known.
            self._say(step=work_words(event), left=None)
        elif isinstance(event, StepDone | EpochDone):
            self._pace.begin(event)
            self._say(step=f"epoch {event.epoch}/{event.epochs}")
            if isinstance(event, StepDone):
                rate, left = self._pace.of(event.rows_done, event.rows_in_all)
                share = event.rows_done / event.rows_in_all
                # After the last step there is more to do, of which nothing is known.
                known = share < 1
                self._say(share=share if known else None, left=clock(left) if rate and known else None)

    def _say(self, **news: Any) -> None:
        if self.doing is not None:
            self.doing = replace(self.doing, **news)
