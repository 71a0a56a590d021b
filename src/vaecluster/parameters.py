"""The parameters of an estimator: checked, as the session of a fit, and as plain values."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from vaecluster import ranks
from vaecluster.data import checks
from vaecluster.data.kinds import check_asked
from vaecluster.errors import SettingError
from vaecluster.files.paths import as_folder
from vaecluster.inference.doubt import check_doubt
from vaecluster.methods import as_method
from vaecluster.settings import NOT_NEGATIVE, Flag, Kind, NumberOfClusters, OneOf, is_whole
from vaecluster.training.session import Session, random_of

NUMBER = NumberOfClusters()
# Parameters that are checked by a kind; the others are checked where they are used.
_KINDS: dict[str, Kind] = {
    "n_clusters": NUMBER,
    "rows": OneOf("auto", "images", "windows", "counts", "vectors"),
    "warm_start": Flag(),
    "checkpoint_every": NOT_NEGATIVE,
}


def session_of(estimator: BaseEstimator) -> Session:
    """What a fit is given beside rows, clusters and method; `Learner` completes its identity by the method."""
    identity = {
        "n_clusters": NUMBER.plain(estimator.n_clusters),
        "outlier_fraction": estimator.outlier_fraction,
        "rows": estimator.rows,
        "columns": None if estimator.columns is None else dict(estimator.columns),
        "batch": estimator.batch,
        "random_state": estimator.random_state if is_whole(estimator.random_state, 0) else None,
    }
    return Session(
        random_state=random_of(estimator.random_state),
        identity=identity,
        checkpoint_dir=as_folder("checkpoint_dir", estimator.checkpoint_dir),
        checkpoint_every=estimator.checkpoint_every,
        log_dir=as_folder("log_dir", estimator.log_dir),
        verbose=estimator.verbose if ranks.first() else 0,
    )


def check_parameters(estimator: BaseEstimator) -> None:
    """Raise `SettingError` for the first parameter that is not allowed."""
    for name, kind in _KINDS.items():
        if not kind.accepts(getattr(estimator, name)):
            raise SettingError(f"{name} is {getattr(estimator, name)!r}; expected {kind.expected}.")
    check_doubt(estimator.min_confidence, estimator.outlier_fraction)
    check_asked(estimator.columns)
    checks.check_batch(estimator.batch)
    for name in ("checkpoint_dir", "log_dir"):
        as_folder(name, getattr(estimator, name))
    if not isinstance(estimator.verbose, Integral | np.bool) or estimator.verbose < 0:
        raise SettingError(f"verbose is {estimator.verbose!r}; expected 0 (silent) or 1 (progress on standard error).")
    random_of(estimator.random_state)
    as_method(estimator.method)


def plain_parameters(estimator: BaseEstimator) -> dict[str, Any]:
    """The parameters that an opened model uses; folders and devices belong to a machine, not to a model."""
    random = estimator.random_state
    return {
        "n_clusters": NUMBER.plain(estimator.n_clusters),
        "rows": str(estimator.rows),
        "columns": check_asked(estimator.columns) or None,
        "batch": checks.check_batch(estimator.batch),
        "min_confidence": float(estimator.min_confidence),
        "outlier_fraction": float(estimator.outlier_fraction),
        "warm_start": bool(estimator.warm_start),
        "memory": estimator.memory,
        # A RandomState cannot be written down.
        "random_state": int(random) if is_whole(random) else None,
        "verbose": int(estimator.verbose),
    }
