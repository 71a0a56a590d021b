"""`vaecluster benchmark`."""

from pathlib import Path

import numpy as np

from vaecluster.benchmark.runs import run_benchmark
from vaecluster.cli.fit import set_threads
from vaecluster.data.named import load_named
from vaecluster.errors import SettingError
from vaecluster.estimator import VAEClustering

# Views are knowledge about a kind of data, not about one data set.
VIEWS = {"digits": "digits", "mnist": "digits", "fashion-mnist": "clothes"}


def benchmark(
    name: str,
    /,
    *,
    preset: str = "shared",
    views: str | None = None,
    clusters: int | None = None,
    seeds: int = 1,
    first_seed: int = 0,
    epochs: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    output: Path = Path("benchmarks/results"),
    quiet: bool = False,
) -> None:
    """Fit a named data set with several seeds and write every score, setting, version and time as JSON.

    Fitted on the training rows, scored on train and held-out test; labels take no part in the fit. Seeds that the
    result file holds already are kept, so an interrupted benchmark goes on where it stopped.

    Parameters
    ----------
    name
        The data set: digits, mnist, fashion-mnist, pendigits, or another in $VAECLUSTER_DATA.
    preset
        The method: shared or su2018.
    views
        As in `vaecluster fit`; those of the kind of data if not given.
    clusters
        Number of clusters; the number of classes if not given.
    seeds
        How many seeds; all are kept.
    first_seed
        The first of them.
    epochs
        Passes over the rows; the preset's if not given.
    device
        cpu, cuda, or auto for a GPU where there is one.
    threads
        Processor threads; torch decides if not given.
    output
        Folder for the result, NAME-PRESET.json.
    quiet
        Show nothing but errors.
    """
    set_threads(threads)
    if seeds < 1:
        raise SettingError(f"--seeds is {seeds}; expected a whole number of 1 or more.")
    data = load_named(name)
    classes = 1 if data.y_train is None else len(np.unique(data.y_train))
    if preset == "shared" and views is None:
        views = VIEWS.get(data.name, "auto")
    model = VAEClustering(
        clusters or classes, preset=preset, views=views, epochs=epochs, device=device, verbose=0 if quiet else 1
    )
    path = output / f"{data.name}-{preset}.json"
    record = run_benchmark(data, model, range(first_seed, first_seed + seeds), path)
    for part, measures in record["summary"].items():
        for measure, value in measures.items():
            print(
                f"{part:5}  {measure:18}  mean {value['mean']:.4f}  deviation {value['deviation']:.4f}  "
                f"worst {value['worst']:.4f}"
            )
    print(f"Written to {path}")
