"""`vaecluster fit`."""

import time
from pathlib import Path
from typing import Any, Literal

import torch

from vaecluster.benchmark.runs import split_scores
from vaecluster.cli.source import load_source
from vaecluster.data.dataset import DataSet
from vaecluster.errors import SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.run_folder import RunFolder


def fit(
    source: str,
    /,
    *,
    clusters: int | Literal["auto"] = "auto",
    output: Path = Path("run"),
    overwrite: bool = False,
    preset: str = "shared",
    views: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    schedule: Literal["constant", "one-cycle", "cosine"] | None = None,
    early_stopping: bool = False,
    latent: int | None = None,
    likelihood: Literal["gaussian", "gaussian-learned", "bernoulli"] | None = None,
    precision: float | None = None,
    scaling: Literal["columns", "common"] | None = None,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    quiet: bool = False,
) -> None:
    """Learn clusters, codes and a generator per cluster, and write a run folder.

    Examples: `vaecluster fit mnist --clusters 10 --output run` or `vaecluster fit rows.npz --clusters 5`.
    Ctrl-C stops the fit and keeps what was learned.

    Parameters
    ----------
    source
        A file (.npz or .npy) or a named data set: digits, mnist, fashion-mnist, pendigits. An .npz holds the rows
        as x_train or X; labels as y_train or y serve only to score afterwards.
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
    seed
        Decides everything random: the same seed on the same machine gives the same model.
    device
        cpu, cuda, or auto for a GPU where there is one.
    threads
        Processor threads; torch decides if not given.
    quiet
        Show nothing but errors.
    """
    set_threads(threads)
    data = load_source(source)
    model = VAEClustering(
        clusters,
        preset=preset,
        views=views,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule=schedule,
        early_stopping=early_stopping or None,
        latent=latent,
        likelihood=likelihood,
        precision=precision,
        scaling=scaling,
        random_state=seed,
        device=device,
        verbose=0 if quiet else 1,
    )
    folder = RunFolder.create(output, overwrite=overwrite)
    scores = fit_into(folder, model, data, source)
    if not quiet:
        print(f"{len(data.x_train):,} rows in {model.n_clusters_} clusters: {model.cluster_sizes_.tolist()}")
        for part, values in scores.items():
            shown = "  ".join(f"{name} {value:.3f}" for name, value in values.items() if name != "rows")
            print(f"scores on {part} (labels used only here): {shown}")
        print(f"Written to {output}. Look at it with: vaecluster report {output}")


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
    if threads < 1:
        raise SettingError(f"--threads is {threads}; expected a whole number of 1 or more.")
    torch.set_num_threads(threads)
