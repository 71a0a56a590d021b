"""Clusters that were found before are learned by a cluster posterior, from what the encoder sees."""

from dataclasses import dataclass
from typing import Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from vaecluster import ranks
from vaecluster.data.draws import drawn_on
from vaecluster.data.rows import sent
from vaecluster.model.objective import Batch, Objective, Terms
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.run import Batches, Run


@final
@dataclass(frozen=True)
class ImitationTerms(Terms):
    """log q(y|x) of the cluster that was found, and minus that of rows that a user has decided: nats per row."""

    log_likelihood: Tensor
    label_cross_entropy: Tensor | None = None


@final
class Imitation(Objective):
    """Minus log q(y|x) of clusters that were found before: the cluster posterior learns them, and the codes stay.

    Rows that come beside a batch count `label_weight` times as much together as those of the batch.
    """

    def __init__(self, model: ClusteringVAE, label_weight: float = 1.0) -> None:
        super().__init__()
        self.model, self.label_weight = model, label_weight

    def train(self, mode: bool = True) -> Self:
        """Learn; but for the encoder, which is used as it is: batch normalisation would follow the batches."""
        super().train(mode)
        self.model.encoder.eval()
        return self

    def forward(self, batch: Batch) -> ImitationTerms:
        """The terms of a batch (rows, *data) and its labels."""
        log_likelihood, assignment = self._of(batch)
        loss, beside = -ranks.mean(log_likelihood), None
        if batch.labelled is not None:
            beside = -self._of(batch.labelled)[0]
            loss = loss + self.label_weight * ranks.mean(beside)
        return ImitationTerms(loss, assignment, log_likelihood, beside)

    def _of(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """log q(y|x) of the labels (rows,), and q(y|x)."""
        assert batch.labels is not None
        model = self.model
        with torch.no_grad():
            features = model.encoder.features(batch.rows)
            code = model.encoder.mean(features)
        cluster = model.cluster_posterior(features, code, model.prior)
        return cluster.log_prob(batch.labels), cluster.probs


def imitated(run: Run, labels: NDArray[np.integer]) -> Batches:
    """Batches of the rows of a run with their clusters (rows,)."""

    def batch(numbers: NDArray[np.intp], generator: Generator) -> Batch:
        own = ranks.share(numbers)
        labelled = sent(torch.from_numpy(labels[own]), run.device)
        return Batch(run.rows[own], drawn_on(run.device, generator), labels=labelled)

    return batch
