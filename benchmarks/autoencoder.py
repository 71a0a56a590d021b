"""A plain autoencoder of the default method's networks, for the baseline that clusters its codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.judge import train_all
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.methods import TwoViews
from vaecluster.model.decoder import Decoder
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import linear, start_
from vaecluster.model.objective import Batch, Objective, Terms
from vaecluster.training.events import Listener
from vaecluster.training.listeners.history import History
from vaecluster.training.plan import Plan
from vaecluster.training.run import Run

BLOCK_ROWS = 1024


@final
class Autoencoder(nn.Module):
    """Rows to codes and back, without a distribution over codes."""

    def __init__(self, method: TwoViews, schema: Schema) -> None:
        super().__init__()
        likelihood = schema.likelihood(method.likelihood, method.precision)
        network = DenseEncoderNetwork(schema.data_shape, method.hidden, normalised=True)
        mirror = DenseDecoderNetwork(method.latent, method.hidden[::-1], likelihood.shape, normalised=True)
        self.encoder = nn.Sequential(network, linear(network.features, method.latent))
        self.decoder = Decoder(mirror, likelihood)

    @torch.no_grad()
    def codes(self, rows: Rows) -> NDArray[np.float32]:
        """The code of each row: (rows, latent)."""
        self.eval()
        blocks = (rows[start : start + BLOCK_ROWS] for start in range(0, len(rows), BLOCK_ROWS))
        codes: NDArray[np.float32] = np.concatenate([self.encoder(block).cpu().numpy() for block in blocks])
        return codes


@final
@dataclass(frozen=True)
class ReconstructionTerms(Terms):
    """log p(x|z), one value per row, in nats."""

    reconstruction: Tensor


@final
class Reconstruction(Objective):
    """Minus log p(x|z) at the code of x: under the Gaussian likelihood the squared error, up to its unit."""

    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Batch) -> ReconstructionTerms:
        """The term of a batch (rows, *data); it knows no clusters, so all rows are in the only one."""
        reconstruction = self.network.decoder(self.network.encoder(batch.rows)).log_prob(batch.rows)
        return ReconstructionTerms(-reconstruction.mean(), torch.ones_like(reconstruction)[:, None], reconstruction)


def fit_autoencoder(
    rows: Rows, method: TwoViews, plan: Plan, seed: int, listeners: Sequence[Listener] = ()
) -> tuple[Autoencoder, History]:
    """Learn from the rows, by networks of the method."""
    run = Run(rows, None, seed, listeners=listeners)
    network = Autoencoder(method, rows.schema)
    start_(network, run.draws.at("weights"))
    return network, train_all(run, Reconstruction(network.to(rows.device)), plan)
