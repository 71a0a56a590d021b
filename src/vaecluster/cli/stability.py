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
    NewRows,
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
from vaecluster.files.atomic import write_atomically, write_json
from vaecluster.runs.source import load_source, with_rows
from vaecluster.settings import Whole as WholeKind

if TYPE_CHECKING:
    from vaecluster.clusters.agreement import Stability


def stability(
    source: NewRows,
    /,
    *,
    clusters: Clusters = "auto",
    runs: Whole = 5,
    jobs: Whole = 1,
    output: Place = Path("stability.png"),
    method: MethodName = "two-views",
    settings: MethodSettings = (),
    column: Columns = (),
    seed: Whole = 0,
    device: Device = "auto",
    threads: Threads | None = None,
    quiet: Quiet = False,
) -> None:
    """Fit the same rows with several seeds, and show which clusters come again.

    Example: `vaecluster stability mnist --clusters 10 --runs 5 --output stability.png`. Of each cluster of the first
    run it says how much of it is found again in the other runs, as a Jaccard overlap: below 0.6 it should not be
    trusted, from 0.75 on it is valid, from 0.85 on highly stable.

    Parameters
    ----------
    runs
        How many fits to compare, 2 or more.
    jobs
        How many fits to make at the same time; the result is the same. Give few --threads with it: each takes so many.
    output
        Where to write: a .png for a picture, or a .json for all numbers.
    seed
        The seed of the first run; the next one has the next seed.
    """
    ending = check_output(output, ".png", ".json")
    # Runs are compared.
    check("--runs", runs, WholeKind(2))
    check_jobs(jobs)
    check("--clusters", clusters, CLUSTERS)
    check("--threads", threads, THREADS)
    check("--seed", seed, SEED)
    data = load_source(source)
    chosen, _ = method_of(method, settings)
    set_threads(threads)
    from vaecluster.estimator import VAEClustering
    from vaecluster.look.encode import png_bytes
    from vaecluster.report.stability_chart import stability_figure
    from vaecluster.several import seeds_of
    from vaecluster.stability import stability as compare_seeds

    verbose = 0 if quiet else 1
    number: Any = clusters
    given: dict[str, Any] = {"method": chosen, "columns": columns_of(column), "device": device}
    model = VAEClustering(number, random_state=seed, verbose=verbose, **given)
    found = compare_seeds(model, with_rows(data, quiet=quiet).x_train, runs, n_jobs=jobs)
    if ending == ".png":
        write_atomically(output, png_bytes(stability_figure(found)))
    else:
        write_json(output, _record(found, source, seeds_of(seed, runs)))
    if not quiet:
        _print_table(found)
        print(f"Written to {output}")


def _record(found: "Stability", source: str, seeds: list[int]) -> dict[str, Any]:
    from vaecluster.files.provenance import machine, versions

    return {"source": source, "seeds": seeds, **found.as_dict(), "versions": versions(), "machine": machine()}


def _print_table(found: "Stability") -> None:
    from vaecluster.report.stability_chart import reading, zone

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
