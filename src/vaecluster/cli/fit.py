"""`vaecluster fit`."""

import time
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaecluster.cli.options import (
    CLUSTERS,
    SEED,
    THREADS,
    Batch,
    Clusters,
    Columns,
    Device,
    Features,
    MethodName,
    MethodSettings,
    Overwrite,
    Place,
    Quiet,
    RowsKind,
    Size,
    Source,
    Threads,
    Whole,
    check,
    columns_of,
    method_of,
    set_threads,
)
from vaecluster.cli.torchrun import follows, started
from vaecluster.data.pictures.folder import SIZE
from vaecluster.data.pictures.options import NO_OPTIONS, PictureOptions
from vaecluster.data.room import Bytes
from vaecluster.errors import SettingError, counted
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.order import FitOrder, begun, done, is_unfinished, resumed
from vaecluster.runs.source import (
    absolute,
    rows_for,
    text_place,
    with_labels,
    with_options,
    with_rows,
    with_texts,
    without_labels,
)

if TYPE_CHECKING:
    from vaecluster.data.dataset import DataSet
    from vaecluster.estimator import VAEClustering


def fit(
    source: Source | None = None,
    /,
    *,
    resume: Place | None = None,
    clusters: Clusters = "auto",
    output: Place = Path("run"),
    overwrite: Overwrite = False,
    method: MethodName = "two-views",
    settings: MethodSettings = (),
    rows: RowsKind = "auto",
    column: Columns = (),
    text: str | None = None,
    labels: str | None = None,
    batch: Batch | None = None,
    size: Size | None = None,
    features: Features | None = None,
    min_confidence: float = 0.0,
    outlier_fraction: float = 0.0,
    seed: Whole = 0,
    memory: str | None = None,
    device: Device = "auto",
    threads: Threads | None = None,
    quiet: Quiet = False,
) -> None:
    """Learn clusters, codes and a generator per cluster, and write a run folder.

    Examples: `vaecluster fit mnist --clusters 10 --set views=digits --output run` or `vaecluster fit customers.csv`.
    Of an .npz the rows are x_train or X; labels, y_train or y, are used only to score afterwards. Of a folder, all
    pictures in it and in folders within it are rows; skipped.csv in the output folder lists what cannot be read.
    Ctrl-C stops the fit and keeps what was learned. A fit that was stopped, killed or cut off in any other way goes on
    with `vaecluster fit --resume run` and ends as if it had not been.

    Parameters
    ----------
    resume
        The folder of a fit that was cut off, in place of a source. All options but --quiet are those that it began
        with.
    output
        Folder for the model, the labels and the run's description.
    text
        Texts that the rows stand for, by which clusters are then described: a column of the source, FILE:COLUMN for
        one of another file, or a FILE.txt with a line for each row. Nothing is learned from them.
    labels
        Known labels of some rows, by which clusters are named, nothing where unknown: a column of the source, which is
        then not learned from, FILE:COLUMN or a FILE.txt. With `--set label_weight=20` they take part in learning.
    min_confidence
        Rows whose cluster is less likely than this to be the right one get the cluster -1.
    outlier_fraction
        This fraction of the least likely rows gets the cluster -1, too.
    seed
        Decides everything random: the same seed on the same machine gives the same model.
    memory
        How much memory the rows and what is computed of them may take, such as 2GB: tables in files may be larger, of
        which the output folder then holds a copy during the fit. Without it, whole tables are in memory.
    """
    if follows():
        _follow()
        return
    if started():
        from vaecluster import ranks

        if ranks.restarted() and is_unfinished(output):
            go_on(output, quiet=quiet)
            return
    if resume is not None:
        _check_alone(locals())
        go_on(resume, quiet=quiet)
        return
    if source is None:
        raise SettingError("No source is given. Name a file or a data set, or give --resume and a folder.")
    check("--clusters", clusters, CLUSTERS)
    check("--threads", threads, THREADS)
    check("--seed", seed, SEED)
    check("--size", size, SIZE)
    check("--memory", memory, Bytes())
    folder = RunFolder.create(output, overwrite=overwrite)
    asked = PictureOptions(size, None if features is None else str(features))
    data = with_options(rows_for(source, memory), asked)
    pictures = PictureOptions.of(data.x_train)
    data = with_options(data, pictures)
    _, given = method_of(method, settings)
    set_threads(threads)
    import torch

    parameters: dict[str, Any] = {
        "n_clusters": clusters,
        "rows": rows,
        "columns": without_labels(columns_of(column), data, labels),
        "batch": batch,
        "min_confidence": min_confidence,
        "outlier_fraction": outlier_fraction,
        "random_state": seed,
        "memory": memory,
        "device": device,
    }
    places = text_place(text), text_place(labels)
    order = FitOrder(absolute(source), parameters, method, given, torch.get_num_threads(), pictures, *places)
    with begun(folder.path, order) as state:
        _fit_and_report(folder, order, data, state, quiet=quiet)


