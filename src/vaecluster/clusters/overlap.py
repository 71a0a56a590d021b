"""How far clusters overlap: the posterior of a mixture of the rows themselves, which starts at the clusters.

A network that was trained to be sure leaves gaps between clusters in its features and codes, also where rows have
none. So the mixture is one of the rows, and of what is linear in them. `docs/model.md`, equations (31) and (32).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, softmax

from vaecluster.clusters.boundary import APART, Null
from vaecluster.clusters.contingency import contingency
from vaecluster.clusters.joint import LEAST, Matrix, symmetric

# Of the mean variance, added to every axis.
RIDGE = 1e-3
# EM ends when a row's posterior moves by less than this on average, or after so many rounds. From clusters of which a
# fifth is wrong it takes 50 to 100.
SETTLED, ROUNDS = 1e-3, 100


def overlapping(points: Matrix, assigned: Matrix, near: NDArray[np.integer], null: Null) -> Matrix:
    """The probability of each cluster for rows at points (rows, axes) with soft assignments (rows, clusters).

    `near` (rows, number) holds neighbours of each row, and `null` how often they cross a cut through one cluster.
    """
    clusters = assigned.argmax(1)
    posterior = mixture_posterior(discriminants(points, clusters, assigned.shape[1]), assigned)
    return bounded(posterior, clusters, near, null)


def discriminants(points: Matrix, clusters: NDArray[np.intp], number: int) -> Matrix:
    """The points along the directions that tell the clusters apart best (Fisher): (rows, at most number - 1)."""
    members = np.eye(number)[clusters]
    size = members.sum(0)
    centred = points - points.mean(0)
    means = members.T @ centred / np.maximum(size, 1)[:, None]
    root = np.linalg.cholesky(_covariance(centred - means[clusters]))
    between = np.linalg.solve(root, means.T) * np.sqrt(size)
    directions = np.linalg.svd(between, full_matrices=False)[0][:, : number - 1]
    found: Matrix = np.linalg.solve(root, centred.T).T @ directions
    return found


def mixture_posterior(points: Matrix, assigned: Matrix) -> Matrix:
    """The posterior of a mixture of Gaussians with one covariance, by EM from soft assignments: equation (31)."""
    points = points - points.mean(0)
    posterior = assigned
    for _ in range(ROUNDS):
        share = posterior.mean(0) + LEAST
        means = posterior.T @ points / (len(points) * share)[:, None]
        # Total less between: a covariance within clusters.
        within = _covariance(points, (share[:, None] * means).T @ means)
        slopes = np.linalg.solve(within, means.T)
        before, posterior = posterior, softmax(points @ slopes + np.log(share) - (means.T * slopes).sum(0) / 2, 1)
        if np.abs(posterior - before).sum(1).mean() < SETTLED:
            break
    return posterior


def bounded(posterior: Matrix, clusters: NDArray[np.intp], near: NDArray[np.integer], null: Null) -> Matrix:
    """The posterior with no more overlap of clusters that are apart than their boundary allows: equation (32).

    A mixture sees overlap where clusters wind around each other, as rings do. What is too much goes back to the row's
    own cluster.
    """
    rows, number = posterior.shape
    of_rows = np.repeat(clusters, near.shape[1])
    pairs = symmetric(contingency(of_rows, clusters[near.ravel()], (number, number)).astype(np.float64))
    density = null.density_between(pairs, pairs.sum(1))
    allowed = np.where(density < APART, ndtr(-np.sqrt(-2 * np.log(np.clip(density, LEAST, 1)))), 1.0)
    members = np.eye(number)[clusters]
    mixed, size = members.T @ posterior, members.sum(0)
    found = (mixed + mixed.T) / np.maximum(size[:, None] + size, 1)
    believed = np.minimum(1.0, allowed / np.maximum(found, LEAST))
    kept: Matrix = posterior * believed[clusters]
    kept[np.arange(rows), clusters] = 0.0
    kept[np.arange(rows), clusters] = 1.0 - kept.sum(1)
    return kept


def _covariance(centred: Matrix, less: Matrix | float = 0.0) -> Matrix:
    """The mean square of centred points less a part of it, with a ridge: (axes, axes)."""
    total = centred.T @ centred / len(centred)
    ridge = RIDGE * np.trace(total) / len(total) + LEAST
    covariance: Matrix = total - less + ridge * np.eye(len(total))
    return covariance
