"""The sections of numbers: what was found and what it took, who agrees, and scores by labels."""

from dataclasses import dataclass
from typing import ClassVar, final

from markupsafe import Markup

from vaecluster.comparison import Compared, Comparison
from vaecluster.report.comparison.chart import agreement_figure
from vaecluster.report.comparison.reading import reading
from vaecluster.report.html import UNKNOWN, chart, count, decimal, fill
from vaecluster.report.section import PageSection
from vaecluster.report.sections.scores import NAMES

SCORES = ("hungarian_accuracy", "nmi", "ari")


@final
@dataclass(frozen=True, eq=False)
class InWords(PageSection):
    """What the comparison says, in sentences."""

    anchor: ClassVar[str] = "words"
    heading: ClassVar[str] = "In words"

    sentences: tuple[str, ...]

    @classmethod
    def of(cls, comparison: Comparison) -> "InWords":
        """Of every comparison."""
        return cls(tuple(reading(comparison)))

    def html(self) -> Markup:
        """A paragraph each."""
        return fill("comparison/words.html.j2", sentences=self.sentences)


@final
@dataclass(frozen=True, eq=False)
class Table(PageSection):
    """A line for each method, under `headings` and what they mean; `note` stands above and `meanings` below."""

    anchor: str  # type: ignore[misc]
    heading: str  # type: ignore[misc]
    note: str
    headings: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, tuple[str, ...]], ...]
    meanings: tuple[tuple[str, str], ...]

    def html(self) -> Markup:
        """The table, and what its headings mean."""
        return fill("comparison/table.html.j2", table=self)


@final
@dataclass(frozen=True, eq=False)
class AgreementOfMethods(PageSection):
    """The agreement of each pair of methods, as a picture."""

    anchor: ClassVar[str] = "agreement"
    heading: ClassVar[str] = "Which methods agree"

    comparison: Comparison

    def html(self) -> Markup:
        """The picture."""
        names = ", ".join(method.name for method in self.comparison.methods)
        matrix = chart(
            lambda palette: agreement_figure(self.comparison, palette),
            f"Agreement of each pair of these: {names}",
            blends=True,
        )
        return fill("comparison/agreement.html.j2", matrix=matrix, seeds=len(self.comparison.seeds))


def numbers_table(comparison: Comparison) -> Table:
    """What each method found, and what it took."""
    own = {measure: comparison.between(measure).diagonal().tolist() for measure in ("ari", "nmi", "matched")}
    lines = []
    for place, method in enumerate(comparison.methods):
        sizes = method.shown.sizes
        lines.append(
            (
                method.name,
                (
                    _range(method.numbers),
                    _range([sizes[0], sizes[-1]]) if sizes else UNKNOWN,
                    count(method.shown.in_none),
                    *(_two(own[measure][place]) for measure in ("ari", "nmi", "matched")),
                    _two(method.separation),
                    UNKNOWN if method.bound is None else f"{method.bound:,.2f}",
                    _seconds(method.seconds),
                    _seconds(method.cpu_seconds),
                ),
            )
        )
    separation = (
        "how empty the borders of clusters are, without labels: 1 if there are no rows along them, 0 if as many as "
        "inside"
    )
    shapes = (
        "Clusters may have any shape. Methods that follow near neighbours are made for such borders, as k-means is "
        "for centres"
    )
    bound, seconds = _of_bound(comparison.methods), "mean of the fits"
    return Table(
        "numbers",
        "What each method found",
        f"Means over {len(comparison.seeds)} seeds; sizes are those of the fit that agrees best with the other seeds, "
        "which is the one shown below."
        if len(comparison.seeds) > 1
        else "One fit of each method.",
        (
            ("Clusters", "how many clusters the fits found or were told"),
            ("Sizes", "rows of the smallest and of the largest cluster"),
            ("In none", "rows in no cluster"),
            ("Seeds: ARI", "adjusted Rand index of two seeds"),
            ("NMI", "normalised mutual information of two seeds"),
            ("matched", "share of rows in the same cluster by two seeds, once clusters are matched"),
            ("Separation", separation),
            ("Held-out bound", bound),
            ("Seconds", f"by the clock: {seconds}"),
            ("CPU seconds", f"of processors: {seconds}"),
        ),
        tuple(lines),
        (
            (
                "Seeds",
                "how far two seeds of a method agree, by adjusted Rand index, mutual information and matched rows; "
                "1 if it finds the same again",
            ),
            ("Separation", f"{separation}. {shapes}"),
            ("Held-out bound", bound),
            ("Seconds", f"{seconds}, by the clock and of processors; the first fit by UMAP also compiles it"),
        ),
    )


def scores_table(comparison: Comparison) -> Table:
    """Agreement with labels, which no method has seen."""
    named = tuple(NAMES[name] for name in SCORES)
    return Table(
        "scores",
        "Scores by the labels",
        "Labels were there, and serve for this table alone: no method, nothing above and no advice has seen them. "
        "Means over seeds.",
        named,
        tuple((method.name, tuple(decimal(method.score(name)) for name in SCORES)) for method in comparison.methods),
        named,
    )


def _of_bound(methods: tuple[Compared, ...]) -> str:
    densities = [(method.name, method.shown.density) for method in methods if method.bound is not None]
    if not densities:
        return "only methods with a density of rows have one"
    named = "; ".join(f"{name}: {density}" for name, density in densities)
    return (
        "a lower bound on log p(x) in nats a row, of rows that were held out; more is better, between methods with "
        f"the same density of rows ({named}). Other methods have none"
    )


def _range(numbers: list[int]) -> str:
    least, most = count(min(numbers)), count(max(numbers))
    return least if least == most else f"{least} to {most}"


def _two(value: float | None) -> str:
    return UNKNOWN if value is None or value != value else f"{value:.2f}"


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
