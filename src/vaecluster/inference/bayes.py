"""Clusters by Bayes' rule: p(y|x) in proportion to p(x|y) p(y), from the generative side of a model alone."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import log_softmax
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal

from vaecluster.data.rows import Rows
from vaecluster.inference.answers import NOISE_SEED, in_blocks
from vaecluster.model.vae import ClusteringVAE

# Codes drawn from each proposal. With four times as many, log p(x) of pendigits and digits changes by less than 0.3.
DRAWS = 16


def by_bayes(model: ClusteringVAE, rows: Rows) -> NDArray[np.float64]:
    """p(y|x) by Bayes' rule: (rows, clusters), each row summing to 1."""
    shares = model.grouping.sum(model.prior.weights().probs.detach().double()).log().cpu().numpy()
    found: NDArray[np.float64] = np.exp(log_softmax(log_likelihoods(model, rows) + shares, 1))
    return found


def log_likelihoods(model: ClusteringVAE, rows: Rows) -> NDArray[np.float64]:
    """log p(x|y) of each row and cluster, in nats, by importance sampling (48): (rows, clusters).

    p(x|y) is estimated without bias, so its logarithm is on average a lower bound. All clusters are measured by the
    same codes: some drawn from q(z|x), and some for each cluster from q(z|x) times p(z|c), with the component of the
    cluster that is nearest.
    """
    generator = torch.Generator().manual_seed(NOISE_SEED)
    shape = model.grouping.clusters + 1, DRAWS, 1, model.encoder.latent
    noise = torch.randn(shape, generator=generator, dtype=torch.float32, device="cpu").to(rows.device)
    return np.concatenate(list(in_blocks(model, rows, lambda batch: _estimate(model, batch, noise))))


def _estimate(model: ClusteringVAE, batch: Tensor, noise: Tensor) -> Tensor:
    proposals = _proposals(model, batch)
    drawn = []
    for number, own in enumerate(noise):  # draws 1 latent
        mean, scale_tril = proposals.loc[:, number], proposals.scale_tril[:, number]
        code = mean + torch.einsum("nij,snj->sni", scale_tril, own.expand(-1, len(batch), -1))
        # p(x|z) p(z|y) / r(z), r the mixture of all proposals
        of_proposals: Tensor = proposals.log_prob(code.unsqueeze(-2)).double()  # type: ignore[no-untyped-call]
        of_mixture = of_proposals.logsumexp(-1) - np.log(len(noise))
        likelihood = torch.stack([model.decoder(each).log_prob(batch) for each in code]).double()
        drawn.append((likelihood - of_mixture).unsqueeze(-1) + _cluster_log_prob(model, code))
    every = torch.cat(drawn)  # codes rows clusters
    estimate: Tensor = every.logsumexp(0) - np.log(len(every))
    return estimate


def _proposals(model: ClusteringVAE, batch: Tensor) -> MultivariateNormal:
    """q(z|x), then one normal distribution for each cluster: batch (rows, 1 + clusters), event (latent,)."""
    posterior: Distribution = model.encoder(batch)
    mean, variance = posterior.mean, posterior.variance
    centres, precisions = _normals(model.prior.components())
    # log of the integral of q(z|x) p(z|c), up to what all components share
    together = MultivariateNormal(
        centres, precisions.inverse() + torch.diag_embed(variance).unsqueeze(1), validate_args=False
    )
    overlap = together.log_prob(mean.unsqueeze(1)) + model.prior.weights().logits  # type: ignore[no-untyped-call]
    foreign = model.grouping.cluster_of != torch.arange(model.grouping.clusters, device=batch.device).unsqueeze(-1)
    nearest = overlap.unsqueeze(1).masked_fill(foreign, float("-inf")).argmax(-1)  # rows clusters
    precision = precisions[nearest] + torch.diag_embed(1 / variance).unsqueeze(1)
    pull = torch.einsum("nkij,nkj->nki", precisions[nearest], centres[nearest]) + (mean / variance).unsqueeze(1)
    covariance = precision.inverse()
    product = torch.einsum("nkij,nkj->nki", covariance, pull)
    means = torch.cat([mean.unsqueeze(1), product], 1)
    factors = torch.cat([torch.diag_embed(variance.sqrt()).unsqueeze(1), torch.linalg.cholesky(covariance)], 1)
    return MultivariateNormal(means, scale_tril=factors, validate_args=False)


def _normals(components: Distribution) -> tuple[Tensor, Tensor]:
    """Means (components, latent) and precisions (components, latent, latent) of p(z|c)."""
    if isinstance(components, MultivariateNormal):
        return components.loc, components.precision_matrix
    return components.mean, torch.diag_embed(1 / components.variance)


def _cluster_log_prob(model: ClusteringVAE, code: Tensor) -> Tensor:
    """log p(z|y) = log sum_{c in y} p(c) p(z|c) - log p(y): (..., latent) to (..., clusters)."""
    joint = model.prior.joint_log_prob(code).double()
    cluster_of, shape = model.grouping.cluster_of, (*joint.shape[:-1], model.grouping.clusters)
    # The largest of each cluster is taken out, so that none that is far away becomes 0.
    largest = joint.new_full(shape, float("-inf")).scatter_reduce(-1, cluster_of.expand(joint.shape), joint, "amax")
    sums = model.grouping.sum((joint - largest[..., cluster_of]).exp())
    shares = model.grouping.sum(model.prior.weights().probs.double())
    return largest + sums.log() - shares.log()
