"""A long run, as someone with an ordinary machine has it: a million images on the disk, and a process that dies.

`python -m benchmarks.long` writes images of MNIST and Fashion-MNIST, each changed at random, to one `.npy`, then calls
`vaecluster fit`, `predict` and `report` on it. `fit` is killed twice and `predict` once; the same commands then go on.
What each process took is written to one file, from which `python -m benchmarks.tables` makes a table in
`docs/scale.md`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from cyclopts import App

from vaecluster.clusters.scores import score_labels
from vaecluster.data.named import load_named
from vaecluster.data.raw import Array
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions
from vaecluster.views.images import RandomAffine

RESULTS = Path(__file__).parent / "results" / "long" / "long.json"
NAMES, BLOCK, TEN = ("mnist", "fashion-mnist"), 10_000, 10
# A process is killed so many seconds after it has first said this.
KILLS = {"fit": (("epoch 1/", 60), ("epoch 2/", 60)), "predict": (("rows/s", 20),)}
LOOK_EVERY = 0.5


def write_images(path: Path, rows: int) -> Array:
    """So many images in one file, a block after the other; the class of each, those of Fashion-MNIST from 10 on."""
    sets = [load_named(name) for name in NAMES]
    images = np.concatenate([one.x_train for one in sets])
    classes = np.concatenate([TEN * number + one.y_train for number, one in enumerate(sets)])
    random, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    taken = random.integers(0, len(images), rows)
    written = np.lib.format.open_memmap(path, "w+", np.uint8, (rows, *images.shape[1:]))
    for start in range(0, rows, BLOCK):
        some = torch.from_numpy(images[taken[start : start + BLOCK]])[:, None].float()
        changed = RandomAffine()(some / 255, generator)[:, 0]
        written[start : start + BLOCK] = (255 * changed).round().byte().numpy()
    written.flush()
    return classes[taken]


def watched(words: Sequence[str], log: Path, kill: tuple[str, float] | None = None) -> dict[str, Any]:
    """A command of ours in a process of its own, killed if that is asked for; what it took."""
    began, said, peak = time.perf_counter(), None, 0
    with log.open("wb") as told:
        child = subprocess.Popen([sys.executable, "-m", "vaecluster", *words], stdout=told, stderr=told)
        while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            peak = max(peak, _peak(child.pid))
            if kill is not None and said is None and kill[0] in log.read_text(errors="replace"):
                said = time.perf_counter()
            if kill is not None and said is not None and time.perf_counter() > said + kill[1]:
                child.kill()
            time.sleep(LOOK_EVERY)
        _, status, spent = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    found = {
        "command": words[0],
        "killed": child.returncode < 0,
        "seconds": round(time.perf_counter() - began),
        "cpu_seconds": round(spent.ru_utime + spent.ru_stime),
        "peak_mib": round(peak / 1024),
    }
    print(found, flush=True)
    if child.returncode > 0 or found["killed"] != (kill is not None):
        raise SystemExit(f"It ended with {child.returncode}: {log.read_text(errors='replace')[-2000:]}")
    return found


def _peak(process: int) -> int:
    """The most memory that it has had, in KiB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def measure(rows: int, memory: str, clusters: str, folder: Path) -> dict[str, Any]:
    """Images, a fit, its answers for the same images, and the report."""
    images, run, answers = folder / "images.npy", folder / "run", folder / "labels.npy"
    classes = write_images(images, rows)
    commands = {
        "fit": ["fit", str(images), "--clusters", clusters, "--memory", memory, "--output", str(run)],
        "resume": ["fit", "--resume", str(run)],
        "predict": ["predict", str(run), str(images), "--output", str(answers)],
        "report": ["report", str(run)],
    }
    order = [
        ("fit", KILLS["fit"][0]),
        ("resume", KILLS["fit"][1]),
        ("resume", None),
        ("predict", KILLS["predict"][0]),
        ("predict", None),
        ("report", None),
    ]
    processes = [watched(commands[name], folder / f"{number}.log", kill) for number, (name, kill) in enumerate(order)]
    found = np.load(answers)
    return {
        "rows": rows,
        "memory": memory,
        "clusters": clusters,
        "images_mib": round(images.stat().st_size / 2**20),
        "report_mib": round((run / "report.html").stat().st_size / 2**20, 1),
        "found": len(np.unique(found)),
        "scores": {name: round(value, 4) for name, value in score_labels(classes, found).as_dict().items()},
        "processes": processes,
    }


app = App(help=__doc__)


@app.default
def main(*, rows: int = 1_000_000, memory: str = "2GB", clusters: str = "20", folder: Path | None = None) -> None:
    """Measure, and write one file; the images and the run lie in a folder that stays, or in a temporary one."""
    with TemporaryDirectory(dir=folder) as temporary:
        found = measure(rows, memory, clusters, Path(temporary))
    write_json(RESULTS, found | {"versions": versions(), "machine": machine()})


if __name__ == "__main__":
    app()
