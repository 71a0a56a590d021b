"""How many clusters there are, and why, in a sentence or two that need no statistics."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, final

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from vaecluster.clusters.hierarchy import Matrix
from vaecluster.clusters.number import CLEAR, Strength
from vaecluster.report.charts import LIGHT, Palette
from vaecluster.report.encode import Picture
from vaecluster.report.html import chart, fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section
from vaecluster.report.sections.number_charts import cluster_tree, number_figure, tree_figure, tree_is_readable

# Above it two partitions are called the same: with five equal clusters, one row in twelve may then lie elsewhere.
SAME = 0.8


@final
@dataclass(frozen=True, eq=False)
class Number(Section):
    """How many clusters there are and what speaks for each number of them: entry i is about i + 2.

    `losses` (components - 1,) is k loss(k), the information lost by merging k clusters into one fewer, in nats, times
    k; `agreement` (components - 1,) is that of heads that learned apart, None if there was one head only; `support`
    (components - 2,) weighs both. `used` is the number of the model, `found` whether it was found or given; `best`
    the best supported number, 1 where there is none, and `strength` how far it stands out. `tree` is scipy's linkage
    of the used clusters, (used - 1, 4), the height of a merge the information lost up to it, in nats.
    """

    anchor = "number"
    heading = "How many clusters"

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

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """What the fit weighed to find the number of clusters; None if its method weighs none."""
        model = run.model
        evidence, tree = model.evidence_, model.hierarchy_
        # A single component leaves no number to weigh.
        if evidence is None or tree is None or not len(evidence.losses):
            return None
        # The agreement of one head with itself would be drawn as perfect.
        alone = getattr(model.method_, "heads", None) == 1
        return cls(
            losses=np.arange(2, len(evidence.losses) + 2) * evidence.losses,
            agreement=None if alone else evidence.agreement,
            support=evidence.support,
            used=model.n_clusters_,
            best=evidence.clusters,
            strength=evidence.strength,
            found=model.n_clusters == "auto",
            tree=cluster_tree(tree, model.model_.grouping.cluster_of.cpu().numpy()),
        )

    def html(self) -> Markup:
        """The words, what was weighed as a chart, and the tree where it can be read."""
        heads = "" if self.agreement is None else " and the agreement of the heads"
        weighed = f"For each number of clusters, the information lost by merging on{heads}; {self.used} are used"
        tree = f"Tree of the {self.used} clusters: where two join, the information that is lost up to there"
        return fill(
            "sections/number.html.j2",
            verdict=verdict(self),
            weighed=chart(self.figure, weighed),
            heads_agree=self.agreement is not None,
            tree=chart(lambda palette: tree_figure(self.tree, palette), tree) if tree_is_readable(self.used) else None,
        )

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`number.png`, and `tree.png` where it can be read."""
        yield "number.png", self.figure()
        if tree_is_readable(self.used):
            yield "tree.png", tree_figure(self.tree)

    def figure(self, palette: Palette = LIGHT) -> Figure:
        """What was weighed, as a chart."""
        return number_figure(self.losses, self.agreement, self.used, self.best, palette)


def verdict(number: Number) -> str:
    """How many clusters there are, whether the number was found or given, and how much speaks for it.

    >>> import numpy as np
    >>> nothing = np.zeros(9)
    >>> verdict(Number(nothing, None, nothing[1:], 1, 1, "none", True, np.zeros((0, 4))))
    'No clusters were found: merging loses no more at one number than at others. So all rows are in one.'
    """
    return _of_found(number) if number.found else _of_given(number)


def _of_found(number: Number) -> str:
    if number.strength == "none":
        return "No clusters were found: merging loses no more at one number than at others. So all rows are in one."
    if number.strength == "weak":
        return (
            f"{number.used} clusters were found, but little speaks for that number. "
            "Look at their rows before you rely on it."
        )
    return f"{number.used} clusters were found. {_reason(number)}"


def _of_given(number: Number) -> str:
    asked = f"{number.used} clusters were asked for" if number.used > 1 else "One cluster was asked for"
    if number.strength == "none":
        return (
            f"{asked}, and little speaks for {'any other number' if number.used == 1 else 'that or any other number'}."
        )
    if number.used == number.best:
        if number.strength == "weak":
            return f"{asked}. No number is better supported, but little speaks for this one either."
        return f"{asked}, and that number is the best supported one. {_reason(number)}"
    weakly = "" if number.strength == "clear" else ", though weakly"
    own = number.support_of(number.used)
    if own is None:
        return f"{asked}; best supported is {number.best}{weakly}."
    if own >= CLEAR:
        return f"{asked}, and much speaks for that number; {number.best} is supported even better."
    return f"{asked}, but little speaks for that number; best supported is {number.best}{weakly}."


def _reason(number: Number) -> str:
    """Of a number that stands out; its support is then so high that its loss exceeds the one before."""
    loss = f"Merging on from {number.used} to {number.used - 1} loses clearly more than the merge before"
    if number.agreement is None:
        return f"{loss}."
    agreement = float(number.agreement[number.used - 2])
    if agreement >= SAME:
        return f"{loss}, and parts of the model that learned apart find the same clusters."
    return f"{loss}, though parts of the model that learned apart agree only in part."
