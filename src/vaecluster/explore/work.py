"""Long work in a thread, one at a time, and how far it is."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from vaecluster.errors import SettingError, VaeclusterError


@final
@dataclass(frozen=True)
class Doing:
    """What is done or was done last: how far it is, 0 to 1, None if that is not known, and what went wrong."""

    what: str
    share: float | None = None
    running: bool = True
    said: str | None = None
    error: str | None = None


@final
class Worker:
    """Does one thing at a time, and says how far it is."""

    def __init__(self) -> None:
        self.doing: Doing | None = None
        self._lock = threading.Lock()

    def start(self, what: str, work: Callable[[], str]) -> Doing:
        """Begin, and come back at once; what `work` returns is said at its end. `SettingError` if it is busy."""
        with self._lock:
            if self.doing is not None and self.doing.running:
                raise SettingError(f"{self.doing.what} is under way. Wait for it to end.")
            self.doing = begun = Doing(what)
        threading.Thread(target=self._do, args=(work,), daemon=True).start()
        return begun

    def telling(self, what: str, parts: Sequence[Any]) -> Iterable[Any]:
        """The parts, one by one; how many are done is the share (`vaecluster.data.telling`)."""
        for number, part in enumerate(parts):
            self._say(share=number / max(1, len(parts)))
            yield part

    def _do(self, work: Callable[[], str]) -> None:
        try:
            self._say(said=work(), share=1.0, running=False)
        except VaeclusterError as problem:
            self._say(error=" ".join(str(problem).split()), running=False)
        except BaseException as problem:
            self._say(error=f"It failed: {type(problem).__name__} {' '.join(str(problem).split())}", running=False)
            raise

    def _say(self, **news: Any) -> None:
        if self.doing is not None:
            self.doing = replace(self.doing, **news)
