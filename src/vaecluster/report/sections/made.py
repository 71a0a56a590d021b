"""How the run was made: what one needs to make it again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self, final

from markupsafe import Markup

from vaecluster.report.html import fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section


@final
@dataclass(frozen=True)
class Made(Section):
    """Names, values and what they mean."""

    anchor = "made"
    heading = "How it was made"

    facts: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, run: FinishedRun) -> Self:
        """Of every run."""
        known, model = run.description, run.model
        shape = "x".join(str(size) for size in known["row_shape"])
        epochs = model.history_.epochs
        processors = known["cpu_seconds"]
        written = datetime.fromisoformat(known["written"]).strftime("%Y-%m-%d %H:%M UTC")
        left_out = ", ".join(_left_out(run))
        return cls(
            (
                ("Rows", f"{known['rows']:,}", "rows that the model learned from"),
                ("Row", f"{shape} {model.fitted_.schema.kind.entries}", "what one row is made of in the source"),
                *([("Left out", left_out, "columns that nothing was learned from")] if left_out else []),
                ("Method", model.method_.name, "how the clusters were learned"),
                (
                    "Epochs",
                    f"{len(epochs)} of {epochs[-1].epochs}",
                    "passes over the rows, of those that were planned",
                ),
                ("Time", f"{known['seconds']:,.0f} s", "of learning, by the clock"),
                *(
                    [("Processor time", f"{processors:,.0f} s", "of the fit, added up over its processors")]
                    if processors is not None
                    else []
                ),
                ("Seed", str(model.random_state), "decides everything random: the same seed gives the same fit"),
                ("Written", written, "when the run was written"),
                ("Version", f"vaecluster {known['versions']['vaecluster']}", "of the package that made the fit"),
            )
        )

    def html(self) -> Markup:
        """A list."""
        return fill("sections/made.html.j2", facts=self.facts)


def _left_out(run: FinishedRun) -> list[str]:
    """Columns of a table that rows are shown with, but that are not learned from."""
    shown, learned = next(iter(run.examples.values())), run.model.fitted_.columns
    return [name for name in getattr(shown, "column_names", ()) if learned and name not in learned]
