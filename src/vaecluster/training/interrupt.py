"""Ctrl-C that ends a fit between two steps, never in the middle of one."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self, final


@final
class InterruptGuard:
    """While it is entered, the first Ctrl-C sets `requested`; a second one interrupts at once, as usual.

    Outside the main thread Python delivers no signals, and the guard does nothing.
    """

    def __init__(self) -> None:
        self.requested = False
        self._previous: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._request)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        signal.signal(signal.SIGINT, self._previous)
