"""Kill fits with SIGKILL, resume them, and compare what they end in with a fit that was left alone, byte for byte.

    python tests/torture/kill.py --kills 500 --commands 20 --seed 0 --output kills.json

Each fit is a process of its own, forked from this one so that torch is imported once. Half of the kills come at a
random step, the others at a random moment from outside, which may be in the middle of writing a checkpoint. Commands
are killed from the start of their process on, so also before they have written anything.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vaecluster import DEC, DGG, Bound, TwoViews, VaDE
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.rows import Rows
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions
from vaecluster.methods import METHODS as ALL
from vaecluster.methods import Method
from vaecluster.runs.order import is_unfinished
from vaecluster.training.checkpoint import Checkpoint
from vaecluster.training.events import Event, StepDone
from vaecluster.training.keeper import NOTHING_KEPT, Keeper
from vaecluster.training.listeners.history import History
from vaecluster.training.run import Run
from vaecluster.training.state import tensors_of

SMALL: dict[str, Any] = {"batch_size": 20, "hidden": (16,), "latent": 2}
BOUND: dict[str, Any] = SMALL | {"network": "dense", "learning_rate": 1e-2}
METHODS: dict[str, Method] = {
    "two-views": TwoViews(epochs=8, heads=2, components=6, **SMALL),
    "su2018": Bound(epochs=8, schedule="one-cycle", **BOUND),
    "early stopping": Bound(epochs=12, early_stopping=True, patience=3, schedule="cosine", **BOUND),
    "vade": VaDE(warm_epochs=3, epochs=5, **SMALL),
    "dec": DEC(warm_epochs=3, epochs=5, **SMALL),
    "dgg": DGG(warm_epochs=3, epochs=5, **SMALL),
}
# 60 rows in batches of 20: three steps an epoch.
NUMBER, CLUSTERS, SEED = 60, 3, 7
COMMAND = (sys.executable, "-m", "vaecluster", "fit", "--quiet")
FIT = ("rows.npy", "--clusters", "3", "--threads", "1", "--output", "run", "--set", "epochs=30", "--set", "hidden=16")


def main() -> None:
    """Kill as often as asked; leave with status 1 if a fit ended otherwise than it should have."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=60, help="how often to kill, at least")
    parser.add_argument("--commands", type=int, default=3, help="how many fits on the command line to kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="a JSON file for the counts")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    started = time.perf_counter()
    counts = kill_many(arguments.kills, arguments.seed) | kill_commands(arguments.commands, arguments.seed)
    counts["seconds"] = round(time.perf_counter() - started, 1)
    print(json.dumps(counts))
    if arguments.output:
        write_json(arguments.output, {"settings": vars(arguments) | {"output": None}} | counts | about())
    sys.exit(1 if counts["different"] or counts["commands different"] else 0)


def about() -> dict[str, Any]:
    """On what this ran."""
    return {"versions": versions(), "machine": machine()}


def kill_many(kills: int, seed: int) -> dict[str, Any]:
    """How many kills there were, how many fits were finished after them, and which of those were different."""
    random = np.random.default_rng(seed)
    counts: dict[str, Any] = {"kills at a step": 0, "kills at a moment": 0, "fits": 0, "different": []}
    expected = {name: ended(name, NOTHING_KEPT, History()) for name in METHODS}
    while counts["kills at a step"] + counts["kills at a moment"] < kills:
        for name in METHODS:
            with tempfile.TemporaryDirectory() as folder:
                inside, outside = fit_with_kills(name, Path(folder), random)
                same = (Path(folder) / "result").read_bytes() == expected[name]
            counts["kills at a step"] += inside
            counts["kills at a moment"] += outside
            counts["fits"] += 1
            if not same:
                counts["different"].append(name)
    return counts


def fit_with_kills(name: str, folder: Path, random: np.random.Generator) -> tuple[int, int]:
    """Fit in processes that are killed, until one is left alone to end; the kills at steps and at moments.

    Where every step is kept no process learns more than a few, so that each part of the fit is cut somewhere.
    """
    often = bool(random.random() < 0.5)
    every, most = (0.0, 5) if often else (0.05, 40)
    inside = outside = 0
    for _ in range(8):
        if random.random() < 0.5:
            step, moment = int(random.integers(1, most)), None
        else:
            step, moment = None, float(random.uniform(0, 0.3))
        if not killed(name, folder, every, step, moment):
            return inside, outside
        inside, outside = inside + (moment is None), outside + (moment is not None)
    assert not killed(name, folder, every, None, None), "the last process was to be left alone"
    return inside, outside


def killed(name: str, folder: Path, every: float, step: int | None, moment: float | None) -> bool:
    """Fit in a forked process; whether it was killed before it ended."""
    child = os.fork()
    if child == 0:
        work(name, folder, every, step)
    if moment is not None:
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "a process failed; its message is above"
    return False


def work(name: str, folder: Path, every: float, step: int | None) -> None:
    """What a forked process does, and nothing of its parent after it."""
    try:
        with Checkpoint(folder, {"method": name}, every) as checkpoint:
            history = checkpoint.history
            result = ended(name, checkpoint.begin(SEED, history), history, killer(step))
        (folder / "result.part").write_bytes(result)
        os.rename(folder / "result.part", folder / "result")
        os._exit(0)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)


