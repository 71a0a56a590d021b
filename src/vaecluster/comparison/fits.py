"""The fits of a comparison: each of one method, in this process or in another, unless it was kept."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import call
from typing import Any, Protocol, final

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vaecluster.comparison.record import Fit
from vaecluster.data.given import given_rows
from vaecluster.data.rows import Rows
from vaecluster.errors import DataError, VaeclusterError
from vaecluster.estimator import VAEClustering
from vaecluster.hearing import unheard
from vaecluster.inference.answers import mean_bound
from vaecluster.methods import Method
from vaecluster.peers import Peer
from vaecluster.peers.base import Labels, Points
from vaecluster.several import Progress, several
from vaecluster.training.device import choose_device, isolated
from vaecluster.views.neighbours import Neighbours

# One in so many rows, and at most so many, are held out for the bound; of fewer than the last number none.
ONE_IN, MOST_HELD_OUT, LEAST_HELD_OUT = 10, 1000, 10
# Peers see wider rows by so many principal components: memory grows with the rows alone.
MOST_ENTRIES = 512


@final
@dataclass(frozen=True)
class Failed:
    """A fit that could not be made, and why."""

    reason: str


class FitStore(Protocol):
    """Where finished fits are kept by method and seed, for a comparison that goes on; a dict will do."""

    def get(self, key: tuple[str, int], /) -> Fit | None:
        """One that was kept."""

    def __setitem__(self, key: tuple[str, int], fit: Fit, /) -> None:
        """Keep one."""


@final
@dataclass(frozen=True, eq=False)
class OfModel:
    """A method of the package on rows as the user gave them, with parameters of `VAEClustering`.

    The rows of these numbers are `held_out`, the same for every method and seed: no fit learns from them, and the
    bound is theirs. They get labels like all others.
    """

    method: Method
    X: Any
    parameters: Mapping[str, Any]
    rows: int
    held_out: NDArray[np.intp]

    def __call__(self, seed: int, clusters: Any) -> Fit | Failed | None:
        """The fit, None if it was stopped by Ctrl-C."""
        own = {"random_state": seed, "verbose": 0}
        model = VAEClustering(clusters, method=self.method, **dict(self.parameters) | own)
        clock = Clock()
        try:
            model.fit(self.X, sample_weight=self._weights())
        except (VaeclusterError, MemoryError) as problem:
            return Failed(str(problem) or "There is not enough memory for it.")
        if model.history_.ending == "interrupted":
            return None
        taken = clock.read()
        return Fit(
            self.method.name, seed, model.assigned_.likeliest, *taken, self._bound(model), _density(model.method_)
        )

    def _weights(self) -> NDArray[np.float64] | None:
        if not len(self.held_out):
            return None
        weights = np.ones(self.rows)
        weights[self.held_out] = 0.0
        return weights

    def _bound(self, model: VAEClustering) -> float | None:
        if not len(self.held_out):
            return None
        schema = model.fitted_.schema
        # The fit has said the same.
        with isolated(), unheard():
            source = given_rows(model, self.X, schema).source
            return mean_bound(model.model_, Rows(source, schema, choose_device(model.device), numbers=self.held_out))


@final
@dataclass(frozen=True, eq=False)
class OfPeer:
    """A method of another library on points."""

    method: Peer
    points: Points

    def __call__(self, seed: int, clusters: Any) -> Fit | Failed:
        """The fit."""
        clock = Clock()
        try:
            with threadpool_limits(torch.get_num_threads()):
                labels = _checked(self.method.fit(self.points, clusters, seed).labels, len(self.points))
        # Other libraries raise what they like: a method that fails is left out, and the others are compared.
        except Exception as problem:
            words = " ".join(str(problem).split())
            return Failed(f"{type(problem).__name__}: {words}" if words else type(problem).__name__)
        return Fit(self.method.name, seed, labels, *clock.read())


def _checked(given: Any, rows: int) -> Labels:
    """Labels (rows,) as whole numbers from 0, -1 for none; raises `DataError` for others."""
    labels = np.asarray(given)
    if labels.shape != (rows,):
        raise DataError(f"its labels have shape {labels.shape}; expected ({rows},), one for each point.")
    with np.errstate(invalid="ignore"):
        whole = labels.astype(np.intp)
    if not (whole == labels).all() or (whole < -1).any():
        raise DataError("its labels are not all whole numbers from 0, or -1 for none.")
    return whole


@final
class Clock:
    """Seconds from now on, by the clock and of the processors."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Both."""
        return time.perf_counter() - self._wall, time.process_time() - self._cpu


