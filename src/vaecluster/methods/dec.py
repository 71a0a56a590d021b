"""DEC and IDEC: clusters of an autoencoder's codes, sharpened by the target that they make themselves."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, final

import numpy as np
import torch
from sklearn.cluster import KMeans
from torch import Tensor

from vaecluster import ranks
from vaecluster.data.rows import Rows
from vaecluster.inference.calibrating import confidence_of
from vaecluster.methods.autoencoder import AUTOENCODER, MOST_ROWS, Autoencoder, points_of, undisturbed
from vaecluster.methods.base import Fitted
from vaecluster.methods.moments import follow_codes, moment_components
from vaecluster.methods.on_codes import GENERATOR, GOING_ON_RATE, OnCodes
from vaecluster.model.cluster_posterior import ClusterPosterior, StudentPosterior
from vaecluster.model.objective import Batch, Objective, Terms
from vaecluster.model.vae import ClusteringVAE
from vaecluster.settings import POSITIVE, Number, Whole, settings
from vaecluster.training.plan import Plan
from vaecluster.training.run import Epoch, Run
from vaecluster.training.state import load_tensors, tensors_of

CLUSTERS = "clusters"
# Starts of k-means, of which the best is taken, as in the papers.
STARTS = 20
BLOCK_ROWS = 1024


@settings
class Sharpened(OnCodes, ABC):
    """What DEC and IDEC share; they differ in whether codes hear the reconstruction while clusters are sharpened."""

    warm_epochs: Annotated[int, Whole(), "epochs of the autoencoder before"] = 50
    epochs: Annotated[int, Whole(), "passes over the rows while clusters are sharpened, at most"] = 80
    tolerance: Annotated[
        float, Number(0, 1), "clusters are done when at most this share of the rows changed theirs in an epoch"
    ] = 0.001

    def posterior(self, features: int, clusters: int) -> ClusterPosterior:
        """Student's t around centres."""
        return StudentPosterior(self.latent, clusters)

    def plans(self) -> dict[str, Plan]:
        """The autoencoder, the clusters, the generator."""
        return {
            AUTOENCODER: self._plan(self.warm_epochs),
            CLUSTERS: Plan(self.epochs, self.batch_size, self.learning_rate),
            GENERATOR: self._plan(self.generator_epochs),
        }

    @abstractmethod
    def sharpening(self, model: ClusteringVAE) -> "Sharpening":
        """What the second stage minimises."""

    def fit(self, run: Run) -> Fitted:
        """The autoencoder, centres by k-means, sharpening, and a generator of the clusters."""
        model = self.started(run)
        run.train_through(AUTOENCODER, Autoencoder(model))
        if run.begins(CLUSTERS):
            start_at_centres(model, run.rows, run.draws.seed)
        for epoch, changed in self._sharpen(run, model):
            epoch.stop = changed <= self.tolerance
        follow_codes(model, run.rows)
        return self.finished(run, model)

    def go_on(self, run: Run, fitted: Fitted, epochs: int, seen: int) -> Fitted:
        """Sharpening again, more slowly, towards a target that these rows make; then the moments follow."""
        run.stages({CLUSTERS: Plan(epochs, self.batch_size, GOING_ON_RATE * self.learning_rate)})
        model = fitted.model
        components = moment_components(model.prior)
        before = components.moments()
        for _ in self._sharpen(run, model):
            pass
        follow_codes(model, run.rows)
        components.mix(before, seen / (seen + len(run.rows)))
        model.prior.weights.follow(components)
        confidence = fitted.confidence if seen else confidence_of(model, run.rows)
        return replace(fitted, history=run.history, confidence=confidence)

    def _sharpen(self, run: Run, model: ClusteringVAE) -> Iterator[tuple[Epoch, float]]:
        """Each epoch, and the share of the rows that changed cluster in it."""
        objective = self.sharpening(model).to(run.device)
        if run.begins(CLUSTERS):
            objective.renew_target(run.rows)
        for epoch in run.train(CLUSTERS, objective):
            yield epoch, objective.renew_target(run.rows)


@final
@settings
class DEC(Sharpened):
    """Deep embedded clustering (Xie, Girshick and Farhadi 2016).

    An autoencoder, k-means of its codes, and then codes and centres learn alone from a target that sharpens the soft
    assignments, equations (43) to (45). The paper drops the decoder; here it follows the codes, which do not hear it,
    and a last stage makes a generator: each cluster is a Gaussian with the moments of its codes, (22). The paper's
    networks are `hidden=(512, 512, 2048)`, pre-trained for much longer. The number of clusters must be given.

    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import DEC, VAEClustering
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=DEC(warm_epochs=5), random_state=0).fit(X)
    >>> model.cluster_sizes_.tolist()
    [20, 20, 20]
    """

    name: ClassVar[str] = "dec"

    def sharpening(self, model: ClusteringVAE) -> "Sharpening":
        """The target alone moves the codes."""
        return Sharpening(model, weight=1.0, kept=False)


