"""Every choice that a fit needs, in one record."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, final, get_args

import numpy as np

from vaecluster.data.preprocessing import Scaling
from vaecluster.errors import SettingError

# With fewer than 12 outputs and an input width that is no multiple of 4, the matrix library picks a row's kernel by
# where the row starts in memory, so rounding depends on its place in the batch (measured on x86-64, torch 2.13).
ALIGNMENT = 16

Network = Literal["conv", "dense"]
Likelihood = Literal["gaussian", "gaussian-learned", "bernoulli"]
ComponentScale = Literal["learned"] | float
Weights = Literal["uniform", "learned"] | Sequence[float]
Posterior = Literal["code", "features", "bayes"]
Schedule = Literal["constant", "one-cycle", "cosine"]


@final
@dataclass(frozen=True)
class Plan:
    """The part of a method's settings that the loop reads."""

    epochs: int
    batch_size: int
    learning_rate: float
    schedule: Schedule


@final
@dataclass(frozen=True)
class Settings:
    """The parts of the model and how it is trained; a preset is one of these.

    Model: `network` and, for dense ones, `hidden` (the widths); `latent` (entries of a code); `likelihood` and its
    `precision` (1 / variance); `component_scale`, `cluster_weights` and `cluster_posterior` choose the parts;
    `cluster_kl_weight` 0 leaves that term out of the loss.

    Training: Adam with `learning_rate`, a `schedule` for it, `epochs` of batches of `batch_size` rows. With
    `early_stopping` the bound of a `held_out_share` of the rows is watched, and `patience` epochs without a better
    one end the fit; the best weights are kept. `scaling` is as in `SharedSettings`.
    """

    # What the parts of a model are built by; the rest is about learning.
    BUILT: ClassVar[tuple[str, ...]] = (
        *("network", "latent", "hidden", "likelihood", "precision", "component_scale", "cluster_weights"),
        *("weights_temperature", "cluster_posterior", "scaling"),
    )

    network: Network
    latent: int
    likelihood: Likelihood
    precision: float
    epochs: int
    batch_size: int
    learning_rate: float
    hidden: tuple[int, ...] = (512, 512)
    component_scale: ComponentScale = 1.0
    cluster_weights: Weights = "uniform"
    weights_temperature: float = 1.0
    cluster_posterior: Posterior = "code"
    cluster_kl_weight: float = 1.0
    schedule: Schedule = "constant"
    early_stopping: bool = False
    patience: int = 10
    held_out_share: float = 0.1
    scaling: Scaling = "columns"

    @property
    def plan(self) -> Plan:
        """What the loop reads of this."""
        return Plan(self.epochs, self.batch_size, self.learning_rate, self.schedule)

    def in_one(self, rows: int) -> Plan:
        """The same: there is one stage, as long for any number of rows."""
        return self.plan

    def resolve(self, clusters: int | None) -> "Settings":
        """The same, checked; raises `SettingError` for the first value that is not allowed."""
        if clusters is None:
            raise SettingError("n_clusters is 'auto', but this preset does not find a number of clusters. Give one.")
        self._check(clusters)
        return self

    def _check(self, clusters: int) -> None:
        check_among("network", self.network, get_args(Network))
        check_among("likelihood", self.likelihood, get_args(Likelihood))
        check_among("cluster_posterior", self.cluster_posterior, get_args(Posterior))
        check_among("scaling", self.scaling, get_args(Scaling))
        check_among("schedule", self.schedule, get_args(Schedule))
        for name in ("latent", "epochs", "batch_size", "patience"):
            check_whole(name, getattr(self, name))
        check_flag("early_stopping", self.early_stopping)
        check_hidden(self.hidden)
        for name in ("precision", "learning_rate", "weights_temperature"):
            check_positive(name, getattr(self, name))
        if self.component_scale != "learned":
            check_positive("component_scale", self.component_scale, "'learned' or ")
        check_not_negative("cluster_kl_weight", self.cluster_kl_weight)
        check_share("held_out_share", self.held_out_share)
        check_cluster_weights(self.cluster_weights, clusters, ("uniform", "learned"))


def check_cluster_weights(value: Any, clusters: int | None, names: tuple[str, ...]) -> None:
    """Raise `SettingError` unless the value is one of the names, or holds a positive share for each cluster."""
    if isinstance(value, str):
        check_among("cluster_weights", value, names, "or one share per cluster")
        return
    if clusters is None:
        raise SettingError("cluster_weights holds shares, but n_clusters is 'auto'. Give the number of clusters too.")
    try:
        shares = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        first, second = names
        raise SettingError(
            f"cluster_weights is {value!r}; expected {first!r}, {second!r}, or {clusters} shares."
        ) from None
    if shares.shape != (clusters,) or not np.isfinite(shares).all() or (shares <= 0).any():
        first, second = names
        raise SettingError(
            f"cluster_weights holds {shares.size} shares ({shares.tolist()}); expected {clusters} positive "
            f"numbers, one per cluster. Give them, or use {first!r} or {second!r}."
        )


def check_among(name: str, value: object, allowed: tuple[str, ...], also: str = "") -> None:
    """Raise `SettingError` unless the value is one of the names."""
    if not isinstance(value, str) or value not in allowed:
        choices = ", ".join(repr(choice) for choice in allowed)
        raise SettingError(f"{name} is {value!r}; expected one of {choices}{also and ', ' + also}.")


def check_flag(name: str, value: object) -> None:
    """Raise `SettingError` unless the value is True or False."""
    if not isinstance(value, bool | np.bool):
        raise SettingError(f"{name} is {value!r}; expected True or False.")


def is_whole(value: object, least: int, most: float = float("inf")) -> bool:
    """Whether the value is a whole number (no bool) in the range."""
    return isinstance(value, Integral) and not isinstance(value, bool) and least <= int(value) <= most


def is_number(value: object) -> bool:
    """Whether the value is a real number (no bool)."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_whole(name: str, value: object) -> None:
    """Raise `SettingError` unless the value is a whole number of 1 or more."""
    if not is_whole(value, 1):
        raise SettingError(f"{name} is {value!r}; expected a whole number of 1 or more.")


def check_positive(name: str, value: object, also: str = "") -> None:
    """Raise `SettingError` unless the value is a finite number above 0."""
    if not is_number(value) or not 0 < float(value) < float("inf"):  # type: ignore[arg-type]
        raise SettingError(f"{name} is {value!r}; expected {also}a number above 0.")


def check_not_negative(name: str, value: object) -> None:
    """Raise `SettingError` unless the value is a finite number of 0 or more."""
    if not is_number(value) or not 0 <= float(value) < float("inf"):  # type: ignore[arg-type]
        raise SettingError(f"{name} is {value!r}; expected a number of 0 or more.")


def check_share(name: str, value: object) -> None:
    """Raise `SettingError` unless the value lies between 0 and 1."""
    if not is_number(value) or not 0 < float(value) < 1:  # type: ignore[arg-type]
        raise SettingError(f"{name} is {value!r}; expected a number between 0 and 1.")


def check_hidden(hidden: object) -> None:
    """Raise `SettingError` unless these are widths that keep a row's answer independent of its place."""
    if not isinstance(hidden, tuple | list) or not hidden:
        raise SettingError(f"hidden is {hidden!r}; expected one or more widths, such as (256, 256).")
    for width in hidden:
        check_whole("hidden", width)
    if any(width % ALIGNMENT for width in hidden):
        raise SettingError(
            f"hidden is {hidden!r}; expected widths that are multiples of {ALIGNMENT}, so that a row's "
            "answer does not depend on its place among the others."
        )
