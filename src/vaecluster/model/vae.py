"""A variational autoencoder whose latent variable is (z, y): four parts held together."""

from typing import final

from torch import Generator, Tensor, nn
from torch.distributions import Categorical, Distribution

from vaecluster.model.cluster_posterior import ClusterPosterior
from vaecluster.model.decoder import Decoder
from vaecluster.model.distributions import draw
from vaecluster.model.encoder import Encoder
from vaecluster.model.grouping import Grouping
from vaecluster.model.prior import MixturePrior


@final
class ClusteringVAE(nn.Module):
    """Encoder q(z|x), decoder p(x|z), prior p(c) p(z|c) and posterior q(c|.) over components, and their clusters.

    Where each component is a cluster, c is y and the grouping is the identity.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        prior: MixturePrior,
        cluster_posterior: ClusterPosterior,
        grouping: Grouping,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.prior = prior
        self.cluster_posterior = cluster_posterior
        self.grouping = grouping

    def regrouped(self, grouping: Grouping) -> "ClusteringVAE":
        """The same parts with other clusters."""
        return ClusteringVAE(self.encoder, self.decoder, self.prior, self.cluster_posterior, grouping)

    def mean_code(self, rows: Tensor) -> Tensor:
        """The mean of q(z|x): (rows, *data) to (rows, latent)."""
        posterior: Distribution = self.encoder(rows)
        return posterior.mean

    def assign(self, rows: Tensor) -> Categorical:
        """q(c|.) at the mean code, so that a row's answer does not depend on noise."""
        return self.assign_with_code(rows)[0]

    def assign_with_code(self, rows: Tensor) -> tuple[Categorical, Tensor]:
        """q(c|.) at the mean code, and that code (rows, latent)."""
        features = self.encoder.features(rows)
        code = self.encoder.code(features).mean
        return self.cluster_posterior(features, code, self.prior), code

    def draw_clusters(self, number: int, generator: Generator) -> Tensor:
        """Clusters from p(y): (number,)."""
        shares = self.grouping.sum(self.prior.weights().probs)
        return draw(Categorical(probs=shares, validate_args=False), generator, number)

    def draw_components(self, clusters: Tensor, generator: Generator) -> Tensor:
        """A component from p(c|y) for each of the clusters (rows,): (rows,)."""
        foreign = self.grouping.cluster_of != clusters.unsqueeze(-1)  # rows components
        logits = self.prior.weights().logits.masked_fill(foreign, float("-inf"))
        return draw(Categorical(logits=logits, validate_args=False), generator, 1).squeeze(-1)
