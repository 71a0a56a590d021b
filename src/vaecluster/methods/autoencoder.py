"""An autoencoder made of a model's encoder and decoder, and what scikit-learn is asked about its codes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits
from torch import Tensor

from vaecluster import ranks
from vaecluster.data.rows import Rows
from vaecluster.hearing import unheard
from vaecluster.inference.answers import codes
from vaecluster.model.objective import Batch, Objective, Terms
from vaecluster.model.vae import ClusteringVAE

AUTOENCODER = "autoencoder"
# Centres and mixtures are fitted to the codes of so many rows at most.
MOST_ROWS = 20_000
# The least variance of a mixture's component.
LEAST_VARIANCE = 1e-4


@final
@dataclass(frozen=True)
class ReconstructionTerms(Terms):
    """log p(x|z) at the mean code, one value per row, in nats."""

    reconstruction: Tensor


@final
class Autoencoder(Objective):
    """Minus log p(x|z) at the mean of q(z|x): an autoencoder made of a model's encoder and decoder."""

    def __init__(self, model: ClusteringVAE) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> ReconstructionTerms:
        """The term of a batch (rows, *data); it knows no clusters, so all rows are in the only one."""
        code = self.model.mean_code(batch.rows)
        reconstruction = self.model.decoder(code).log_prob(batch.rows)
        return ReconstructionTerms(-ranks.mean(reconstruction), torch.ones_like(code[:, :1]), reconstruction)


def points_of(model: ClusteringVAE, rows: Rows) -> NDArray[np.float64]:
    """The mean codes of the rows (rows, latent), as precise as scikit-learn takes them."""
    return codes(model, rows).astype(np.float64)


def mixture_of(points: NDArray[np.floating], clusters: int, seed: int, kind: str, starts: int) -> GaussianMixture:
    """The likeliest of some mixtures of Gaussians with covariances of this kind, fitted to points (rows, entries)."""
    mixture = GaussianMixture(
        clusters, covariance_type=kind, n_init=starts, reg_covar=LEAST_VARIANCE, random_state=seed % 2**32
    )
    with undisturbed():
        return mixture.fit(points)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, scikit-learn adds in one order, and what a program has set for its own arrays does not reach it.

    It does not warn of fewer distinct points than clusters: some clusters are then empty, and the fit warns of these.
    """
    with (
        config_context(array_api_dispatch=False),
        threadpool_limits(1, user_api="openmp"),
        unheard(ConvergenceWarning),
    ):
        yield
