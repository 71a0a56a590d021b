"""From what a user asked for to a run: its seed, its listeners, and where its state is kept."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from sklearn.utils import check_random_state

from vaecluster import ranks
from vaecluster.clusters.number import AskedNumber
from vaecluster.data.raw import digest_of
from vaecluster.data.rows import Rows
from vaecluster.errors import DataError, SettingError
from vaecluster.training.checkpoint import Checkpoint
from vaecluster.training.interrupt import InterruptGuard
from vaecluster.training.keeper import NOTHING_KEPT, Followed, Keeper
from vaecluster.training.listeners.history import History
from vaecluster.training.listeners.logs import log_listeners
from vaecluster.training.listeners.progress import progress_listeners
from vaecluster.training.run import Run


@final
@dataclass(frozen=True)
class Session:
    """What a run is given beside rows and clusters.

    With a `checkpoint_dir` the state is kept there every so many seconds, and an interrupted run of the same
    `identity` goes on. With `anew` a finished run does not count: a new one begins.
    """

    random_state: np.random.RandomState
    identity: dict[str, Any]
    checkpoint_dir: Path | None = None
    checkpoint_every: float = 30.0
    anew: bool = False
    log_dir: Path | None = None
    verbose: int = 0

    @contextmanager
    def run(self, rows: Rows, clusters: AskedNumber) -> Iterator[Run]:
        """The run; raises `FileError` if one of its folders cannot be used, `DataError` if rows differ by rank."""
        _check_shared(rows)
        with ExitStack() as entered:
            checkpoint = None
            if self.checkpoint_dir is not None and ranks.first():
                identity = self.identity | _identity_of(rows)
                checkpoint = entered.enter_context(Checkpoint(self.checkpoint_dir, identity, self.checkpoint_every))
                if self.anew:
                    checkpoint.forget_if_finished()
            history = ranks.agreed(History() if checkpoint is None else checkpoint.history)
            kept = None if checkpoint is None else checkpoint.seed
            # Drawn in any case, so that a RandomState always moves on by one draw.
            drawn = draw_seed(self.random_state)
            seed = ranks.agreed(drawn if kept is None else kept)
            keeper: Keeper = NOTHING_KEPT if checkpoint is None else checkpoint.begin(seed, history)
            if not ranks.alone():
                followed = ranks.agreed(Followed.of(keeper))
                keeper = keeper if ranks.first() else followed
            logs = entered.enter_context(log_listeners(self.log_dir if ranks.first() else None, history))
            shown = entered.enter_context(progress_listeners(self.verbose))
            interrupt = entered.enter_context(InterruptGuard())
            run = Run(rows, clusters, seed, history, [*shown, *logs], keeper, interrupt)
            yield run
            if checkpoint is not None and not run.interrupted:
                checkpoint.finish()


def random_of(random_state: Any) -> np.random.RandomState:
    """What scikit-learn allows as a random state, as one; raises `SettingError` for anything else."""
    try:
        # For None scikit-learn takes numpy's global random state, which belongs to the caller's program.
        return np.random.RandomState() if random_state is None else check_random_state(random_state)
    except (ValueError, TypeError):
        raise SettingError(
            f"random_state is {random_state!r}; expected None, a whole number from 0 to {2**32 - 1}, or a "
            "numpy.random.RandomState."
        ) from None


def draw_seed(random_state: np.random.RandomState) -> int:
    """A seed from scikit-learn's kind of random state."""
    return int(random_state.randint(2**31 - 1))


def _check_shared(rows: Rows) -> None:
    """Raise `DataError` in all ranks if one of them has other rows than the first."""
    if ranks.alone():
        return
    own = _identity_of(rows)
    if ranks.any_of(own != ranks.agreed(own)):
        raise DataError(
            "The processes that learn together have different rows, weights or labels. Give each of them the same."
        )


def _identity_of(rows: Rows) -> dict[str, Any]:
    return {
        "the data": rows.source.fingerprint()["sha256"],
        "sample_weight": None if rows.weights is None else digest_of([rows.weights]),
        **({} if rows.labels is None else {"the labels": digest_of([rows.labels])}),
    }
