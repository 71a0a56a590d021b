"""Records of a fit: lines of `logging`, a file of JSON lines, and TensorBoard if it is installed."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any, final

from vaecluster.errors import FileError
from vaecluster.files.atomic import write_atomically
from vaecluster.training.events import ClustersMergedAgain, EpochDone, Event, Listener, RolledBack
from vaecluster.training.listeners.history import History
from vaecluster.training.listeners.tensorboard import tensorboard_listener
from vaecluster.training.listeners.words import epoch_words

logger = logging.getLogger("vaecluster")
# The program decides what is shown, not a library; without this, Python itself would print the warnings.
logger.addHandler(logging.NullHandler())

# What an event is called in a file of JSON lines; events that are not here are not written.
EVENT_NAMES: dict[type[Event], str] = {
    EpochDone: "epoch",
    ClustersMergedAgain: "merged again",
    RolledBack: "rolled back",
}


@contextmanager
def log_listeners(folder: Path | None, history: History) -> Iterator[list[Listener]]:
    """The listeners that log one fit; they are closed at the end, however the fit ends.

    The logger "vaecluster" always gets them. With a `folder`, which is made if it is missing, the events also go to
    `history.jsonl` there and, where TensorBoard is installed, to `tensorboard` there. Both begin with what `history`
    holds already, so those of a resumed fit are whole.

    Raises `FileError`, before there are any listeners, if the folder cannot be made or written to.
    """
    listeners: list[Listener] = [LogListener()]
    with ExitStack() as closing:
        if folder is not None:
            if os.path.exists(folder) and not os.path.isdir(folder):
                raise FileError(f"'{folder}' is a file; the logs need a folder. Choose another place for them.")
            file = HistoryFile(folder / "history.jsonl", history)
            closing.callback(file.close)
            listeners.append(file)
            curves = tensorboard_listener(folder / "tensorboard")
            if curves is not None:
                closing.callback(curves.close)
                for epoch in history.epochs:
                    curves(epoch)
                listeners.append(curves)
        yield listeners


@final
class LogListener:
    """Logs to "vaecluster": every epoch at level INFO, what went wrong and was mended at WARNING."""

    def __call__(self, event: Event) -> None:
        """Log the event, unless it is a step's."""
        if isinstance(event, EpochDone):
            # Asked first, because the line is put together here and not by `logging`.
            if logger.isEnabledFor(logging.INFO):
                logger.info(epoch_words(event))
        elif isinstance(event, ClustersMergedAgain):
            logger.warning(
                "epoch %d/%d: components were merged again; empty or duplicate clusters: %d",
                event.epoch,
                event.epochs,
                event.dead_clusters,
            )
        elif isinstance(event, RolledBack):
            logger.warning(
                "epoch %d/%d: the loss stopped being finite; the fit goes on from the start of epoch %d, "
                "its learning rate times %g",
                event.epoch,
                event.epochs,
                event.back_to,
                event.rate_factor,
            )


@final
class HistoryFile:
    """A line of strict JSON for every epoch and for what went wrong and was mended, written at once.

    A line is an object: `event` says what happened, "epoch", "merged again" or "rolled back", and the other keys are
    the fields of the event's record. Numbers that are not finite are null. A line that says "rolled back" takes back
    all lines above it of the epoch `back_to` and later ones; they come again below it.

    If a write fails, there is one warning, the fit goes on, and the file stays as it is; its last line may be cut
    off. Raises `FileError` if the file cannot be written at the start.
    """

    def __init__(self, path: Path, history: History) -> None:
        self._path = path
        self._open = True
        write_atomically(path, b"".join(_json_line(event) for event in _events(history)))

    def __call__(self, event: Event) -> None:
        """Append the event's line, if it has one."""
        if not self._open or type(event) not in EVENT_NAMES:
            return
        try:
            # Opened for each line: what is in a closed file is seen on other machines, too. And opened only if it
            # is there: a file that was taken away would come back without its beginning.
            with self._path.open("r+b") as file:
                file.seek(0, os.SEEK_END)
                file.write(_json_line(event))
        except OSError as error:
            self._open = False
            logger.warning("'%s' cannot be written: %s. The fit goes on without it.", self._path, error.strerror)

    def close(self) -> None:
        """Write no more."""
        self._open = False


def _events(history: History) -> list[Event]:
    """What the history holds, in an order in which it can have happened.

    Dead clusters are found after an epoch. A roll-back comes before the epochs that came again, as the history has
    them only once.
    """
    placed: list[tuple[int, int, Event]] = [(event.back_to, 0, event) for event in history.rolled_back]
    placed += [(event.epoch, 1, event) for event in history.epochs]
    placed += [(event.epoch, 2, event) for event in history.merged_again]
    return [event for _, _, event in sorted(placed, key=lambda entry: entry[:2])]


def _json_line(event: Event) -> bytes:
    fields = {"event": EVENT_NAMES[type(event)], **_strict(asdict(event))}
    return (json.dumps(fields, allow_nan=False) + "\n").encode()


def _strict(value: Any) -> Any:
    """The value with None for each number that JSON does not have."""
    if isinstance(value, dict):
        return {key: _strict(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not isfinite(value) else value
