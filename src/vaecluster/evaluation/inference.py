"""What a trained model says of rows, in blocks of one fixed size.

Matrix libraries choose their kernels by the shape of the batch, and other kernels round otherwise. Every block
here has the same shape, the last one filled up, so a row's answer does not depend on the rows around it nor on
how many there are.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.rows import Rows
from vaecluster.model.objective import terms_at
from vaecluster.model.vae import ClusteringVAE

BLOCK = 128
# Draws of the code per row for the bound; their noise is one table for all rows, from this seed.
DRAWS = 16
NOISE_SEED = 0


def assignments(model: ClusteringVAE, rows: Rows) -> NDArray[np.float64]:
    """q(y|.) at the mean code: (rows, clusters), each row summing to 1 in double precision."""
    return clusters(model, component_logits(model, rows))


def component_logits(model: ClusteringVAE, rows: Rows) -> NDArray[np.float32]:
    """log q(c|.) at the mean code: (rows, components)."""
    return _in_blocks(model, rows, lambda batch: model.assign(batch).logits)


def clusters(model: ClusteringVAE, logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """q(y|.) from log q(c|.), (rows, components) to (rows, clusters)."""
    device = model.grouping.cluster_of.device
    blocks = torch.split(torch.from_numpy(logits), BLOCK)
    assigned = [model.grouping.sum(block.to(device).double().softmax(-1)).cpu().numpy() for block in blocks]
    return np.concatenate(assigned)


def codes(model: ClusteringVAE, rows: Rows) -> NDArray[np.float32]:
    """The mean of q(z|x): (rows, latent)."""
    return _in_blocks(model, rows, model.mean_code)


def bounds(model: ClusteringVAE, rows: Rows) -> NDArray[np.float64]:
    """Equation (1) for each row, in nats, averaged over `DRAWS` codes: (rows,)."""
    latent = model.encoder.mean.out_features
    generator = torch.Generator().manual_seed(NOISE_SEED)
    noise = torch.randn(DRAWS, 1, latent, generator=generator).to(rows.device)

    def bound(batch: Tensor) -> Tensor:
        features = model.encoder.features(batch)
        posterior = model.encoder.code(features)
        total = torch.zeros(len(batch), dtype=torch.float64, device=batch.device)
        for draw in noise:
            code = posterior.mean + posterior.stddev * draw
            total += terms_at(model, batch, features, posterior, code).bound
        return total / DRAWS

    return _in_blocks(model, rows, bound)


def mean_bound(model: ClusteringVAE, rows: Rows) -> float:
    """The mean of equation (1) over the rows, in nats per row."""
    return float(bounds(model, rows).mean())


@torch.no_grad()
def draw_codes(model: ClusteringVAE, number: int, cluster: int | None) -> Tensor:
    """Codes from the prior (number, latent): of one cluster, or of clusters drawn from p(y)."""
    components = model.draw_components(number, cluster)
    return torch.cat([model.draw_codes(block) for block in torch.split(components, BLOCK)])


@torch.no_grad()
def decode(model: ClusteringVAE, code: Tensor) -> Tensor:
    """The mean of p(x|z) for codes (rows, latent): (rows, *data), on the CPU."""
    model.eval()
    blocks = torch.split(code, BLOCK)
    return torch.cat([model.decode_mean(_filled(block))[: len(block)].cpu() for block in blocks])


@torch.no_grad()
def _in_blocks(model: ClusteringVAE, rows: Rows, answer: Callable[[Tensor], Tensor]) -> NDArray[Any]:
    model.eval()
    answers = []
    for start in range(0, len(rows), BLOCK):
        batch = rows[start : start + BLOCK]
        answers.append(answer(_filled(batch))[: len(batch)].cpu().numpy())
    return np.concatenate(answers)


def _filled(block: Tensor) -> Tensor:
    """The block with its last row repeated until it is full."""
    missing = BLOCK - len(block)
    return torch.cat([block, block[-1:].expand(missing, *block.shape[1:])]) if missing else block
