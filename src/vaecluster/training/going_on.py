"""Going on from a fitted model: more epochs or new rows, with the clusters and their numbers as they are."""

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch
from typing import Literal

import torch

from vaecluster.data.rows import Rows
from vaecluster.errors import SettingError
from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.heads import ComponentHeads, ComponentPosterior, HeadedVAE
from vaecluster.model.networks.reduced import reduce
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.bound import fit_bound
from vaecluster.training.events import Listener
from vaecluster.training.fitting import MethodSettings, pairs_of, reduces
from vaecluster.training.history import Ending
from vaecluster.training.keeper import NOTHING_KEPT, FitKeeper
from vaecluster.training.loop import train
from vaecluster.training.passes import component_tables, moments_of
from vaecluster.training.regrouping import groups_of
from vaecluster.training.settings import Settings
from vaecluster.training.shared import CLUSTERS, refining
from vaecluster.training.shared_settings import SharedSettings

# Nothing in the bound holds a cluster where it is, and Adam's first steps, without moments, are long ones.
SLOWER = 0.1


@singledispatch
def go_on(
    settings: MethodSettings,
    model: ClusteringVAE,
    rows: Rows,
    epochs: int,
    seen: int,
    listeners: Sequence[Listener],
    keeper: FitKeeper = NOTHING_KEPT,
) -> Ending:
    """Learn from the rows for so many epochs, in place.

    `seen` is how many rows the prior stands for that are not among these; 0 if it is to be that of these rows alone.
    Randomness comes from torch's global random state, which the caller forks and seeds.
    """
    raise NotImplementedError(f"{type(settings).__name__} is no method's settings")


@go_on.register
def _(
    settings: Settings,
    model: ClusteringVAE,
    rows: Rows,
    epochs: int,
    seen: int,
    listeners: Sequence[Listener],
    keeper: FitKeeper = NOTHING_KEPT,
) -> Ending:
    # This prior is learned by gradient and knows no rows.
    slower = replace(settings, epochs=epochs, learning_rate=SLOWER * settings.learning_rate)
    return fit_bound(model, rows, slower, listeners, keeper).ending


@go_on.register
def _(
    settings: SharedSettings,
    model: ClusteringVAE,
    rows: Rows,
    epochs: int,
    seen: int,
    listeners: Sequence[Listener],
    keeper: FitKeeper = NOTHING_KEPT,
) -> Ending:
    components, weights, posterior = model.prior.components, model.prior.weights, model.cluster_posterior
    assert isinstance(components, MomentComponents)
    assert isinstance(weights, MomentWeights)
    assert isinstance(posterior, ComponentPosterior)
    pairs = pairs_of(settings, rows)
    headed = HeadedVAE(model.encoder, model.decoder, ComponentHeads.of(posterior))
    reduce(headed, reduces(settings, rows))
    before = components.moments()
    groups = groups_of([model.grouping.cluster_of.cpu().numpy()], model.grouping.clusters).to(rows.device)
    # As large as they are among these rows: some clusters may have none, and are not to be filled.
    joint = torch.from_numpy(component_tables(headed, pairs).joint[0]).to(groups)
    target = (joint.sum(1) @ groups[0])[None]
    objective = refining(settings, groups, target, 0, components, weights)
    plan = replace(settings.stages(len(rows))[1], epochs=epochs)
    ending = train(
        headed, pairs, objective, plan, weights=rows.weights, listeners=listeners, keeper=keeper.at(CLUSTERS, {})
    )
    posterior.load_state_dict(headed.heads.posterior(0).state_dict())
    components.load_state_dict(moments_of(headed, pairs, 0)[0].state_dict())
    components.mix(before, seen / (seen + len(rows)))
    weights.follow(components)
    return ending


def check_same_model(
    settings: MethodSettings, fitted: MethodSettings, clusters: int | Literal["auto"], fitted_clusters: int
) -> None:
    """Raise `SettingError` if a fit is to go on with other clusters, method or parts than those of the model."""
    if clusters not in ("auto", fitted_clusters):
        raise SettingError(
            f"n_clusters is {clusters}, but the model has {fitted_clusters} clusters, and warm_start keeps them. Set "
            f"n_clusters={fitted_clusters}, or warm_start=False to begin anew."
        )
    if type(settings) is not type(fitted):
        raise SettingError(
            "preset is not the one that the model was fitted with, and warm_start keeps it. Set that one, or "
            "warm_start=False to begin anew."
        )
    for name in settings.BUILT:
        was, now = getattr(fitted, name), getattr(settings, name)
        if was != now:
            raise SettingError(
                f"{name} is {now!r}, but the model was built with {was!r}, and warm_start keeps its parts. Set "
                f"{name}={was!r}, or warm_start=False to begin anew."
            )
