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
    to: Literal["folders", "csv", "parquet", "h5ad"],
    source: RowsOfFit | None = None,
    output: Place | None = None,
    links: Literal["copy", "hard", "symbolic"] = "copy",
    device: Device = "auto",
) -> None:
    """Write the rows of a run with their clusters, for other programs: pictures in a folder for each, or tables.

    Examples: `vaecluster export run --to csv` or `vaecluster export run --to folders --links hard --output sorted`. Of
    each row there are cluster, confidence, second likeliest cluster, name of the cluster, outlier score, code, and
    whether it is the medoid of its cluster, beside the columns that it came with. Nothing that is there is replaced.

    Parameters
    ----------
    to
        folders for a folder of pictures for each cluster, and clusters.csv beside them; of other rows a .csv for each
        cluster. csv or parquet for all rows in one table. h5ad for a copy of an .h5ad with what scanpy looks for.
    output
        Where to write; clusters, clusters.csv, clusters.parquet or clusters.h5ad if not given.
    links
        Pictures in folders are copies, hard links (no room is taken, on the same disk) or symbolic links.
    """
    ending = "" if to == "folders" else f".{to}"
    place = output or Path(f"clusters{ending}")
    check_free(place)
    if ending:
        check_output(place, ending)
        if links != "copy":
            raise SettingError(f"--links is {links!r}, but --to {to} writes no pictures. Leave it out.")
    folder = RunFolder.open(run)
    model, data, where = model_and_rows(folder, source, device)
    from vaecluster.runs.exports import FORMS, Contents

    contents = Contents.of(model, data.x_train, where)
    with made_anew(place, folder=not ending) as part:
        FORMS[to].write(contents, part, links)
    print(f"{len(contents.codes):,} rows in {model.n_clusters_} clusters written to {place}")
