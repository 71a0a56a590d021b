"""The content of a report, as plain values; the other modules render it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.number import Strength
from vaecluster.errors import DataError
from vaecluster.runs.folder import WALL_ROWS

Values = NDArray[np.generic]
Limit = float | Values | None
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Wall:
    """Up to 64 rows to be shown together, in display order.

    `rows` has shape (n, H, W) or (n, H, W, C) for images and (n, columns) for plain vectors; n may be 0.
    `low` and `high` are the values drawn darkest and brightest: one number, or one per column or channel;
    None takes the smallest or largest value of these rows. Two walls can only be compared by eye when both
    were given the same bounds.

    >>> Wall(np.zeros((3, 8, 8))).holds_images
    True
    >>> Wall(np.zeros((3, 13)), low=np.zeros(13), high=np.ones(13)).holds_images
    False
    """

    rows: Values
    low: Limit = None
    high: Limit = None

    def __post_init__(self) -> None:
        if self.rows.ndim not in (2, 3, 4) or 0 in self.rows.shape[1:]:
            raise DataError(
                f"A wall shows rows of shape (n, H, W), (n, H, W, C) or (n, columns), but got "
                f"{self.rows.shape}. Reshape the rows to one of these."
            )
        if len(self.rows) > WALL_ROWS:
            raise DataError(f"A wall shows at most {WALL_ROWS} rows, but got {len(self.rows)}. Pass fewer.")

    @property
    def holds_images(self) -> bool:
        """Whether a row is an image, not a plain vector."""
        return self.rows.ndim > 2


@dataclass(frozen=True, eq=False)
class ClusterPage:
    """One cluster: how large it is, some of its rows, and rows that the model generates from it.

    An empty cluster has size 0, share 0, a `rows` wall without rows, and nan as `mean_confidence`.
    """

    cluster: int
    size: int
    share: float
    mean_confidence: float
    rows: Wall
    generated: Wall


@dataclass(frozen=True)
class Curve:
    """One term of the objective: a value per epoch, the first epoch first. Values need not be finite."""

    name: str
    values: tuple[float, ...]
    unit: str


@dataclass(frozen=True, eq=False)
class NumberPage:
    """How many clusters there are and what speaks for each number of them: entry i is about i + 2.

    `losses` (components - 1,) is k loss(k), the information lost by merging k clusters into one fewer, in nats, times
    k; `agreement` (components - 1,) is that of heads that learned apart, None if there was one head only; `support`
    (components - 2,) weighs both. `used` is the number of the model, `found` whether it was found or given; `best`
    the best supported number, 1 where there is none, and `strength` how far it stands out. `tree` is scipy's linkage
    of the used clusters, (used - 1, 4), the height of a merge the information lost up to it, in nats.
    """

    losses: Matrix
    agreement: Matrix | None
    support: Matrix
    used: int
    best: int
    strength: Strength
    found: bool
    tree: Matrix

    @property
    def components(self) -> int:
        """The most clusters that could have been found."""
        return len(self.losses) + 1

    def support_of(self, number: int) -> float | None:
        """The support of a number of clusters; None for 1 and for all components, which were not weighed."""
        return float(self.support[number - 2]) if 2 <= number < self.components else None


@dataclass(frozen=True, eq=False)
class ReportContent:
    """The whole content of a report.

    `facts` are pairs of a name and a value, shown under the title in this order. `scores` maps a set of rows
    ("train", "test") to its scores by name (rows, majority_accuracy, hungarian_accuracy, nmi, ari); None
    where there were no labels to score with. `warnings` are sentences that a reader must not miss. `number` is None
    where the method weighs no numbers of clusters.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    clusters: tuple[ClusterPage, ...]
    curves: tuple[Curve, ...]
    scores: Mapping[str, Mapping[str, float]] | None = None
    warnings: tuple[str, ...] = ()
    number: NumberPage | None = None
