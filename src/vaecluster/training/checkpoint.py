"""The state of a fit as a file, from which another process goes on."""

import json
import shutil
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, final

import numpy as np

from vaecluster.data.raw import Array
from vaecluster.errors import CheckpointWarning, FileError
from vaecluster.files import record
from vaecluster.files.atomic import locked, made_anew, write_array, write_atomically
from vaecluster.files.container import read_content, write_content
from vaecluster.training.listeners.history import History
from vaecluster.training.state import Snapshot, TrainingState

# Checkpoints of format 1 held a random state, and stages in other words.
FORMAT = 2
FILE, ARRAYS, FINISHED = "checkpoint.safetensors", "checkpoint.arrays", "finished"
# What torch and Python raise on a state of other shapes, such as one that another version of this package wrote.
_WRONG = (LookupError, TypeError, ValueError, AttributeError, RuntimeError)


@final
class Checkpoint:
    """Keeps the state of one fit in a folder, in a file that is replaced whole every so many seconds.

    The file holds the state of the last kept step, the last good state before it, the best weights where early
    stopping looks for them, and what the fit is of: `identity`, plain values by name. A fit of another identity is
    refused. While this is open no other process can open the folder.
    """

    def __init__(self, folder: Path, identity: dict[str, Any], every: float) -> None:
        """Open the folder, made if missing.

        Raises `FileError` if it cannot be written to, is in use, or holds a damaged checkpoint or that of another fit.
        """
        self.path, self.finished = folder / FILE, folder / FINISHED
        self.identity = json.loads(json.dumps(identity, default=repr))
        self.every = every
        self._lock = locked(folder)
        try:
            self._content = self._read()
        except FileError:
            self.close()
            raise

    @property
    def seed(self) -> int | None:
        """The seed of the fit that is kept here; None for a new one."""
        return self._content.get("seed")

    @property
    def history(self) -> History:
        """The epochs of the fit that is kept here."""
        return record.typed(History, self._content["history"]) if self._content else History()

    def begin(self, seed: int, history: History) -> Self:
        """Keep this fit from now on: the seed that it began with, and what listens to its epochs."""
        self._seed, self._history = seed, history
        self._written, self._warned = time.monotonic(), False
        # Where a finished fit is called again, they may be of one that was killed since.
        if not self._content or self.finished.exists():
            self._remove_arrays()
        return self

    @property
    def stage(self) -> str | None:
        """The stage in which the fit was cut off; None for a new fit."""
        return self._content.get("stage")

    @property
    def found(self) -> Mapping[str, Any]:
        """What was computed between stages."""
        found: Mapping[str, Any] = self._content.get("found", {})
        return found

    def state_of(self, stage: str) -> tuple[Snapshot, Snapshot | None] | None:
        """The state in which the stage was cut off and the last good one before it, if it was in this stage."""
        return (self._content["now"], self._content["good"]) if self.stage == stage else None

    def restore(self, state: TrainingState, snapshot: Snapshot) -> None:
        """Put the state there."""
        try:
            state.restore(snapshot)
        except _WRONG:
            raise FileError(f"'{self.path}' holds the state of another model. Delete it and begin anew.") from None

    def due(self) -> bool:
        """Whether the last file is old enough to be replaced."""
        return time.monotonic() - self._written >= self.every

    def keep(self, stage: str, found: Mapping[str, Any], now: Snapshot, good: Snapshot | None) -> None:
        """Replace the file. If it cannot be written, after the first time, there is a warning and the fit goes on."""
        content = {
            "format": FORMAT,
            "identity": self.identity,
            "seed": self._seed,
            "stage": stage,
            "found": dict(found),
            "now": now,
            "good": good,
            "history": record.plain(self._history),
        }
        begun = self.path.exists()
        self._content, self._written = {}, time.monotonic()
        try:
            self.finished.unlink(missing_ok=True)
            write_content(self.path, content)
        except OSError as error:
            if not begun:
                raise
            if not self._warned:
                self._warned = True
                warnings.warn(f"The checkpoint was not replaced, the older one stays. {error}", CheckpointWarning, 2)

    def arrays(self, name: str) -> list[Array]:
        """Those that were kept under this name, as memory maps; none where there are none."""
        try:
            return [np.load(path, mmap_mode="r") for path in sorted((self._arrays / name).glob("*.npy"))]
        except (OSError, ValueError):
            return []

    def keep_arrays(self, name: str, arrays: Sequence[Any]) -> None:
        """Write each into a file, all or none of them. If that fails there is a warning, and the fit goes on."""
        place = self._arrays / name
        shutil.rmtree(place, ignore_errors=True)
        try:
            with made_anew(place, folder=True) as part:
                for number, array in enumerate(arrays):
                    write_array(part / f"{number}.npy", array)
        except FileError as error:
            warnings.warn(f"What was found of the rows is not kept. {error}", CheckpointWarning, 2)

    def forget_if_finished(self) -> None:
        """Begin anew unless the fit that is kept was cut off."""
        if self.finished.exists():
            self._content = {}

    def finish(self) -> None:
        """Say that the fit is done: another one may take its place. If it cannot be said, there is a warning."""
        try:
            write_atomically(self.finished, b"")
        except FileError as error:
            warnings.warn(f"The fit is done, but its checkpoint could not be marked so. {error}", CheckpointWarning, 2)
        self._remove_arrays()

    def close(self) -> None:
        """Let other processes have the folder."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def _arrays(self) -> Path:
        return self.path.with_name(ARRAYS)

    def _remove_arrays(self) -> None:
        shutil.rmtree(self._arrays, ignore_errors=True)

    def _read(self) -> dict[str, Any]:
        if not self.path.exists():
            return {}
        content = read_content(self.path)
        if content.get("format") != FORMAT:
            raise FileError(
                f"'{self.path}' has format {content.get('format')!r}; this version reads format {FORMAT}. Go on with "
                "the version of vaecluster that wrote it, or delete it and begin anew."
            )
        kept = content["identity"]
        other = [name for name in self.identity if kept.get(name) != self.identity[name]]
        if other and self.finished.exists():
            return {}
        if other:
            differences = "; ".join(
                f"{name} was {_short(kept, name)}, now {_short(self.identity, name)}" for name in other
            )
            raise FileError(
                f"'{self.path}' is of another fit: {differences}. Fit as before, choose another folder, or delete it."
            )
        return content


def _short(identity: dict[str, Any], name: str) -> str:
    """A value as a message shows it; long ones, such as digests, are cut."""
    value = repr(identity.get(name))
    return value if len(value) < 40 else value[:12] + "...'"
