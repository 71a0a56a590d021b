"""Rows between two clusters, and along a cluster: what the codes on the way stand for."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.draws import Draws
from vaecluster.data.given import source_of
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.inference.answers import assignments, decode
from vaecluster.inference.confidence import Confidence
from vaecluster.inference.directions import Directions
from vaecluster.model.vae import ClusteringVAE

# Codes from which the direction of a cluster is found.
DRAWN = 1024


@final
@dataclass(frozen=True, eq=False)
class Between:
    """Rows on a straight line between codes, in the units and type of the fit.

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
    return _made(model, schema, confidence, torch.lerp(middle[start], middle[end], shares))


@torch.no_grad()
def along(model: ClusteringVAE, schema: Schema, confidence: Confidence | None, cluster: int, steps: int) -> Between:
    """Rows at so many equal steps along a cluster, in the direction in which codes from p(z|y) vary most.

    From two standard deviations below their mean to two above it.
    """
    model.eval()
    device = next(model.parameters()).device
    generator = Draws(0).at("along", device=device)
    components = model.draw_components(torch.full((DRAWN,), cluster, dtype=torch.int64, device=device), generator)
    drawn = model.prior.draw(components, generator)
    found = Directions.of(drawn.numpy(force=True), 1)
    # Where all draws are the same there is no direction.
    codes = np.stack([found.code([step] * len(found.ways)) for step in np.linspace(-2, 2, steps)])
    return _made(model, schema, confidence, torch.from_numpy(codes).to(drawn))


def _made(model: ClusteringVAE, schema: Schema, confidence: Confidence | None, codes: Tensor) -> Between:
    """The rows that codes stand for, and what the model says of them."""
    made = schema.restore(decode(model, codes))
    rows = Rows(source_of(made, schema), schema, codes.device)
    return Between(made, assignments(model, rows, confidence))
