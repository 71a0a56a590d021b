"""Which clusters touch: how dense rows are between two of them, and how many rows could belong to either."""

from dataclasses import dataclass
from itertools import combinations
from typing import final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.contingency import contingency
from vaecluster.clusters.separation import densities_between
from vaecluster.inference.answers import Assigned
from vaecluster.views.neighbours import Near

# A row whose cluster is less likely than this is in doubt: it could belong to the second likeliest as well.
SURE = 0.9


@final
@dataclass(frozen=True)
class Touch:
    """Two clusters, the lower number first.

    `density` is about how dense rows are between the two, against inside them, by equation (24); `doubtful` counts the
    rows of either for which the other is second likeliest, and their own less likely than `SURE`.
    """

    one: int
    other: int
    density: float
    doubtful: int


def touching(near: Near, labels: NDArray[np.intp], found: Assigned, clusters: int) -> list[Touch]:
    """Pairs of clusters between which there are rows, the densest first.

    Densities are measured in the rows whose neighbours are `near` and whose clusters are `labels` (rows,). Doubtful
    rows are counted in all rows, which belong where `found` says.
    """
    if clusters < 2 or len(labels) < 3:
        return []
    density = densities_between(labels, clusters, near.pairs, near.null)
    if density is None:
        return []
    unsure = found.confidence < SURE
    doubtful = contingency(found.labels[unsure], found.second[unsure], (clusters, clusters))
    doubtful = doubtful + doubtful.T
    touches = [
        Touch(one, other, float(density[one, other]), int(doubtful[one, other]))
        for one, other in combinations(range(clusters), 2)
        if density[one, other] > 0 or doubtful[one, other]
    ]
    return sorted(touches, key=lambda touch: (-touch.density, -touch.doubtful))
