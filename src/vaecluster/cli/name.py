"""`vaecluster name`."""

import csv
import io

import numpy as np
from numpy.typing import NDArray

from vaecluster.cli.options import Place
from vaecluster.data.raw import Array
from vaecluster.errors import FileError, SettingError
from vaecluster.files.atomic import write_atomically
from vaecluster.runs.folder import RunFolder, labels_csv


def name(run: Place, /, *names: str) -> None:
    """Name clusters of a run, in its model and in its labels.csv.

    Example: `vaecluster name run 0=cats 3=boots`.

    Parameters
    ----------
    run
        The folder that `vaecluster fit` wrote.
    names
        CLUSTER=NAME, one or more.
    """
    if not names:
        raise SettingError("No names are given. Give some, such as 0=cats 3=boots.")
    pairs = [_name_of(word) for word in names]
    given = dict(pairs)
    if len(given) < len(pairs):
        raise SettingError("A cluster is named twice; expected one name for each. Leave out the others.")
    folder = RunFolder.open(run)
    labels, confidence, row_names = _rows_of(folder)
    model = folder.model("cpu")
    strange = [cluster for cluster in given if cluster >= model.n_clusters_]
    if strange:
        raise SettingError(f"There is no cluster {strange[0]}; expected 0 to {model.n_clusters_ - 1}.")
    model.name_clusters(given).save(folder.model_file)
    write_atomically(folder.labels_file, labels_csv(model.cluster_names_, labels, confidence, row_names=row_names))
    shown = ", ".join(f"{cluster} is {text}" for cluster, text in sorted(model.cluster_names_.items()))
    print(f"Clusters of {run}: {shown}")


def _name_of(word: str) -> tuple[int, str]:
    cluster, _, text = word.partition("=")
    # A name is one line, in a picture and in what is printed.
    if not cluster.isdecimal() or len(cluster) > 9 or text.splitlines() != [text]:
        raise SettingError(f"A name is {word!r:.40}; expected CLUSTER=NAME on one line, such as 0=cats.")
    return int(cluster), text


def _rows_of(folder: RunFolder) -> tuple[NDArray[np.intp], NDArray[np.float64], Array | None]:
    """The clusters, confidences and, if rows have them, names in labels.csv: (rows,) each."""
    try:
        rows = list(csv.DictReader(io.StringIO(folder.labels_file.read_text(encoding="utf-8"))))
        labels, confidence = [int(row["cluster"]) for row in rows], [float(row["confidence"]) for row in rows]
        ids = np.array([row["id"] for row in rows]) if rows and "id" in rows[0] else None
        return np.array(labels), np.array(confidence), ids
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        raise FileError(f"'{folder.labels_file}' is missing or damaged. Fit again.") from None
