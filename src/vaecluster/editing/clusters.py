"""What is edited: the cluster of each row, and the names of clusters."""

from dataclasses import dataclass
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.scores import UNASSIGNED


@final
@dataclass(frozen=True, eq=False)
class Clusters:
    """The cluster of each row and the names of clusters, as they are after some edits.

    `labels` (rows,) are -1 for rows in no cluster. `names` are those of clusters that have one, of `number` clusters.
    `decided` (rows,) says which rows the user has placed: by hand, or by a known label. Arrays cannot be written to.
    """

    labels: NDArray[np.intp]
    names: dict[int, str]
    number: int
    decided: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for array in (self.labels, self.decided):
            array.setflags(write=False)

    @classmethod
    def found(cls, labels: NDArray[np.intp], names: dict[int, str], number: int) -> Self:
        """Clusters as a fit found them: nothing is decided.

        >>> clusters = Clusters.found(np.array([0, 1, 1, -1]), {1: "cats"}, 2)
        >>> clusters.sizes.tolist(), clusters.named("cats"), clusters.named("dogs")
        ([1, 2], 1, None)
        """
        return cls(labels.copy(), names, number, np.zeros(len(labels), dtype=np.bool_))

    @property
    def sizes(self) -> NDArray[np.intp]:
        """How many rows each cluster has: (number,)."""
        return np.bincount(self.labels[self.labels != UNASSIGNED], minlength=self.number)

    def rows(self, cluster: int) -> NDArray[np.intp]:
        """The numbers of the rows of a cluster, or with -1 of those in none."""
        return np.flatnonzero(self.labels == cluster)

    def named(self, name: str) -> int | None:
        """The first cluster of that name, None if there is none."""
        return next((cluster for cluster in sorted(self.names) if self.names[cluster] == name), None)
