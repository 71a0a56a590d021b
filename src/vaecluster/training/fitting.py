"""From settings and rows to a fitted model: each method behind the same two functions."""

from collections.abc import Sequence
from functools import singledispatch

import torch

from vaecluster.data.preprocessing import Array
from vaecluster.data.rows import Rows
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.build import build_model, build_objective
from vaecluster.training.device import gains_by_bfloat16
from vaecluster.training.early_stopping import HeldOutWatch
from vaecluster.training.events import Listener
from vaecluster.training.fitted import Fitted
from vaecluster.training.loop import train
from vaecluster.training.pairs import Pairs
from vaecluster.training.settings import Settings
from vaecluster.training.shared import build_headed, build_shared, fit_shared
from vaecluster.training.shared_settings import SharedSettings
from vaecluster.views.presets import as_views

MethodSettings = Settings | SharedSettings
# The names by which model files know the methods.
METHODS: dict[str, type[MethodSettings]] = {"bound": Settings, "shared": SharedSettings}


@singledispatch
def fit_model(settings: MethodSettings, rows: Rows, clusters: int | None, listeners: Sequence[Listener]) -> Fitted:
    """Learn from the rows; without a number of `clusters` the method is to find one.

    Randomness comes from torch's global random state, which the caller forks and seeds.
    """
    raise NotImplementedError(f"{type(settings).__name__} is no method's settings")


@fit_model.register
def _(settings: Settings, rows: Rows, clusters: int | None, listeners: Sequence[Listener]) -> Fitted:
    assert clusters is not None, "this method does not find a number of clusters; resolve the settings first"
    model = build_model(settings, rows.preprocessing.data_shape, clusters).to(rows.device)
    watch = None
    if settings.early_stopping:
        learned, held_out = _split(rows.array, settings.held_out_share)
        rows = Rows(learned, rows.preprocessing, rows.device)
        watch = HeldOutWatch(model, Rows(held_out, rows.preprocessing, rows.device), settings.patience)
    return Fitted(
        model, train(model, rows, build_objective(settings), settings.plan, watch=watch, listeners=listeners)
    )


@fit_model.register
def _(settings: SharedSettings, rows: Rows, clusters: int | None, listeners: Sequence[Listener]) -> Fitted:
    views = as_views(settings.views, "images" if rows.preprocessing.is_image else "vectors")
    pairs = Pairs(rows, views.prepare(rows), settings.decoded_share)
    reduced = settings.arithmetic == "bfloat16" or (settings.arithmetic == "auto" and gains_by_bfloat16(rows.device))
    model = build_headed(settings, rows.preprocessing.data_shape, reduced=reduced).to(rows.device)
    return fit_shared(model, pairs, settings, clusters, listeners)


@singledispatch
def empty_model(settings: MethodSettings, data_shape: Sequence[int], clusters: int) -> ClusteringVAE:
    """A model of the right parts and shapes, for the weights of a fitted one."""
    raise NotImplementedError(f"{type(settings).__name__} is no method's settings")


empty_model.register(Settings, build_model)
empty_model.register(SharedSettings, build_shared)


def _split(array: Array, share: float) -> tuple[Array, Array]:
    order = torch.randperm(len(array)).numpy()
    held_out = max(1, round(share * len(array)))
    return array[order[held_out:]], array[order[:held_out]]
