"""Several cluster posteriors on one encoder, and the model that they make before one of them is chosen."""

from typing import final

from torch import Tensor, nn
from torch.distributions import Categorical

from vaecluster.model.cluster_posterior import ClusterPosterior
from vaecluster.model.decoder import Decoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.networks.reduced import run_reduced
from vaecluster.model.prior import MixturePrior


@final
class ComponentHeads(nn.Module):
    """q(c|x) of several heads over fine components, one product for all of them; `reduced` as in the networks."""

    def __init__(self, features: int, heads: int, components: int, *, reduced: bool = False) -> None:
        super().__init__()
        self.heads, self.components, self.reduced = heads, components, reduced
        self.linear = nn.Linear(features, heads * components)

    def forward(self, features: Tensor) -> Tensor:
        """q(c|x) of every head: (rows, features) to (rows, heads, components)."""
        logits = run_reduced(self.linear, features, self.reduced)
        return logits.view(-1, self.heads, self.components).softmax(-1)

    @classmethod
    def of(cls, posterior: "ComponentPosterior") -> "ComponentHeads":
        """A single head with the weights of a posterior."""
        linear = posterior.linear
        heads = cls(linear.in_features, 1, linear.out_features).to(linear.weight.device)
        heads.linear.load_state_dict(linear.state_dict())
        return heads

    def posterior(self, head: int) -> "ComponentPosterior":
        """One head alone, with its weights."""
        posterior = ComponentPosterior(self.linear.in_features, self.components)
        kept = slice(head * self.components, (head + 1) * self.components)
        posterior.linear.weight.data.copy_(self.linear.weight.data[kept])
        posterior.linear.bias.data.copy_(self.linear.bias.data[kept])
        return posterior


@final
class ComponentPosterior(ClusterPosterior):
    """q(c|x) over fine components, linear in the encoder's features."""

    def __init__(self, features: int, components: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, components)

    def forward(self, features: Tensor, code: Tensor, prior: MixturePrior) -> Categorical:
        """q(c|x) = softmax(linear(features(x)))."""
        return Categorical(logits=self.linear(features), validate_args=False)


@final
class HeadedVAE(nn.Module):
    """Encoder, decoder and heads, with a single standard normal as p(z): what is learned before a head is chosen."""

    def __init__(self, encoder: Encoder, decoder: Decoder, heads: ComponentHeads) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.heads = heads
