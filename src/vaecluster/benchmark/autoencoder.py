"""A plain autoencoder of the default method's networks, for the baseline that clusters its codes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vaecluster.data.rows import Rows
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.objective import Objective
from vaecluster.training.build import build_decoder
from vaecluster.training.events import Listener
from vaecluster.training.history import Ending
from vaecluster.training.loop import train
from vaecluster.training.settings import Plan
from vaecluster.training.shared_settings import SharedSettings

BLOCK_ROWS = 1024


@final
class Autoencoder(nn.Module):
    """Rows to codes and back, without a distribution over codes."""

    def __init__(self, settings: SharedSettings, data_shape: Sequence[int]) -> None:
        super().__init__()
        network = DenseEncoderNetwork(data_shape, settings.hidden, normalised=True)
        mirror = DenseDecoderNetwork(settings.latent, settings.hidden[::-1], data_shape, normalised=True)
        self.encoder = nn.Sequential(network, nn.Linear(network.features, settings.latent))
        self.decoder = build_decoder(settings, mirror, data_shape)

    @torch.no_grad()
    def codes(self, rows: Rows) -> NDArray[np.float32]:
        """The code of each row: (rows, latent)."""
        self.eval()
        blocks = (rows[start : start + BLOCK_ROWS] for start in range(0, len(rows), BLOCK_ROWS))
        codes: NDArray[np.float32] = np.concatenate([self.encoder(block).cpu().numpy() for block in blocks])
        return codes


@final
@dataclass(frozen=True)
class ReconstructionTerms:
    """One value per row, in nats; an autoencoder knows no clusters, so all rows are in the only one."""

    reconstruction: Tensor

    @property
    def assignment(self) -> Tensor:
        """Ones (rows, 1)."""
        return torch.ones_like(self.reconstruction)[:, None]

    def named(self) -> dict[str, Tensor]:
        """The term by its name."""
        return {"reconstruction": self.reconstruction}


@final
class Reconstruction(Objective):
    """-log p(x|z) at the code of x: under the Gaussian likelihood the squared error, up to its unit."""

    def terms(self, model: Autoencoder, batch: Tensor) -> ReconstructionTerms:
        """The term of a batch (rows, *data)."""
        return ReconstructionTerms(-model.decoder(model.encoder(batch)).log_prob(batch))

    def loss(self, terms: ReconstructionTerms) -> Tensor:
        """The term itself."""
        return terms.reconstruction


def whole_plan(settings: SharedSettings, rows: int, epochs: int | None = None) -> Plan:
    """All stages of the default method as one: as many steps, or so many epochs."""
    plan = settings.in_one(rows)
    return replace(plan, epochs=epochs or plan.epochs)


def fit_autoencoder(
    rows: Rows, settings: SharedSettings, plan: Plan, listeners: Sequence[Listener] = ()
) -> tuple[Autoencoder, Ending]:
    """Learn from the rows; randomness comes from torch's global random state, which the caller forks and seeds."""
    model = Autoencoder(settings, rows.preprocessing.data_shape).to(rows.device)
    return model, train(model, rows, Reconstruction(), plan, listeners=listeners)
