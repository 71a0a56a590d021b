"""The fits of a comparison: those that are left to make, and those that were kept."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol, final

import numpy as np

from vaecluster.comparison.fitting import Failed, Fitting, OfModel, OfPeer, rows_held_out
from vaecluster.comparison.record import Fit
from vaecluster.data.rows import Rows
from vaecluster.estimator import VAEClustering
from vaecluster.methods import Method
from vaecluster.peers import Peer
from vaecluster.peers.base import Points
from vaecluster.several import Progress, several
from vaecluster.training.device import isolated
from vaecluster.views.neighbours import Neighbours

# Peers see wider rows by so many principal components: memory grows with the rows alone.
MOST_ENTRIES = 512


class Kept(Protocol):
    """Where finished fits are kept, so that a comparison that was cut off goes on."""

    def get(self, method: str, seed: int) -> Fit | None:
        """One that was kept."""

    def put(self, fit: Fit) -> None:
        """Keep one."""


@final
class NothingKept:
    """Nothing is kept."""

    def get(self, method: str, seed: int) -> Fit | None:
        """None."""
        return None

    def put(self, fit: Fit) -> None:
        """Nothing is done."""


@final
class Fittings:
    """How each method is fitted to these rows."""

    def __init__(self, X: Any, rows: Rows, template: VAEClustering) -> None:
        self._X, self._rows = X, rows
        left_out = ("n_clusters", "method", "checkpoint_dir", "log_dir")
        own = template.get_params(deep=False)
        self._parameters = {name: value for name, value in own.items() if name not in left_out}

    def of(self, method: Method | Peer) -> Fitting:
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
        kept: Kept,
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
            earlier = self._kept.get(method.name, seed)
            if earlier is not None:
                found[method.name, seed] = earlier
                self._progress.one_done(f"{method.name}, seed {seed}, kept from before")
        missing = [(method, seed) for method, seed in wanted if (method.name, seed) not in found]
        each = [(self._fittings.of(method), seed, clusters) for method, seed in missing]
        for done in several(_fitted, each, self._jobs):
            name, seed = missing[done.place][0].name, missing[done.place][1]
            result: Any = done.result
            if isinstance(result, Failed):
                self.left_out[name] = result.reason
                self._progress.one_done(f"{name}, seed {seed}, failed")
                continue
            fit: Fit = replace(result, warnings=tuple((kind.__name__, text) for text, kind in done.warnings))
            self._kept.put(fit)
            found[name, seed] = fit
            self._progress.one_done(f"{name}, seed {seed}, {fit.seconds:.1f} s")
        for method in methods:
            if method.name not in self.left_out:
                self.made[method.name] = [found[method.name, seed] for seed in self._seeds]


def _fitted(fitting: Fitting, seed: int, clusters: Any) -> Fit | Failed | None:
    return fitting(seed, clusters)
