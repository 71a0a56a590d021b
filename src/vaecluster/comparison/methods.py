"""`compare`: several methods with several seeds on the same rows."""

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from vaecluster import errors
from vaecluster.clusters.boundary import Null
from vaecluster.clusters.scores import score_labels
from vaecluster.clusters.separation import separation
from vaecluster.comparison.fitting import Failed, Fitting, OfModel, OfPeer, fraction_held_out
from vaecluster.comparison.record import Compared, Comparison, Fit, typical_of
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.given import Given, given_rows, room_of
from vaecluster.data.rows import Rows
from vaecluster.errors import SettingError, counted
from vaecluster.estimator import VAEClustering
from vaecluster.methods import METHODS, Method, as_method
from vaecluster.peers import PEERS, Peer
from vaecluster.peers.base import Points
from vaecluster.settings import NumberOfClusters, is_whole
from vaecluster.several import Progress, check_jobs, seeds_of, several
from vaecluster.training.device import choose_device, isolated
from vaecluster.views.neighbours import Neighbours

DEFAULT = ("two-views", "vade", "su2018", "kmeans", "gaussian-mixture")
# Peers see wider rows by so many principal components: memory grows with the rows alone.
MOST_ENTRIES = 512
# Whose number of clusters the others get, where it is asked.
LEADER = "two-views"


class Kept(Protocol):
    """Where finished fits are kept, so that a comparison that was cut off goes on."""

    def get(self, method: str, seed: int) -> Fit | None:
        """One that was kept."""

    def put(self, fit: Fit) -> None:
        """Keep one."""


class NothingKept:
    """Nothing is kept."""

    def get(self, method: str, seed: int) -> Fit | None:
        """None."""
        return None

    def put(self, fit: Fit) -> None:
        """Nothing is done."""


def compare(
    X: Any,
    methods: Sequence[str | Method | Peer] = DEFAULT,
    seeds: int = 3,
    y: Any = None,
    *,
    n_clusters: Any = "auto",
    n_jobs: int = 1,
    kept: Kept | None = None,
    **parameters: Any,
) -> Comparison:
    """Fit each of the methods to `X` with several seeds, and compare what they find, without labels.

    `methods` are names of methods of the package ("two-views", "vade", "su2018") and of others ("kmeans",
    "gaussian-mixture", "leiden", "umap-mixture", "umap-hdbscan"), or methods with settings of your own. Others see
    rows as the package scales them, with missing values filled. `parameters` are those of `VAEClustering`, such as
    `rows`, `columns`, `random_state` and `verbose`; the seeds are made of `random_state` as `stability` makes them, 0
    if it is not given. With `n_clusters="auto"` methods that do not find the number get the one that "two-views" finds
    most often, or else the first that can find it.

    `y` (rows,) are labels to score with at the end; they take part in nothing else. A method that is not installed, or
    whose fit fails, is left out, and `left_out` says why. `n_jobs` fits are made at the same time, as by `stability`.

    Raises `SettingError` for methods that cannot be compared and parameters with wrong values, `DataError` for rows
    that cannot be used, and the reason if all methods fail. Ctrl-C ends it; what was finished is in `kept`.

    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster.peers import KMeans
    >>> X, _ = make_blobs(200, n_features=5, centers=3, random_state=0)
    >>> found = compare(X, ["kmeans", "gaussian-mixture"], seeds=2, n_clusters=3)
    >>> found["kmeans"].numbers, found.between("ari").shape
    ([3, 3], (2, 2))
    """
    asked, left_out = _asked(methods)
    template = _template(asked, n_clusters, seeds, n_jobs, parameters)
    with warnings.catch_warnings():
        # Each fit says the same.
        warnings.simplefilter("ignore")
        rows = rows_of(template, X)[1]
    if y is not None:
        score_labels(y, np.zeros(len(rows), dtype=np.intp))
    used = seeds_of(template.random_state, seeds)
    progress = Progress(len(asked) * seeds, "fits", shown=bool(template.verbose))
    fits = _Fits(_Fittings(X, rows, template), used, kept or NothingKept(), int(n_jobs), progress, left_out)
    finders = [method for method in asked.values() if method.finds_number]
    fits.make(finders, n_clusters)
    number, number_from = (n_clusters, None) if is_whole(n_clusters) else _number_of(fits, finders)
    fits.make([method for method in asked.values() if method not in finders], number)
    if not fits.made:
        raise SettingError(f"No method could be fitted. {_reasons(left_out)}")
    _warn([fit for one in fits.made.values() for fit in one])
    with isolated():
        near = Neighbours().find(rows)
    null = Null.of_neighbours(len(rows), near.unseen_rank, near.dimension)

    def compared(name: str, made: list[Fit]) -> Compared:
        # By neighbours from which no method has learned.
        apart = tuple(separation(fit.labels, near.unseen[:], null) for fit in made)
        scores = () if y is None else tuple(score_labels(y, fit.labels) for fit in made)
        return Compared(name, asked[name].finds_number, tuple(made), apart, typical_of(made), scores)

    methods_made = tuple(compared(name, fits.made[name]) for name in asked if name in fits.made)
    return Comparison(methods_made, tuple(used), len(rows), int(number), number_from, left_out)


