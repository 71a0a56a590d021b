"""One fit of one method, in this process or in another."""

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
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
from vaecluster.inference.answers import mean_bound
from vaecluster.methods import Method
from vaecluster.peers import Peer
from vaecluster.peers.base import Labels, Points
from vaecluster.training.device import choose_device, isolated

# One in so many rows, and at most so many, are held out for the bound; of fewer than the last number none.
ONE_IN, MOST_HELD_OUT, LEAST_HELD_OUT = 10, 1000, 10


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

    The rows of these numbers are `held_out`, the same for every method and seed: no fit learns from them, and the
    bound is theirs. They get labels like all others.
    """

    method: Method
    X: Any
    parameters: Mapping[str, Any]
    rows: int
    held_out: NDArray[np.intp]

    def __call__(self, seed: int, clusters: Any) -> Fit | Failed | None:
        """The fit."""
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
        with isolated(), warnings.catch_warnings():
            # The fit has said the same.
            warnings.simplefilter("ignore")
            source = given_rows(model, self.X, schema).source
            return mean_bound(model.model_, Rows(source, schema, choose_device(model.device), numbers=self.held_out))


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
