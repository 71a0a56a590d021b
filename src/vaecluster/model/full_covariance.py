"""Components with full covariances: p(z|c) kept as running moments in closed form, or learned by gradient."""

from collections.abc import Iterable
from math import log, pi
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, MultivariateNormal

from vaecluster import ranks
from vaecluster.model.distributions import scale_of
from vaecluster.model.prior import ClusterWeights, Components

# Share of all rows whose worth of the common covariance is mixed into each component's own.
SHRINKAGE = 1e-3
# Share of the code's variance added to every axis, so that an axis no code uses can still be divided by.
RIDGE = 1e-3


@final
class MomentComponents(Components):
    """p(z|c) = N(mean_c, covariance_c), the moments of the codes assigned to c; nothing here is learned by gradient.

    `observe` takes a batch of q(z|x) and assignments; the moments are running averages over batches, with the exact
    contribution of each code's own variance. A component's covariance is shrunk towards the mean covariance within
    components, the more the fewer rows it has.
    """

    mass: Tensor
    first: Tensor
    second: Tensor
    means: Tensor
    scale_tril: Tensor

    def __init__(self, components: int, latent: int, decay: float = 0.99) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("mass", torch.zeros(components, dtype=torch.float32, device="cpu"))
        self.register_buffer("first", torch.zeros(components, latent, dtype=torch.float32, device="cpu"))
        self.register_buffer("second", torch.zeros(components, latent, latent, dtype=torch.float32, device="cpu"))
        self.register_buffer("means", torch.zeros(components, latent, dtype=torch.float32, device="cpu"))
        # Not torch.eye, which loads a second of Python where a model from a file is made without memory.
        scale_tril = torch.zeros(components, latent, latent, dtype=torch.float32, device="cpu")
        scale_tril.diagonal(dim1=1, dim2=2).fill_(1.0)
        self.register_buffer("scale_tril", scale_tril)

    @torch.no_grad()
    def observe(self, mean: Tensor, variance: Tensor, assignment: Tensor) -> None:
        """Let a batch into the running averages: mean, variance of q(z|x) (rows, latent), q(c|x) (rows, components).

        It is the batch of all ranks. The first batch is taken as it is.
        """
        moments = ranks.totals(*self._moments(mean, variance, assignment))
        rows = ranks.count(len(mean))
        # Chosen on the device, which a step does not wait for.
        fresh = torch.where(self.mass.sum() > 0, 1 - self.decay, 1.0).to(self.mass)
        for average, new in zip((self.mass, self.first, self.second), moments, strict=True):
            average.lerp_(new / rows, fresh)
        self._settle()

    @torch.no_grad()
    def observe_all(self, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> None:
        """The moments of the rows of all ranks, each batch as in `observe`, in place of the running averages."""
        totals = [torch.zeros_like(average) for average in (self.mass, self.first, self.second)]
        rows = 0
        for mean, variance, assignment in batches:
            for total, new in zip(totals, self._moments(mean, variance, assignment), strict=True):
                total += new
            rows += len(mean)
        totals, rows = ranks.totals(*totals), ranks.count(rows)
        for average, total in zip((self.mass, self.first, self.second), totals, strict=True):
            average.copy_(total / rows)
        self._settle()

    def moments(self) -> tuple[Tensor, Tensor, Tensor]:
        """The moments as they are now, for `mix`: mass, first and second, copies."""
        return self.mass.clone(), self.first.clone(), self.second.clone()

    @torch.no_grad()
    def mix(self, moments: tuple[Tensor, Tensor, Tensor], share: float) -> None:
        """Let other moments in, with that share of the rows."""
        for average, other in zip((self.mass, self.first, self.second), moments, strict=True):
            average.lerp_(other, share)
        self._settle()

    @staticmethod
    def _moments(mean: Tensor, variance: Tensor, assignment: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        second = torch.einsum("nc,ni,nj->cij", assignment, mean, mean) + torch.diag_embed(assignment.T @ variance)
        return assignment.sum(0), assignment.T @ mean, second

    def _settle(self) -> None:
        """Means and shrunk covariances from the moments."""
        latent = self.means.shape[1]
        mass = self.mass.clamp_min(1e-12)
        means = self.first / mass[:, None]
        centred = self.second - mass[:, None, None] * means.unsqueeze(-1) * means.unsqueeze(-2)
        common = centred.sum(0)
        covariance = (centred + SHRINKAGE * common) / (mass + SHRINKAGE)[:, None, None]
        ridge = RIDGE * common.diagonal().mean() * torch.eye(latent, dtype=means.dtype, device=means.device)
        factor, failed = torch.linalg.cholesky_ex(covariance + ridge)
        self.means.copy_(means)
        # A factor that failed becomes NaN. So does the loss, and then the run goes back.
        self.scale_tril.copy_(factor.masked_fill(failed.bool()[:, None, None], float("nan")))

    def forward(self) -> Distribution:
        """p(z|c): batch (components,), event (latent,)."""
        return MultivariateNormal(self.means, scale_tril=self.scale_tril, validate_args=False)

    def log_prob(self, code: Tensor) -> Tensor:
        """log p(z|c): (..., latent) to (..., components), in nats."""
        return _log_prob(code, self.means, self.scale_tril)

    def divergence(self, mean: Tensor, variance: Tensor) -> Tensor:
        """KL( N(mean, diag variance) || p(z|c) ) in closed form: (rows, latent) twice to (rows, components), nats."""
        return _divergence(mean, variance, self.means, self.scale_tril)


@final
class LearnedCovarianceComponents(Components):
    """p(z|c) = N(mean_c, L_c L_c^T): learned means and covariances, which start as the identity."""

    def __init__(self, means: Tensor) -> None:  # components latent
        super().__init__()
        self.means = nn.Parameter(means.clone())
        # Below the diagonal the factor itself, on it the logarithm.
        self.factors = nn.Parameter(torch.zeros(*means.shape, means.shape[1], dtype=means.dtype, device=means.device))

    def _scale_tril(self) -> Tensor:
        diagonal = scale_of(self.factors.diagonal(dim1=-2, dim2=-1))
        return self.factors.tril(-1) + torch.diag_embed(diagonal)

    def forward(self) -> Distribution:
        """p(z|c): batch (components,), event (latent,)."""
        return MultivariateNormal(self.means, scale_tril=self._scale_tril(), validate_args=False)

    def log_prob(self, code: Tensor) -> Tensor:
        """log p(z|c): (..., latent) to (..., components), in nats."""
        return _log_prob(code, self.means, self._scale_tril())

    def divergence(self, mean: Tensor, variance: Tensor) -> Tensor:
        """KL( N(mean, diag variance) || p(z|c) ) in closed form: (rows, latent) twice to (rows, components), nats."""
        return _divergence(mean, variance, self.means, self._scale_tril())


def _divergence(mean: Tensor, variance: Tensor, means: Tensor, scale_tril: Tensor) -> Tensor:
    """Equation (23)."""
    whiten, log_det = _whitening(scale_tril)
    trace = variance @ whiten.square().sum(-2).T
    distance = _distance(mean, means, whiten)
    return 0.5 * (distance + trace - mean.shape[1] + log_det - variance.log().sum(-1, keepdim=True))


def _log_prob(code: Tensor, means: Tensor, scale_tril: Tensor) -> Tensor:
    """log N(z; mean_c, L_c L_c^T) of all c: what torch's distribution gives, in half the time."""
    whiten, log_det = _whitening(scale_tril)
    log_prob: Tensor = -0.5 * (_distance(code, means, whiten) + log_det + code.shape[-1] * log(2 * pi))
    return log_prob


def _whitening(scale_tril: Tensor) -> tuple[Tensor, Tensor]:
    """L^-1 (components, latent, latent), and log det L L^T (components,)."""
    eye = torch.eye(scale_tril.shape[-1], device=scale_tril.device, dtype=scale_tril.dtype)
    whiten = torch.linalg.solve_triangular(scale_tril, eye, upper=False)
    return whiten, 2 * scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def _distance(codes: Tensor, means: Tensor, whiten: Tensor) -> Tensor:
    """The squared Mahalanobis distance of codes (..., latent) to each mean: (..., components)."""
    return torch.einsum("cij,...cj->...ci", whiten, codes.unsqueeze(-2) - means).square().sum(-1)


@final
class MomentWeights(ClusterWeights):
    """p(c), the share of each component among the codes that a `MomentComponents` has observed."""

    shares: Tensor

    def __init__(self, components: int) -> None:
        super().__init__()
        self.register_buffer("shares", torch.full((components,), 1 / components, dtype=torch.float32, device="cpu"))

    def follow(self, components: Components) -> None:
        """Take over the shares that the components have seen."""
        assert isinstance(components, MomentComponents)
        # A component without codes keeps a share that has a logarithm.
        self.shares.copy_(components.mass.clamp_min(1e-12))

    def forward(self) -> Categorical:
        """p(c) as observed."""
        return Categorical(probs=self.shares, validate_args=False)
