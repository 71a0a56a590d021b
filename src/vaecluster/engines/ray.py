"""Rows answered for by Ray: a worker for each device, and a file of answers for each block of the source.

A worker may die at any moment: Ray starts another and gives it the block again. No row is lost or there twice, since a
block has one file, which is there whole or not at all, whoever writes it and however often.
"""

import io
import logging
import os
import pickle
import platform
import socket
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from vaecluster.data.pictures.folder import tell_of
from vaecluster.data.pictures.listing import Skipped
from vaecluster.data.stored import in_turn
from vaecluster.engines.blocks import CutSource, RowBlock
from vaecluster.engines.function import PredictFunction, predict_function
from vaecluster.errors import FileError, SettingError, VaeclusterError, counted
from vaecluster.files.atomic import check_free, check_writable
from vaecluster.files.provenance import versions
from vaecluster.hearing import heard, unheard
from vaecluster.runs.answered import Answered, going_on, stamps
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.labels import CLUSTER, CONFIDENCE, NAME, SCORE, SECOND, Labels
from vaecluster.training.listeners.progress import Passing

# So often a block is tried: one that is too large for the memory of a machine would end every worker.
MOST_TRIES = 5
# Beside the answers for a block: a byte for each try, and a mark where something could not be read.
TRIES, SKIPPED = ".tries", ".skipped"
_SEEN = "Choose an --output on a file system that all machines of the cluster see."


def predict_on_ray(
    run: RunFolder,
    source: str,
    output: Path,
    *,
    min_confidence: float | None = None,
    outlier_fraction: float | None = None,
    outlier_scores: bool = False,
    features: Path | None = None,
    device: str = "auto",
    workers: int | None = None,
    address: str | None = None,
) -> int:
    """Answer for the rows of a source, into a folder of Parquet files, and say for how many.

    Those before `features` are as in `VAEClustering.assigned`. Of a cluster at an address, or one that `RAY_ADDRESS`
    names, all machines must see run, source and output; without, Ray runs on this machine as long as it takes. What is
    kept of an earlier call that was cut off is not answered again. Raises `SettingError` for a source that cannot be
    cut or a cluster that is not there, `FileError` for an output that is there, and whatever the rows lead to.
    """
    check_free(output)
    check_writable(output)
    doubt = {"min_confidence": min_confidence, "outlier_fraction": outlier_fraction}
    answers = (CLUSTER, CONFIDENCE, SECOND, NAME, *([SCORE] if outlier_scores else []))
    function = predict_function(run.model_file, answers, device=device, **doubt)
    cut = CutSource.of(source, run, replace(function, device="cpu").model, features)
    files = stamps(*(place.absolute() for place in (run.model_file, Path(source), features) if place is not None))
    asked: dict[str, Any] = {"engine": "ray", "source": source, "files": files, "device": device}
    asked |= {**doubt, "answers": list(answers), "versions": versions()}
    with Answered.beside(output, asked, ".parquet") as answered:
        for marks in answered.folder.glob(f"*{TRIES}"):
            marks.unlink()
        # What could not be read is told again.
        kept = answered.numbers - {int(marks.stem) for marks in answered.folder.glob(f"*{SKIPPED}")}
        going_on(len(kept))
        left = [number for number in range(len(cut.blocks)) if number not in kept]
        results: list[Done] = []
        # It may be that only the last rename was missing.
        if left:
            with _connected(address) as ray:
                worker = [function, cut.blocks, Answered(answered.folder.absolute(), ".parquet")]
                results += _told(_results(ray, left, worker, workers, device), cut.blocks, kept)
        _warn(results)
        missing = set(range(len(cut.blocks))) - answered.numbers
        if missing:
            raise FileError(f"{counted(len(missing), 'block')} of answers are not in '{answered.folder}'. {_SEEN}")
        if cut.pictures is not None:
            tell_of(cut.pictures.listing, [one for done in results for one in done.skipped])
        return answered.move_to(output)


@final
@dataclass(frozen=True)
class Done:
    """What came of a block: how many rows, which files cannot be read, and warnings and an error, if any."""

    number: int
    rows: int = 0
    tries: int = 1
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[Warning, ...] = ()
    problem: Exception | None = None