class _Fittings:
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
        return OfModel(method, self._X, self._parameters, fraction_held_out(len(self._rows)))

    @cached_property
    def _points(self) -> Points:
        with isolated():
            points: Points = Neighbours(components=MOST_ENTRIES).points(self._rows)(slice(None))
        return np.ascontiguousarray(points, dtype=np.float32)


class _Fits:
    """The fits that are made, by method; those that fail are left out."""

    def __init__(
        self,
        fittings: _Fittings,
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


def _asked(methods: Sequence[str | Method | Peer]) -> tuple[dict[str, Method | Peer], dict[str, str]]:
    """The methods by their names, and why some are left out."""
    if isinstance(methods, str) or not isinstance(methods, Iterable):
        raise SettingError(f"methods is {methods!r}; expected a list of methods, such as ['two-views', 'kmeans'].")
    asked: dict[str, Method | Peer] = {}
    left_out = {}
    for given in methods:
        method = _method(given)
        if method.name in asked or method.name in left_out:
            raise SettingError(f"methods names {method.name!r} twice. Name each once.")
        reason = method.missing() if isinstance(method, Peer) else None
        if reason is None:
            asked[method.name] = method
        else:
            left_out[method.name] = reason
    if not asked:
        raise SettingError(f"methods holds none that can be fitted. {_reasons(left_out) or 'Name one or more.'}")
    return asked, left_out


def _method(given: Any) -> Method | Peer:
    if isinstance(given, Peer):
        return given
    if isinstance(given, str) and given in PEERS:
        return PEERS[given]()
    if isinstance(given, str) and given not in METHODS:
        names = ", ".join(map(repr, (*METHODS, *PEERS)))
        raise SettingError(f"methods holds {given!r}; expected some of {names}.")
    return as_method(given)


def _template(
    asked: Mapping[str, Method | Peer], n_clusters: Any, seeds: Any, n_jobs: Any, parameters: Mapping[str, Any]
) -> VAEClustering:
    """What all fits of the package have in common; raises `SettingError` for what cannot be asked for."""
    if not is_whole(seeds, 1):
        raise SettingError(f"seeds is {seeds!r}; expected a whole number of 1 or more.")
    check_jobs(n_jobs)
    number = NumberOfClusters()
    if not number.accepts(n_clusters):
        raise SettingError(f"n_clusters is {n_clusters!r}; expected {number.expected}.")
    if not is_whole(n_clusters) and not any(method.finds_number for method in asked.values()):
        raise SettingError(
            f"n_clusters is {n_clusters!r}, but none of {', '.join(asked)} finds a number of clusters. Give a number, "
            f"or add {LEADER!r}."
        )
    unknown = parameters.keys() - VAEClustering().get_params(deep=False).keys() | parameters.keys() & {"method"}
    if unknown:
        raise SettingError(f"{min(unknown)} is no parameter of a comparison. Leave it out.")
    return VAEClustering(n_clusters, **{"random_state": 0} | dict(parameters))


def rows_of(template: VAEClustering, X: Any) -> tuple[Given, Rows]:
    """The rows as they were given, and as methods see them by default."""
    with isolated():
        given = given_rows(template, X)
        schema = given.source.schema(Reading("gaussian", "auto", None, given.names or None))
        return given, Rows(given.source, schema, choose_device(template.device), room=room_of(template))


def _number_of(fits: _Fits, finders: Sequence[Method | Peer]) -> tuple[int, str]:
    """The number of clusters found most often, of equals the smaller, and the method that found it."""
    names = sorted((method.name for method in finders if method.name in fits.made), key=lambda name: name != LEADER)
    if not names:
        raise SettingError(f"No method found a number of clusters. {_reasons(fits.left_out)}")
    counts = Counter(len(fit.sizes) for fit in fits.made[names[0]])
    return max(1, min(counts, key=lambda number: (-counts[number], number))), names[0]


def _reasons(left_out: Mapping[str, str]) -> str:
    return " ".join(f"{name}: {reason}" for name, reason in left_out.items())


def _warn(fits: Sequence[Fit]) -> None:
    """Pass on what fits warned of, each once, with the fits that did."""
    said: dict[tuple[str, str], list[str]] = {}
    for fit in fits:
        for warning in fit.warnings:
            said.setdefault(warning, []).append(f"{fit.method} with seed {fit.seed}")
    for (kind, text), which in said.items():
        of = which[0] if len(which) == 1 else f"{counted(len(which), 'fit')}, the first of {which[0]}"
        warnings.warn(f"{of}: {text}", getattr(errors, kind, UserWarning), stacklevel=3)
