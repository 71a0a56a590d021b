"""Several fits of the same rows: at the same time in processes of their own, each told of when it is done."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar, final

import torch
from joblib import Parallel, delayed, effective_n_jobs
from threadpoolctl import threadpool_limits

from vaecluster.errors import SettingError, TrainingError
from vaecluster.hearing import heard
from vaecluster.settings import is_whole
from vaecluster.training.session import random_of

Result = TypeVar("Result")
Warned = tuple[str, type[Warning]]


@final
@dataclass(frozen=True)
class Done(Generic[Result]):
    """What one fit leaves: its place among all, what its function gave, and what it warned of."""

    place: int
    result: Result
    warnings: list[Warned]


def several(fit: Callable[..., Result | None], each: Sequence[tuple[Any, ...]], n_jobs: int) -> Iterator[Done[Result]]:
    """Call `fit` with each of these arguments, `n_jobs` at the same time, and give back what is done as soon as it is.

    Each fit has as many threads as torch has here, in this process or in another: sums depend on how they are split.
    A fit that gives None was stopped by Ctrl-C, which is then raised here. Raises `TrainingError` if a process dies.
    """
    if not each:
        return
    # Every job is a process, whatever joblib is set to elsewhere: the number of torch's threads belongs to a process.
    # One fit per message, or joblib would hold back fits that are done.
    parallel = Parallel(
        n_jobs=min(effective_n_jobs(n_jobs), len(each)),
        backend="loky",
        batch_size=1,
        return_as="generator_unordered",
    )
    threads = torch.get_num_threads()
    try:
        for done in parallel(delayed(_made)(fit, place, given, threads) for place, given in enumerate(each)):
            if done.result is None:
                # A fit that was stopped keeps what it learned, but cannot be compared with the others.
                raise KeyboardInterrupt
            yield done
    except BrokenProcessPool:
        raise TrainingError(
            "A process that fits one of the runs died, most often for want of memory. Ask for fewer jobs at a time."
        ) from None


def check_jobs(n_jobs: Any) -> None:
    """Raise `SettingError` unless it is a number of jobs."""
    if not is_whole(n_jobs, -sys.maxsize) or n_jobs == 0:
        raise SettingError(
            f"n_jobs is {n_jobs!r}; expected a whole number of 1 or more, or -1 for one job per processor core."
        )


def seeds_of(random_state: Any, number: int) -> list[int]:
    """The seeds of the fits: consecutive ones from an integer, else drawn from the random state.

    >>> seeds_of(7, 3)
    [7, 8, 9]
    """
    if is_whole(random_state, 0):
        # After the largest seed that numpy takes comes 0.
        return [(int(random_state) + one) % 2**32 for one in range(number)]
    drawn: list[int] = random_of(random_state).randint(2**31 - 1, size=number).tolist()
    return drawn


@final
class Progress:
    """A line on standard error when a fit is done, with the time left."""

    def __init__(self, fits: int, called: str = "runs", *, shown: bool) -> None:
        self._fits, self._called, self._done, self._shown = fits, called, 0, shown
        self._started = time.perf_counter()
        self._say(f"{fits} {called}")

    def one_done(self, words: str = "") -> None:
        """Count one more fit; `words` say which."""
        self._done += 1
        left = (time.perf_counter() - self._started) / self._done * (self._fits - self._done)
        which = f"  {words}" if words else ""
        self._say(f"{self._done}/{self._fits} {self._called} done{which}  {timedelta(seconds=round(left))} left")

    def _say(self, text: str) -> None:
        if self._shown:
            print(text, file=sys.stderr, flush=True)


def _made(fit: Callable[..., Result], place: int, given: tuple[Any, ...], threads: int) -> Done[Result]:
    torch.set_num_threads(threads)
    # numpy and scipy have threads of their own, by default as many as there are logical cores. A worker has fewer.
    # Other warnings are treated as the caller has it.
    with threadpool_limits(threads, user_api="blas"), heard(UserWarning) as caught:
        result = fit(*given)
    return Done(place, result, [(str(warning.message), warning.category) for warning in caught])
