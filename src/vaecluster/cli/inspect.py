"""`vaecluster inspect`."""

from typing import Any

from vaecluster.cli.options import (
    CLUSTERS,
    THREADS,
    Batch,
    Clusters,
    Columns,
    Device,
    Features,
    MethodName,
    MethodSettings,
    RowsKind,
    Size,
    Source,
    Threads,
    check,
    columns_of,
    method_of,
    set_threads,
)
from vaecluster.data.pictures.folder import SIZE, Pictures
from vaecluster.data.pictures.options import PictureOptions
from vaecluster.runs.source import load_source


def inspect(
    source: Source,
    /,
    *,
    clusters: Clusters = "auto",
    method: MethodName = "two-views",
    settings: MethodSettings = (),
    rows: RowsKind = "auto",
    column: Columns = (),
    batch: Batch | None = None,
    size: Size | None = None,
    features: Features | None = None,
    device: Device = "auto",
    threads: Threads | None = None,
) -> None:
    """Say what `vaecluster fit` with these options would see, do and take; nothing is learned or written.

    Example: `vaecluster inspect customers.csv`. The time is a rough estimate.
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
