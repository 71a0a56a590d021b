"""Clusters as groups of components while they are refined, and what is done when one of them dies."""

from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.model.heads import HeadedVAE
from vaecluster.model.shared_objective import ClusterObjective
from vaecluster.training.events import ClustersMergedAgain, EpochDone, Event, Listener
from vaecluster.training.merging import Matrix, merge_components
from vaecluster.training.pairs import Pairs
from vaecluster.training.passes import component_tables
from vaecluster.training.shared_settings import SharedSettings, TargetShares

# When to look, as shares of the second stage: later there is no time left to learn what was merged again.
LOOKS = (0.2, 0.4, 0.6)
# Empty is a cluster with less than this part of the rows that it is to have, and two are the same that keep less than
# this part of what two clusters can.
EMPTY, SAME = 0.1, 0.05


@final
class CollapseWatch:
    """A listener that finds clusters that are empty or twice the same, and merges their head's components again.

    It looks at most three times in a fit, and tells `listeners` how many clusters it found in all heads.
    """

    def __init__(
        self,
        model: HeadedVAE,
        pairs: Pairs,
        objective: ClusterObjective,
        settings: SharedSettings,
        listeners: Sequence[Listener],
    ) -> None:
        self.model, self.pairs, self.objective, self.settings = model, pairs, objective, settings
        self.listeners = listeners

    def __call__(self, event: Event) -> None:
        """Look, if it is time to."""
        looks = {max(1, round(share * event.epochs)) for share in LOOKS} - {event.epochs}
        if not isinstance(event, EpochDone) or event.epoch not in looks:
            return
        dead = [self._mend(head, joint) for head, joint in enumerate(component_tables(self.model, self.pairs).joint)]
        if sum(dead):
            for listener in self.listeners:
                listener(ClustersMergedAgain(event.epoch, event.epochs, sum(dead)))

    def _mend(self, head: int, joint: Matrix) -> int:
        """How many clusters of a head are dead; if any, its groups, their target and their table start anew."""
        groups, estimate = self.objective.groups, self.objective.estimate
        members = groups[head].double().cpu().numpy()
        dead = dead_clusters(members.T @ joint @ members, estimate.target[head].double().cpu().numpy())
        if dead:
            tree = merge_components(joint, apartness=self.settings.apartness)
            members = np.eye(members.shape[1])[tree.cut(members.shape[1])]
            groups[head] = torch.from_numpy(members).to(groups)
            found = torch.from_numpy(joint.sum(1) @ members)[None]
            estimate.target[head] = target_shares(self.settings.cluster_weights, found)[0].to(estimate.target)
            estimate.table[head] = 0
        return dead


def dead_clusters(table: Matrix, target: Matrix) -> int:
    """How many of the clusters of a joint table (clusters, clusters) are empty or the same as another one."""
    filled = table.sum(1) >= EMPTY * target
    empty = int((~filled).sum())
    if filled.sum() < 2:
        return empty
    tree = merge_components(table[np.ix_(filled, filled)])
    return empty + int((tree.separation < SAME).sum())


def groups_of(groupings: Sequence[NDArray[np.intp]], clusters: int) -> Tensor:
    """1 where a component belongs to a cluster: (heads, components, clusters)."""
    return torch.stack([torch.eye(clusters)[torch.from_numpy(cluster_of)] for cluster_of in groupings])


def target_shares(wanted: TargetShares, found: Tensor) -> Tensor:
    """The share of rows that each head's clusters are to have: (heads, clusters), as `found` is.

    Given shares go to the clusters by their size, the largest to the largest.
    """
    if wanted == "merged":
        return found
    if wanted == "uniform":
        return torch.full_like(found, 1 / found.shape[1])
    shares = torch.tensor(sorted(wanted, reverse=True), dtype=found.dtype)
    order = found.argsort(descending=True)
    return torch.empty_like(found).scatter(1, order, (shares / shares.sum()).expand_as(found))
