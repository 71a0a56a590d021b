"""The default method: clusters are what two views of the same thing share.

Three steps (`docs/model.md`): several heads of fine components learn what views share; each head's components are
merged into clusters by least lost information; the clusters are refined, and the head that shares most is kept.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.model.encoder import Encoder
from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.grouping import Grouping
from vaecluster.model.heads import ComponentHeads, HeadedVAE
from vaecluster.model.information import InformationEstimate
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.prior import MixturePrior
from vaecluster.model.shared_objective import ClusterObjective, ComponentObjective
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.build import build_decoder
from vaecluster.training.events import Event, Listener, RolledBack, StepDone
from vaecluster.training.fitted import Fitted
from vaecluster.training.history import Ending
from vaecluster.training.keeper import NOTHING_KEPT, FitKeeper, Keeper
from vaecluster.training.loop import train
from vaecluster.training.merging import Hierarchy, merge_components
from vaecluster.training.number import Evidence, weigh
from vaecluster.training.pairs import Pairs
from vaecluster.training.passes import component_tables, device_of, empty_moments, moments_of
from vaecluster.training.regrouping import CollapseWatch, groups_of, target_shares
from vaecluster.training.settings import Plan
from vaecluster.training.shared_settings import SharedSettings

# The stages' names in a checkpoint.
COMPONENTS, CLUSTERS = "components", "clusters"


def build_headed(settings: SharedSettings, data_shape: Sequence[int], *, reduced: bool = False) -> HeadedVAE:
    """A model with fresh weights for the first stage, from resolved settings; `reduced` as in the networks."""
    assert settings.components is not None, "resolve the settings first"
    encoder_network = DenseEncoderNetwork(data_shape, settings.hidden, normalised=True, reduced=reduced)
    decoder_network = DenseDecoderNetwork(
        settings.latent, settings.hidden[::-1], data_shape, normalised=True, reduced=reduced
    )
    features = encoder_network.features
    return HeadedVAE(
        Encoder(encoder_network, features, settings.latent),
        build_decoder(settings, decoder_network, data_shape),
        ComponentHeads(features, settings.heads, settings.components, reduced=reduced),
    )


def build_shared(settings: SharedSettings, data_shape: Sequence[int], clusters: int) -> ClusteringVAE:
    """A whole model of one head, for the weights of a fitted one."""
    model = build_headed(settings, data_shape)
    cluster_of = np.zeros(model.heads.components, dtype=np.intp)
    return _one_head(model, 0, cluster_of, clusters, *empty_moments(model))


def fit_shared(
    model: HeadedVAE,
    pairs: Pairs,
    settings: SharedSettings,
    clusters: int | None,
    listeners: Sequence[Listener],
    keeper: FitKeeper = NOTHING_KEPT,
) -> Fitted:
    """Fit in place; the best head with its components in `clusters` groups, or in as many as the evidence says."""
    first, second = settings.stages(len(pairs))
    epochs = first.epochs + second.epochs
    ending: Ending = "finished"
    facts = keeper.facts(CLUSTERS)
    if facts is None:
        objective = _learning_components(model, settings)
        told, kept = _shifted(listeners, 0, epochs), keeper.at(COMPONENTS, {})
        ending = train(model, pairs, objective, first, weights=pairs.rows.weights, listeners=told, keeper=kept)
        evidence, refining = _merged(model, pairs, settings, clusters)
    else:
        evidence, refining = Evidence.from_dict(facts["evidence"]), _refining_again(model, settings, facts)
    if ending != "interrupted":
        told = _shifted(listeners, first.epochs, epochs)
        kept = keeper.at(CLUSTERS, _facts(evidence, refining))
        ending = refine(model, pairs, settings, refining, second, told, kept)
    return _best_head(model, pairs, settings, refining, ending, evidence)


def _learning_components(model: HeadedVAE, settings: SharedSettings) -> ComponentObjective:
    """The first stage's objective."""
    estimate = InformationEstimate(settings.heads, model.heads.components, balance=settings.balance_weight)
    return ComponentObjective(estimate, settings.information_weight).to(device_of(model))


