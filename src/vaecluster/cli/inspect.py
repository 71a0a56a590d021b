"""`vaecluster inspect`."""

from typing import Any

from vaecluster.cli.options import (
    CLUSTERS,
    THREADS,
    Clusters,
    Columns,
    Place,
    Source,
    Whole,
    Words,
    check,
    columns_of,
    method_of,
    set_threads,
)
from vaecluster.cli.source import load_source
from vaecluster.data.pictures.folder import SIZE, Pictures
from vaecluster.data.pictures.options import PictureOptions


def inspect(
    source: Source,
    /,
    *,
    clusters: Clusters = "auto",
    method: str = "two-views",
    settings: Words = (),
    rows: str = "auto",
    column: Columns = (),
    batch: str | None = None,
    size: Whole | None = None,
    features: Place | None = None,
    device: str = "auto",
    threads: Whole | None = None,
) -> None:
    """Say what `vaecluster fit` with these options would see, do and take; nothing is learned or written.

    Example: `vaecluster inspect customers.csv`. The time is a rough estimate.

    Parameters
    ----------
    clusters
        Number of clusters, auto to find it, or a range such as 2-10 to find it within.
    method
        How clusters are learned: two-views, su2018, vade, dec, idec or stepwise.
    settings
        NAME=VALUE, a setting of the method; once for each, as in `--set heads=7 --set views=digits`. `vaecluster
        methods` lists them all.
    rows
        What arrays of three axes are, windows or images, as for `vaecluster fit`.
    column
        NAME=KIND, what a column of a table is, as for `vaecluster fit`.
    batch
        A column of obs in an .h5ad that says which batch each cell is of, as for `vaecluster fit`.
    size
        Pixels a side of pictures in files, as for `vaecluster fit`.
    features
        Features of pictures in files, as for `vaecluster fit`.
    device
        cpu, cuda, or auto for a GPU where there is one.
    threads
        Processor threads; torch decides if not given.
    """
    check("--clusters", clusters, CLUSTERS)
    check("--threads", threads, THREADS)
    check("--size", size, SIZE)
    asked = PictureOptions(size, None if features is None else str(features))
    x = asked.applied(load_source(source).x_train)
    if isinstance(x, Pictures):
        print(x.described)
    chosen, _ = method_of(method, settings)
    set_threads(threads)
    from vaecluster.estimator import VAEClustering

    number: Any = clusters
    model = VAEClustering(number, method=chosen, rows=rows, columns=columns_of(column), batch=batch, device=device)
    for line in model.inspect(x).lines():
        print(line)
