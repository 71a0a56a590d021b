"""Rows between two clusters: what the codes on the way from one to the other stand for."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.given import source_of
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.inference.answers import assignments, decode
from vaecluster.inference.confidence import Confidence
from vaecluster.model.vae import ClusteringVAE


@final
@dataclass(frozen=True, eq=False)
class Between:
    """Rows from the middle of one cluster to that of another, in the units and type of the fit.

    `probabilities` (steps, clusters) says how likely the model puts each into each cluster.
    """

    rows: Any
    probabilities: NDArray[np.float64]


@torch.no_grad()
def centres(model: ClusteringVAE) -> Tensor:
    """The mean of p(z|c) of the likeliest component c of each cluster: (clusters, latent).

    A mean over all components of a cluster may lie where the cluster has no rows.
    """
    model.eval()
    weights, cluster_of = model.prior.weights().probs, model.grouping.cluster_of
    own = cluster_of == torch.arange(model.grouping.clusters, device=cluster_of.device).unsqueeze(-1)
    likeliest = weights.masked_fill(~own, -1.0).argmax(-1)
    means: Tensor = model.prior.components().mean[likeliest]
    return means


def between(
    model: ClusteringVAE, schema: Schema, confidence: Confidence | None, start: int, end: int, steps: int
) -> Between:
    """Rows at so many equal steps on the straight line between the `centres` of two clusters, both included."""
    middle = centres(model)
    shares = torch.linspace(0, 1, steps, dtype=middle.dtype, device=middle.device).unsqueeze(-1)
    made = schema.restore(decode(model, torch.lerp(middle[start], middle[end], shares)))
    rows = Rows(source_of(made, schema), schema, middle.device)
    return Between(made, assignments(model, rows, confidence))
