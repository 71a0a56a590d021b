"""Who keeps the state of a fit, so that it can go on in another process: by default nobody."""

from typing import Any, Protocol, final

from vaecluster.training.state import Snapshot, TrainingState


class Keeper(Protocol):
    """Keeps the state of one stage of a fit."""

    def resume(self, state: TrainingState) -> Snapshot | None:
        """Put the state where the fit was cut off, and return the last good one before it; None for a new fit."""

    def due(self) -> bool:
        """Whether the state should be kept now."""

    def keep(self, now: Snapshot, good: Snapshot | None) -> None:
        """Keep the state."""


class FitKeeper(Protocol):
    """Keeps the state of a whole fit, which has one stage or more."""

    def facts(self, stage: str) -> dict[str, Any] | None:
        """What was found before the stage, as plain values, if the fit is in it; None if not."""

    def at(self, stage: str, facts: dict[str, Any]) -> Keeper:
        """The keeper for a stage, with what was found before it."""


@final
class NothingKept:
    """Keeps nothing: every fit is new."""

    def resume(self, state: TrainingState) -> None:
        """Nothing is there to go on from."""

    def due(self) -> bool:
        """Never."""
        return False

    def keep(self, now: Snapshot, good: Snapshot | None) -> None:
        """Do nothing."""

    def facts(self, stage: str) -> None:
        """Nothing."""

    def at(self, stage: str, facts: dict[str, Any]) -> "NothingKept":
        """The same for every stage."""
        return self


NOTHING_KEPT = NothingKept()
