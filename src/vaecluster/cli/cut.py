"""`vaecluster cut`."""

from vaecluster.cli.options import Overwrite, Place, RowsOfFit, Run, Whole, check
from vaecluster.errors import counted
from vaecluster.files.atomic import locked
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.order import done
from vaecluster.runs.source import model_and_rows
from vaecluster.settings import Whole as WholeKind


def cut(
    run: Run,
    number: Whole,
    /,
    *,
    source: RowsOfFit | None = None,
    output: Place | None = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a run with another number of clusters, without a new fit: clusters are merged or split as the run found.

    Example: `vaecluster cut run 7 --output run-7`. Codes and the generator stay as they are. Where clusters
    are split, a fit with that number is often better.

    Parameters
    ----------
    number
        How many clusters.
    output
        Folder for the new run; the run's name with the number if not given.
    """
    check("NUMBER", number, WholeKind(1))
    folder = RunFolder.open(run)
    named = run if run.name not in ("", "..") else run.resolve()
    target = RunFolder.create(output or named.with_name(f"{named.name}-{number}"), overwrite=overwrite)
    seconds, cpu_seconds = folder.took()
    model, data, place = model_and_rows(folder, source)
    if model.hierarchy_ is not None:
        check("NUMBER", number, WholeKind(1, model.hierarchy_.components))
    model = model.cut(number, data.x_train)
    from vaecluster.clusters.scores import split_scores

    with locked(target.path):
        target.write(
            model,
            data,
            source=place,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            scores=split_scores(model, data),
            pictures=folder.pictures(),
        )
        # What an unfinished fit left that was there would be gone on with.
        done(target.path)
    print(f"{counted(len(model.labels_), 'row')} in {counted(number, 'cluster')}: {model.cluster_sizes_.tolist()}")
    print(f"Written to {target.path}. Look at it with: vaecluster report {target.path}")
