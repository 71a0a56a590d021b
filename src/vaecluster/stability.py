"""How stable the clusters are: the same fit with several seeds, compared."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from vaecluster.clusters.agreement import Stability, stability_of
from vaecluster.errors import SettingError
from vaecluster.settings import is_whole
from vaecluster.several import Progress, Warned, check_jobs, seeds_of, several

Labels = NDArray[np.intp]


def stability(
    model: BaseEstimator, X: Any, n_runs: int = 5, *, n_jobs: int = 1, first: Labels | None = None
) -> Stability:
    """Fit `n_runs` copies of `model` to `X` that differ in their seed only, and compare their clusters.

    `model` is not fitted, and its folders for checkpoints and logs are not used. Its `random_state` gives the seeds.
    An integer s stands for s, s + 1, s + 2 and so on, so the first run is the fit that `model` itself would make. With
    None or a RandomState the seeds are drawn, as a fit draws its own. `first` (rows,) are labels of the first run, if
    it was made before: the others alone are made then.

    `n_jobs` runs are made at the same time, each in a process of its own; -1 takes as many as there are processor
    cores. The result is the same for every `n_jobs`: each process uses as many threads as torch does here. So with
    several jobs, have torch use few (`torch.set_num_threads`), or they wait for each other. If `model.verbose` is not
    0, the runs that are done and the time left are shown on standard error. What a run warns of is passed on.

    Raises `SettingError` if `n_runs` is not a whole number of 2 or more or `n_jobs` not a whole number other than 0,
    `TrainingError` if a process dies, and what a fit raises. Ctrl-C ends it without a result.

    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import VAEClustering, VaDE
    >>> from vaecluster.stability import stability
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> found = stability(VAEClustering(3, method=VaDE(epochs=5), random_state=0), X, n_runs=2)
    >>> found.labels.shape, found.jaccard.shape
    ((2, 60), (1, 3))
    """
    if not isinstance(model, BaseEstimator) or "random_state" not in model.get_params(deep=False):
        raise SettingError(f"model is {model!r:.60}; expected a VAEClustering, such as VAEClustering(3).")
    if not is_whole(n_runs, 2):
        raise SettingError(f"n_runs is {n_runs!r}; expected a whole number of 2 or more, since runs are compared.")
    check_jobs(n_jobs)
    seeds = seeds_of(model.random_state, n_runs)
    # One folder holds one fit.
    alike = {"verbose": 0, "checkpoint_dir": None, "log_dir": None}
    made = [] if first is None else [first]
    copies = [clone(model).set_params(random_state=seed, **alike) for seed in seeds[len(made) :]]
    labels: list[Labels] = made + [np.empty(0, dtype=np.intp)] * len(copies)
    warned: dict[Warned, list[int]] = {}
    progress = Progress(len(copies), shown=bool(model.verbose))
    for run in several(_labels, [(copy, X) for copy in copies], int(n_jobs)):
        place = len(made) + run.place
        labels[place] = run.result
        progress.one_done()
        for warning in run.warnings:
            warned.setdefault(warning, []).append(place + 1)
    for (message, category), places in warned.items():
        of = f"Run {places[0]}" if len(places) == 1 else f"Runs {', '.join(map(str, sorted(places)))}"
        warnings.warn(f"{of} of {n_runs}: {message}", category, stacklevel=2)
    return stability_of(labels)


def _labels(model: BaseEstimator, X: Any) -> Labels | None:
    """The labels of one run, (rows,); None if it was stopped."""
    model.fit(X)
    return None if model.history_.ending == "interrupted" else model.labels_
