"""Small records that a fit sends out; the progress display, the history and the logs listen."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, final

Ending = Literal["finished", "early stopping", "interrupted"]


@final
@dataclass(frozen=True)
class StepDone:
    """One batch was learned. `means` computes the epoch's running means of the terms when somebody asks."""

    epoch: int
    epochs: int
    rows_done: int
    rows_in_all: int
    means: Callable[[], dict[str, float]]


@final
@dataclass(frozen=True)
class EpochDone:
    """One pass over the rows, with the mean of each term per row, in nats.

    `populated_clusters` counts the clusters that are some row's likeliest; `mean_confidence` is the mean over the
    rows of the largest probability. Both are of the rows as they were seen while training.
    """

    epoch: int
    epochs: int
    rows: int
    seconds: float
    learning_rate: float
    terms: dict[str, float]
    populated_clusters: int
    mean_confidence: float
    held_out_bound: float | None

    @property
    def rows_per_second(self) -> float:
        """How fast the epoch was; infinitely, if it was too short to measure."""
        return self.rows / self.seconds if self.seconds else float("inf")


@final
@dataclass(frozen=True)
class ClustersMergedAgain:
    """So many clusters were empty or duplicates of others after this epoch; their components were merged again."""

    epoch: int
    epochs: int
    dead_clusters: int


@final
@dataclass(frozen=True)
class RolledBack:
    """The loss stopped being finite in `epoch`; the fit goes on from the start of epoch `back_to`, more slowly.

    `rate_factor` is what the learning rate is multiplied by from then on.
    """

    epoch: int
    epochs: int
    back_to: int
    rate_factor: float


@final
@dataclass(frozen=True)
class AtWork:
    """Something is done between two epochs that may take a while: `what` it is, and how many of its parts are done."""

    what: str
    done: int
    parts: int


Event = StepDone | EpochDone | ClustersMergedAgain | RolledBack | AtWork
Listener = Callable[[Event], None]
Part = TypeVar("Part")


def at_work(listener: Listener, what: str, parts: Sequence[Part]) -> Iterator[Part]:
    """The parts of long work, one by one, while the listener is told how far it is.

    >>> told = []
    >>> list(at_work(told.append, "counting", "ab")), told[1]
    (['a', 'b'], AtWork(what='counting', done=1, parts=2))
    """
    for done, part in enumerate(parts):
        listener(AtWork(what, done, len(parts)))
        yield part