def go_on(path: Path, *, quiet: bool) -> None:
    """Go on with a fit that was cut off."""
    order = FitOrder.read(path)
    data = with_options(rows_for(order.source, order.parameters.get("memory")), order.pictures)
    set_threads(order.threads)
    with resumed(path) as state:
        _fit_and_report(RunFolder(path), order, data, state, quiet=quiet)


def fit_into(
    folder: RunFolder,
    model: "VAEClustering",
    data: "DataSet",
    source: str,
    *,
    pictures: PictureOptions = NO_OPTIONS,
    demo: bool = False,
) -> dict[str, Any]:
    """Fit the model, write the run, and return the scores, if there are labels to score with."""
    from vaecluster.clusters.scores import split_scores
    from vaecluster.ranks import together

    wall, cpu = time.perf_counter(), time.process_time()
    with together():
        model.fit(data.x_train, data.known)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    scores = split_scores(model, data)
    folder.write(
        model,
        data,
        source=source,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        scores=scores,
        pictures=pictures,
        demo=demo,
    )
    return scores


def _fit_and_report(folder: RunFolder, order: FitOrder, data: "DataSet", state: Path, *, quiet: bool) -> None:
    """Fit what was ordered, from the state that is kept, write the run and say what was found."""
    from vaecluster import ranks

    model = order.estimator(folder.path)
    with ranks.together():
        ranks.agreed((folder.path, order))
    data = _whole(data, order, model, keep=folder.path, quiet=quiet)
    with ranks.together():
        ranks.agreed(None)
    model.set_params(checkpoint_dir=state, log_dir=folder.path, verbose=0 if quiet else 1)
    scores = fit_into(folder, model, data, order.source, pictures=order.pictures)
    interrupted = model.history_.ending == "interrupted"
    if not interrupted:
        done(folder.path)
    if quiet:
        return
    alone = int((model.labels_ < 0).sum())
    doubtful = f", and {alone:,} in none" if alone else ""
    rows, clusters = counted(len(model.labels_), "row"), counted(model.n_clusters_, "cluster")
    print(f"{rows} in {clusters}: {model.cluster_sizes_.tolist()}{doubtful}")
    evidence = model.fitted_.evidence
    # Where a number is to be found, a warning says it.
    if isinstance(order.parameters.get("n_clusters"), int) and model.n_clusters_ > 1 and evidence is not None:
        from vaecluster.inference.advice import none_apart

        if evidence.strength == "none":
            print(f"No boundary between them was seen: {none_apart(evidence)}.")
            print("Which of them come again with another --seed shows: vaecluster stability")
    used = "known labels took part in learning" if model.method_.learns_labels else "labels used only here"
    for part, values in scores.items():
        shown = "  ".join(f"{name} {value:.3f}" for name, value in values.items() if name != "rows")
        print(f"scores on {part} ({used}): {shown}")
    print(f"Written to {folder.path}. Look at it with: vaecluster report {folder.path}")
    if interrupted:
        print(f"Go on with: vaecluster fit --resume {folder.path}")


def _whole(data: "DataSet", order: FitOrder, model: "VAEClustering", *, keep: Path | None, quiet: bool) -> "DataSet":
    """The rows with all that was ordered beside them."""
    from vaecluster.methods import as_method

    data = with_texts(with_rows(data, keep=keep, quiet=quiet), order.text)
    return with_labels(data, order.labels, learned=as_method(model.method).learns_labels)


def _follow() -> None:
    """Learn what the first of the processes that torchrun started was asked for, and leave all else to that one."""
    from vaecluster import ranks
    from vaecluster.hearing import unheard

    waiting: tuple[Path, FitOrder] | None = None
    with ranks.together(), unheard():
        told = ranks.agreed(waiting)
        assert told is not None
        folder, order = told
        set_threads(order.threads)
        model = order.estimator(folder)
        data = with_options(rows_for(order.source, order.parameters.get("memory")), order.pictures)
        # Pictures are decoded by then.
        ranks.agreed(None)
        data = _whole(data, order, model, keep=folder if folder.is_dir() else None, quiet=True)
        model.fit(data.x_train, data.known)


def _check_alone(options: dict[str, Any]) -> None:
    """Raise `SettingError` if anything is given beside --resume that the fit that goes on would not heed."""
    defaults = {name: parameter.default for name, parameter in signature(fit).parameters.items()}
    given = [name for name in defaults if name not in ("resume", "quiet") and options[name] != defaults[name]]
    if given:
        words = {"source": "the source", "settings": "--set"}
        first = words.get(given[0], f"--{given[0].replace('_', '-')}")
        raise SettingError(f"--resume takes the rows and the options of the fit that was cut off. Leave out {first}.")
