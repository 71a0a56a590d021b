"""How good a start an autoencoder's codes are for DEC, IDEC and VaDE, epoch by epoch. Labels only score.

`python -m benchmarks.starts --data mnist --set warm_epochs=50` trains the autoencoder of the
method `dec` and looks at its codes on the way: k-means, where DEC and IDEC start, and mixtures, where VaDE does. Each
look is written at once, to one file for each data set and choice, from which `python -m benchmarks.tables` makes the
table in `docs/family.md`.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cyclopts import App
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from benchmarks.kinds import kind_of, prepare
from benchmarks.readers import some_of
from benchmarks.runs import check_labelled, file_of
from vaecluster import DEC, settings
from vaecluster.cli import main
from vaecluster.cli.options import Whole, Words, check
from vaecluster.clusters.scores import score_labels
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.dataset import DataSet
from vaecluster.data.named import load_named
from vaecluster.data.raw import Array
from vaecluster.data.rows import Rows
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions
from vaecluster.methods.autoencoder import AUTOENCODER, Autoencoder, mixture_of, points_of
from vaecluster.settings import Whole as WholeKind
from vaecluster.training.device import isolated
from vaecluster.training.run import Run

RESULTS = Path(__file__).parent / "results" / "starts"
# Epochs after which codes are looked at, beside the last one.
LOOKS = (1, 2, 3, 5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300)
# So many of the rows are clustered, from so many starts.
LOOKED_AT, STARTS = 5_000, 3


def look(points: NDArray[np.float64], labels: Array, seed: int) -> dict[str, float]:
    """Accuracy of k-means and of both mixtures on codes (rows, latent), and how far an entry of a code spreads."""
    clusters = len(np.unique(labels))
    found = {"kmeans": KMeans(clusters, n_init=STARTS, random_state=seed).fit_predict(points)}
    for kind in ("full", "diag"):
        found[kind] = mixture_of(points, clusters, seed, kind, STARTS).predict(points)
    scores = {name: score_labels(labels, one).hungarian_accuracy for name, one in found.items()}
    return {name: round(score, 4) for name, score in (scores | {"spread": float(points.std(0).mean())}).items()}


def measure(data: DataSet, method: DEC, seed: int, path: Path) -> dict[str, Any]:
    """Train the autoencoder, and write what the codes are worth before, and after some of the epochs."""
    labels, source = np.asarray(check_labelled(data).y_train), ArraySource(data.x_train)
    clusters = len(np.unique(labels))
    rows = Rows(source, source.schema(Reading(method.likelihood, method.scaling)), torch.device("cpu"))
    method = method.completed(rows.schema, len(rows), clusters)
    chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:LOOKED_AT])
    record: dict[str, Any] = {
        "data": {"name": data.name, "train": list(data.x_train.shape), "classes": clusters},
        "settings": settings.plain(method),
        "seed": seed,
        "looks": [],
        "versions": versions(),
        "machine": machine(),
    }
    looking, began = 0.0, time.process_time()

    def note(epoch: int) -> None:
        nonlocal looking
        spent = time.process_time()
        seen = look(points_of(model, rows.some(chosen)), labels[chosen], seed)
        record["looks"].append({"epoch": epoch, **seen, "cpu_seconds": round(spent - began - looking, 1)})
        looking += time.process_time() - spent
        write_json(path, record)
        print(f"{data.name}, epoch {epoch}: {record['looks'][-1]}", flush=True)

    with isolated():
        run = Run(rows, clusters, seed)
        model = method.started(run)
        note(0)
        for epoch in run.train(AUTOENCODER, Autoencoder(model)):
            if epoch.number in (*LOOKS, method.warm_epochs):
                note(epoch.number)
    return record


def starts(
    *,
    data: str = "mnist",
    choice: Words = (),
    rows: Whole | None = None,
    seed: Whole = 0,
    output: Path = RESULTS,
) -> None:
    """Look at the codes of an autoencoder while it learns.

    Parameters
    ----------
    data
        A data set by name.
    choice
        A setting of the method `dec`, such as warm_epochs=50.
    rows
        So many training rows, in place of all.
    seed
        Of the fit.
    output
        Folder for the result.
    """
    check("--rows", rows, WholeKind(1))
    torch.set_num_threads(1)
    whole, given = load_named(data), settings.read(DEC, choice)
    kind, some = kind_of(whole), some_of(whole, rows)
    method = settings.changed(DEC(), {"scaling": "columns" if kind.standardise else "common"} | given)
    name = ", ".join(["autoencoder", *(word.replace("=", " ") for word in choice)])
    measure(prepare(some, kind), method, seed, file_of(output, some.name, name, f"seed {seed}"))


app = App(name="python -m benchmarks.starts", default_command=starts, version_flags=())

if __name__ == "__main__":
    main(program=app)
