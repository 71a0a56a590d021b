import os
import signal
import threading
from collections.abc import Iterator

import pytest

from vaecluster.training.interrupt import InterruptGuard


@pytest.fixture(autouse=True)
def pythons_own_handler() -> Iterator[None]:
    # A process started in the background of a script ignores SIGINT; these tests must not depend on that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_nothing_is_requested_before_ctrl_c() -> None:
    with InterruptGuard() as guard:
        assert not guard.requested


def test_the_first_ctrl_c_only_asks() -> None:
    with InterruptGuard() as guard:
        press_ctrl_c()
        assert guard.requested


def test_the_second_ctrl_c_interrupts_at_once() -> None:
    with InterruptGuard() as guard:
        press_ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()
        assert guard.requested


def test_after_the_guard_ctrl_c_interrupts_as_before() -> None:
    with InterruptGuard() as guard:
        pass
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()
    assert not guard.requested


@pytest.mark.parametrize("interrupted", [False, True])
def test_the_handler_that_was_there_is_put_back(interrupted: bool) -> None:
    calls = []

    def handler(number: int, frame: object) -> None:
        calls.append(number)

    signal.signal(signal.SIGINT, handler)
    with InterruptGuard():
        if interrupted:
            press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is handler
    assert calls == []


def test_the_handler_is_put_back_when_the_guarded_code_fails() -> None:
    with pytest.raises(ZeroDivisionError), InterruptGuard():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_outside_the_main_thread_the_guard_does_nothing() -> None:
    seen = []

    def work() -> None:
        with InterruptGuard() as guard:
            seen.append((guard.requested, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, signal.default_int_handler)]
