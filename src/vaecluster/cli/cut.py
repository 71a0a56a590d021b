"""`vaecluster cut`."""

from pathlib import Path
from typing import TYPE_CHECKING

from vaecluster.cli.options import Place, Whole, check
from vaecluster.cli.source import absolute, check_source, pictures_of, rows_of_fit
from vaecluster.data.dataset import DataSet
from vaecluster.errors import DataError, FileError, counted
from vaecluster.files.atomic import locked
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.order import done
from vaecluster.settings import Whole as WholeKind
from vaecluster.settings import is_number

if TYPE_CHECKING:
    from vaecluster.estimator import VAEClustering


def cut(
    run: Place, number: Whole, /, *, source: str | None = None, output: Place | None = None, overwrite: bool = False
) -> None:
    """Write a run with another number of clusters, without a new fit: clusters are merged or split as the run found.

    Example: `vaecluster cut run 7 --output run-7`. Codes and the generator stay as they are. A fit with that number is
    often better.

    Parameters
    ----------
    run
        The folder that `vaecluster fit` wrote.
    number
        How many clusters.
    source
        The rows of the fit, if they are no longer where they were.
    output
        Folder for the new run; the run's name with the number if not given.
    overwrite
        Write into the output folder even if something is there.
    """
    check("NUMBER", number, WholeKind(1))
    folder = RunFolder.open(run)
    named = run if run.name not in ("", "..") else run.resolve()
    target = RunFolder.create(output or named.with_name(f"{named.name}-{number}"), overwrite=overwrite)
    place, seconds, cpu_seconds = _known_of(folder)
    _check_there(place) if source is None else check_source(source)
    model = folder.model()
    data = rows_of_fit(place if source is None else source, folder, model)
    _check_same(run, model, data)
    if model.hierarchy_ is not None:
        check("NUMBER", number, WholeKind(1, model.hierarchy_.components))
    model = model.cut(number, data.x_train)
    from vaecluster.clusters.scores import split_scores

    with locked(target.path):
        target.write(
            model,
            data,
            source=place if source is None else absolute(source),
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            scores=split_scores(model, data),
            pictures=pictures_of(folder),
        )
        # What an unfinished fit left that was there would be gone on with.
        done(target.path)
    print(f"{counted(len(model.labels_), 'row')} in {counted(number, 'cluster')}: {model.cluster_sizes_.tolist()}")
    print(f"Written to {target.path}. Look at it with: vaecluster report {target.path}")


def _known_of(folder: RunFolder) -> tuple[str, float, float]:
    """The run's source, and its seconds by the clock and of processors."""
    match folder.description():
        case {"source": str(source), "seconds": seconds, "cpu_seconds": cpu} if is_number(seconds) and is_number(cpu):
            return source, seconds, cpu
    raise FileError(f"'{folder.run_file}' is damaged or from another version. Fit again.")


def _check_there(place: str) -> None:
    try:
        check_source(place)
    except FileError as problem:
        raise FileError(f"{problem} Or say by --source where the rows of the fit are.") from None


def _check_same(run: Path, model: "VAEClustering", data: DataSet) -> None:
    """Raise `DataError` for other rows than those of the fit: their clusters would not be those of the run."""
    # It loads torch, which a refused run does not need.
    from vaecluster.data.given import given_rows

    known = model.fitted_.data
    try:
        found = given_rows(model, data.x_train, model.fitted_.schema).source.fingerprint()["sha256"]
    except DataError:
        found = None
    if known is not None and known["sha256"] != found:
        raise DataError(f"The rows are not those that '{run}' was fitted to. Say by --source where those are.")
