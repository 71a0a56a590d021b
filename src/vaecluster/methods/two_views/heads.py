"""Several cluster posteriors on one encoder."""

from typing import final

from torch import Tensor, nn
from torch.distributions import Categorical

from vaecluster.model.cluster_posterior import ClusterPosterior
from vaecluster.model.networks.initial import in_memory, linear
from vaecluster.model.networks.reduced import run_reduced
from vaecluster.model.prior import MixturePrior

# Up to so many components of a head dense products are cheap; with more, sparse ones are taken on the CPU.
FEW = 256


@final
class ComponentHeads(nn.Module):
    """q(c|x) of several heads over fine components, one product for all of them; `reduced` as in the networks."""

    def __init__(self, features: int, heads: int, components: int, *, reduced: bool = False) -> None:
        super().__init__()
        self.heads, self.components, self.reduced = heads, components, reduced
        self.linear = linear(features, heads * components)

    def forward(self, features: Tensor) -> Tensor:
        """q(c|x) of every head: (rows, features) to (rows, heads, components)."""
        logits = run_reduced(self.linear, features, self.reduced)
        return logits.view(-1, self.heads, self.components).softmax(-1)

    @classmethod
    def of(cls, posterior: "ComponentPosterior") -> "ComponentHeads":
        """A single head that is the posterior: they share their weights."""
        heads = cls(posterior.linear.in_features, 1, posterior.linear.out_features)
        heads.linear = posterior.linear
        return heads

    def posterior(self, head: int) -> "ComponentPosterior":
        """One head alone, with a copy of its weights."""
        posterior = ComponentPosterior(self.linear.in_features, self.components)
        in_memory(posterior, self.linear.weight.device)
        kept = slice(head * self.components, (head + 1) * self.components)
        posterior.linear.weight.data.copy_(self.linear.weight.data[kept])
        posterior.linear.bias.data.copy_(self.linear.bias.data[kept])
        return posterior


@final
class ComponentPosterior(ClusterPosterior):
    """q(c|x) over fine components, linear in the encoder's features."""

    def __init__(self, features: int, components: int) -> None:
        super().__init__()
        self.linear = linear(features, components)

    def forward(self, features: Tensor, code: Tensor, prior: MixturePrior) -> Categorical:
        """q(c|x) = softmax(linear(features(x)))."""
        return Categorical(logits=self.linear(features), validate_args=False)
