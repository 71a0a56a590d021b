"""Who keeps the state of a fit, so that it can go on in another process: by default nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, final

from vaecluster.data.raw import Array
from vaecluster.training.state import Snapshot, TrainingState


class Keeper(Protocol):
    """Keeps a fit; what it has is of the fit that was cut off, if there was one."""

    @property
    def stage(self) -> str | None:
        """The stage in which the fit was cut off; None for a new fit."""

    @property
    def found(self) -> Mapping[str, Any]:
        """What was computed between stages, as plain values by name."""

    def state_of(self, stage: str) -> tuple[Snapshot, Snapshot | None] | None:
        """The state in which the stage was cut off and the last good one before it; None if another stage was."""

    def restore(self, state: TrainingState, snapshot: Snapshot) -> None:
        """Put the state there; raises `FileError` if it is that of another model."""

    def due(self) -> bool:
        """Whether the state should be kept now."""

    def keep(self, stage: str, found: Mapping[str, Any], now: Snapshot, good: Snapshot | None) -> None:
        """Keep the fit as it is."""

    def arrays(self, name: str) -> list[Array]:
        """Arrays of all rows that were kept under this name, in files; none where there are none."""

    def keep_arrays(self, name: str, arrays: Sequence[Any]) -> None:
        """Keep arrays under a name."""


@final
@dataclass(frozen=True)
class Followed:
    """What another process has kept, such as the first rank: a fit goes on from it, and keeps nothing itself."""

    stage: str | None
    found: Mapping[str, Any]
    states: tuple[Snapshot, Snapshot | None] | None

    @classmethod
    def of(cls, keeper: Keeper) -> Self:
        """All that a keeper has."""
        return cls(keeper.stage, keeper.found, None if keeper.stage is None else keeper.state_of(keeper.stage))

    def state_of(self, stage: str) -> tuple[Snapshot, Snapshot | None] | None:
        """The states, if the fit was cut off in that stage."""
        return self.states if self.stage == stage else None

    def restore(self, state: TrainingState, snapshot: Snapshot) -> None:
        """Put the state there."""
        state.restore(snapshot)

    def due(self) -> bool:
        """Never."""
        return False

    def keep(self, stage: str, found: Mapping[str, Any], now: Snapshot, good: Snapshot | None) -> None:
        """Leave it to the other."""

    def arrays(self, name: str) -> list[Array]:
        """None: the other has them in files, which may be on another machine."""
        return []

    def keep_arrays(self, name: str, arrays: Sequence[Any]) -> None:
        """Leave it to the other."""


# Every fit is new.
NOTHING_KEPT = Followed(None, {}, None)
