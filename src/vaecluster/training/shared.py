"""The default method: clusters are what two views of the same thing share.

Three steps (`docs/model.md`): several heads of fine components learn what views share; each head's components are
merged into clusters by least lost information; the clusters are refined, and the head that shares most is kept.
"""

from collections.abc import Sequence
from dataclasses import replace

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
from vaecluster.training.events import Event, Listener, StepDone
from vaecluster.training.fitted import Fitted
from vaecluster.training.loop import train
from vaecluster.training.merging import Hierarchy, merge_components
from vaecluster.training.number import weigh
from vaecluster.training.pairs import Pairs
from vaecluster.training.passes import component_tables, device_of, empty_moments, moments_of
from vaecluster.training.regrouping import CollapseWatch, groups_of, target_shares
from vaecluster.training.shared_settings import SharedSettings


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
    model: HeadedVAE, pairs: Pairs, settings: SharedSettings, clusters: int | None, listeners: Sequence[Listener]
) -> Fitted:
    """Fit in place; the best head with its components in `clusters` groups, or in as many as the evidence says."""
    first, second = settings.stages(len(pairs))
    epochs = first.epochs + second.epochs
    estimate = InformationEstimate(settings.heads, model.heads.components, balance=settings.balance_weight)
    objective = ComponentObjective(estimate.to(device_of(model)), settings.information_weight)
    ending = train(model, pairs, objective, first, listeners=_shifted(listeners, 0, epochs))
    tables = component_tables(model, pairs)
    trees = [merge_components(joint) for joint in tables.joint]
    evidence = weigh(trees, tables.overlap)
    clusters = clusters or evidence.clusters
    groupings = [tree.cut(clusters) for tree in trees]
    if ending != "interrupted":
        refining = _refining(model, pairs, settings, trees, groups_of(groupings, clusters))
        told = _shifted(listeners, first.epochs, epochs)
        watch = CollapseWatch(model, pairs, refining, settings.cluster_weights, told)
        ending = train(model, pairs, refining, second, listeners=[*told, watch])
        # The trees of the components as they are now, through the clusters that they make.
        groupings = [members.argmax(-1).cpu().numpy() for members in refining.groups]
        joints = component_tables(model, pairs).joint
        trees = [merge_components(*pair) for pair in zip(joints, groupings, strict=True)]
    head = _most_informed(trees, clusters)
    chosen = _one_head(model, head, groupings[head], clusters, *moments_of(model, pairs, head))
    return Fitted(chosen, ending, trees[head], evidence)


def _refining(
    model: HeadedVAE, pairs: Pairs, settings: SharedSettings, trees: Sequence[Hierarchy], groups: Tensor
) -> ClusterObjective:
    """The second stage's objective; the head that is best now lends its components to the prior."""
    clusters = groups.shape[-1]
    shares = torch.tensor(np.array([tree.shares for tree in trees]), dtype=groups.dtype)
    found = torch.einsum("hck,hc->hk", groups, shares)
    target = target_shares(settings.cluster_weights, found)
    estimate = InformationEstimate(settings.heads, clusters, target=target, balance=settings.balance_weight)
    head, device = _most_informed(trees, clusters), device_of(model)
    return ClusterObjective(
        estimate.to(device),
        groups.to(device),
        head,
        *moments_of(model, pairs, head),
        settings.information_weight,
        settings.agreement_weight,
    )


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
            listener(replace(event, epoch=event.epoch + before, epochs=epochs))

        return tell

    return [shifted(listener) for listener in listeners]
