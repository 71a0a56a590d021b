"""A variational autoencoder whose latent variable is (z, y): four parts held together."""

from typing import final

from torch import Tensor, nn
from torch.distributions import Categorical, Distribution

from vaecluster.model.cluster_posterior import ClusterPosterior
from vaecluster.model.decoder import Decoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.prior import MixturePrior


@final
class ClusteringVAE(nn.Module):
    """Encoder q(z|x), decoder p(x|z), prior p(y) p(z|y) and cluster posterior q(y|.)."""

    def __init__(
        self, encoder: Encoder, decoder: Decoder, prior: MixturePrior, cluster_posterior: ClusterPosterior
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.prior = prior
        self.cluster_posterior = cluster_posterior

    def mean_code(self, rows: Tensor) -> Tensor:
        """The mean of q(z|x): (rows, *data) to (rows, latent)."""
        posterior: Distribution = self.encoder(rows)
        return posterior.mean

    def assign(self, rows: Tensor) -> Categorical:
        """q(y|.) at the mean code, so that a row's answer does not depend on noise."""
        features = self.encoder.features(rows)
        code = self.encoder.code(features).mean
        assignment: Categorical = self.cluster_posterior(features, code, self.prior)
        return assignment

    def decode_mean(self, code: Tensor) -> Tensor:
        """The mean of p(x|z): (rows, latent) to (rows, *data)."""
        likelihood: Distribution = self.decoder(code)
        return likelihood.mean

    def draw_codes(self, clusters: Tensor) -> Tensor:
        """One code from p(z|y) for each entry of `clusters` (rows,): (rows, latent)."""
        components = self.prior.components()
        # All components are drawn and one kept: every component family can do that, K times the work of a
        # cheap step, in blocks by the caller.
        draws = components.sample(clusters.shape)  # rows clusters latent
        index = clusters.view(-1, 1, 1).expand(-1, 1, draws.shape[-1])
        chosen: Tensor = draws.gather(1, index).squeeze(1)
        return chosen
