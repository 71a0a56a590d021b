"""How reliable the probabilities of a run are, where there are labels to score with."""

from typing import TYPE_CHECKING

import numpy as np

from vaecluster.clusters.reliability import Reliability, reliabilities
from vaecluster.data.dataset import DataSet
from vaecluster.data.stored import rows_at

if TYPE_CHECKING:
    from vaecluster.estimator import VAEClustering

# So many rows are looked at, at most: Bayes' rule decodes some codes for each row and cluster.
MOST_ROWS = 1_000


def reliability_of(model: "VAEClustering", data: DataSet, most: int = MOST_ROWS) -> dict[str, Reliability]:
    """The reliability of each way to make probabilities; of held-out rows where there are any.

    Of `most` rows, drawn at random; nothing where there are no labels.
    """
    rows, labels = (data.x_train, data.y_train) if data.x_test is None else (data.x_test, data.y_test)
    if labels is None:
        return {}
    some = np.sort(np.random.default_rng(0).permutation(len(labels))[:most])
    return reliabilities(model, rows_at(rows, some), np.asarray(labels)[some])