def _merged(
    model: HeadedVAE, pairs: Pairs, settings: SharedSettings, clusters: int | None
) -> tuple[Evidence, ClusterObjective]:
    """What speaks for each number of clusters, and the second stage's objective for the clusters as merged.

    The head that is best now lends its components to the prior.
    """
    tables = component_tables(model, pairs)
    trees = [merge_components(joint) for joint in tables.joint]
    evidence = weigh(trees, tables.overlap)
    clusters = clusters or evidence.clusters
    if settings.apartness:
        trees = [merge_components(joint, apartness=settings.apartness) for joint in tables.joint]
    groups = groups_of([tree.cut(clusters) for tree in trees], clusters)
    shares = torch.tensor(np.array([tree.shares for tree in trees]), dtype=groups.dtype)
    target = target_shares(settings.cluster_weights, torch.einsum("hck,hc->hk", groups, shares))
    head = _most_informed(trees, clusters)
    return evidence, refining(settings, groups, target, head, *moments_of(model, pairs, head))


def refining(
    settings: SharedSettings,
    groups: Tensor,
    target: Tensor,
    head: int,
    components: MomentComponents,
    weights: MomentWeights,
) -> ClusterObjective:
    """The second stage's objective for clusters that are `groups` (heads, components, clusters)."""
    estimate = InformationEstimate(len(groups), groups.shape[-1], target=target, balance=settings.balance_weight)
    importance = settings.information_weight, settings.agreement_weight
    return ClusterObjective(estimate, groups, head, components, weights, *importance).to(components.means.device)


def _facts(evidence: Evidence, objective: ClusterObjective) -> dict[str, Any]:
    """What is known before the second stage, as plain values; all else is in the objective's tensors."""
    return {"evidence": evidence.as_dict(), "clusters": objective.groups.shape[-1], "head": objective.head}


def _refining_again(model: HeadedVAE, settings: SharedSettings, facts: dict[str, Any]) -> ClusterObjective:
    """The second stage's objective with the right shapes, for the tensors of a state that was kept."""
    clusters = facts["clusters"]
    groups = torch.zeros(settings.heads, model.heads.components, clusters)
    return refining(settings, groups, groups.sum(1), facts["head"], *empty_moments(model))


def refine(
    model: HeadedVAE,
    pairs: Pairs,
    settings: SharedSettings,
    objective: ClusterObjective,
    plan: Plan,
    listeners: Sequence[Listener],
    keeper: Keeper,
) -> Ending:
    """The second stage: the clusters of all heads are refined, and merged again where some die."""
    watch = CollapseWatch(model, pairs, objective, settings, listeners)
    told: list[Listener] = [*listeners, watch]
    return train(model, pairs, objective, plan, weights=pairs.rows.weights, listeners=told, keeper=keeper)


def _best_head(
    model: HeadedVAE,
    pairs: Pairs,
    settings: SharedSettings,
    objective: ClusterObjective,
    ending: Ending,
    evidence: Evidence,
) -> Fitted:
    """The head whose clusters share most, with the tree of its components as they are now, through those clusters."""
    clusters = objective.groups.shape[-1]
    groupings = [members.argmax(-1).cpu().numpy() for members in objective.groups]
    joints = component_tables(model, pairs).joint
    trees = [
        merge_components(joint, cluster_of, apartness=settings.apartness)
        for joint, cluster_of in zip(joints, groupings, strict=True)
    ]
    head = _most_informed(trees, clusters)
    chosen = _one_head(model, head, groupings[head], clusters, *moments_of(model, pairs, head))
    return Fitted(chosen, ending, trees[head], evidence)


def _most_informed(trees: Sequence[Hierarchy], clusters: int) -> int:
    """The head whose clusters share most, on views that no step has seen."""
    return int(np.argmax([tree.information(clusters) for tree in trees]))


def _one_head(
    model: HeadedVAE,
    head: int,
    cluster_of: NDArray[np.intp],
    clusters: int,
    components: MomentComponents,
    weights: MomentWeights,
) -> ClusteringVAE:
    """One head as a whole model; encoder and decoder are shared with `model`."""
    chosen = ClusteringVAE(
        model.encoder,
        model.decoder,
        MixturePrior(components, weights),
        model.heads.posterior(head),
        Grouping(torch.from_numpy(cluster_of), clusters),
    )
    return chosen.to(device_of(model))


def _shifted(listeners: Sequence[Listener], before: int, epochs: int) -> list[Listener]:
    """The listeners, told of epochs as those of the whole fit."""

    def shifted(listener: Listener) -> Listener:
        def tell(event: Event) -> None:
            if isinstance(event, StepDone):
                rows = event.rows_in_all // event.epochs
                event = replace(event, rows_done=event.rows_done + before * rows, rows_in_all=epochs * rows)
            if isinstance(event, RolledBack):
                event = replace(event, back_to=event.back_to + before)
            listener(replace(event, epoch=event.epoch + before, epochs=epochs))

        return tell

    return [shifted(listener) for listener in listeners]
