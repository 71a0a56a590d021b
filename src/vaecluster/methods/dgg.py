"""VaDE with a neighbour graph: the code of a row stands for its neighbours too."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from torch import Generator, Tensor

from vaecluster import ranks
from vaecluster.data.draws import drawn_on
from vaecluster.data.schema import Schema
from vaecluster.inference.calibrating import confidence_of
from vaecluster.methods.base import Fitted
from vaecluster.methods.bound import GOING_ON_RATE
from vaecluster.methods.bound import STAGE as BOUND
from vaecluster.methods.vade import FromMixture
from vaecluster.model.distributions import draw_share
from vaecluster.model.objective import Batch, Objective, Terms, bound_at
from vaecluster.model.vae import ClusteringVAE
from vaecluster.settings import SHARE, Whole, settings
from vaecluster.training.run import Batches, Run
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import Views


@final
@settings
class DGG(FromMixture):
    """VaDE with graph embedding, after Yang, Cheung, Li and Fang (2019).

    Rows and their nearest others are a graph. Beside the bound (1) of a row itself the bound of a neighbour by the
    row's own code and cluster is maximised, equations (41) and (42): rows that are near get codes and clusters that
    are alike. The number of clusters must be given.

    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import DGG, VAEClustering
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=DGG(epochs=5), random_state=0).fit(X)
    >>> model.cluster_sizes_.tolist()
    [20, 20, 20]
    """

    name: ClassVar[str] = "dgg"

    neighbours: Annotated[int, Whole(), "nearest rows to which each row is tied, at most one in 10 rows"] = 10
    graph_share: Annotated[float, SHARE, "share of the neighbours' bounds in the loss; the rest is of the rows"] = 0.5

    def views_of_rows(self, schema: Schema) -> Views:
        """The neighbours."""
        return Views(Neighbours(self.neighbours))

    def fit(self, run: Run) -> Fitted:
        """VaDE's start, then the bound over the graph."""
        batches = self._pairs(run)
        return self._learn(run, self.begun(run), batches)

    def go_on(self, run: Run, fitted: Fitted, epochs: int, seen: int) -> Fitted:
        """The same on the graph of these rows, more slowly."""
        plan = self.plans()[BOUND]
        run.stages({BOUND: replace(plan, epochs=epochs, learning_rate=GOING_ON_RATE * plan.learning_rate)})
        return fitted.gone_on(self._learn(run, fitted.model, self._pairs(run)), seen)

    def _learn(self, run: Run, model: ClusteringVAE, batches: Batches) -> Fitted:
        run.train_through(BOUND, GraphObjective(model, self.graph_share), batches)
        return Fitted(self, run.rows.schema, model, run.history, confidence=confidence_of(model, run.rows))

    def _pairs(self, run: Run) -> Batches:
        """Batches of rows, each with one of its neighbours, drawn anew at every look."""
        rows, views = run.rows, self.views_of_rows(run.rows.schema).prepare(run.rows, run.telling, run.arrays)

        def batch(numbers: NDArray[np.intp], generator: Generator) -> Batch:
            chosen = rows[ranks.share(numbers)]
            view = views.of(numbers, chosen, generator, ranks.own(generator))
            return Batch(chosen, drawn_on(chosen.device, generator), view)

        return batch


@final
@dataclass(frozen=True)
class GraphTerms(Terms):
    """The bound (1) of a row with its terms, and `neighbour_bound`, that of a neighbour by the row's code, (41)."""

    bound: Tensor
    neighbour_bound: Tensor
    reconstruction: Tensor
    latent_kl: Tensor
    cluster_kl: Tensor


@final
class GraphObjective(Objective):
    """Minus the mean of the bounds of rows and of their neighbours, the latter with weight `share`."""

    def __init__(self, model: ClusteringVAE, share: float) -> None:
        super().__init__()
        self.model, self.share = model, share

    def forward(self, batch: Batch) -> GraphTerms:
        """The terms for a batch of rows (rows, *data) and a neighbour of each."""
        assert batch.view is not None
        features = self.model.encoder.features(batch.rows)
        posterior = self.model.encoder.code(features)  # q(z|x)
        code = draw_share(posterior, batch.generator)
        own = bound_at(self.model, batch.rows, features, posterior, code)
        # log p(x'|z) - log p(x|z): all else in the bound is of the row
        change = self.model.decoder(code).log_prob(batch.view) - own.reconstruction
        return GraphTerms(
            loss=own.loss - self.share * ranks.mean(change),
            assignment=own.assignment,
            bound=own.bound,
            neighbour_bound=own.bound + change,
            reconstruction=own.reconstruction,
            latent_kl=own.latent_kl,
            cluster_kl=own.cluster_kl,
        )
