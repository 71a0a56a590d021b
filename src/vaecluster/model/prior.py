"""How common each cluster is and where it lies: p(y) and p(z|y)."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Generator, Tensor, nn
from torch.distributions import Categorical, Distribution, MixtureSameFamily, kl_divergence

from vaecluster.model.distributions import diag_normal, draw, scale_of


class Components(nn.Module, ABC):
    """Where each cluster's codes lie, p(z|y); to add a shape, write a class with this `forward`."""

    @abstractmethod
    def forward(self) -> Distribution:
        """p(z|y) for all y at once: batch (clusters,), event (latent,)."""

    def log_prob(self, code: Tensor) -> Tensor:
        """log p(z|y) for all y: (..., latent) to (..., clusters), in nats."""
        log_prob: Tensor = self().log_prob(code.unsqueeze(-2))
        return log_prob

    def observe(self, mean: Tensor, variance: Tensor, assignment: Tensor) -> None:
        """Take in a batch of q(z|x) (rows, latent) and q(y|x) (rows, clusters), where no gradient teaches anything."""

    def divergence(self, mean: Tensor, variance: Tensor) -> Tensor:
        """KL( N(mean, diag variance) || p(z|y) ) in closed form: (rows, latent) twice to (rows, clusters), in nats."""
        posterior = diag_normal(mean.unsqueeze(1), variance.sqrt().unsqueeze(1))
        return kl_divergence(posterior, self())


@final
class FixedScaleComponents(Components):
    """Round clusters of one given size around learned means; scale 1 is the article's prior."""

    scale: Tensor

    def __init__(self, means: Tensor, scale: float = 1.0) -> None:  # clusters latent
        super().__init__()
        self.means = nn.Parameter(means.clone())
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32, device="cpu"))

    def forward(self) -> Distribution:
        """p(z|y) = N(mean_y, scale^2 I)."""
        return diag_normal(self.means, self.scale)


@final
class LearnedScaleComponents(Components):
    """Axis-aligned clusters: learned means and learned variances, one per cluster and axis."""

    def __init__(self, means: Tensor) -> None:  # clusters latent
        super().__init__()
        self.means = nn.Parameter(means.clone())
        self.log_scales = nn.Parameter(torch.zeros_like(means))

    def forward(self) -> Distribution:
        """p(z|y) = N(mean_y, diag scale_y^2)."""
        return diag_normal(self.means, scale_of(self.log_scales))


@final
class StandardNormal(Components):
    """A single component N(0, I): the prior of a plain VAE."""

    mean: Tensor

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, latent, dtype=torch.float32, device="cpu"))

    def forward(self) -> Distribution:
        """p(z) = N(0, I)."""
        return diag_normal(self.mean, torch.ones_like(self.mean))

    def divergence(self, mean: Tensor, variance: Tensor) -> Tensor:
        """KL( N(mean, diag variance) || N(0, I) ): (rows, 1)."""
        return 0.5 * (mean.square() + variance - variance.log() - 1).sum(-1, keepdim=True)


class ClusterWeights(nn.Module, ABC):
    """How common each cluster is, p(y)."""

    @abstractmethod
    def forward(self) -> Categorical:
        """p(y), one categorical over the clusters."""

    def excess(self) -> Tensor | float:
        """log of the sum of what a loss takes for shares, in nats: 0 where they are shares."""
        return 0.0

    def follow(self, components: Components) -> None:
        """Take over what the components have observed, where nothing is learned by gradient."""


@final
class GivenWeights(ClusterWeights):
    """Shares of the clusters known beforehand; equal ones are the article's uniform p(y)."""

    logits: Tensor

    def __init__(self, shares: Tensor) -> None:  # clusters
        super().__init__()
        self.register_buffer("logits", (shares / shares.sum()).log())

    @classmethod
    def equal(cls, clusters: int) -> "GivenWeights":
        """The same share for each."""
        return cls(torch.ones(clusters, dtype=torch.float32, device="cpu"))

    def forward(self) -> Categorical:
        """p(y) as given."""
        return Categorical(logits=self.logits, validate_args=False)


@final
class LearnedWeights(ClusterWeights):
    """Shares learned as logits; a temperature above 1 keeps them closer to uniform."""

    def __init__(self, clusters: int, temperature: float = 1.0) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(clusters, dtype=torch.float32, device="cpu"))
        self.temperature = temperature

    def forward(self) -> Categorical:
        """p(y) = softmax(logits / temperature)."""
        return Categorical(logits=self.logits / self.temperature, validate_args=False)


@final
class RawWeights(ClusterWeights):
    """Weights that start at equal shares and are learned as if they were shares, though nothing makes them sum to 1.

    So did the code that was published with VaDE. The loss is lower by `excess`. The bound is not: p(y) is in
    proportion to the weights.
    """

    def __init__(self, clusters: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.full((clusters,), 1 / clusters, dtype=torch.float32, device="cpu"))

    def _logs(self) -> Tensor:
        # A weight that a step has made negative still has a logarithm.
        return self.weights.clamp_min(1e-12).log()

    def excess(self) -> Tensor:
        """log of the sum of the weights."""
        return self._logs().logsumexp(-1)

    def forward(self) -> Categorical:
        """p(y) = weight_y / sum of weights."""
        return Categorical(logits=self._logs(), validate_args=False)


@final
class MixturePrior(nn.Module):
    """The prior of the pair (z, y): p(y) p(z|y)."""

    def __init__(self, components: Components, weights: ClusterWeights) -> None:
        super().__init__()
        self.components = components
        self.weights = weights

    def joint_log_prob(self, code: Tensor) -> Tensor:
        """log p(y) + log p(z|y); (..., latent) to (..., clusters), in nats."""
        joint: Tensor = self.component_log_prob(code) + self.weights().logits
        return joint

    def component_log_prob(self, code: Tensor) -> Tensor:
        """log p(z|y); (..., latent) to (..., clusters), in nats."""
        return self.components.log_prob(code)

    def observe(self, mean: Tensor, variance: Tensor, assignment: Tensor) -> None:
        """Take in a batch of q(z|x) (rows, latent) and q(y|x) (rows, clusters), where no gradient teaches anything."""
        self.components.observe(mean, variance, assignment)
        self.weights.follow(self.components)

    def draw(self, chosen: Tensor, generator: Generator) -> Tensor:
        """One code from p(z|y) for each entry of `chosen` (rows,): (rows, latent)."""
        # All components are drawn and one kept: every component family can do that, K times the work of a
        # cheap step, in blocks by the caller.
        draws = draw(self.components(), generator, len(chosen))  # rows components latent
        index = chosen.view(-1, 1, 1).expand(-1, 1, draws.shape[-1])
        codes: Tensor = draws.gather(1, index).squeeze(1)
        return codes

    def forward(self) -> Distribution:
        """p(z) = sum_y p(y) p(z|y)."""
        return MixtureSameFamily(self.weights(), self.components(), validate_args=False)
