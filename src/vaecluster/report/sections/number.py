"""How many clusters there are, and why, in a sentence or two that need no statistics."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup
from matplotlib.figure import Figure

from vaecluster.clusters.joint import Matrix
from vaecluster.clusters.merging import CRUMB
from vaecluster.clusters.number import AskedNumber, Evidence
from vaecluster.inference.advice import NO_BOUNDARY, heads_find, part_of
from vaecluster.look.encode import Picture
from vaecluster.report.charts import LIGHT, Palette
from vaecluster.report.html import chart, fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section
from vaecluster.report.sections.number_charts import cluster_tree, number_figure, tree_figure, tree_is_readable
from vaecluster.settings import NumberOfClusters

# So many pairs of clusters are named.
PAIRS = 3
# Above it two partitions are called the same: with five equal clusters, one row in twelve may then lie elsewhere.
SAME = 0.8


@final
@dataclass(frozen=True, eq=False)
class Number(Section):
    """How many clusters there are and what speaks for it.

    `used` is the number of the model, `evidence` what was found, and `asked` what was asked for: a number, the least
    and the most, or None. `tree` is scipy's linkage of the used clusters, (used - 1, 4), the height of a merge the
    information lost up to it, in nats. The evidence is of groups that there were while the fit was under way;
    `touching` are pairs of the clusters that it has ended with, between which there is no boundary.
    """

    anchor = "number"
    heading = "How many clusters"

    used: int
    evidence: Evidence
    asked: AskedNumber
    tree: Matrix
    touching: tuple[tuple[int, int], ...] = ()

    @property
    def components(self) -> int:
        """The most clusters that could have been found."""
        return len(self.evidence.density) + 1

    @property
    def is_found(self) -> bool:
        """Whether the data decided on the used number, and not who asked."""
        return not isinstance(self.asked, int) and self.used == self.evidence.clusters

    @property
    def agreement(self) -> Matrix | None:
        """How far heads agree in each number of clusters, entry i about i + 2; None if there was one only."""
        # The agreement of one head with itself would be drawn as perfect.
        return None if len(self.evidence.found) == 1 else self.evidence.agreement

    @property
    def spread(self) -> tuple[int, int]:
        """The least and the largest number that a head finds."""
        return int(self.evidence.found.min()), int(self.evidence.found.max())

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """What the fit found; None if its method looks for no number, or the model is older than that."""
        model = run.model
        evidence, tree = model.evidence_, model.hierarchy_
        # A single component leaves no number to look for.
        if evidence is None or tree is None or not len(evidence.density):
            return None
        return cls(
            used=model.n_clusters_,
            evidence=evidence,
            asked=NumberOfClusters().normal(model.n_clusters),
            tree=cluster_tree(tree, model.model_.grouping.cluster_of.cpu().numpy()),
            touching=tuple(
                (touch["one"], touch["other"])
                for touch in run.description["touching"]
                if touch["density"] >= evidence.apart
            ),
        )

    def html(self) -> Markup:
        """The words, what was found as a chart, and the tree where it can be read."""
        parts = "" if self.agreement is None else ", and the agreement of the parts that learned apart"
        weighed = f"For each number of clusters, how dense rows are between two of them{parts}; {self.used} are used"
        tree = f"Tree of the {self.used} clusters: where two join, the information that is lost up to there"
        least, most = self.spread
        return fill(
            "sections/number.html.j2",
            verdict=verdict(self),
            weighed=chart(self.figure, weighed),
            crumb=CRUMB / self.components,
            heads_agree=self.agreement is not None,
            heads_differ=least < most,
            tree=chart(lambda palette: tree_figure(self.tree, palette), tree) if tree_is_readable(self.used) else None,
        )

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`number.png`, and `tree.png` where it can be read."""
        yield "number.png", self.figure()
        if tree_is_readable(self.used):
            yield "tree.png", tree_figure(self.tree)

    def figure(self, palette: Palette = LIGHT) -> Figure:
        """What was found, as a chart."""
        return number_figure(
            self.evidence.density,
            self.agreement,
            self.used,
            self.evidence.clusters,
            self.spread,
            palette,
            apart=self.evidence.apart,
        )


