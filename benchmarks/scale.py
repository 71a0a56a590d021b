"""What a fit costs at 10,000, 100,000 and a million rows, and what it would cost at more.

`python -m benchmarks.scale` measures the search for neighbours at each size, and the steps and the answers, which cost
the same for each row of however many; and how many neighbours of images are of the same class when only a part of the
images is searched. It writes one file, from which `python -m benchmarks.tables` makes the tables in
`docs/scale.md`: those of what was measured, and of what that comes to at up to a thousand million rows.
"""

import math
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from cyclopts import App

from vaecluster import TwoViews, VAEClustering
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.numbers import Numbers
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.dataset import as_labels
from vaecluster.data.named import load_named
from vaecluster.data.raw import Array
from vaecluster.data.room import Bytes, Room
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions
from vaecluster.views.nearest import nearest_others
from vaecluster.views.neighbours import Neighbours

RESULTS = Path(__file__).parent / "results" / "scale" / "scale.json"
SIZES, SHARDS = (10_000, 100_000, 1_000_000), (1, 10)
COLUMNS, GROUPS, BLOCK = 64, 1000, 100_000
# Rows whose true neighbours are looked for.
ASKED = 1000
# Images, and the shards of which their neighbours keep their class or not.
NAMES, FEWER = ("mnist", "fashion-mnist"), 6
# Rows for which steps and answers are measured, and the epochs of a short fit; a long one has twice as many.
FEW, EPOCHS = 20_000, 4


def write_groups(path: Path, rows: int) -> None:
    """Rows of a thousand normal groups, in no order, as one file."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(GROUPS, COLUMNS)).astype(np.float32)
    written = np.lib.format.open_memmap(path, "w+", np.float32, (rows, COLUMNS))
    for start in range(0, rows, BLOCK):
        size = min(BLOCK, rows - start)
        noise = random.standard_normal((size, COLUMNS), np.float32)
        written[start : start + size] = centres[random.integers(0, GROUPS, size)] + noise
    written.flush()


def searched(path: Path, memory: str, shards: int) -> dict[str, Any]:
    """The search for neighbours in a process of its own: its cost, and how many of the true ones it finds."""
    torch.set_num_threads(1)
    array = np.load(path, mmap_mode="r")
    schema = Schema((Numbers((), "<f4", np.zeros(COLUMNS), np.ones(COLUMNS)),))
    with TemporaryDirectory(dir=path.parent) as folder:
        rows = Rows(ArraySource(array), schema, torch.device("cpu"), room=Room(Bytes().normal(memory), Path(folder)))
        before, began = peak_mib(), time.process_time()
        near = Neighbours(shard=max(100_000, -(-len(rows) // shards))).find(rows)
        seconds, peak = time.process_time() - began, peak_mib()
        asked = np.random.default_rng(1).choice(len(rows), ASKED, replace=False)
        found = near.rows[asked]
    true = nearest_of(array, asked, found.shape[1])
    return {
        "rows": len(rows),
        "shards": shards,
        "cpu_seconds": round(seconds, 1),
        "peak_mib": round(peak),
        "more_mib": round(peak - before),
        "recall": round(float((found[:, :, None] == true[:, None, :]).any(1).mean()), 4),
    }


def nearest_of(array: Array, asked: Array, number: int) -> Array:
    """The true nearest other rows of some, by comparing all: (asked, number)."""
    mine = torch.from_numpy(array[asked])
    best = torch.full((len(asked), number + 1), math.inf), torch.zeros((len(asked), number + 1), dtype=torch.int64)
    for start in range(0, len(array), BLOCK):
        squared = torch.cdist(mine, torch.from_numpy(np.array(array[start : start + BLOCK])))
        near = squared.topk(number + 1, largest=False)
        both = torch.cat([best[0], near.values], 1), torch.cat([best[1], near.indices + start], 1)
        kept = both[0].topk(number + 1, largest=False)
        best = kept.values, both[1].gather(1, kept.indices)
    # Each row is nearest to itself.
    return best[1][:, 1:].numpy()


def peak_mib() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def steps_and_answers(path: Path) -> dict[str, float]:
    """CPU seconds for each row of an epoch, and of an answer."""
    torch.set_num_threads(1)
    array = np.array(np.load(path, mmap_mode="r")[:FEW])

    def fit(epochs: int) -> tuple[float, VAEClustering]:
        began = time.process_time()
        model = VAEClustering(10, method=TwoViews(epochs=epochs), random_state=0).fit(array)
        return time.process_time() - began, model

    # What is beside the steps is the same in both.
    (short, _), (long, model) = fit(EPOCHS), fit(2 * EPOCHS)
    began = time.process_time()
    model.predict(array)
    answered = time.process_time() - began
    return {"step_seconds_a_row": (long - short) / EPOCHS / FEW, "answer_seconds_a_row": answered / FEW}


def of_the_same_class(name: str, shards: int) -> dict[str, Any]:
    """How many neighbours of images are of their class, where those of a row are looked for in its shard alone."""
    torch.set_num_threads(1)
    data = load_named(name)
    labels = as_labels(data.y_train)
    points = Neighbours().points(rows_of(data.x_train))
    found = nearest_others(points, len(labels), 10, exact=False, shards=shards).first
    same = (labels[found] == labels[:, None]).mean()
    return {"data": name, "rows": len(labels), "shards": shards, "same_class": round(float(same), 4)}


def rows_of(images: Array) -> Rows:
    """Images as a fit reads them."""
    source = ArraySource(images)
    return Rows(source, source.schema(Reading("bernoulli", "auto")), torch.device("cpu"))


def alone(measure: Any, *arguments: Any) -> Any:
    """What is measured, in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, *arguments).result()


app = App(help=__doc__)


@app.default
def main(*, memory: str = "1GB", folder: Path | None = None, largest: int = SIZES[-1]) -> None:
    """Measure up to the largest size and write one file."""
    searches = []
    with TemporaryDirectory(dir=folder) as temporary:
        for rows in (size for size in SIZES if size <= largest):
            path = Path(temporary) / f"{rows}.npy"
            write_groups(path, rows)
            for shards in SHARDS if rows == largest else (1,):
                searches.append(alone(searched, path, memory, shards))
                print(searches[-1], flush=True)
        each = alone(steps_and_answers, path)
        print(each)
    purity = [alone(of_the_same_class, name, shards) for name in NAMES for shards in (1, FEWER)]
    print(*purity, sep="\n")
    found = {"columns": COLUMNS, "memory": memory, "searches": searches, **each, "purity": purity}
    write_json(RESULTS, found | {"versions": versions(), "machine": machine()})


if __name__ == "__main__":
    app()
