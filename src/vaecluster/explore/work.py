"""Long work in a thread, one at a time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

from vaecluster.errors import SettingError, VaeclusterError


@final
@dataclass(frozen=True)
class Doing:
    """What is done or was done last, what is to be said of it at its end, and what went wrong."""

    what: str
    running: bool = True
    said: str | None = None
    error: str | None = None


@final
class Worker:
    """Does one thing at a time."""

    def __init__(self) -> None:
        self.doing: Doing | None = None
        self._lock = threading.Lock()

    def start(self, what: str, work: Callable[[], str]) -> Doing:
        """Begin, and come back at once; what `work` returns is said at its end. `SettingError` if it is busy."""
        with self._lock:
            self.check_idle()
            self.doing = begun = Doing(what)
        threading.Thread(target=self._do, args=(work,), daemon=True).start()
        return begun

    def check_idle(self) -> None:
        """Raise `SettingError` while something is under way."""
        if self.doing is not None and self.doing.running:
            raise SettingError(f"{self.doing.what} is under way. Wait for it to end.")

    def _do(self, work: Callable[[], str]) -> None:
        try:
            self._say(said=work(), running=False)
        except VaeclusterError as problem:
            self._say(error=" ".join(str(problem).split()), running=False)
        except BaseException as problem:
            self._say(error=f"It failed: {type(problem).__name__} {' '.join(str(problem).split())}", running=False)
            raise

    def _say(self, **news: Any) -> None:
        if self.doing is not None:
            self.doing = replace(self.doing, **news)
