"""The numbers of every epoch as curves in TensorBoard, where that is installed."""

import importlib.util
import logging
from contextlib import suppress
from pathlib import Path
from typing import final

from vaecluster.training.events import EpochDone, Event, RolledBack

logger = logging.getLogger("vaecluster")


def tensorboard_listener(folder: Path) -> "TensorBoardListener | None":
    """The listener that writes for TensorBoard; None where that is not installed, or cannot be used."""
    # Looked for before it is imported: the import takes a second.
    if importlib.util.find_spec("tensorboard") is None:
        return None
    try:
        return TensorBoardListener(folder)
    # Not only errors of files: a TensorBoard and a protobuf that do not fit together fail in their own ways.
    except Exception as error:
        _warn(folder, error)
        return None


@final
class TensorBoardListener:
    """Writes the numbers of every epoch into a folder that TensorBoard shows; an epoch is a step there.

    Curves that were in the folder before are hidden. After a roll-back so are the epochs that come again. If a write
    fails, there is one warning, and the fit goes on without. Needs the package `tensorboard`.
    """

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._folder = folder
        self._open = True
        self._writer = SummaryWriter(str(folder), purge_step=0)

    def __call__(self, event: Event) -> None:
        """Write the epoch's numbers, so that they can be seen at once."""
        if not self._open or not isinstance(event, EpochDone | RolledBack):
            return
        try:
            # TensorBoard writes in a thread, and an error there prints a traceback; this one can be foreseen.
            if not self._folder.is_dir():
                raise FileNotFoundError("the folder is gone")
            if isinstance(event, RolledBack):
                self._take_back(event.back_to)
            else:
                for name, value in _scalars(event).items():
                    self._writer.add_scalar(name, value, event.epoch)
            self._writer.flush()
        # Not only errors of files: where TensorFlow is installed TensorBoard writes with it, and that has its own.
        except Exception as error:
            self._open = False
            _warn(self._folder, error)
            with suppress(Exception):
                self._writer.close()

    def close(self) -> None:
        """Close the file and end TensorBoard's thread."""
        if self._open:
            self._open = False
            try:
                self._writer.close()
            except Exception as error:
                _warn(self._folder, error)

    def _take_back(self, epoch: int) -> None:
        """Hide what was written of this epoch and later ones, as TensorBoard does for a program that starts again."""
        from tensorboard.compat.proto.event_pb2 import Event as Entry
        from tensorboard.compat.proto.event_pb2 import SessionLog

        # In the same file. A second one need not come after it: files of one second are read by other parts of their
        # names, the tenth before the ninth.
        entry = Entry(session_log=SessionLog(status=SessionLog.START))
        self._writer.file_writer.add_event(entry, step=epoch)  # type: ignore[attr-defined]


def _scalars(epoch: EpochDone) -> dict[str, float]:
    """The numbers of an epoch by their names in TensorBoard, which groups them by what stands before the slash."""
    scalars = {f"terms/{name}": value for name, value in epoch.terms.items()}
    if epoch.held_out_bound is not None:
        scalars["terms/held_out_bound"] = epoch.held_out_bound
    return scalars | {
        "clusters/populated_clusters": epoch.populated_clusters,
        "clusters/mean_confidence": epoch.mean_confidence,
        "training/learning_rate": epoch.learning_rate,
        "training/rows_per_second": epoch.rows_per_second,
    }


def _warn(folder: Path, error: Exception) -> None:
    logger.warning(
        "TensorBoard's files in '%s' cannot be written: %s. The fit goes on without them.",
        folder,
        str(error) or type(error).__name__,
    )
