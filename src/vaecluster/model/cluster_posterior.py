"""Which clusters could this row belong to: q(y|.), from the code, the features, or by Bayes' rule."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Categorical

from vaecluster.model.networks.initial import linear
from vaecluster.model.prior import MixturePrior


class ClusterPosterior(nn.Module, ABC):
    """q(y|.); to add one, write a class with this `forward` that reads what it needs."""

    @abstractmethod
    def forward(self, features: Tensor, code: Tensor, prior: MixturePrior) -> Categorical:
        """q(y|.) for features (rows, features) and codes (rows, latent): batch (rows,), over the clusters."""


@final
class CodePosterior(ClusterPosterior):
    """The article's: a softmax network on the code, q(y|z)."""

    def __init__(self, latent: int, clusters: int, hidden: int = 256) -> None:
        super().__init__()
        self.network = nn.Sequential(linear(latent, hidden), nn.ReLU(), linear(hidden, clusters))

    def forward(self, features: Tensor, code: Tensor, prior: MixturePrior) -> Categorical:
        """q(y|z) = softmax(network(z))."""
        return Categorical(logits=self.network(code), validate_args=False)


@final
class FeaturePosterior(ClusterPosterior):
    """A softmax network on the encoder's features, q(y|x): no sampling noise in the assignment."""

    def __init__(self, features: int, clusters: int, hidden: int = 256) -> None:
        super().__init__()
        self.network = nn.Sequential(linear(features, hidden), nn.ReLU(), linear(hidden, clusters))

    def forward(self, features: Tensor, code: Tensor, prior: MixturePrior) -> Categorical:
        """q(y|x) = softmax(network(features(x)))."""
        return Categorical(logits=self.network(features), validate_args=False)


@final
class BayesPosterior(ClusterPosterior):
    """The prior's own answer, q(y|z) = p(y) p(z|y) / p(z): exact, and without weights of its own."""

    def forward(self, features: Tensor, code: Tensor, prior: MixturePrior) -> Categorical:
        """q(y|z) by Bayes' rule; with it the three terms add up to log p(x|z) + log p(z) - log q(z|x)."""
        return Categorical(logits=prior.joint_log_prob(code), validate_args=False)


@final
class StudentPosterior(ClusterPosterior):
    """A kernel around a centre for each cluster, that of Student's t with one degree of freedom; it reads the code.

    The likeliest cluster is that of the nearest centre (Xie, Girshick and Farhadi 2016).
    """

    def __init__(self, latent: int, clusters: int) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.zeros(clusters, latent, dtype=torch.float32, device="cpu"))

    def forward(self, features: Tensor, code: Tensor, prior: MixturePrior) -> Categorical:
        """q(y|z) = 1 / (1 + |z - centre_y|^2), divided by its sum over the clusters."""
        distance = (code.unsqueeze(-2) - self.centres).square().sum(-1)  # rows clusters
        return Categorical(logits=-distance.log1p(), validate_args=False)
