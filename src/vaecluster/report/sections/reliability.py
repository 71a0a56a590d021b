"""Reliability diagrams: how often a cluster is right, by how likely it was said to be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup
from matplotlib.figure import Figure

from vaecluster.clusters.reliability import Reliability
from vaecluster.files import record
from vaecluster.look.encode import Picture
from vaecluster.report.charts import LIGHT, Palette, dress
from vaecluster.report.html import chart, decimal, fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section

# What each way to make probabilities is called, and what it is.
NAMES = {
    "confidence": ("Confidence", "what predict_proba gives, made from the rows without labels"),
    "posterior": ("Posterior", "what the model has learned to say, q(y|x)"),
    "bayes": ("Bayes' rule", "p(x|y) p(y) / p(x), from the generative side of the model"),
}

HEADINGS = (
    ("Right", "share of rows whose likeliest cluster is that of their label"),
    ("Said on average", "how likely that cluster was said to be, on average"),
    ("Expected calibration error", "how far the bars lie from the dashed line, on average over rows; 0 is best"),
)


@final
@dataclass(frozen=True, eq=False)
class Reliabilities(Section):
    """The reliability of each way to make probabilities, by name."""

    anchor = "reliability"
    heading = "Reliability"

    found: Mapping[str, Reliability]

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of a run with labels to score with."""
        plain = run.description.get("reliability", {})
        return cls({by: record.typed(Reliability, plain[by]) for by in NAMES if by in plain}) if plain else None

    def html(self) -> Markup:
        """A diagram for each, and their errors in a table."""
        errors = ", ".join(
            f"{NAMES[by][0]} {decimal(one.expected_calibration_error)}" for by, one in self.found.items()
        )
        alt = f"Reliability diagrams; expected calibration errors: {errors}"
        return fill(
            "sections/reliability.html.j2",
            diagrams=chart(lambda palette: reliability_figure(self.found, palette), alt),
            headings=HEADINGS,
            lines=[
                (
                    NAMES[by][0],
                    (
                        decimal(one.overall_accuracy),
                        decimal(one.mean_confidence),
                        decimal(one.expected_calibration_error),
                    ),
                )
                for by, one in self.found.items()
            ],
            meanings=[NAMES[by] for by in self.found],
            rows=next(iter(self.found.values())).rows,
        )

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`reliability.png`."""
        yield "reliability.png", reliability_figure(self.found)


def reliability_figure(found: Mapping[str, Reliability], palette: Palette = LIGHT) -> Figure:
    """A diagram beside the other: accuracy in each bin as bars, against the line where it is as large as was said."""
    figure = Figure(figsize=(2.9 * len(found), 2.9), layout="constrained", facecolor=palette.paper)
    for axes, (by, one) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        dress(axes, palette)
        bins = len(one.count)
        # Bars are as dark as there are rows in them; few rows say little.
        shades = 0.25 + 0.75 * (one.count / one.count.max()) ** 0.5
        for place, (accuracy, shade) in enumerate(zip(one.accuracy, shades, strict=True)):
            if one.count[place]:
                axes.bar((place + 0.5) / bins, accuracy, 0.9 / bins, color=palette.mark, alpha=shade)
        axes.plot((0, 1), (0, 1), color=palette.ink, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
        axes.set_title(NAMES[by][0], color=palette.ink, fontsize=9)
        axes.set_xlabel("said")
        axes.set_ylabel("right")
    return figure