@final
@settings
class IDEC(Sharpened):
    """Improved deep embedded clustering (Guo, Gao, Liu and Yin 2017).

    As DEC, but the codes are held by the reconstruction while clusters are sharpened, equation (45). The number of
    clusters must be given.

    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import IDEC, VAEClustering
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=IDEC(warm_epochs=5), random_state=0).fit(X)
    >>> model.cluster_sizes_.tolist()
    [20, 20, 20]
    """

    name: ClassVar[str] = "idec"

    sharpening_weight: Annotated[
        float,
        POSITIVE,
        "weight of KL(P||Q) against the reconstruction in nats per entry of a row; at the default precision 0.5 is "
        "the paper's 0.1 against squared errors",
    ] = 0.5

    def sharpening(self, model: ClusteringVAE) -> "Sharpening":
        """The target and the reconstruction move the codes."""
        return Sharpening(model, weight=self.sharpening_weight, kept=True)


@final
@dataclass(frozen=True)
class SharpeningTerms(Terms):
    """log p(x|z) at the mean code, and KL(P||Q), one value per row, in nats."""

    reconstruction: Tensor
    target_kl: Tensor


@final
class Sharpening(Objective):
    """Soft assignments move towards their own target, (44); the decoder follows the codes.

    The target of a row is made of the assignment by the model as it was when the target was last renewed, so nothing
    is kept of each row. With `kept` the codes hear the reconstruction, (45); otherwise only the decoder does.
    """

    shares: Tensor

    def __init__(self, model: ClusteringVAE, weight: float, *, kept: bool) -> None:
        super().__init__()
        self.model, self.weight, self.kept = model, weight, kept
        self.then = deepcopy(model).requires_grad_(False)
        self.register_buffer("shares", torch.ones(model.grouping.clusters, dtype=torch.float32, device="cpu"))

    def forward(self, batch: Batch) -> SharpeningTerms:
        """The terms of a batch (rows, *data)."""
        assigned, code = self.model.assign_with_code(batch.rows)  # q(y|z) at the mean code
        target = self.target(batch.rows)  # p(y|x)

        # log p(x|z)
        reconstruction = self.model.decoder(code if self.kept else code.detach()).log_prob(batch.rows)
        # KL( p(y|x) || q(y|z) )
        target_kl = (target.exp() * (target - assigned.logits)).sum(-1)

        entries = batch.rows[0].numel()
        loss = ranks.mean(self.weight * target_kl - reconstruction / entries)
        return SharpeningTerms(loss, assigned.probs, reconstruction, target_kl)

    @torch.no_grad()
    def target(self, rows: Tensor) -> Tensor:
        """log p(y|x), p ~ q^2 / share, for rows (rows, *data): (rows, clusters)."""
        return (2 * self.then.assign(rows).logits - self.shares.log()).log_softmax(-1)

    @torch.no_grad()
    def renew_target(self, rows: Rows) -> float:
        """Make the target of the model as it is now; the share of the rows that changed cluster since the last one."""
        self.eval()
        shares, changed = torch.zeros_like(self.shares, dtype=torch.float64), 0
        for start in ranks.share(range(0, len(rows), BLOCK_ROWS)):
            indices = slice(start, start + BLOCK_ROWS)
            batch = rows[indices]
            now = self.model.assign(batch).probs
            changed += int((now.argmax(-1) != self.then.assign(batch).probs.argmax(-1)).sum())
            weights = np.ones(len(batch)) if rows.weights is None else rows.weights[indices]
            shares += torch.from_numpy(weights).to(shares) @ now.double()
        (shares,), changed = ranks.totals(shares), ranks.count(changed)
        self.shares.copy_(shares / shares.sum())
        load_tensors(self.then, tensors_of(self.model))
        return changed / len(rows)


@torch.no_grad()
def start_at_centres(model: ClusteringVAE, rows: Rows, seed: int) -> None:
    """Put the centres of the posterior where k-means finds them among the codes."""
    posterior = model.cluster_posterior
    assert isinstance(posterior, StudentPosterior)
    centres, some = posterior.centres, rows.drawn(MOST_ROWS, seed)
    search = KMeans(len(centres), n_init=STARTS, random_state=seed % 2**32)
    with undisturbed():
        search.fit(points_of(model, some), sample_weight=some.weights)
    centres.copy_(torch.from_numpy(search.cluster_centers_).to(centres))
