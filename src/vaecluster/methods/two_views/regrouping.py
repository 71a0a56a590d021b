"""What is done when clusters die while they are refined."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from vaecluster.clusters.hierarchy import merge_components
from vaecluster.clusters.joint import Matrix
from vaecluster.clusters.matching import numbered_by
from vaecluster.methods.two_views.information import InformationEstimate
from vaecluster.methods.two_views.objective import TwoViewsObjective
from vaecluster.methods.two_views.tables import ComponentTables

# When to look, as shares of the second stage: later there is no time left to learn what was merged again.
LOOKS = (0.2, 0.4, 0.6)
# A cluster is empty if it has less than this part of its target, and two are the same if they keep less than this
# part of what two clusters can.
EMPTY, SAME = 0.1, 0.05

# The shares that clusters are to have: as merging found them, equal, or given.
Wanted = str | tuple[float, ...]


def looks_of(epochs: int) -> set[int]:
    """The epochs of the second stage after which clusters are looked at."""
    return {max(1, round(share * epochs)) for share in LOOKS} - {epochs}


def merge_again(
    objective: TwoViewsObjective,
    tables: ComponentTables,
    apartness: float,
    wanted: Wanted,
    telling: Callable[[Sequence[tuple[int, Matrix]]], Iterator[tuple[int, Matrix]]] = iter,
) -> int:
    """Merge again the components of every head with empty or duplicate clusters; how many of these there were.

    Heads and their tables are taken through `telling`.
    """
    heads = telling(list(enumerate(tables.joint)))
    return sum(_mend(objective, head, joint, tables, apartness, wanted) for head, joint in heads)


def _mend(
    objective: TwoViewsObjective, head: int, joint: Matrix, tables: ComponentTables, apartness: float, wanted: Wanted
) -> int:
    """How many clusters of a head are dead; if there are any, its groups, target and table start anew."""
    groups, estimate = objective.groups, objective.estimate
    assert isinstance(estimate, InformationEstimate)
    clusters = objective.number
    members = np.eye(clusters)[groups[head].cpu().numpy()]
    dead = dead_clusters(members.T @ joint @ members, estimate.target[head].double().cpu().numpy())
    if dead:
        labels = tables.labels_of(head)
        tree = merge_components(joint, apartness=apartness, labels=labels, means=tables.means_of(head))
        cluster_of = numbered_by(labels, tree.cut(clusters))
        members = np.eye(clusters)[cluster_of]
        groups[head] = torch.from_numpy(cluster_of).to(groups)
        found = torch.from_numpy(joint.sum(1) @ members)[None]
        estimate.target[head] = target_shares(wanted, found)[0].to(estimate.target)
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


def target_shares(wanted: Wanted, found: Tensor) -> Tensor:
    """The share of rows that each head's clusters are to have: (heads, clusters), as `found` is.

    Given shares go to the clusters by their size, the largest to the largest.
    """
    if wanted == "merged":
        return found
    if wanted == "uniform":
        return torch.full_like(found, 1 / found.shape[1])
    shares = torch.tensor(sorted(wanted, reverse=True), dtype=found.dtype, device=found.device)
    order = found.argsort(descending=True)
    return torch.empty_like(found).scatter(1, order, (shares / shares.sum()).expand_as(found))
