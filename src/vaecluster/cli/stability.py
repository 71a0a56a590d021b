"""`vaecluster stability`."""

from pathlib import Path
from typing import Any, Literal

from vaecluster.atomic import write_atomically, write_json
from vaecluster.cli.fit import set_threads
from vaecluster.cli.numbers import Whole, WholeOrAuto
from vaecluster.cli.source import load_source
from vaecluster.environment import machine, versions
from vaecluster.errors import FileError, SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.evaluation.agreement import Stability
from vaecluster.report.encode import png_bytes
from vaecluster.report.stability_chart import reading, stability_figure, zone
from vaecluster.stability import seeds_of
from vaecluster.stability import stability as compare_seeds


def stability(
    source: str,
    /,
    *,
    clusters: WholeOrAuto = "auto",
    runs: Whole = 5,
    jobs: Whole = 1,
    output: Path = Path("stability.png"),
    preset: str = "shared",
    views: str | None = None,
    epochs: Whole | None = None,
    batch_size: Whole | None = None,
    learning_rate: float | None = None,
    scaling: Literal["columns", "common"] | None = None,
    seed: Whole = 0,
    device: str = "auto",
    threads: Whole | None = None,
    quiet: bool = False,
) -> None:
    """Fit the same rows with several seeds, and show which clusters come again.

    Example: `vaecluster stability mnist --clusters 10 --runs 5 --output stability.png`. Of each cluster of the first
    run it says how much of it is found again in the other runs, as a Jaccard overlap: below 0.6 it should not be
    trusted, from 0.75 on it is valid, from 0.85 on highly stable.

    Parameters
    ----------
    source
        A file (.npz or .npy) or a named data set; of an .npz with x_train and x_test the x_train rows are taken.
    clusters
        Number of clusters, or auto to find it in every run (shared only).
    runs
        How many fits to compare, 2 or more.
    jobs
        How many fits to make at the same time; the result is the same. Give few --threads with it: each takes so many.
    output
        Where to write: a .png for a picture, or a .json for all numbers.
    preset
        The method: shared or su2018.
    views
        What counts as two views of the same row, for the preset shared: auto (safe for anything), digits, photos,
        clothes, vectors, counts.
    epochs
        Passes over the rows; the preset's if not given.
    batch_size
        Rows per step; the preset's if not given.
    learning_rate
        Adam's learning rate; the preset's if not given.
    scaling
        How vectors are scaled: columns each by its own spread, or all by a common one, for columns in one unit.
    seed
        The seed of the first run; the next one has the next seed.
    device
        cpu, cuda, or auto for a GPU where there is one.
    threads
        Processor threads of each fit; torch decides if not given.
    quiet
        Show nothing but errors.
    """
    if output.suffix not in (".png", ".json"):
        raise FileError(f"--output is '{output}'; expected a name that ends in .png or .json.")
    if runs < 2:
        raise SettingError(f"--runs is {runs}; expected a whole number of 2 or more, since runs are compared.")
    if jobs == 0:
        raise SettingError("--jobs is 0; expected a whole number of 1 or more, or -1 for one job per processor core.")
    set_threads(threads)
    data = load_source(source)
    model = VAEClustering(
        clusters,
        preset=preset,
        views=views,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        scaling=scaling,
        random_state=seed,
        device=device,
        verbose=0 if quiet else 1,
    )
    found = compare_seeds(model, data.x_train, runs, n_jobs=jobs)
    if output.suffix == ".png":
        write_atomically(output, png_bytes(stability_figure(found)))
    else:
        write_json(output, _record(found, source, seeds_of(seed, runs)))
    if not quiet:
        _print_table(found)
        print(f"Written to {output}")


def _record(found: Stability, source: str, seeds: list[int]) -> dict[str, Any]:
    return {"source": source, "seeds": seeds, **found.as_dict(), "versions": versions(), "machine": machine()}


def _print_table(found: Stability) -> None:
    print(f"adjusted Rand index of two runs  mean {found.mean_ari:.3f}  worst {found.worst_ari:.3f}")
    print(f"{'cluster':>7}  {'rows':>9}  {'mean Jaccard':>12}  {'worst':>5}")
    columns = (
        found.clusters.tolist(),
        found.sizes.tolist(),
        found.mean_jaccard.tolist(),
        found.jaccard.min(0).tolist(),
    )
    for cluster, size, mean, worst in zip(*columns, strict=True):
        print(f"{cluster:7}  {size:9,}  {mean:12.3f}  {worst:5.3f}  {zone(mean)}")
    print(reading(found))