def _density(method: Method) -> str:
    """What a method takes rows to vary by around what it decodes."""
    precision = getattr(method, "precision", None)
    return method.likelihood if precision is None else f"{method.likelihood}, precision {precision:g}"


def rows_held_out(rows: int) -> NDArray[np.intp]:
    """The numbers of the rows from which no fit learns, always the same; none if rows are few.

    >>> [len(rows_held_out(rows)) for rows in (99, 400, 20_000)]
    [0, 40, 1000]
    """
    number = min(rows // ONE_IN, MOST_HELD_OUT)
    if number < LEAST_HELD_OUT:
        return np.empty(0, dtype=np.intp)
    return np.sort(np.random.default_rng(0).choice(rows, number, replace=False)).astype(np.intp)


@final
class Fittings:
    """How each method is fitted to these rows."""

    def __init__(self, X: Any, rows: Rows, template: VAEClustering) -> None:
        self._X, self._rows = X, rows
        left_out = ("n_clusters", "method", "checkpoint_dir", "log_dir")
        own = template.get_params(deep=False)
        self._parameters = {name: value for name, value in own.items() if name not in left_out}

    def of(self, method: Method | Peer) -> OfModel | OfPeer:
        """That of this method."""
        if isinstance(method, Peer):
            return OfPeer(method, self._points)
        return OfModel(method, self._X, self._parameters, len(self._rows), rows_held_out(len(self._rows)))

    @cached_property
    def _points(self) -> Points:
        with isolated():
            points: Points = Neighbours(components=MOST_ENTRIES).points(self._rows)(slice(None))
        return np.ascontiguousarray(points, dtype=np.float32)


@final
class Fits:
    """The fits that are made, by method; those that fail are left out."""

    def __init__(
        self,
        fittings: Fittings,
        seeds: Sequence[int],
        kept: FitStore,
        n_jobs: int,
        progress: Progress,
        left_out: dict[str, str],
    ) -> None:
        self._fittings, self._seeds, self._kept, self._jobs = fittings, seeds, kept, n_jobs
        self._progress, self.left_out = progress, left_out
        self.made: dict[str, list[Fit]] = {}

    def make(self, methods: Sequence[Method | Peer], clusters: Any) -> None:
        """Fit each with each seed, but for fits that were kept."""
        found = {}
        wanted = [(method, seed) for method in methods for seed in self._seeds]
        for method, seed in wanted:
            earlier = self._kept.get((method.name, seed))
            if earlier is not None:
                found[method.name, seed] = earlier
                self._progress.one_done(f"{method.name}, seed {seed}, kept from before")
        missing = [(method, seed) for method, seed in wanted if (method.name, seed) not in found]
        each = [(self._fittings.of(method), seed, clusters) for method, seed in missing]
        for done in several(call, each, self._jobs):
            name, seed = missing[done.place][0].name, missing[done.place][1]
            result: Any = done.result
            if isinstance(result, Failed):
                self.left_out[name] = result.reason
                self._progress.one_done(f"{name}, seed {seed}, failed")
                continue
            fit: Fit = replace(result, warnings=tuple((kind.__name__, text) for text, kind in done.warnings))
            self._kept[name, seed] = found[name, seed] = fit
            self._progress.one_done(f"{name}, seed {seed}, {fit.seconds:.1f} s")
        for method in methods:
            if method.name not in self.left_out:
                self.made[method.name] = [found[method.name, seed] for seed in self._seeds]
