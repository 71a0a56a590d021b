"""`vaecluster export`."""

from pathlib import Path
from typing import Literal

from vaecluster.cli.options import Device, Place, RowsOfFit, Run
from vaecluster.cli.write import check_output
from vaecluster.errors import SettingError
from vaecluster.files.atomic import check_free, made_anew
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.source import model_and_rows


def export(
    run: Run,
    /,
    *,
    to: Literal["folders", "csv", "parquet", "h5ad", "onnx", "torch-export"],
    source: RowsOfFit | None = None,
    output: Place | None = None,
    links: Literal["copy", "hard", "symbolic"] = "copy",
    device: Device = "auto",
) -> None:
    """Write the rows of a run with their clusters, for other programs, or its model as programs.

    Examples: `vaecluster export run --to csv` or `vaecluster export run --to folders --links hard --output sorted`. Of
    each row there are cluster, confidence, second likeliest cluster, name of the cluster, outlier score, code, and
    whether it is the medoid of its cluster, beside the columns that it came with. Nothing that is there is replaced.

    `vaecluster export run --to onnx` writes a folder of two programs that run without vaecluster, with scaling and
    categories inside: classify, from rows to cluster, probabilities and code, and generate, from clusters and noise to
    rows.

    Parameters
    ----------
    to
        folders for a folder of pictures for each cluster, and clusters.csv beside them; of other rows a .csv for each
        cluster. csv or parquet for all rows in one table. h5ad for a copy of an .h5ad with what scanpy looks for. onnx
        or torch-export for programs.
    output
        Where to write; clusters, clusters.csv, clusters.parquet or clusters.h5ad if not given, of programs the
        folder onnx or torch-export.
    links
        Pictures in folders are copies, hard links (no room is taken, on the same disk) or symbolic links.
    """
    of_rows = to not in ("onnx", "torch-export")
    ending = "" if to == "folders" or not of_rows else f".{to}"
    place = output or Path(f"clusters{ending}" if of_rows else to)
    check_free(place)
    if ending:
        check_output(place, ending)
    if to != "folders" and links != "copy":
        raise SettingError(f"--links is {links!r}, but --to {to} writes no pictures. Leave it out.")
    if not of_rows and source is not None:
        raise SettingError(f"--source is {source!r}, but --to {to} writes the model, and needs no rows. Leave it out.")
    folder = RunFolder.open(run)
    if not of_rows:
        _programs(folder, to, place)
        return
    model, data, where = model_and_rows(folder, source, device)
    from vaecluster.runs.exports import FORMS, Contents

    contents = Contents.of(model, data.x_train, where)
    with made_anew(place, folder=not ending) as part:
        FORMS[to].write(contents, part, links)
    print(f"{len(contents.codes):,} rows in {model.n_clusters_} clusters written to {place}")


def _programs(folder: RunFolder, to: str, place: Path) -> None:
    from vaecluster.runs.exports import write_programs

    names = write_programs(folder.model("cpu"), place, to)
    print(f"{' and '.join(names)} written to {place}")
