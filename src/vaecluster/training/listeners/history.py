"""What was learned when: every term of every epoch."""

from dataclasses import dataclass, field
from typing import final

from vaecluster.training.events import ClustersMergedAgain, Ending, EpochDone, Event, RolledBack


@final
@dataclass
class History:
    """The epochs of a fit in order, how it ended, when dead clusters were merged again, and when it went back.

    It listens to the run. Epochs that a fit went back from are left out.
    """

    epochs: list[EpochDone] = field(default_factory=list)
    ending: Ending = "finished"
    merged_again: list[ClustersMergedAgain] = field(default_factory=list)
    rolled_back: list[RolledBack] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        """Keep the event, unless it is a step's."""
        if isinstance(event, EpochDone):
            self.epochs.append(event)
        elif isinstance(event, ClustersMergedAgain):
            self.merged_again.append(event)
        elif isinstance(event, RolledBack):
            self.rolled_back.append(event)
            self.epochs = [epoch for epoch in self.epochs if epoch.epoch < event.back_to]
            self.merged_again = [again for again in self.merged_again if again.epoch < event.back_to]

    def curves(self) -> dict[str, list[float]]:
        """One list per quantity, one entry per epoch: the terms in nats per row, then the diagnostics."""
        missing = float("nan")  # what only some stages of a fit have
        curves = {name: [epoch.terms.get(name, missing) for epoch in self.epochs] for name in self._term_names()}
        if any(epoch.held_out_bound is not None for epoch in self.epochs):
            curves["held_out_bound"] = [
                missing if epoch.held_out_bound is None else epoch.held_out_bound for epoch in self.epochs
            ]
        curves["populated_clusters"] = [float(epoch.populated_clusters) for epoch in self.epochs]
        curves["mean_confidence"] = [epoch.mean_confidence for epoch in self.epochs]
        curves["learning_rate"] = [epoch.learning_rate for epoch in self.epochs]
        curves["seconds"] = [epoch.seconds for epoch in self.epochs]
        return curves

    def _term_names(self) -> list[str]:
        return list(dict.fromkeys(name for epoch in self.epochs for name in epoch.terms))
