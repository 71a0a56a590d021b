"""`vaecluster predict`."""

import sys
from pathlib import Path

from vaecluster.cli.options import Place
from vaecluster.cli.source import check_source, load_rows
from vaecluster.cli.write import check_output, write_array
from vaecluster.errors import SettingError, counted
from vaecluster.files.atomic import write_atomically
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.labels import Labels


def predict(
    run: Place,
    source: str,
    /,
    *,
    features: Place | None = None,
    output: Place | None = None,
    min_confidence: float | None = None,
    outlier_fraction: float | None = None,
    outlier_scores: bool = False,
    device: str = "auto",
) -> None:
    """Put new rows into the clusters of a run.

    Example: `vaecluster predict run new.csv --output scored.csv`.

    Parameters
    ----------
    run
        The folder that `vaecluster fit` wrote.
    source
        A file or a named data set, as for `vaecluster fit`; of an .npz with x_train and x_test the x_train rows count.
    features
        Features of the pictures in the source, if the run was fitted to features; if not given the network of the run,
        or for the pictures of the fit their features.
    output
        Where to write: a .csv or .parquet with row, identifier or name of the row if there is one, cluster, confidence
        and name, or an .npy with the clusters alone. Of an .h5ad, also an .h5ad: a copy with obs["vaecluster"],
        obs["vaecluster_confidence"] and obsm["X_vaecluster"]. Standard output, as CSV, if not given.
    min_confidence
        Rows whose confidence is below this get the cluster -1; that of the fit if not given.
    outlier_fraction
        This fraction of the least likely rows gets the cluster -1, too; that of the fit if not given.
    outlier_scores
        Add a column: how unlikely each row is, from 0 to 1.
    device
        cpu, cuda, or auto for a GPU where there is one.
    """
    ending = ".csv" if output is None else check_output(output, ".csv", ".parquet", ".npy", ".h5ad")
    if outlier_scores and ending not in (".csv", ".parquet"):
        raise SettingError(
            f"--outlier-scores needs a .csv or .parquet; an {ending} holds no scores. Give another --output."
        )
    if ending == ".h5ad" and not source.lower().endswith(".h5ad"):
        raise SettingError(f"--output is '{output}', but {source} is no .h5ad to copy. Give a .csv, .parquet or .npy.")
    folder = RunFolder.open(run)
    check_source(source)
    model = folder.model(device)
    data = load_rows(source, folder, model, features)
    rows = data.x_train
    doubt = {"min_confidence": min_confidence, "outlier_fraction": outlier_fraction}
    if output is not None and ending == ".h5ad":
        from vaecluster.data.h5ad import annotate_h5ad

        annotate_h5ad(Path(source), output, model.annotations(rows, **doubt))
        print(f"{counted(len(rows), 'row')} written to {output}")
        return
    assigned = model.assigned(rows, **doubt, outlier_scores=outlier_scores)
    if output is not None and ending == ".npy":
        write_array(output, assigned.labels)
    else:
        found = Labels.of(assigned, model.cluster_names_)
        if output is None:
            sys.stdout.write(found.as_csv().decode())
            return
        write_atomically(output, found.as_parquet() if ending == ".parquet" else found.as_csv())
    print(f"{counted(len(assigned.labels), 'row')} written to {output}")
