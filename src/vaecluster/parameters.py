"""The parameters of `VAEClustering`, apart from what it does with them."""

from abc import ABC
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from vaecluster.errors import SettingError
from vaecluster.training.settings import check_flag, is_number

Random = int | np.random.RandomState | None

# Those that say nothing of how a method learns.
_NO_SETTINGS = (
    *("n_clusters", "preset", "min_confidence", "outlier_fraction", "warm_start", "checkpoint_dir"),
    *("checkpoint_every", "log_dir", "device", "random_state", "verbose"),
)


class Parameters(BaseEstimator, ABC):  # type: ignore[misc]
    """What a user may choose; as scikit-learn wants it, all is kept as it came and looked at by `fit`."""

    def __init__(
        self,
        n_clusters: int | Literal["auto"] = "auto",
        *,
        preset: str = "shared",
        views: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        schedule: str | None = None,
        early_stopping: bool | None = None,
        patience: int | None = None,
        network: str | None = None,
        hidden: tuple[int, ...] | None = None,
        latent: int | None = None,
        likelihood: str | None = None,
        precision: float | None = None,
        component_scale: float | str | None = None,
        cluster_weights: Any = None,
        weights_temperature: float | None = None,
        cluster_posterior: str | None = None,
        cluster_kl_weight: float | None = None,
        heads: int | None = None,
        components: int | None = None,
        information_weight: float | None = None,
        component_share: float | None = None,
        agreement_weight: float | None = None,
        balance_weight: float | None = None,
        scaling: str | None = None,
        arithmetic: str | None = None,
        min_confidence: float = 0.0,
        outlier_fraction: float = 0.0,
        warm_start: bool = False,
        checkpoint_dir: str | Path | None = None,
        checkpoint_every: float = 30.0,
        log_dir: str | Path | None = None,
        device: str = "auto",
        random_state: Random = None,
        verbose: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.preset = preset
        self.views = views
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.early_stopping = early_stopping
        self.patience = patience
        self.network = network
        self.hidden = hidden
        self.latent = latent
        self.likelihood = likelihood
        self.precision = precision
        self.component_scale = component_scale
        self.cluster_weights = cluster_weights
        self.weights_temperature = weights_temperature
        self.cluster_posterior = cluster_posterior
        self.cluster_kl_weight = cluster_kl_weight
        self.heads = heads
        self.components = components
        self.information_weight = information_weight
        self.component_share = component_share
        self.agreement_weight = agreement_weight
        self.balance_weight = balance_weight
        self.scaling = scaling
        self.arithmetic = arithmetic
        self.min_confidence = min_confidence
        self.outlier_fraction = outlier_fraction
        self.warm_start = warm_start
        self.checkpoint_dir = checkpoint_dir
        self.checkpoint_every = checkpoint_every
        self.log_dir = log_dir
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def check_plain(self) -> None:
        """Look at what is no setting of a method; raises `SettingError` for the first value that is not allowed."""
        check_doubt(self.min_confidence, self.outlier_fraction)
        check_flag("warm_start", self.warm_start)
        for name in ("checkpoint_dir", "log_dir"):
            if getattr(self, name) is not None:
                as_path(name, getattr(self, name), "a folder")
        every = self.checkpoint_every
        if not is_number(every) or not 0 <= float(every) < float("inf"):
            raise SettingError(f"checkpoint_every is {every!r}; expected a number of seconds, 0 or more.")
        if not isinstance(self.verbose, Integral | np.bool) or self.verbose < 0:
            raise SettingError(f"verbose is {self.verbose!r}; expected 0 (silent) or 1 (progress on standard error).")
        check_random(self.random_state)

    # What Python calls it in the error about a misspelt parameter.
    __init__.__qualname__ = "VAEClustering.__init__"

    def settings_given(self) -> dict[str, Any]:
        """The method's settings that were given in place of the preset's."""
        parameters = self.get_params(deep=False).items()
        return {name: value for name, value in parameters if value is not None and name not in _NO_SETTINGS}


def check_doubt(min_confidence: Any, outlier_fraction: Any) -> None:
    """Raise `SettingError` unless both are numbers from 0 to below 1."""
    for name, value in (("min_confidence", min_confidence), ("outlier_fraction", outlier_fraction)):
        if not is_number(value) or not 0 <= float(value) < 1:
            raise SettingError(f"{name} is {value!r}; expected a number from 0 to below 1.")


def check_random(random_state: Any) -> np.random.RandomState:
    """What scikit-learn allows as a random state; raises `SettingError` for anything else."""
    try:
        state: np.random.RandomState = check_random_state(random_state)
    except (ValueError, TypeError):
        raise SettingError(
            f"random_state is {random_state!r}; expected None, a whole number from 0 to {2**32 - 1}, or a "
            "numpy.random.RandomState."
        ) from None
    return state


def as_path(name: str, value: Any, what: str) -> Path:
    """A path that a user gave; raises `SettingError` for what cannot be one."""
    if not isinstance(value, str | PathLike) or not str(value) or "\0" in str(value):
        raise SettingError(f"{name} is {value!r}; expected the path of {what}, as a string or a pathlib.Path.")
    return Path(value)
