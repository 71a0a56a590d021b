"""`vaecluster stability`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaecluster.cli.options import (
    CLUSTERS,
    SEED,
    THREADS,
    Clusters,
    Columns,
    Device,
    MethodName,
    MethodSettings,
    Place,
    Quiet,
    Threads,
    Whole,
    check,
    check_jobs,
    columns_of,
    method_of,
    set_threads,
)
from vaecluster.cli.write import check_output
from vaecluster.errors import SettingError
from vaecluster.files.atomic import write_atomically, write_json
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.labels import Labels
from vaecluster.runs.source import load_source, model_and_rows, with_rows
from vaecluster.settings import Whole as WholeKind

if TYPE_CHECKING:
    from vaecluster.clusters.agreement import Stability


def stability(
    source: str,
    /,
    *,
    clusters: Clusters | None = None,
    runs: Whole = 5,
    jobs: Whole = 1,
    output: Place | None = None,
    method: MethodName | None = None,
    settings: MethodSettings = (),
    column: Columns = (),
    seed: Whole | None = None,
    device: Device = "auto",
    threads: Threads | None = None,
    quiet: Quiet = False,
) -> None:
    """Fit the same rows with several seeds, and show which clusters come again.

    Example: `vaecluster stability mnist --clusters 10 --runs 5 --output stability.png`. Of each cluster of the first
    run it says how much of it is found again in the other runs, as a Jaccard overlap: below 0.6 it should not be
    trusted, from 0.75 on it is valid, from 0.85 on highly stable.

    `vaecluster stability run` does the same for the clusters of a run that is there, with its own settings and rows,
    and keeps what it finds in the run, for its report.

    Parameters
    ----------
    source
        A run, or a file or a named data set, as for `vaecluster fit`; of an .npz with x_train and x_test the x_train
        rows count.
    clusters
        Number of clusters, a range such as 2-10 to find it within, or auto to find it, which is the default.
    method
        How clusters are learned, two-views if not given; `vaecluster methods` lists the methods.
    runs
        How many fits to compare, 2 or more.
    jobs
        How many fits to make at the same time; the result is the same. Give few --threads with it: each takes so many.
    output
        Where to write: a .png for a picture, or a .json for all numbers; stability.png if not given.
    seed
        The seed of the first run, 0 if not given; the next one has the next seed.
    """
    run = _run_at(source)
    given = {
        "--clusters": clusters,
        "--method": method,
        "--set": settings or None,
        "--column": column or None,
        "--seed": seed,
    }
    named = [name for name, value in given.items() if value is not None]
    if run is not None and named:
        raise SettingError(f"'{source}' is a run, which has settings of its own. Leave out {', '.join(named)}.")
    written = output or (Path("stability.png") if run is None else run.stability_file)
    ending = check_output(written, ".png", ".json", run=Path(source), reads=(source,) if run is None else ())
    # Runs are compared.
    check("--runs", runs, WholeKind(2))
    check_jobs(jobs)
    check("--threads", threads, THREADS)
    number: Any = "auto" if clusters is None else clusters
    if run is None:
        check("--clusters", number, CLUSTERS)
        check("--seed", seed or 0, SEED)
        data = load_source(source)
        chosen, _ = method_of(method or "two-views", settings)
    set_threads(threads)
    from vaecluster.estimator import VAEClustering
    from vaecluster.look.encode import png_bytes
    from vaecluster.report.stability_chart import stability_figure
    from vaecluster.several import seeds_of
    from vaecluster.stability import stability as compare_seeds

    first = None
    if run is None:
        of_rows: dict[str, Any] = {"method": chosen, "columns": columns_of(column), "device": device}
        model, rows = VAEClustering(number, random_state=seed or 0, **of_rows), with_rows(data, quiet=quiet).x_train
    else:
        model, known, source = model_and_rows(run, None, device)
        rows, first = known.x_train, Labels.read(run.labels_file).clusters
    model.set_params(verbose=0 if quiet else 1)
    found = compare_seeds(model, rows, runs, n_jobs=jobs, first=first)
    record = _record(found, source, seeds_of(model.random_state, runs))
    if run is not None and output is not None:
        write_json(run.stability_file, record)
    if ending == ".png":
        write_atomically(written, png_bytes(stability_figure(found)))
    else:
        write_json(written, record)
    if not quiet:
        _print_table(found)
        print(f"Written to {written}")
        if run is not None:
            print(f"Its report shows it: vaecluster report {run.path}")


def _run_at(source: str) -> RunFolder | None:
    """The run in this folder, if there is one."""
    folder = RunFolder(Path(source))
    return RunFolder.open(folder.path) if folder.run_file.is_file() else None


def _record(found: "Stability", source: str, seeds: list[int]) -> dict[str, Any]:
    from vaecluster.files.provenance import machine, versions

    return {"source": source, "seeds": seeds, **found.as_dict(), "versions": versions(), "machine": machine()}


def _print_table(found: "Stability") -> None:
    from vaecluster.report.stability_chart import lines_of, reading

    print(f"adjusted Rand index of two runs  mean {found.mean_ari:.3f}  worst {found.worst_ari:.3f}")
    print(f"{'cluster':>7}  {'rows':>9}  {'mean Jaccard':>12}  {'worst':>5}")
    for cluster, size, mean, worst, called in lines_of(found):
        print(f"{cluster:7}  {size:9,}  {mean:12.3f}  {worst:5.3f}  {called}")
    print(reading(found))
