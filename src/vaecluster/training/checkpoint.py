"""The state of a fit as a file, from which another process goes on."""

import json
import time
import warnings
from pathlib import Path
from typing import Any, Self, final

from vaecluster.atomic import locked, write_atomically
from vaecluster.errors import CheckpointWarning, FileError
from vaecluster.training.history import History
from vaecluster.training.keeper import Keeper
from vaecluster.training.nested_file import read_nested, write_nested
from vaecluster.training.state import Snapshot, TrainingState

FORMAT = 1
FILE, FINISHED = "checkpoint.safetensors", "finished"
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
        return History.from_dict(self._content["history"]) if self._content else History()

    def begin(self, seed: int, history: History) -> Self:
        """Keep this fit from now on: the seed that it began with, and what listens to its epochs."""
        self._seed, self._history = seed, history
        self._written, self._warned = time.monotonic(), False
        return self

    def facts(self, stage: str) -> dict[str, Any] | None:
        """What was found before the stage, if the fit is in it."""
        if not self._is_in(stage):
            return None
        facts: dict[str, Any] = self._content["facts"]
        return facts

    def at(self, stage: str, facts: dict[str, Any]) -> Keeper:
        """The keeper for a stage."""
        return _StageKeeper(self, stage, facts)

    def resume(self, stage: str, state: TrainingState) -> Snapshot | None:
        """Put the state where the fit was cut off, if that was in this stage; the last good state before it."""
        if not self._is_in(stage):
            return None
        now, good = self._content["now"], self._content["good"]
        try:
            state.restore(now)
        except _WRONG:
            raise FileError(f"'{self.path}' does not fit the model that is learned. Delete it, begin anew.") from None
        last_good: Snapshot = now if good is None else good
        return last_good

    def _is_in(self, stage: str) -> bool:
        return self._content.get("stage") == stage

    def is_due(self) -> bool:
        """Whether the last file is old enough to be replaced."""
        return time.monotonic() - self._written >= self.every

    def write(self, stage: str, facts: dict[str, Any], now: Snapshot, good: Snapshot | None) -> None:
        """Replace the file. One that cannot be written, after the first, is a warning: the fit is not lost by it."""
        content = {
            "format": FORMAT,
            "identity": self.identity,
            "seed": self._seed,
            "stage": stage,
            "facts": facts,
            "now": now,
            "good": good,
            "history": self._history.as_dict(),
        }
        begun = self.path.exists()
        self.finished.unlink(missing_ok=True)
        self._content, self._written = {}, time.monotonic()
        try:
            write_nested(self.path, content)
        except FileError as error:
            if not begun:
                raise
            if not self._warned:
                self._warned = True
                warnings.warn(f"The checkpoint was not replaced, the older one stays. {error}", CheckpointWarning, 2)

    def forget_if_finished(self) -> None:
        """Begin anew unless the fit that is kept was cut off."""
        if self.finished.exists():
            self._content = {}

    def finish(self) -> None:
        """Say that the fit is done: another one may take its place."""
        write_atomically(self.finished, b"")

    def close(self) -> None:
        """Let other processes have the folder."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _read(self) -> dict[str, Any]:
        if not self.path.exists():
            return {}
        content = read_nested(self.path)
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


@final
class _StageKeeper:
    """A checkpoint, for one stage of the fit."""

    def __init__(self, checkpoint: Checkpoint, stage: str, facts: dict[str, Any]) -> None:
        self.checkpoint, self.stage, self.facts = checkpoint, stage, facts

    def resume(self, state: TrainingState) -> Snapshot | None:
        return self.checkpoint.resume(self.stage, state)

    def due(self) -> bool:
        return self.checkpoint.is_due()

    def keep(self, now: Snapshot, good: Snapshot | None) -> None:
        self.checkpoint.write(self.stage, self.facts, now, good)


def _short(identity: dict[str, Any], name: str) -> str:
    """A value as a message shows it: of a digest its beginning."""
    value = repr(identity.get(name))
    return value if len(value) < 40 else value[:12] + "...'"