def killer(step: int | None) -> Callable[[Event], None]:
    """A listener that kills its own process at a step, as the system would: nothing is tidied up."""
    seen = 0

    def listen(event: Event) -> None:
        nonlocal seen
        seen += isinstance(event, StepDone)
        if seen == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return listen


def ended(name: str, keeper: Keeper, history: History, *listeners: Callable[[Event], None]) -> bytes:
    """The bytes of all weights and of all terms of all epochs of a fit that ended."""
    rows = some_rows()
    method = METHODS[name].completed(rows.schema, len(rows), CLUSTERS)
    fitted = method.fit(Run(rows, CLUSTERS, SEED, history, listeners, keeper))
    weights = b"".join(values.numpy().tobytes() for values in tensors_of(fitted.model).values())
    return weights + repr([(epoch.epoch, epoch.terms) for epoch in history.epochs]).encode()


def some_array() -> np.ndarray:
    """Three groups: (60, 4)."""
    random = np.random.default_rng(0)
    return random.normal(size=(NUMBER, 4)) + 4 * random.integers(0, 3, (NUMBER, 1))


def some_rows() -> Rows:
    """The same, as methods read them."""
    source = ArraySource(some_array())
    return Rows(source, source.schema(Reading("gaussian", "columns")), torch.device("cpu"))


def kill_commands(commands: int, seed: int) -> dict[str, Any]:
    """Fits on the command line, killed at a random moment, then resumed, or begun again where nothing is kept."""
    random = np.random.default_rng(seed)
    counts: dict[str, Any] = {
        "commands": 0,
        "commands resumed": 0,
        "commands begun again": 0,
        "commands different": [],
    }
    expected: dict[str, list[bytes]] = {}
    for number in range(commands):
        method = (*ALL,)[number % len(ALL)]
        with tempfile.TemporaryDirectory() as folder:
            if method not in expected:
                started = time.perf_counter()
                expected[method] = left_by(method, Path(folder) / "whole", None, counts)
                seconds = time.perf_counter() - started
            same = left_by(method, Path(folder) / "killed", float(random.uniform(0, seconds)), counts)
        counts["commands"] += 1
        if same != expected[method]:
            counts["commands different"].append(method)
    return counts


def left_by(method: str, folder: Path, moment: float | None, counts: dict[str, Any]) -> list[bytes]:
    """The files of a fit that was killed at a moment, if one is given, and then finished."""
    folder.mkdir()
    np.save(folder / "rows.npy", some_array())
    fit, run = (*FIT, "--method", method), folder / "run"
    if moment is not None:
        child = subprocess.Popen((*COMMAND, *fit), cwd=folder, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        child.kill()
        child.wait()
    if not (run / "run.json").exists():
        unfinished = run.is_dir() and is_unfinished(run)
        if moment is not None:
            counts["commands resumed" if unfinished else "commands begun again"] += 1
        rest = ("--resume", "run") if unfinished else fit
        subprocess.run((*COMMAND, *rest), cwd=folder, check=True, stderr=subprocess.DEVNULL)
    return [(run / name).read_bytes() for name in ("labels.csv", "examples.npz")]


if __name__ == "__main__":
    main()