@final
@dataclass(frozen=True, eq=False)
class Worker:
    """An actor of Ray: called with the number of a block, it writes the answers for it."""

    function: PredictFunction
    blocks: Sequence[RowBlock]
    answered: Answered

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Records of what came of the blocks, as bytes: what Ray would make of them otherwise is its own affair."""
        return {"done": [pickle.dumps(self.done(number)) for number in batch["number"].tolist()]}

    def done(self, number: int) -> Done:
        """Answer for a block; what goes wrong is told to whoever waits, for Ray would try it again."""
        block, marks = self.blocks[number], self.answered.folder / f"{number:08}{TRIES}"
        with heard() as caught:
            try:
                if not self.answered.folder.is_dir():
                    raise FileError(f"'{self.answered.folder}' is not there on {platform.node()}. {_SEEN}")
                with marks.open("ab") as file:
                    file.write(b".")
                    tries = file.tell()
                if tries > MOST_TRIES:
                    raise _deadly(block, tries)
                rows, skipped = block.read()
                if skipped:
                    marks.with_suffix(SKIPPED).touch()
                table = self._answers(block, rows)
                # The mark stays: if the worker dies before it has told of this, the block is tried again.
                self.answered.write(number, table)
            except (VaeclusterError, OSError, MemoryError) as problem:
                return Done(number, problem=problem)
        given = tuple(one.message for one in caught if isinstance(one.message, Warning))
        return Done(number, table.num_rows, tries, tuple(skipped), given)

    def _answers(self, block: RowBlock, rows: Any) -> Any:
        if rows is None:
            import pyarrow as pa

            return pa.table({})
        labels = Labels.of(self.function.assigned(rows), self.function.model.cluster_names_)
        return block.placed(labels.table())


def _results(ray: Any, left: list[int], worker: list[Any], workers: int | None, device: str) -> Iterator[Done]:
    """What comes of these blocks, in whatever order."""
    import pyarrow as pa
    from ray.data import ActorPoolStrategy, from_arrow

    there = ray.cluster_resources()
    kind = "GPU" if there.get("GPU") and device != "cpu" else "CPU"
    devices = int(there.get(kind, 0))
    if not devices:
        raise SettingError("The Ray cluster has no processors. Start it with some, as `ray start --head` does.")
    number = workers or devices
    # Several workers share a device where there are more of them.
    share = 1 / -(-number // devices)
    # A number to each block of Ray's own, which it neither cuts nor joins.
    numbers = from_arrow([pa.table({"number": [number]}) for number in left])
    answered = numbers.map_batches(
        Worker,
        fn_constructor_args=worker,
        batch_size=1,
        compute=ActorPoolStrategy(size=min(number, len(left))),
        **{"num_gpus" if kind == "GPU" else "num_cpus": share},
    )
    try:
        for batch in answered.iter_batches(batch_size=None, prefetch_batches=0):
            for content in batch["done"]:
                done: Done = pickle.loads(content)
                if done.problem is not None:
                    raise done.problem
                yield done
    except ray.exceptions.RayError as problem:
        raise VaeclusterError(
            f"Ray gave up ({_last_line(problem)}). Check that all machines of the cluster have the same vaecluster."
        ) from None


def _told(results: Iterator[Done], blocks: Sequence[RowBlock], kept: set[int]) -> Iterator[Done]:
    """The results as they come, with progress."""
    rows = sum(block.rows for block in blocks)
    passed = sum(blocks[number].rows for number in kept)
    answered, again = 0, 0
    with Passing() as told:
        told(0, passed / rows)
        for done in results:
            passed += blocks[done.number].rows
            answered += done.rows
            again += done.tries > 1
            told(answered, passed / rows)
            yield done
    if again:
        print(f"Workers died; {counted(again, 'block')} of rows were answered again.", file=sys.stderr)


def _warn(results: Sequence[Done]) -> None:
    """Warn of what came with all of them, as where there is no engine."""

    def warned(done: Done) -> None:
        for warning in done.warnings:
            warnings.warn(warning, stacklevel=2)

    for _ in in_turn(results, warned):
        pass


@contextmanager
def _connected(address: str | None) -> Iterator[Any]:
    """Ray, at an address or on this machine; one that was started here is shut down at the end."""
    # Nothing is told to anyone, and nothing is said here but by us.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
    except ImportError:
        raise SettingError(
            "--engine ray needs the package ray, which is not installed. Install it by `pip install "
            "'vaecluster[ray]'`."
        ) from None
    place = address or os.environ.get("RAY_ADDRESS") or "local"
    started = not ray.is_initialized()
    with unheard(), redirect_stdout(io.StringIO()):
        try:
            _check_answers(place)
            if started:
                own = {"include_dashboard": False} if place == "local" else {}
                with _unsaid():
                    ray.init(place, log_to_driver=False, logging_level=logging.CRITICAL, **own)
        except (OSError, RuntimeError, ValueError, AssertionError) as problem:
            raise SettingError(
                f"No Ray cluster answers at {place!r} ({_last_line(problem)}). Start one by `ray start --head`, set "
                "RAY_AUTH_MODE=token if it is there and asks for a token, or leave --address out."
            ) from None
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        try:
            yield ray
        finally:
            if started:
                ray.shutdown()


def _check_answers(address: str) -> None:
    """Raise `OSError` for a host and port where nothing listens: Ray would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), timeout=10).close()


@contextmanager
def _unsaid() -> Iterator[None]:
    """Inside, nothing reaches standard error: programs in C++ say there which level of logs they were told to have."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _last_line(problem: Exception) -> str:
    lines = str(problem).strip().splitlines() or [type(problem).__name__]
    return lines[-1].strip().rstrip(".")[:300]


def _deadly(block: RowBlock, tries: int) -> FileError:
    return FileError(
        f"{counted(tries - 1, 'worker')} died while {counted(block.rows, 'row')} were answered for, most likely for "
        "want of memory. Give fewer --workers, or write the source in smaller groups of rows."
    )
