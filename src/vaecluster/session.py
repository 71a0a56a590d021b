"""One call of fit: where its randomness comes from, who is told of it, and where its state is kept."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from sklearn.base import BaseEstimator

from vaecluster.data.fingerprint import digest_of
from vaecluster.data.preprocessing import Array
from vaecluster.data.rows import Rows
from vaecluster.parameters import check_random
from vaecluster.training.checkpoint import Checkpoint
from vaecluster.training.device import forked_random_state
from vaecluster.training.events import Listener
from vaecluster.training.fitting import MethodSettings
from vaecluster.training.history import History
from vaecluster.training.keeper import NOTHING_KEPT, FitKeeper
from vaecluster.training.logs import log_listeners
from vaecluster.training.progress import progress_display
from vaecluster.training.settings import is_whole
from vaecluster.views.presets import describe


@final
@dataclass(frozen=True)
class Session:
    """What a fit needs besides rows and settings."""

    history: History
    listeners: Sequence[Listener]
    keeper: FitKeeper


@contextmanager
def session(
    estimator: BaseEstimator, rows: Rows, checkpoint_dir: str | Path | None, *, goes_on: bool
) -> Iterator[Session]:
    """A session for the estimator on these rows; `goes_on` says that the fit begins with a fitted model.

    With a folder the state is kept there, and an interrupted session goes on.

    Inside, torch's random state is seeded by the estimator's `random_state`; outside it is as it was. Raises
    `FileError` if one of its folders cannot be used.
    """
    with ExitStack() as entered:
        checkpoint = None
        if checkpoint_dir is not None:
            identity = _identity(estimator, rows) | {"going on from a fitted model": goes_on}
            every = estimator.checkpoint_every
            checkpoint = entered.enter_context(Checkpoint(Path(checkpoint_dir), identity, every))
            if goes_on:
                checkpoint.forget_if_finished()
        history = History() if checkpoint is None else checkpoint.history
        kept = None if checkpoint is None else checkpoint.seed
        seed = draw_seed(estimator.random_state) if kept is None else kept
        keeper = NOTHING_KEPT if checkpoint is None else checkpoint.begin(seed, history)
        log_dir = None if estimator.log_dir is None else Path(estimator.log_dir)
        logs = entered.enter_context(log_listeners(log_dir, history))
        display = progress_display(estimator.verbose)
        entered.callback(display.close)
        entered.enter_context(forked_random_state(rows.device, seed))
        yield Session(history, [history, display, *logs], keeper)
        if checkpoint is not None and history.ending != "interrupted":
            checkpoint.finish()


def draw_seed(random_state: Any) -> int:
    """A seed for torch, from what scikit-learn allows as a random state."""
    return int(check_random(random_state).randint(2**31 - 1))


def _identity(estimator: BaseEstimator, rows: Rows) -> dict[str, Any]:
    """What two fits must have in common for one to go on from the other."""
    settings: MethodSettings = estimator.settings_
    plain = asdict(settings)
    if "views" in plain:
        plain["views"] = describe(settings.views)  # type: ignore[union-attr]
    return {
        "preset": estimator.preset,
        "n_clusters": estimator.n_clusters,
        **plain,
        "outlier_fraction": estimator.outlier_fraction,
        "random_state": estimator.random_state if is_whole(estimator.random_state, 0) else None,
        "the data": digest_of([rows.array]),
        "sample_weight": None if rows.weights is None else digest_of([rows.weights]),
    }


def fingerprint_of(array: Array) -> dict[str, Any]:
    """What a model file says of the rows that it was fitted on."""
    return {"rows": len(array), "dtype": array.dtype.str, "shape": list(array.shape), "sha256": digest_of([array])}
