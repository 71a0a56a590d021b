"""A fit on the command line that may be cut off: what was asked for and its state, in the run folder until it is done.

`fit.json` holds the source and the parameters; the folder `checkpoint` holds the state, as `Checkpoint` keeps it.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from vaecluster.atomic import LOCK, locked, write_atomically, write_json
from vaecluster.errors import FileError
from vaecluster.training.checkpoint import FILE
from vaecluster.training.settings import is_whole

ORDER, STATE = "fit.json", "checkpoint"
# Torch takes any number that fits into an int, and then asks the system for so many.
MOST_THREADS = 4096


@final
@dataclass(frozen=True)
class FitOrder:
    """What was asked for: the rows by their source, the parameters of `VAEClustering`, and the processor threads."""

    source: str
    parameters: dict[str, Any]
    threads: int

    @classmethod
    def read(cls, folder: Path) -> "FitOrder":
        """What was asked for in this run folder; raises `FileError` if no unfinished fit is there."""
        if not (folder / STATE / FILE).is_file():
            raise FileError(
                f"'{folder}' holds no unfinished fit. Give a folder in which `vaecluster fit` was cut off."
            )
        try:
            order = cls(**json.loads((folder / ORDER).read_text(encoding="utf-8")))
            whole = (
                isinstance(order.source, str)
                and isinstance(order.parameters, dict)
                and is_whole(order.threads, 1, MOST_THREADS)
            )
        except (OSError, ValueError, TypeError, RecursionError):
            whole = False
        if not whole:
            raise FileError(f"'{folder / ORDER}' is missing or damaged. Fit again, with --overwrite.")
        return order


@contextmanager
def begun(folder: Path, order: FitOrder) -> Iterator[Path]:
    """A new fit in a run folder, which no other process can use meanwhile; where its state is to be kept.

    A fit that is refused before anything was learned leaves the folder as it was.
    """
    existed = folder.exists()
    with locked(folder):
        order_file, state, aside = folder / ORDER, folder / STATE, folder / f"{STATE}.old"
        earlier = order_file.read_bytes() if order_file.is_file() else None
        shutil.rmtree(aside, ignore_errors=True)
        if state.exists():
            state.rename(aside)
        try:
            write_json(order_file, asdict(order))
            yield state
        except BaseException:
            if not (state / FILE).exists():
                _undo(folder, existed, earlier)
            raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def resumed(folder: Path) -> Iterator[Path]:
    """The unfinished fit of a run folder, as `begun`."""
    with locked(folder):
        yield folder / STATE


def done(folder: Path) -> None:
    """Leave out the state of a fit that is finished."""
    shutil.rmtree(folder / STATE, ignore_errors=True)


def _undo(folder: Path, existed: bool, order: bytes | None) -> None:
    """Leave the folder as it was: with the order and the state of an earlier fit, if one was there, or not at all."""
    aside = folder / f"{STATE}.old"
    shutil.rmtree(folder / STATE, ignore_errors=True)
    if aside.exists():
        aside.rename(folder / STATE)
    if order is not None:
        write_atomically(folder / ORDER, order)
    else:
        (folder / ORDER).unlink(missing_ok=True)
    if not existed:
        (folder / LOCK).unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()
