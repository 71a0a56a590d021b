"""Merges in a joint table, always of the pair that costs least."""

from collections.abc import Callable
from typing import final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.joint import EVERY, JointTable, Matrix, Places

# A group with less than this part of an equal share is no cluster of its own.
CRUMB = 0.25
# Which pairs with one of these entries may be merged: (entries, components).
Allowed = Callable[[Places], NDArray[np.bool_]]


@final
class Merging:
    """Knows the cheapest pair of a joint table, and merges it.

    Merging a pair costs loss / most ** apartness, times the squared distance of their codes where the table knows
    these. Each entry remembers its cheapest partner among the later ones.
    Merging lowers the other losses. So where a partner was merged, what it cost is the least that the rest can cost,
    and the entry looks at all others again only once that is the least of all.
    """

    def __init__(self, table: JointTable, apartness: float = 0.0, allowed: Allowed | None = None) -> None:
        """Of all pairs, or of those that are allowed as the table is at the time."""
        self.table, self.apartness, self._allowed = table, apartness, allowed
        size = len(table.table)
        self._may = np.ones((size, size), dtype=bool) if allowed is None else allowed(EVERY)
        self._partner, self._least = np.zeros(size, dtype=np.intp), np.full(size, np.inf)
        self._stale = np.zeros(size, dtype=bool)
        self._look(np.arange(size))

    def cheapest(self) -> tuple[int, int] | None:
        """The pair that costs least, or None if none may be merged; of equals, the first."""
        while self._stale[one := int(self._least.argmin())]:
            self._look(np.array([one]))
        return (one, int(self._partner[one])) if np.isfinite(self._least[one]) else None

    def crumb(self, equal: float) -> tuple[int, int] | None:
        """The pair that costs least with the smallest of all, allowed or not, if that is a crumb of an equal share."""
        shares = np.where(self.table.gone, np.inf, self.table.share)
        smallest = int(shares.argmin())
        if shares[smallest] >= CRUMB * equal:
            return None
        costs = self.costs(np.array([smallest]))[0]
        partner = int(costs.argmin())
        # The last one of all has no partner.
        return (min(smallest, partner), max(smallest, partner)) if np.isfinite(costs[partner]) else None

    def costs(self, one: NDArray[np.intp], other: Places = EVERY) -> Matrix:
        """What pairs of these cost, allowed or not."""
        losses: Matrix = (
            self.table.losses[one[:, None], other] if isinstance(other, np.ndarray) else self.table.losses[one]
        )
        costs = losses / self.table.most(one, other) ** self.apartness if self.apartness else losses
        return costs if self.table.codes is None else costs * self.table.distances(one, other)

    def merge(self, one: int, other: int) -> None:
        """Add the second of a pair to the first."""
        lowered = self.table.merge(one, other)
        if self._allowed is not None:
            self._may[one] = self._may[:, one] = self._allowed(np.array([one]))[0]
        self._stale |= (self._partner == one) | (self._partner == other)
        self._least[other], self._stale[other] = np.inf, False
        self._lower(lowered, lowered)
        self._lower(np.arange(one), np.array([one]))
        self._look(np.array([one]))

    def _lower(self, entries: NDArray[np.intp], others: NDArray[np.intp]) -> None:
        """Let entries know that some of these others may have become cheaper partners."""
        if not len(entries) or not len(others):
            return
        costs = np.where(self._may[np.ix_(entries, others)], self.costs(entries, others), np.inf)
        costs[entries[:, None] >= others] = np.inf
        place = costs.argmin(1)
        cost, partner = costs[np.arange(len(entries)), place], others[place]
        now, before = self._least[entries], self._partner[entries]
        self._stale[entries[cost < now]] = False
        better = (cost < now) | ((cost == now) & (partner < before))
        self._least[entries[better]], self._partner[entries[better]] = cost[better], partner[better]

    def _look(self, entries: NDArray[np.intp]) -> None:
        """The cheapest partner of these entries, among all."""
        costs = np.where(self._may[entries], self.costs(entries), np.inf)
        costs[entries[:, None] >= np.arange(len(self._partner))] = np.inf
        self._partner[entries] = costs.argmin(1)
        self._least[entries] = costs[np.arange(len(entries)), self._partner[entries]]
        self._stale[entries] = False
