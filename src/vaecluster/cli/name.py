"""`vaecluster name`."""

from dataclasses import replace

from vaecluster.cli.options import Run
from vaecluster.errors import SettingError
from vaecluster.files.atomic import write_atomically
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.labels import Labels


def name(run: Run, /, *names: str) -> None:
    """Name clusters of a run, in its model and in its labels.csv.

    Example: `vaecluster name run 0=cats 3=boots`.

    Parameters
    ----------
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
    labels = Labels.read(folder.labels_file)
    model = folder.model("cpu")
    strange = [cluster for cluster in given if cluster >= model.n_clusters_]
    if strange:
        raise SettingError(f"There is no cluster {strange[0]}; expected 0 to {model.n_clusters_ - 1}.")
    model.name_clusters(given).save(folder.model_file)
    write_atomically(folder.labels_file, replace(labels, names=model.cluster_names_).as_csv())
    shown = ", ".join(f"{cluster} is {text}" for cluster, text in sorted(model.cluster_names_.items()))
    print(f"Clusters of {run}: {shown}")


def _name_of(word: str) -> tuple[int, str]:
    cluster, _, text = word.partition("=")
    # A name is one line, in a picture and in what is printed.
    if not cluster.isdecimal() or len(cluster) > 9 or text.splitlines() != [text]:
        raise SettingError(f"A name is {word!r:.40}; expected CLUSTER=NAME on one line, such as 0=cats.")
    return int(cluster), text
