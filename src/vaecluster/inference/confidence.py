"""What a row's cluster is worth: probabilities that are as large as the cluster is often right."""

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor

# What is less likely than this counts as that likely: logarithms have a long tail.
LEAST = 1e-13
# Steps of the fit, and the ridge on weights of inputs with variance 1.
STEPS, RIDGE = 50, 1e-3


@final
@dataclass(frozen=True, eq=False)
class Confidence:
    """A softmax, linear in log q(c|x) and the mean code, that says how likely each cluster is: equation (33).

    `weights` (1 + components + latent, clusters) has the constants in its first row. `cluster_of` (components,) says
    of which cluster each component was in the fit; a cut may have changed the model's.
    """

    weights: NDArray[np.float64]
    cluster_of: NDArray[np.intp]

    @classmethod
    def fitted(
        cls,
        components: NDArray[np.float64],
        codes: NDArray[np.float64],
        target: NDArray[np.float64],
        cluster_of: NDArray[np.intp],
    ) -> "Confidence":
        """The one nearest to target probabilities (rows, clusters), for q(c|x) (rows, components) and mean codes.

        Minimises the cross-entropy by a bound on its curvature (Boehning 1992), with Nesterov's acceleration.
        """
        inputs = _inputs(torch.from_numpy(components), torch.from_numpy(codes)).numpy()
        mean, scale = inputs.mean(0), inputs.std(0) + 1e-6
        design = np.column_stack([np.ones(len(inputs)), (inputs - mean) / scale])
        rows, number = design.shape
        penalty = RIDGE * np.eye(number)
        penalty[0, 0] = 0.0
        curvature = np.linalg.inv(design.T @ design / (2 * rows) + RIDGE * np.eye(number))
        weights = before = np.zeros((number, target.shape[1]))
        for step in range(STEPS):
            ahead = weights + step / (step + 3) * (weights - before)
            slope = design.T @ (softmax(design @ ahead, 1) - target) / rows + penalty @ ahead
            before, weights = weights, ahead - curvature @ slope
        weights[1:] /= scale[:, None]
        weights[0] -= mean @ weights[1:]
        return cls(weights, cluster_of)

    def components(self, own: Tensor, code: Tensor) -> Tensor:
        """Probabilities of components from q(c|x) (rows, components) and the mean code (rows, latent): like q(c|x).

        The clusters of the fit get what (33) says, and their components share it as in q(c|x).
        """
        weights = torch.from_numpy(self.weights).to(own)
        cluster_of = torch.from_numpy(self.cluster_of).to(own.device)
        # Not a matrix product: that of doubles rounds by where in the block a row stands.
        clusters = (weights[0] + (_inputs(own, code).unsqueeze(-1) * weights[1:]).sum(1)).softmax(-1)
        # Where next to nothing of a cluster is left its components are alike. Exported programs have such a bound in
        # single precision, where it must not be 0.
        own = own.clamp_min(1e-37)
        sums = torch.zeros_like(clusters).index_add(-1, cluster_of, own)
        return own * (clusters / sums)[:, cluster_of]


def _inputs(components: Tensor, code: Tensor) -> Tensor:
    return torch.cat([components.clamp_min(LEAST).log(), code.to(components)], -1)


def with_largest(probabilities: Tensor, cluster: Tensor) -> Tensor:
    """Probabilities (rows, clusters) of which that of the given cluster (rows,) is the largest; its own is kept.

    Only where it is below that of chance it is raised to a hair above. The others are evened out as far as needed.

    >>> with_largest(torch.tensor([[0.7, 0.3, 0.0], [0.4, 0.5, 0.1]]).double(), torch.tensor([0, 0]))
    tensor([[0.7000, 0.3000, 0.0000],
            [0.4000, 0.4000, 0.2000]], dtype=torch.float64)
    """
    number = probabilities.shape[-1]
    if number == 1:
        return torch.ones_like(probabilities)
    chosen = torch.nn.functional.one_hot(cluster, number).bool()
    own = probabilities.gather(-1, cluster[:, None])
    largest = own.clamp_min((1 + 1e-6) / number)
    rest = probabilities.masked_fill(chosen, 0.0) * torch.where(largest > own, (1 - largest) / (1 - own), 1.0)
    even = (1 - largest) / (number - 1)
    # Just below the largest, so that rounding cannot make it more.
    excess = rest.amax(-1, keepdim=True) - largest * (1 - 1e-9)
    evened = (excess / (rest.amax(-1, keepdim=True) - even)).where(excess > 0, torch.zeros_like(excess))
    return torch.where(chosen, largest, rest + evened * (even - rest))
