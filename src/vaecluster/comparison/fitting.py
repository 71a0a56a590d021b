"""One fit of one method, in this process or in another."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, final

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from vaecluster.comparison.record import Fit
from vaecluster.errors import VaeclusterError
from vaecluster.estimator import VAEClustering
from vaecluster.inference.doubt import MOST_HELD_OUT, PLENTY
from vaecluster.methods import Method
from vaecluster.peers import Peer
from vaecluster.peers.base import Points

# At most this share of the rows, and at most so many, are held out for the bound.
HELD_OUT_SHARE, HELD_OUT_ROWS = MOST_HELD_OUT / 2, 1000


@final
@dataclass(frozen=True)
class Failed:
    """A fit that could not be made, and why."""

    reason: str


class Fitting(Protocol):
    """What can be fitted with a seed; it says which method it is, and what the bound is a density of."""

    @property
    def method(self) -> Method | Peer:
        """The method."""

    def __call__(self, seed: int, clusters: Any) -> Fit | Failed | None:
        """A fit, None if it was stopped by Ctrl-C."""


@final
@dataclass(frozen=True, eq=False)
class OfModel:
    """A method of the package on rows as the user gave them, with parameters of `VAEClustering`.

    Some rows are held out, the same for every method and seed, for the bound; they get labels like all others.
    """

    method: Method
    X: Any
    parameters: Mapping[str, Any]
    outlier_fraction: float

    def __call__(self, seed: int, clusters: Any) -> Fit | Failed | None:
        """The fit."""
        own = {"outlier_fraction": self.outlier_fraction, "random_state": seed, "verbose": 0}
        model = VAEClustering(clusters, method=self.method, **dict(self.parameters) | own)
        clock = Clock()
        try:
            model.fit(self.X)
        except (VaeclusterError, MemoryError) as problem:
            return Failed(str(problem) or "There is not enough memory for it.")
        if model.history_.ending == "interrupted":
            return None
        held_out = model.fitted_.calibration
        bound = float(held_out.bounds.mean()) if held_out is not None and held_out.held_out else None
        return Fit(self.method.name, seed, model.assigned_.likeliest, *clock.read(), bound, _density(model.method_))


@final
@dataclass(frozen=True, eq=False)
class OfPeer:
    """A method of another library on points."""

    method: Peer
    points: Points

    def __call__(self, seed: int, clusters: Any) -> Fit | Failed | None:
        """The fit."""
        clock = Clock()
        try:
            with threadpool_limits(torch.get_num_threads()):
                found = self.method.fit(self.points, clusters, seed)
        # Other libraries raise what they like: a method that fails is left out, and the others are compared.
        except Exception as problem:
            return Failed(f"{type(problem).__name__}: {problem}")
        return Fit(self.method.name, seed, np.asarray(found.labels, dtype=np.intp), *clock.read())


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


def fraction_held_out(rows: int) -> float:
    """The `outlier_fraction` for which a fit holds out rows for the bound; 0 if there are too few of them.

    >>> fraction_held_out(20_000), fraction_held_out(400), fraction_held_out(100)
    (0.01, 0.25, 0.0)
    """
    wanted = min(HELD_OUT_ROWS, int(HELD_OUT_SHARE * rows))
    return PLENTY / wanted if wanted > PLENTY else 0.0
