"""How well clusters agree with labels that the fit never saw."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from vaecluster.clusters.contingency import contingency
from vaecluster.data.dataset import DataSet, as_labels
from vaecluster.errors import DataError

Label = int | str
# The true label that each cluster is counted as.
ClusterNames = Mapping[int, Label]
Column = Sequence[Any] | npt.NDArray[Any]

# The cluster of a row that was given none.
UNASSIGNED = -1


@dataclass(frozen=True)
class Scores:
    """Agreement of clusters with labels; all but ``rows`` are at most 1, and 1 is perfect."""

    rows: int
    majority_accuracy: float
    hungarian_accuracy: float
    nmi: float
    ari: float

    def as_dict(self) -> dict[str, float]:
        """The scores by name, for tables and JSON."""
        return asdict(self)


def score_labels(labels: Column, clusters: Column, *, majority: ClusterNames | None = None) -> Scores:
    """Score clusters, (rows,) integers, against true labels, (rows,) integers or strings.

    - ``majority_accuracy`` counts each cluster as its most frequent true label; several clusters may share
      one. It has two readings. With ``majority=None`` the names are learned on these very rows, which
      flatters many small clusters. Su's article (2018) learns them on the training rows and applies
      them to the test rows: pass ``majority=majority_names(train_labels, train_clusters)``; a cluster
      without a name is then an error.
    - ``hungarian_accuracy`` gives each cluster a label of its own, by the best one-to-one renaming on these
      rows. With more clusters than labels some clusters go without, and their rows are errors.
    - ``nmi`` is the mutual information over the arithmetic mean of the entropies, ``ari`` the Rand index
      adjusted for chance.

    Rows of cluster -1 (unassigned) are errors in both accuracies, and one more group in ``nmi`` and ``ari``.

    Raises ``DataError`` for columns that are empty, of unequal lengths or of other types.

    >>> score_labels(["cat", "cat", "dog", "dog"], [7, 7, 2, 5]).as_dict()["hungarian_accuracy"]
    0.75
    """
    label_values, label_codes, cluster_values, cluster_codes = _coded(labels, clusters)
    if majority is None:
        majority = majority_names(labels, clusters)
    matched = matched_names(labels, clusters)
    code_of_label = {value: code for code, value in enumerate(label_values.tolist())}

    def accuracy(names: ClusterNames) -> float:
        # No label has code -1: a cluster without a name, or with the name of no row here, is wrong everywhere.
        named = [_code_of_cluster(cluster, names, code_of_label) for cluster in cluster_values.tolist()]
        return float(np.mean(np.array(named)[cluster_codes] == label_codes))

    return Scores(
        rows=len(label_codes),
        majority_accuracy=accuracy(majority),
        hungarian_accuracy=accuracy(matched),
        nmi=float(normalized_mutual_info_score(label_codes, cluster_codes, average_method="arithmetic")),
        ari=float(adjusted_rand_score(label_codes, cluster_codes)),
    )


class Clustering(Protocol):
    """What a fit leaves: the cluster of each of its rows, and a rule for new ones."""

    @property
    def labels_(self) -> npt.NDArray[np.intp]:
        """The cluster of each training row: (rows,)."""

    def predict(self, rows: Any, /) -> npt.NDArray[np.intp]:
        """The cluster of each of these rows: (rows,)."""


def split_scores(clustering: Clustering, data: DataSet) -> dict[str, dict[str, float]]:
    """Scores on train and held-out test, named apart; only those for which there are labels.

    Majority accuracy on test uses the names learned on train, as the article does.
    """
    if data.y_train is None:
        return {}
    names = majority_names(data.y_train, clustering.labels_)
    scores = {"train": score_labels(data.y_train, clustering.labels_, majority=names).as_dict()}
    if data.x_test is not None and data.y_test is not None:
        held_out = clustering.predict(data.x_test)
        scores["test"] = score_labels(data.y_test, held_out, majority=names).as_dict()
    return scores


def majority_names(labels: Column, clusters: Column) -> dict[int, Label]:
    """The most frequent true label of each cluster; of equals, the one that sorts first.

    >>> majority_names(["cat", "cat", "dog", "dog"], [7, 7, 7, 5])
    {5: 'dog', 7: 'cat'}
    """
    label_values, label_codes, cluster_values, cluster_codes = _coded(labels, clusters)
    winners = label_values[_counts(label_codes, cluster_codes).argmax(axis=0)]
    names = zip(cluster_values.tolist(), winners.tolist(), strict=True)
    return {cluster: name for cluster, name in names if cluster != UNASSIGNED}


def matched_names(labels: Column, clusters: Column) -> dict[int, Label]:
    """A true label of its own for each cluster, by the one-to-one renaming that names most rows right.

    Where there are more clusters than labels, some clusters have no name; where there are fewer, some labels are no
    cluster's.

    >>> matched_names(["cat", "cat", "cat", "dog"], [7, 7, 5, 5])
    {7: 'cat', 5: 'dog'}
    """
    label_values, label_codes, cluster_values, cluster_codes = _coded(labels, clusters)
    assigned = cluster_values != UNASSIGNED
    pairs = linear_sum_assignment(_counts(label_codes, cluster_codes)[:, assigned], maximize=True)
    names, numbers = label_values[pairs[0]].tolist(), cluster_values[assigned][pairs[1]].tolist()
    return dict(zip(numbers, names, strict=True))


def _code_of_cluster(cluster: int, names: ClusterNames, code_of_label: Mapping[Label, int]) -> int:
    if cluster == UNASSIGNED or cluster not in names:
        return -1
    return code_of_label.get(names[cluster], -1)


def _counts(label_codes: npt.NDArray[np.intp], cluster_codes: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """How many rows have each label and cluster, (labels, clusters)."""
    return contingency(label_codes, cluster_codes, (int(label_codes.max()) + 1, int(cluster_codes.max()) + 1))


def _coded(
    labels: Column, clusters: Column
) -> tuple[npt.NDArray[Any], npt.NDArray[np.intp], npt.NDArray[Any], npt.NDArray[np.intp]]:
    """The different labels with each row's place among them, then the same for the clusters."""
    label_column, cluster_column = np.asarray(labels), np.asarray(clusters)
    if label_column.ndim != 1 or label_column.shape != cluster_column.shape:
        raise DataError(
            f"Labels have shape {label_column.shape} and clusters {cluster_column.shape}, "
            "but both must be (rows,). Give one label and one cluster per row."
        )
    if len(label_column) == 0:
        raise DataError("There are no rows to score: both columns are empty. Give at least one row.")
    if cluster_column.dtype.kind not in "iu":
        raise DataError(
            f"Clusters must be integers, but {cluster_column.dtype} came. Pass what fit or predict returned."
        )
    if cluster_column.min() < UNASSIGNED:
        raise DataError(
            f"Clusters must be integers from 0, or {UNASSIGNED} for none, but {cluster_column.min()} came. "
            "Pass what fit or predict returned."
        )
    label_values, label_codes = np.unique(as_labels(label_column), return_inverse=True)
    cluster_values, cluster_codes = np.unique(cluster_column, return_inverse=True)
    return label_values, label_codes, cluster_values, cluster_codes
