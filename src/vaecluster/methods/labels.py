"""Labels that take part in learning: drawn beside every batch, and whether a fit has what it needs of them."""

from dataclasses import replace
from typing import Annotated, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from vaecluster import ranks
from vaecluster.data.rows import Rows, sent
from vaecluster.model.objective import Batch
from vaecluster.settings import NOT_NEGATIVE
from vaecluster.training.run import Batches

LabelWeight = Annotated[
    float,
    NOT_NEGATIVE,
    "weight of the cross-entropy of known labels, against the bound in nats; with 0 they only name clusters",
]
# For so many rows of a batch one labelled row is drawn beside them.
ROWS_FOR_ONE = 4


@final
class LabelledRows:
    """The rows with a label, which are drawn again and again, each as often as its weight says."""

    def __init__(self, rows: Rows) -> None:
        assert rows.labels is not None
        self.numbers = np.flatnonzero(rows.labels >= 0)
        self.clusters = rows.labels[self.numbers]
        weights = np.ones(len(self.numbers)) if rows.weights is None else rows.weights[self.numbers]
        self.ends = weights.cumsum()

    def draw(self, number: int, generator: Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The numbers and the clusters of so many of them, drawn with replacement on the host: (number,) each."""
        marks = torch.rand(number, generator=generator, dtype=torch.float64, device="cpu").numpy()
        chosen = np.searchsorted(self.ends, marks * self.ends[-1], side="right")
        return self.numbers[chosen], self.clusters[chosen]


def with_labelled(batches: Batches, rows: Rows) -> Batches:
    """Batches that have labelled rows beside them, made as they are themselves; as they were if no row has a label."""
    if not rows.classes:
        return batches
    labelled = LabelledRows(rows)

    def batch(numbers: NDArray[np.intp], generator: Generator) -> Batch:
        own = batches(numbers, generator)
        chosen, clusters = labelled.draw(-(-len(numbers) // ROWS_FOR_ONE), generator)
        labels = sent(torch.from_numpy(ranks.share(clusters)), own.rows.device)
        beside = replace(batches(chosen, generator), labels=labels)
        return replace(own, labelled=beside)

    return batch
