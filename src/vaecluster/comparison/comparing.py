"""`compare`: several methods with several seeds on the same rows."""

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from vaecluster import errors
from vaecluster.clusters.scores import score_labels
from vaecluster.clusters.separation import separation
from vaecluster.comparison.asking import LEADER, asked_methods, reasons, rows_of, template_of
from vaecluster.comparison.fits import Fits, FitStore, Fittings
from vaecluster.comparison.record import Compared, Comparison, Fit, typical_of
from vaecluster.data.checks import check_number_of_rows
from vaecluster.errors import SettingError, counted
from vaecluster.hearing import unheard
from vaecluster.methods import Method
from vaecluster.peers import Peer
from vaecluster.settings import is_whole
from vaecluster.several import Progress, seeds_of
from vaecluster.training.device import isolated
from vaecluster.views.neighbours import Neighbours

DEFAULT = ("two-views", "vade", "su2018", "kmeans", "gaussian-mixture")


def compare(
    X: Any,
    methods: Sequence[str | Method | Peer] = DEFAULT,
    seeds: int = 3,
    y: Any = None,
    *,
    n_clusters: Any = "auto",
    n_jobs: int = 1,
    kept: FitStore | None = None,
    **parameters: Any,
) -> Comparison:
    """Fit each of the methods to `X` with several seeds, and compare what they find, without labels.

    `X` holds rows as `VAEClustering.fit` takes them. `methods` are names of methods of the package, such as "vade",
    and of others ("kmeans", "gaussian-mixture", "leiden", "umap-mixture", "umap-hdbscan"), or either with settings of
    your own. Others see rows as the package scales them, with missing values filled. `parameters` are those of
    `VAEClustering`, such as `rows`, `columns`, `random_state` and `verbose`; the seeds are made of `random_state` as
    `stability` makes them, 0 if it is not given. With `n_clusters="auto"` methods that do not find the number get the
    one that "two-views" finds most often, or else the first that can find it.

    `y` (rows,) are labels to score with at the end; they take part in nothing else. A method that is not installed, or
    whose fit fails, is left out, and `left_out` says why. `n_jobs` fits are made at the same time, as by `stability`.

    Raises `SettingError` for methods that cannot be compared and parameters with wrong values, `DataError` for rows
    that cannot be used, and the reason if all methods fail. Ctrl-C ends it; what was finished is in `kept`.

    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import compare
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> found = compare(X, ["kmeans", "gaussian-mixture"], seeds=2, n_clusters=3)
    >>> found["kmeans"].numbers, found.between("ari").shape
    ([3, 3], (2, 2))
    """
    asked, left_out = asked_methods(methods)
    template = template_of(asked, n_clusters, seeds, n_jobs, parameters)
    # Each fit says the same.
    with unheard():
        rows = rows_of(template, X)[1]
    if is_whole(n_clusters):
        check_number_of_rows(len(rows), n_clusters)
    if y is not None:
        score_labels(y, np.zeros(len(rows), dtype=np.intp))
    used = seeds_of(template.random_state, seeds)
    progress = Progress(len(asked) * seeds, "fits", shown=bool(template.verbose))
    fits = Fits(Fittings(X, rows, template), used, {} if kept is None else kept, int(n_jobs), progress, left_out)
    finders = [method for method in asked.values() if method.finds_number]
    fits.make(finders, n_clusters)
    number, number_from = (n_clusters, None) if is_whole(n_clusters) else _number_of(fits, finders)
    fits.make([method for method in asked.values() if method not in finders], number)
    if not fits.made:
        raise SettingError(f"No method could be fitted. {reasons(left_out)}")
    _warn([fit for one in fits.made.values() for fit in one])
    with isolated():
        near = Neighbours().find(rows)

    def compared(name: str, made: list[Fit]) -> Compared:
        # By neighbours from which no method has learned.
        apart = tuple(separation(fit.labels, near.unseen[:], near.null) for fit in made)
        scores = () if y is None else tuple(score_labels(y, fit.labels) for fit in made)
        return Compared(name, asked[name].finds_number, tuple(made), apart, typical_of(made), scores)

    methods_made = tuple(compared(name, fits.made[name]) for name in asked if name in fits.made)
    return Comparison(methods_made, tuple(used), len(rows), int(number), number_from, left_out)


def _number_of(fits: Fits, finders: Sequence[Method | Peer]) -> tuple[int, str]:
    """The number of clusters found most often, of equals the smaller, and the method that found it."""
    names = sorted((method.name for method in finders if method.name in fits.made), key=lambda name: name != LEADER)
    if not names:
        raise SettingError(f"No method found a number of clusters. {reasons(fits.left_out)}")
    counts = Counter(len(fit.sizes) for fit in fits.made[names[0]])
    return max(1, min(counts, key=lambda number: (-counts[number], number))), names[0]


def _warn(fits: Sequence[Fit]) -> None:
    """Pass on what fits warned of, each once, with the fits that did."""
    said: dict[tuple[str, str], list[str]] = {}
    for fit in fits:
        for warning in fit.warnings:
            said.setdefault(warning, []).append(f"{fit.method} with seed {fit.seed}")
    for (kind, text), which in said.items():
        of = which[0] if len(which) == 1 else f"{counted(len(which), 'fit')}, the first of {which[0]}"
        warnings.warn(f"{of}: {text}", getattr(errors, kind, UserWarning), stacklevel=3)
