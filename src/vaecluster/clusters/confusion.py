"""Which labels the rows of each cluster have."""

from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.contingency import contingency


@final
@dataclass(frozen=True, eq=False)
class Confusion:
    """How many rows of each cluster have each label: `counts` (clusters, labels), labels in their order.

    >>> found = Confusion.of(np.array(["b", "a", "b"]), np.array([0, 0, -1]), 2)
    >>> found.labels, found.counts.tolist()
    (['a', 'b'], [[1, 1], [0, 0]])
    """

    labels: list[int | str]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, labels: NDArray[Any], clusters: NDArray[np.intp], number: int) -> Self:
        """Of rows with these labels and clusters, (rows,) each; rows of the cluster -1 do not count."""
        names, place = np.unique(labels, return_inverse=True)
        return cls(names.tolist(), contingency(clusters, place, (number, len(names))))
