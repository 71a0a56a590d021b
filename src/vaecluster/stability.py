"""How stable the clusters are: the same fit with several seeds, compared."""

import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, final

import numpy as np
import torch
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from threadpoolctl import threadpool_limits

from vaecluster.clusters.agreement import Stability, stability_of
from vaecluster.errors import SettingError, TrainingError
from vaecluster.settings import is_whole
from vaecluster.training.session import random_of


def stability(model: BaseEstimator, X: Any, n_runs: int = 5, *, n_jobs: int = 1) -> Stability:
    """Fit `n_runs` copies of `model` to `X` that differ in their seed only, and compare their clusters.

    `model` is not fitted, and its folders for checkpoints and logs are not used. Its `random_state` gives the seeds.
    An integer s stands for s, s + 1, s + 2 and so on, so the first run is the fit that `model` itself would make. With
    None or a RandomState the seeds are drawn, as a fit draws its own.

    `n_jobs` runs are made at the same time, each in a process of its own; -1 takes as many as there are processor
    cores. The result is the same for every `n_jobs`: each process uses as many threads as torch does here. So with
    several jobs, have torch use few (`torch.set_num_threads`), or they wait for each other. If `model.verbose` is not
    0, the runs that are done and the time left are shown on standard error. What a run warns of is passed on.

    Raises `SettingError` if `n_runs` is not a whole number of 2 or more or `n_jobs` not a whole number other than 0,
    `TrainingError` if a process dies, and what a fit raises. Ctrl-C ends it without a result.

    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import TwoViews, VAEClustering
    >>> X, _ = make_blobs(200, n_features=5, centers=3, random_state=0)
    >>> found = stability(VAEClustering(3, method=TwoViews(epochs=150), random_state=0), X, n_runs=2)
    >>> found.labels.shape, found.jaccard.shape
    ((2, 200), (1, 3))
    """
    if not isinstance(model, BaseEstimator) or "random_state" not in model.get_params(deep=False):
        raise SettingError(f"model is {model!r:.60}; expected a VAEClustering, such as VAEClustering(3).")
    if not is_whole(n_runs, 2):
        raise SettingError(f"n_runs is {n_runs!r}; expected a whole number of 2 or more, since runs are compared.")
    if not is_whole(n_jobs, -sys.maxsize) or n_jobs == 0:
        raise SettingError(
            f"n_jobs is {n_jobs!r}; expected a whole number of 1 or more, or -1 for one job per processor core."
        )
    seeds = seeds_of(model.random_state, n_runs)
    # One folder holds one fit.
    alike = {"verbose": 0, "checkpoint_dir": None, "log_dir": None}
    copies = [clone(model).set_params(random_state=seed, **alike) for seed in seeds]
    labels: list[NDArray[np.intp]] = [np.empty(0, dtype=np.intp)] * len(copies)
    warned: dict[tuple[str, type[Warning]], list[int]] = {}
    progress = _Progress(len(copies), shown=bool(model.verbose))
    for run in _runs(copies, X, int(n_jobs)):
        labels[run.place] = run.labels
        progress.one_done()
        for warning in run.warnings:
            warned.setdefault(warning, []).append(run.place + 1)
    for (message, category), places in warned.items():
        of = f"Run {places[0]}" if len(places) == 1 else f"Runs {', '.join(map(str, sorted(places)))}"
        warnings.warn(f"{of} of {n_runs}: {message}", category, stacklevel=2)
    return stability_of(labels)


def seeds_of(random_state: Any, n_runs: int) -> list[int]:
    """The seeds of the runs: consecutive ones from an integer, else drawn from the random state.

    >>> seeds_of(7, 3)
    [7, 8, 9]
    """
    if is_whole(random_state, 0):
        # After the largest seed that numpy takes comes 0.
        return [(int(random_state) + run) % 2**32 for run in range(n_runs)]
    drawn: list[int] = random_of(random_state).randint(2**31 - 1, size=n_runs).tolist()
    return drawn


@final
@dataclass(frozen=True)
class _Run:
    """What one fit leaves: its place among the runs, its labels (rows,), and what it warned of."""

    place: int
    labels: NDArray[np.intp]
    warnings: list[tuple[str, type[Warning]]]
    interrupted: bool


def _runs(copies: list[BaseEstimator], X: Any, n_jobs: int) -> Iterator[_Run]:
    """Make the runs and give each back as soon as it is done."""
    # Every job is a process, whatever joblib is set to elsewhere: the number of torch's threads belongs to a process.
    # One run per message, or joblib would hold back runs that are done.
    parallel = Parallel(
        n_jobs=min(effective_n_jobs(n_jobs), len(copies)),
        backend="loky",
        batch_size=1,
        return_as="generator_unordered",
    )
    threads = torch.get_num_threads()
    try:
        for run in parallel(delayed(_fit)(place, copy, X, threads) for place, copy in enumerate(copies)):
            if run.interrupted:
                # A fit that was stopped keeps what it learned, but cannot be compared with the others.
                raise KeyboardInterrupt
            yield run
    except BrokenProcessPool:
        raise TrainingError(
            "A process that fits one of the runs died, most often for want of memory. Ask for fewer jobs at a time."
        ) from None


def _fit(place: int, model: BaseEstimator, X: Any, threads: int) -> _Run:
    """One run, in this process or in another, with so many threads: sums depend on how they are split."""
    torch.set_num_threads(threads)
    # numpy and scipy have threads of their own, by default as many as there are logical cores. A worker has fewer.
    with threadpool_limits(threads, user_api="blas"), warnings.catch_warnings(record=True) as caught:
        # Warnings that an earlier run gave already come again; all else stays as the caller has it.
        warnings.simplefilter("always", UserWarning)
        model.fit(X)
    return _Run(
        place,
        model.labels_,
        [(str(warning.message), warning.category) for warning in caught],
        model.history_.ending == "interrupted",
    )


@final
class _Progress:
    """A line on standard error when a run is done, with the time left."""

    def __init__(self, runs: int, *, shown: bool) -> None:
        self._runs, self._done, self._shown = runs, 0, shown
        self._started = time.perf_counter()
        self._say(f"{runs} runs")

    def one_done(self) -> None:
        """Count one more run."""
        self._done += 1
        left = (time.perf_counter() - self._started) / self._done * (self._runs - self._done)
        self._say(f"{self._done}/{self._runs} runs done  {timedelta(seconds=round(left))} left")

    def _say(self, text: str) -> None:
        if self._shown:
            print(text, file=sys.stderr, flush=True)
