"""What was learned when: every term of every epoch."""

from dataclasses import dataclass, field
from typing import Literal, final

from vaecluster.training.events import EpochDone, Event

Ending = Literal["finished", "early stopping", "interrupted"]


@final
@dataclass
class History:
    """The epochs of a fit in order, and how it ended. It is a listener of the loop."""

    epochs: list[EpochDone] = field(default_factory=list)
    ending: Ending = "finished"

    def __call__(self, event: Event) -> None:
        """Keep the event if it is an epoch's."""
        if isinstance(event, EpochDone):
            self.epochs.append(event)

    def curves(self) -> dict[str, list[float]]:
        """One list per quantity, one entry per epoch: the terms in nats per row, then the diagnostics."""
        curves = {name: [epoch.terms[name] for epoch in self.epochs] for name in self._term_names()}
        if any(epoch.held_out_bound is not None for epoch in self.epochs):
            curves["held_out_bound"] = [epoch.held_out_bound or float("nan") for epoch in self.epochs]
        curves["populated_clusters"] = [float(epoch.populated_clusters) for epoch in self.epochs]
        curves["mean_confidence"] = [epoch.mean_confidence for epoch in self.epochs]
        curves["learning_rate"] = [epoch.learning_rate for epoch in self.epochs]
        curves["seconds"] = [epoch.seconds for epoch in self.epochs]
        return curves

    def _term_names(self) -> list[str]:
        return list(self.epochs[0].terms) if self.epochs else []
