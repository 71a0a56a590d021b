"""A data set with one class made rare, to measure whether a small cluster is found beside large ones."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np

from benchmarks.runs import check_labelled
from vaecluster import VAEClustering
from vaecluster.clusters.scores import UNASSIGNED, Clustering, Label, matched_names
from vaecluster.data.dataset import DataSet, as_labels
from vaecluster.errors import DataError, SettingError

# One training row in so many of the class stays.
ONE_IN = 50


@final
@dataclass(frozen=True)
class RareMeasure:
    """How well the rare class is found: by the cluster that the Hungarian matching of held-out rows gives it."""

    label: Label

    name: ClassVar[str] = "rare"

    def about(self) -> dict[str, Any]:
        """The class, and how much of it stayed."""
        return {"label": self.label, "one_in": ONE_IN}

    def score(self, clustering: Clustering, data: DataSet) -> dict[str, Any]:
        """`recall` is the share of the class's held-out rows in its cluster, `precision` that of training rows there.

        Held-out rows are not made rare: among them a cluster that is mostly of others could pass for the class's. Both
        are 0 if the class has no cluster of its own. `group_recall` and `group_precision` are the same of the training
        rows in the dense group inside a cluster that holds most of the class, 0 if there is none.
        """
        assert data.y_train is not None
        assert data.x_test is not None
        assert data.y_test is not None
        labels, found = as_labels(data.y_test), clustering.predict(data.x_test)
        named = {name: cluster for cluster, name in matched_names(labels, found).items()}
        cluster = named.get(self.label, UNASSIGNED - 1)
        held_out, learned = labels == self.label, as_labels(data.y_train) == self.label
        own = clustering.labels_ == cluster
        groups = clustering.dense_groups(data.x_train) if isinstance(clustering, VAEClustering) else []
        best = max((group.rows for group in groups), key=lambda rows: learned[rows].sum(), default=[])
        return {
            "label": self.label,
            "train_rows": int(learned.sum()),
            "recall": float((found[held_out] == cluster).mean()),
            "precision": float((learned & own).sum() / max(1, own.sum())),
            "group_recall": float(learned[best].sum() / max(1, learned.sum())),
            "group_precision": float(learned[best].sum() / max(1, len(best))),
        }

    def references(self, clustering: Clustering, data: DataSet) -> dict[str, Any]:
        """None."""
        return {}


def make_rare(data: DataSet, label: str) -> tuple[DataSet, RareMeasure]:
    """The data set with one in fifty of the training rows of a class, always the same ones, and what to measure.

    Held-out rows stay as they are. Raises `SettingError` for a label that no row has, `DataError` if there are no
    labels or no held-out rows.
    """
    labels = as_labels(np.asarray(check_labelled(data).y_train))
    if data.x_test is None or data.y_test is None:
        raise DataError(f"The data set {data.name} has no labelled held-out rows to look for a rare class in.")
    of_class = np.flatnonzero(labels.astype(str) == label)
    if not len(of_class) or label not in as_labels(data.y_test).astype(str):
        known = ", ".join(np.unique(labels).astype(str))
        raise SettingError(f"--rare is {label!r}, which is no label of {data.name}; expected one of {known}.")
    kept = np.random.default_rng(0).choice(of_class, max(1, len(of_class) // ONE_IN), replace=False)
    stay = np.setdiff1d(np.arange(len(labels)), np.setdiff1d(of_class, kept))
    thinned = replace(data, name=f"{data.name}-rare-{label}", x_train=data.x_train[stay], y_train=labels[stay])
    return thinned, RareMeasure(labels[of_class[0]].item())
