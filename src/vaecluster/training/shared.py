"""The default method: clusters are what two views of the same thing share.

Three steps (`docs/model.md`): several heads of fine components learn what views share; the best head's components are
merged into clusters by least lost information; those clusters are refined, and the prior learns their codes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, final, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.errors import SettingError
from vaecluster.model.encoder import Encoder
from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.grouping import Grouping
from vaecluster.model.heads import ComponentHeads, HeadedVAE
from vaecluster.model.information import joint_table
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.prior import MixturePrior
from vaecluster.model.shared_objective import ClusterObjective, ComponentObjective
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.build import build_decoder
from vaecluster.training.events import Event, Listener, StepDone
from vaecluster.training.history import Ending
from vaecluster.training.loop import train
from vaecluster.training.merging import Hierarchy, merge_components
from vaecluster.training.pairs import Pairs
from vaecluster.training.settings import (
    Likelihood,
    Plan,
    check_among,
    check_hidden,
    check_not_negative,
    check_positive,
    check_share,
    check_whole,
)

# Rows whose pairs make the joint table that is merged: its 2,500 cells are then known to a few per cent.
MERGED_ROWS = 20_000
BLOCK_ROWS = 1024
# A head has as many components as the larger of these; 50 for ten clusters is what the trials used.
LEAST_COMPONENTS, COMPONENTS_PER_CLUSTER = 50, 3
# Without a number of epochs: small data are not passed over more often than this, and tiny ones get this many steps.
MOST_EPOCHS, LEAST_STEPS = 200, 1000


@final
@dataclass(frozen=True)
class SharedSettings:
    """Settings of the default method.

    Dense networks with `hidden` widths and batch normalisation, `latent` entries of a code, a `likelihood` and its
    `precision` as in `Settings`. `heads` of `components` each (50, or 3 per cluster if that is more) learn for
    `component_share` of the `epochs`; the rest refines clusters. Without `epochs` there are as many as make `steps`
    steps, but at most 200, and at least 1,000 steps. `information_weight` and `agreement_weight` are the weights of
    (2) and of the agreement term, against the bound in nats. `decoded_share` of each batch goes through the decoder.
    `views` is a name or a list of views.
    """

    views: Any = "auto"
    epochs: int | None = None
    steps: int = 4000
    batch_size: int = 256
    learning_rate: float = 2e-3
    hidden: tuple[int, ...] = (512, 512)
    latent: int = 20
    likelihood: Likelihood = "gaussian"
    precision: float = 2.5
    heads: int = 3
    components: int | None = None
    component_share: float = 0.3
    information_weight: float = 20.0
    agreement_weight: float = 1.0
    decoded_share: float = 0.25

    def stages(self, rows: int) -> tuple[Plan, Plan]:
        """What the loop reads, for components and for clusters, on so many rows."""
        steps_an_epoch = -(-rows // self.batch_size)
        enough = max(min(LEAST_STEPS, self.steps), min(self.steps, MOST_EPOCHS * steps_an_epoch))
        epochs = self.epochs or max(2, round(enough / steps_an_epoch))
        first = max(1, min(epochs - 1, round(self.component_share * epochs)))
        plans = [Plan(n, self.batch_size, self.learning_rate, "one-cycle") for n in (first, max(1, epochs - first))]
        return plans[0], plans[1]

    def components_for(self, clusters: int) -> int:
        """How many fine components a head has; several for each cluster."""
        return self.components or max(LEAST_COMPONENTS, COMPONENTS_PER_CLUSTER * clusters)

    def check(self, clusters: int) -> None:
        """Raise `SettingError` for the first value that is not allowed."""
        check_among("likelihood", self.likelihood, get_args(Likelihood))
        for name in ("steps", "batch_size", "latent", "heads"):
            check_whole(name, getattr(self, name))
        for name in ("epochs", "components"):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name))
        check_hidden(self.hidden)
        for name in ("precision", "learning_rate", "information_weight"):
            check_positive(name, getattr(self, name))
        check_not_negative("agreement_weight", self.agreement_weight)
        for name in ("component_share", "decoded_share"):
            check_share(name, getattr(self, name))
        if self.components_for(clusters) < clusters:
            raise SettingError(
                f"components is {self.components}, fewer than n_clusters={clusters}. Give several for each cluster."
            )


def build_headed(settings: SharedSettings, data_shape: Sequence[int], clusters: int) -> HeadedVAE:
    """A model with fresh weights for the first stage."""
    encoder_network = DenseEncoderNetwork(data_shape, settings.hidden, normalised=True)
    decoder_network = DenseDecoderNetwork(settings.latent, settings.hidden[::-1], data_shape, normalised=True)
    features = encoder_network.features
    return HeadedVAE(
        Encoder(encoder_network, features, settings.latent),
        build_decoder(settings, decoder_network, data_shape),
        ComponentHeads(features, settings.heads, settings.components_for(clusters)),
    )


def build_shared(settings: SharedSettings, data_shape: Sequence[int], clusters: int) -> ClusteringVAE:
    """A whole model of one head, for the weights of a fitted one."""
    grouping = np.zeros(settings.components_for(clusters), dtype=np.intp)
    return choose_head(build_headed(settings, data_shape, clusters), 0, grouping, clusters)[0]


def fit_shared(
    model: HeadedVAE, pairs: Pairs, settings: SharedSettings, clusters: int, listeners: Sequence[Listener]
) -> tuple[ClusteringVAE, Hierarchy, Ending]:
    """Fit in place; the model of the best head with its components in `clusters` groups, their tree, the ending."""
    first, second = settings.stages(len(pairs))
    epochs = first.epochs + second.epochs
    objective = ComponentObjective(settings.information_weight)
    ending = train(model, pairs, objective, first, listeners=_shifted(listeners, 0, epochs))
    tables = joint_tables(model, pairs)
    trees = [merge_components(table) for table in tables]
    # The head whose clusters share most, on views that no step has seen.
    best = int(np.argmax([tree.information(clusters) for tree in trees]))
    chosen, components, weights = choose_head(model, best, trees[best].cut(clusters), clusters)
    _observe_all(chosen, components, weights, pairs)
    if ending != "interrupted":
        refining = ClusterObjective(components, weights, settings.information_weight, settings.agreement_weight)
        ending = train(chosen, pairs, refining, second, listeners=_shifted(listeners, first.epochs, epochs))
        _observe_all(chosen, components, weights, pairs)
    return chosen, trees[best], ending


def choose_head(
    model: HeadedVAE, head: int, cluster_of: NDArray[np.intp], clusters: int
) -> tuple[ClusteringVAE, MomentComponents, MomentWeights]:
    """One head as a whole model; encoder and decoder are shared with `model`, the prior is yet to see its codes."""
    components = MomentComponents(model.heads.components, model.encoder.mean.out_features)
    weights = MomentWeights(model.heads.components)
    chosen = ClusteringVAE(
        model.encoder,
        model.decoder,
        MixturePrior(components, weights),
        model.heads.posterior(head),
        Grouping(torch.from_numpy(cluster_of), clusters),
    )
    device = model.encoder.mean.weight.device
    return chosen.to(device), components, weights


@torch.no_grad()
def joint_tables(model: HeadedVAE, pairs: Pairs) -> NDArray[np.float64]:
    """The joint table of each head on fresh views: (heads, components, components)."""
    model.eval()
    size = model.heads.components
    tables, rows = np.zeros((model.heads.heads, size, size)), 0
    for indices in _blocks(torch.randperm(len(pairs))[:MERGED_ROWS].numpy()):
        pair = pairs[indices]
        own, partner = model.heads(model.encoder.features(torch.cat([pair.views, pair.partners]))).chunk(2)
        tables += joint_table(own, partner).double().cpu().numpy() * len(indices)
        rows += len(indices)
    mean: NDArray[np.float64] = tables / rows
    return mean


@torch.no_grad()
def _observe_all(model: ClusteringVAE, components: MomentComponents, weights: MomentWeights, pairs: Pairs) -> None:
    """The prior's moments from all rows as they are, with the weights as they are now."""
    model.eval()

    def observations() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for indices in _blocks(np.arange(len(pairs))):
            features = model.encoder.features(pairs.rows[indices])
            posterior = model.encoder.code(features)
            assignment = model.cluster_posterior(features, posterior.mean, model.prior).probs
            yield posterior.mean, posterior.variance, assignment

    components.observe_all(observations())
    weights.follow(components)


def _blocks(indices: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    return (indices[start : start + BLOCK_ROWS] for start in range(0, len(indices), BLOCK_ROWS))


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
