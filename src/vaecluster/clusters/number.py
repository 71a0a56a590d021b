"""How many clusters there are: as many as have a boundary around them. No label takes part.

Components between which rows are about as dense as inside them are merged (`boundary`); what is left is counted, in
each head of its own. Heads that started apart agree where the number is in the data.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score

from vaecluster.clusters.boundary import APART
from vaecluster.clusters.hierarchy import Hierarchy
from vaecluster.clusters.joint import Matrix

Strength = Literal["clear", "weak", "none"]
# A number of clusters, the least and the most there may be, or None for as many as there are.
AskedNumber = int | tuple[int, int] | None
# Two that agree wholly may differ by so much.
ROUNDING = 1e-9
# Of fewer heads there are too few pairs for a standard error.
FEWEST_HEADS = 3


@final
@dataclass(frozen=True)
class Evidence:
    """What speaks for the number of clusters.

    `found` (heads,) is the number that each head finds. `density` and `agreement` (components - 1,) are about each
    number of clusters, entry i about i + 2 of them: how dense rows are between the two that one cluster fewer would
    merge, against rows inside them, equation (24), in the head that found the median; and the adjusted Rand index of
    the clusters of two heads, mean over pairs of heads, 1 if there is one head only. Two groups counted as two where
    rows between them were less dense than `apart`.

    >>> import numpy as np
    >>> from vaecluster.clusters.number import Evidence
    >>> found = Evidence(np.array([3, 3, 4]), np.array([0.1, 0.2, 0.9]), np.array([1.0, 1.0, 0.7]))
    >>> found.clusters, found.strength
    (3, 'weak')
    """

    found: NDArray[np.intp]
    density: Matrix
    agreement: Matrix
    apart: float = APART

    @property
    def clusters(self) -> int:
        """The number of clusters: the median of the heads', the lower of two middle ones."""
        return int(self.found[middle_head(self.found)])

    @property
    def strength(self) -> Strength:
        """None if no boundary was found, clear if all heads find as many where boundaries are sharpest, else weak."""
        if self.clusters == 1:
            return "none"
        alike = len(self.found) > 1 and bool((self.found == self.found[0]).all())
        return "clear" if alike and self.apart <= APART else "weak"


def middle_head(found: NDArray[np.intp]) -> int:
    """The head that finds the median number, the lower of two middle ones."""
    return int(found.argsort(kind="stable")[(len(found) - 1) // 2])


def level_of(levels: NDArray[np.intp], component_of: Sequence[NDArray[np.intp]]) -> int:
    """At which level regions are clusters, from those of each head at each level: (heads, levels, components).

    `component_of` holds each head's component of the same rows, (rows,). Where there is no boundary at the strictest
    level, the last one, there is none; else it is the level on which heads agree.
    """
    if _number_of(levels[:, -1]) == 1:
        return len(levels[0]) - 1
    labels = [regions[:, own] for regions, own in zip(levels, component_of, strict=True)]
    return agreed_level(np.swapaxes(labels, 0, 1))


def _number_of(regions: NDArray[np.intp]) -> int:
    """The median of what heads have, (heads, components)."""
    found = regions.max(1) + 1
    return int(found[middle_head(found)])


def agreed_level(labels: NDArray[np.intp]) -> int:
    """The strictest level at which heads agree as well as where they agree most: a number from 0 to levels - 1.

    From each head's clusters of the same rows at each level, (levels, heads, rows), the strictest level last.
    Agreement is the adjusted mutual information of two heads (Vinh, Epps and Bailey 2010). A level agrees as well as
    the best one if it is behind by no more than one standard error over the pairs of heads (Breiman et al. 1984). With
    fewer than three heads it is the strictest one.

    >>> import numpy as np
    >>> split, whole = [0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 1, 1]
    >>> agreed_level(np.array([[split, split, split], [split, split, whole], [whole, whole, whole]]))
    2
    """
    heads = labels.shape[1]
    if heads < FEWEST_HEADS:
        return len(labels) - 1
    each = np.empty((len(labels), heads * (heads - 1) // 2))
    for pair, (one, other) in enumerate(combinations(range(heads), 2)):
        for level, of in enumerate(labels):
            # Levels often differ little, and many clusters take long.
            same = level and (labels[level - 1, [one, other]] == of[[one, other]]).all()
            each[level, pair] = each[level - 1, pair] if same else adjusted_mutual_info_score(of[one], of[other])
    behind = each[each.mean(1).argmax()] - each
    error = behind.std(1, ddof=1) / np.sqrt(each.shape[1])
    return int(np.flatnonzero(behind.mean(1) <= error + ROUNDING)[-1])


def within(number: AskedNumber, found: int) -> int:
    """The number of clusters: as asked for, or as found, if that lies in the range that was asked for."""
    if number is None:
        return found
    if isinstance(number, int):
        return number
    least, most = number
    return min(max(found, least), most)


def least_of(number: AskedNumber) -> int:
    """The smallest number that was asked for."""
    return min(number) if isinstance(number, tuple) else number or 1


def most_of(number: AskedNumber) -> int | None:
    """The largest number that was asked for."""
    return max(number) if isinstance(number, tuple) else number


def agreement_of(trees: Sequence[Hierarchy], overlap: Callable[[int, int], Matrix]) -> Matrix:
    """How far heads agree in each number of clusters: (components - 1,), entry i about i + 2 of them.

    From a tree per head, and the share of rows in each pair of components of two heads (components, components).
    """
    pairs = combinations(range(len(trees)), 2)
    agreement = [_agreement(trees[one], trees[other], overlap(one, other)) for one, other in pairs]
    return np.mean(agreement, axis=0) if agreement else np.ones(trees[0].components - 1)


def _agreement(one: Hierarchy, other: Hierarchy, overlap: Matrix) -> Matrix:
    """The adjusted Rand index of two trees in each number of clusters, entry i about i + 2 of them.

    Merging two clusters adds twice the product of their shares to a sum of squares: (a + b)^2 = a^2 + b^2 + 2 a b.
    """
    cells = overlap.copy()
    sides = cells.sum(1), cells.sum(0)
    together, *squares = ((values**2).sum() for values in (cells, *sides))
    found = []
    for pairs in zip(one.joined(), other.joined(), strict=True):
        found.append(_adjusted_rand(together, *squares))
        for side, (kept, joined) in enumerate(pairs):
            lines, share = (cells, cells.T)[side], sides[side]
            together += 2 * lines[kept] @ lines[joined]
            squares[side] += 2 * share[kept] * share[joined]
            for values in (lines, share):
                values[kept] += values[joined]
                values[joined] = 0
    return np.array(found)[::-1]


def _adjusted_rand(together: float, one: float, other: float) -> float:
    """The index of very many rows, from sums of squares of their shares: of the cells, and of each partition.

    Hubert and Arabie (1985), "Comparing partitions"; soft assignments count by their shares.
    """
    by_chance, most = one * other, (one + other) / 2
    return float((together - by_chance) / (most - by_chance)) if most > by_chance else 1.0
