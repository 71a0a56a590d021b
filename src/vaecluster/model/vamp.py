"""A prior whose components are what the encoder makes of learned rows: p(z|y) = q(z|x = u_y)."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from vaecluster.model.encoder import Encoder
from vaecluster.model.prior import Components


@final
class VampComponents(Components):
    """p(z|y) = q(z|x = u_y) at learned rows u_y (Tomczak and Welling 2018, "VAE with a VampPrior").

    The rows are parameters (clusters, *data) in the model's units; `start_at` sets them to rows of the data.
    """

    def __init__(self, encoder: Encoder, clusters: int, data_shape: Sequence[int]) -> None:
        super().__init__()
        self.encoder = encoder
        self.rows = nn.Parameter(torch.zeros(clusters, *data_shape, dtype=torch.float32, device="cpu"))

    @torch.no_grad()
    def start_at(self, rows: Tensor) -> None:
        """Set the learned rows: (clusters, *data)."""
        self.rows.copy_(rows)

    def forward(self) -> Distribution:
        """p(z|y) = q(z|u_y)."""
        posterior: Distribution = self.encoder(self.rows)
        return posterior
