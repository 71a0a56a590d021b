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
    """Names and values."""

    anchor = "made"
    heading = "How it was made"

    facts: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, run: FinishedRun) -> Self:
        """Of every run."""
        known, model = run.description, run.model
        shape = "x".join(str(size) for size in known["row_shape"])
        epochs = model.history_.epochs
        return cls(
            (
                ("Rows", f"{known['rows']:,}"),
                ("Row", f"{shape} {model.fitted_.schema.kind.entries}"),
                ("Method", model.method_.name),
                ("Epochs", f"{len(epochs)} of {epochs[-1].epochs}"),
                ("Time", f"{known['seconds']:,.0f} s"),
                ("Processor time", f"{known['cpu_seconds']:,.0f} s"),
                ("Seed", str(model.random_state)),
                ("Written", datetime.fromisoformat(known["written"]).strftime("%Y-%m-%d %H:%M UTC")),
                ("Version", f"vaecluster {known['versions']['vaecluster']}"),
            )
        )

    def html(self) -> Markup:
        """A list."""
        return fill("sections/made.html.j2", facts=self.facts)
