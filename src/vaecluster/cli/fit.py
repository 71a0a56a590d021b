"""`vaecluster fit`."""

import time
from pathlib import Path
from typing import Any, Literal

import torch

from vaecluster.benchmark.runs import split_scores
from vaecluster.cli.numbers import Whole, WholeOrAuto
from vaecluster.cli.source import absolute, load_source
from vaecluster.data.dataset import DataSet
from vaecluster.errors import FileError, SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.run_folder import RunFolder
from vaecluster.unfinished import MOST_THREADS, FitOrder, begun, done, resumed


def fit(
    source: str | None = None,
    /,
    *,
    resume: Path | None = None,
    clusters: WholeOrAuto = "auto",
    output: Path = Path("run"),
    overwrite: bool = False,
    preset: str = "shared",
    views: str | None = None,
    epochs: Whole | None = None,
    batch_size: Whole | None = None,
    learning_rate: float | None = None,
    schedule: Literal["constant", "one-cycle", "cosine"] | None = None,
    early_stopping: bool = False,
    latent: Whole | None = None,
    likelihood: Literal["gaussian", "gaussian-learned", "bernoulli"] | None = None,
    precision: float | None = None,
    scaling: Literal["columns", "common"] | None = None,
    min_confidence: float = 0.0,
    outlier_fraction: float = 0.0,
    seed: Whole = 0,
    device: str = "auto",
    threads: Whole | None = None,
    quiet: bool = False,
) -> None:
    """Learn clusters, codes and a generator per cluster, and write a run folder.

    Examples: `vaecluster fit mnist --clusters 10 --output run` or `vaecluster fit rows.npz --clusters 5`.
    Ctrl-C stops the fit and keeps what was learned. A fit that was stopped, or cut off by anything else, goes on with
    `vaecluster fit --resume run` and ends as if it had not been.

    Parameters
    ----------
    source
        A file (.npz or .npy) or a named data set: digits, mnist, fashion-mnist, pendigits. An .npz holds the rows
        as x_train or X; labels as y_train or y serve only to score afterwards.
    resume
        The folder of a fit that was cut off, in place of a source; all settings are those that it began with.
    clusters
        Number of clusters, or auto to find it (shared only).
    output
        Folder to write the model, the labels and the run's description into.
    overwrite
        Write into the output folder even if something is there.
    preset
        The method: shared (clusters are what two views of the same row share), or su2018, that of the article.
    views
        What counts as two views of the same row, for the preset shared: auto (safe for anything), digits, photos,
        clothes, vectors, counts.
    epochs
        Passes over the rows; the preset's if not given.
    batch_size
        Rows per step; the preset's if not given.
    learning_rate
        Adam's learning rate; the preset's if not given.
    schedule
        How the learning rate changes over the fit; the preset's if not given.
    early_stopping
        Hold out a tenth of the rows and stop when their bound no longer improves.
    latent
        Entries of a code; the preset's if not given.
    likelihood
        How rows vary around what the decoder says; bernoulli needs values in [0, 1].
    precision
        1 / variance of the Gaussian likelihood, of scaled rows; the preset's if not given.
    scaling
        How vectors are scaled: columns each by its own spread, or all by a common one, for columns in one unit.
    min_confidence
        Rows that are less sure than this get the cluster -1.
    outlier_fraction
        So do this fraction of the rows, the unlikeliest.
    seed
        Decides everything random: the same seed on the same machine gives the same model.
    device
        cpu, cuda, or auto for a GPU where there is one.
    threads
        Processor threads; torch decides if not given.
    quiet
        Show nothing but errors.
    """
    if resume is not None:
        if source is not None:
            raise SettingError("--resume takes the rows of the fit that was cut off. Leave out the other source.")
        go_on(resume, quiet=quiet)
        return
    if source is None:
        raise SettingError("no source is given. Name a file or a data set, or give --resume and a folder.")
    set_threads(threads)
    data = load_source(source)
    parameters: dict[str, Any] = {
        "n_clusters": clusters,
        "preset": preset,
        "views": views,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "early_stopping": early_stopping or None,
        "latent": latent,
        "likelihood": likelihood,
        "precision": precision,
        "scaling": scaling,
        "min_confidence": min_confidence,
        "outlier_fraction": outlier_fraction,
        "random_state": seed,
        "device": device,
    }
    folder = RunFolder.create(output, overwrite=overwrite)
    order = FitOrder(absolute(source), parameters, torch.get_num_threads())
    with begun(folder.path, order) as state:
        fit_and_tell(folder, order, data, state, quiet=quiet)


def go_on(path: Path, *, quiet: bool) -> None:
    """Go on with a fit that was cut off."""
    order = FitOrder.read(path)
    torch.set_num_threads(order.threads)
    data = load_source(order.source)
    with resumed(path) as state:
        fit_and_tell(RunFolder(path), order, data, state, quiet=quiet)


def fit_and_tell(folder: RunFolder, order: FitOrder, data: DataSet, state: Path, *, quiet: bool) -> None:
    """Fit what was ordered, from the state that is kept, write the run and say what came out."""
    try:
        model = VAEClustering(**order.parameters, checkpoint_dir=state, log_dir=folder.path, verbose=0 if quiet else 1)
    except TypeError:
        raise FileError(f"The order in '{folder.path}' has unknown parameters. Fit again, with --overwrite.") from None
    scores = fit_into(folder, model, data, order.source)
    interrupted = model.history_.ending == "interrupted"
    if not interrupted:
        done(folder.path)
    if quiet:
        return
    alone = int((model.labels_ < 0).sum())
    doubtful = f", and {alone:,} in none" if alone else ""
    print(f"{len(data.x_train):,} rows in {model.n_clusters_} clusters: {model.cluster_sizes_.tolist()}{doubtful}")
    for part, values in scores.items():
        shown = "  ".join(f"{name} {value:.3f}" for name, value in values.items() if name != "rows")
        print(f"scores on {part} (labels used only here): {shown}")
    print(f"Written to {folder.path}. Look at it with: vaecluster report {folder.path}")
    if interrupted:
        print(f"Go on with: vaecluster fit --resume {folder.path}")


def fit_into(folder: RunFolder, model: VAEClustering, data: DataSet, source: str) -> dict[str, Any]:
    """Fit the model, write the run, and return the scores, if there are labels to score with."""
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(data.x_train)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    scores = split_scores(model, data)
    folder.write(model, data.x_train, source=source, seconds=seconds, cpu_seconds=cpu_seconds, scores=scores)
    return scores


def set_threads(threads: int | None) -> None:
    """Have torch use so many processor threads, or as many as it likes."""
    if threads is None:
        return
    if not 1 <= threads <= MOST_THREADS:
        raise SettingError(f"--threads is {threads}; expected a whole number from 1 to {MOST_THREADS}.")
    torch.set_num_threads(threads)