def verdict(number: Number) -> str:
    """How many clusters there are, whether the number was found or given, and where boundaries lie.

    >>> import numpy as np
    >>> nothing = Evidence(np.ones(5, dtype=np.intp), np.ones(9), np.zeros(9))
    >>> verdict(Number(1, nothing, None, np.zeros((0, 4)))).partition(": ")[0]
    'No boundary was found'
    """
    return _of_found(number) if number.is_found else _of_given(number)


def _of_touching(number: Number) -> str:
    """Between which clusters there is no boundary now, as a sentence behind those on what was measured before."""
    if not number.touching:
        return ""
    pairs = [f"{one} and {other}" for one, other in number.touching[:PAIRS]]
    named = " or ".join([", ".join(pairs[:-1]), pairs[-1]] if len(pairs) > 1 else pairs)
    others = ", and between others" if len(number.touching) > PAIRS else ""
    return (
        " Boundaries were measured while the fit was under way. Of the clusters that it has ended with, there is no "
        f"boundary between {named}{others}: look at whether they are one."
    )


def _of_found(number: Number) -> str:
    evidence, (least, most) = number.evidence, number.spread
    heads = heads_find(evidence).capitalize()
    if evidence.strength == "none":
        if least == most:
            return f"No boundary was found: {NO_BOUNDARY}. So all rows are in one cluster."
        return f"{heads}. So all rows are in one cluster; `cut` gives the other numbers without a new fit."
    if least < most:
        return (
            f"{number.used} clusters were found. {heads}. Look at those numbers as well: `cut` gives them without a "
            f"new fit.{_of_touching(number)}"
        )
    as_many = "" if _all_apart(number, number.used) else ", as many as there were groups with a boundary around them"
    doubt = "" if evidence.agreement[number.used - 2] >= SAME else ", though not quite the same ones"
    between = _between(number, number.used)
    return f"{number.used} clusters were found{as_many}: {between}. {heads}{doubt}.{_of_touching(number)}"


def _of_given(number: Number) -> str:
    evidence, used, asked = number.evidence, number.used, _asked_for(number)
    found, (least, most) = evidence.clusters, number.spread
    crossed = "So at least one boundary is crossed: rows from both sides of it are in one cluster."
    split = "So at least two of the clusters have no boundary between them."
    if least < most:
        heads = heads_find(evidence)
        if used < least:
            return f"{asked}, but more have a boundary around them: {heads}. {crossed}"
        if used > most:
            return f"{asked}, but fewer have a boundary around them: {heads}. {split}"
        return f"{asked}, and that is within what was found: {heads}."
    if found == 1:
        if used == 1:
            return f"{asked}, and no boundary was found: {NO_BOUNDARY}."
        return f"{asked}, but no boundary was found: {NO_BOUNDARY}. So the clusters have no boundary between them."
    between = _between(number, found, f"the {found}")
    if used < found:
        return f"{asked}, but {found} have a boundary around them: {between}. {crossed}"
    if used > found:
        return f"{asked}, but only {found} have a boundary around them: {between}. {split}"
    as_many = "as many groups had" if number.touching else "as many have"
    return f"{asked}, and {as_many} a boundary around them: {_between(number, found)}.{_of_touching(number)}"


def _asked_for(number: Number) -> str:
    """What was asked for, of a range the end that was used."""
    limit = ""
    if isinstance(number.asked, tuple) and number.asked[0] < number.asked[1]:
        limit = {number.asked[1]: "at most ", number.asked[0]: "at least "}.get(number.used, "")
    what = f"{limit}{number.used} clusters were" if number.used > 1 else f"{limit}one cluster was"
    return f"{what} asked for".capitalize()


def _between(number: Number, clusters: int, them: str = "them") -> str:
    pair = "the two" if clusters == 2 else f"any two of {them}"
    if not _all_apart(number, clusters):
        pair = "two such groups"
    return f"between {pair}, rows are less than {part_of(number.evidence.apart)} as dense as inside them"


def _all_apart(number: Number, clusters: int) -> bool:
    """Not always so by code, which may part other rows than boundaries do, nor when the fit goes on: decision 85."""
    settled = bool((number.evidence.density[: clusters - 1] < number.evidence.apart).all())
    return settled and not (number.touching and clusters == number.used)
