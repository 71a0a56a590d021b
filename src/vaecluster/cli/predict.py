"""`vaecluster predict`."""

import io
import sys
from pathlib import Path

import numpy as np

from vaecluster.atomic import write_atomically
from vaecluster.cli.source import load_source
from vaecluster.errors import FileError
from vaecluster.run_folder import RunFolder, labels_csv


def predict(
    run: Path,
    source: str,
    /,
    *,
    output: Path | None = None,
    min_confidence: float | None = None,
    outlier_fraction: float | None = None,
    device: str = "auto",
) -> None:
    """Put new rows into the clusters of a run.

    Example: `vaecluster predict run new.npz --output labels.csv`.

    Parameters
    ----------
    run
        The folder that `vaecluster fit` wrote.
    source
        A file (.npz or .npy) or a named data set; of an .npz with x_train and x_test the x_train rows are taken.
    output
        Where to write: a .csv with row, cluster and confidence, or an .npy with the clusters alone. Standard
        output, as CSV, if not given.
    min_confidence
        Rows that are less sure than this get the cluster -1; that of the fit if not given.
    outlier_fraction
        So do, of rows like those of the fit, this fraction, the unlikeliest; that of the fit if not given.
    device
        cpu, cuda, or auto for a GPU where there is one.
    """
    if output is not None and output.suffix not in (".csv", ".npy"):
        raise FileError(f"--output is '{output}'; expected a name that ends in .csv or .npy.")
    model = RunFolder.open(run).model(device)
    rows = load_source(source).x_train
    labels, confidence = model.assign(rows, min_confidence=min_confidence, outlier_fraction=outlier_fraction)
    if output is None:
        sys.stdout.write(labels_csv(model, labels, confidence).decode())
    elif output.suffix == ".csv":
        write_atomically(output, labels_csv(model, labels, confidence))
    else:
        content = io.BytesIO()
        np.save(content, labels)
        write_atomically(output, content.getvalue())
    if output is not None:
        print(f"{len(labels):,} rows written to {output}")
