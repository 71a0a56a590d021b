"""Which codes could this row have: q(z|x)."""

from typing import final

from torch import Tensor, nn
from torch.distributions import Distribution

from vaecluster.model.distributions import diag_normal, scale_of
from vaecluster.model.networks.initial import linear


@final
class Encoder(nn.Module):
    """Codes of a row as a diagonal normal, q(z|x) = N(mean(x), diag scale(x)^2).

    `embedding` makes of a row what a network can read, such as one-hot entries of categories; `network` maps that to
    features (rows, features); two linear heads follow. A cluster posterior may read the features too, so they can be
    had without the code.
    """

    def __init__(self, embedding: nn.Module, network: nn.Module, features: int, latent: int) -> None:
        super().__init__()
        self.embedding = embedding
        self.network = network
        self.mean = linear(features, latent)
        self.log_variance = linear(features, latent)

    @property
    def latent(self) -> int:
        """Entries of a code."""
        return self.mean.out_features

    def features(self, rows: Tensor) -> Tensor:
        """What the network sees in each row; (rows, *data) to (rows, features)."""
        features: Tensor = self.network(self.embedding(rows))
        return features

    def code(self, features: Tensor) -> Distribution:
        """q(z|x) from the features of x: batch (rows,), event (latent,)."""
        return diag_normal(self.mean(features), scale_of(0.5 * self.log_variance(features)))

    def forward(self, rows: Tensor) -> Distribution:
        """q(z|x): batch (rows,), event (latent,)."""
        return self.code(self.features(rows))
