"""A fit on the command line that may be cut off: what was asked for and its state, in the run folder until it is done.

`fit.json` holds the source, the parameters and the method; the folder `checkpoint` holds the state. A fit can be
resumed from the moment on that `fit.json` is there.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from vaecluster import settings
from vaecluster.data.pictures.folder import CACHE, SKIPPED
from vaecluster.data.pictures.options import NO_OPTIONS, PictureOptions
from vaecluster.errors import FileError, SettingError
from vaecluster.files.atomic import holds_more, locked, read_json, remove_empty, write_atomically, write_json
from vaecluster.settings import is_whole

if TYPE_CHECKING:
    from vaecluster.estimator import VAEClustering

ORDER, STATE, DONE = "fit.json", "checkpoint", "run.json"
# What `log_listeners` writes.
HISTORY, CURVES = "history.jsonl", "tensorboard"
# Torch takes any number that fits into an int, and then asks the system for so many.
MOST_THREADS = 4096


@final
@dataclass(frozen=True)
class FitOrder:
    """What was asked for: the rows by their source, parameters of `VAEClustering`, a method, and processor threads.

    `settings` are those that were given for the method, as `settings.plain` writes them. `text` and `labels` say where
    texts and known labels beside the rows are.
    """

    source: str
    parameters: dict[str, Any]
    method: str
    settings: dict[str, Any]
    threads: int
    pictures: PictureOptions = NO_OPTIONS
    text: str | None = None
    labels: str | None = None

    @classmethod
    def read(cls, folder: Path) -> "FitOrder":
        """What was asked for in this run folder; raises `FileError` if no unfinished fit is there."""
        if not is_unfinished(folder):
            raise FileError(
                f"'{folder}' holds no unfinished fit. Give a folder in which `vaecluster fit` was cut off."
            )
        try:
            values = dict(**read_json(folder / ORDER))
            order = cls(**values | {"pictures": PictureOptions.read(values.get("pictures", {}))})
            whole = (
                isinstance(order.source, str)
                and isinstance(order.parameters, dict)
                and isinstance(order.method, str)
                and isinstance(order.settings, dict)
                and isinstance(order.text, str | None)
                and isinstance(order.labels, str | None)
                and is_whole(order.threads, 1, MOST_THREADS)
            )
        except (ValueError, TypeError):
            whole = False
        if not whole:
            raise FileError(f"'{folder / ORDER}' is missing or damaged. Fit again, with --overwrite.")
        return order

    def estimator(self, folder: Path) -> "VAEClustering":
        """What is to be fitted in this run folder; raises `FileError` for unknown parameters or settings."""
        from vaecluster.estimator import VAEClustering
        from vaecluster.methods import as_method

        try:
            method = settings.restored(type(as_method(self.method)), self.settings)
            return VAEClustering(**self.parameters, method=method)
        except (SettingError, TypeError, LookupError, AttributeError):
            raise FileError(
                f"'{folder / ORDER}' holds unknown parameters or settings. Fit again, with --overwrite."
            ) from None


def is_unfinished(folder: Path) -> bool:
    """Whether a fit was begun in the folder and not finished."""
    ordered = (folder / ORDER).is_file() and ((folder / STATE).is_dir() or not (folder / DONE).is_file())
    return ordered or _holds_state(folder)


def is_unused(folder: Path) -> bool:
    """Whether the folder holds nothing but what a fit leaves that ended before it had learned anything.

    Decoded pictures stay, so that they need not be decoded again.
    """
    return not holds_more(folder, STATE, CACHE, SKIPPED) and not _holds_state(folder)


@contextmanager
def begun(folder: Path, order: FitOrder) -> Iterator[Path]:
    """A new fit in a run folder, which no other process can use meanwhile; gives the folder for its state.

    A fit that is refused before anything was learned leaves the folder as it was, but for pictures that were decoded.
    """
    existed = folder.exists()
    with locked(folder):
        order_file, state, aside = folder / ORDER, folder / STATE, folder / f"{STATE}.old"
        earlier = {path.name: path.read_bytes() for path in (order_file, folder / HISTORY) if path.is_file()}
        curves = _curves(folder)
        shutil.rmtree(aside, ignore_errors=True)
        if state.exists():
            state.rename(aside)
        try:
            # In this order, so that a fit killed in between leaves what was there as finished, or as nothing, and
            # never an order of another fit beside its own state.
            order_file.unlink(missing_ok=True)
            state.mkdir()
            write_json(order_file, asdict(order))
            yield state
        except BaseException:
            if not any(state.glob("*.safetensors")):
                _undo(folder, existed, earlier, curves)
            raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def resumed(folder: Path) -> Iterator[Path]:
    """The unfinished fit of a run folder, as `begun`."""
    with locked(folder):
        yield folder / STATE


def done(folder: Path) -> None:
    """Remove the state of a fit that is finished."""
    shutil.rmtree(folder / STATE, ignore_errors=True)


def _holds_state(folder: Path) -> bool:
    state = folder / STATE
    return state.is_dir() and holds_more(state)


def _curves(folder: Path) -> set[Path]:
    return set((folder / CURVES).glob("events.*"))


def _undo(folder: Path, existed: bool, earlier: dict[str, bytes], curves: set[Path]) -> None:
    """Leave the folder as it was: with what an earlier fit wrote, if one was there, or not at all."""
    aside = folder / f"{STATE}.old"
    shutil.rmtree(folder / STATE, ignore_errors=True)
    if aside.exists():
        aside.rename(folder / STATE)
    for path in _curves(folder) - curves:
        path.unlink()
    with suppress(OSError):
        (folder / CURVES).rmdir()
    for path in (folder / ORDER, folder / HISTORY):
        if path.name in earlier:
            write_atomically(path, earlier[path.name])
        elif path.is_file():
            path.unlink()
    if not existed:
        remove_empty(folder)
