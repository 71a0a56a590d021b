"""VaDE with a neighbour graph: the code of a row stands for its neighbours too."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from torch import Generator, Tensor

from vaecluster.clusters.number import AskedNumber
from vaecluster.data.schema import Schema
from vaecluster.inference.calibrating import confidence_of
from vaecluster.methods.base import BatchSize, Epochs, Fitted, Hidden, Latent, LearningRate, Method, Precision
from vaecluster.methods.bound import GOING_ON_RATE
from vaecluster.methods.bound import STAGE as BOUND
from vaecluster.methods.vade import VaDE
from vaecluster.model.distributions import draw
from vaecluster.model.objective import Batch, Objective, Terms, bound_at
from vaecluster.model.vae import ClusteringVAE
from vaecluster.settings import SHARE, By, Whole, settings
from vaecluster.training.plan import Plan
from vaecluster.training.run import Batches, Run
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import Views


@final
@settings
class DGG(Method):
    """VaDE with graph embedding, after Yang, Cheung, Li and Fang (2019).

    Rows and their nearest others are a graph. Beside the bound (1) of a row itself the bound of a neighbour by the
    row's own code and cluster is maximised, equation (41): rows that are near get codes and clusters that are alike.
    The number of clusters must be given.
    """

    name: ClassVar[str] = "dgg"
    built: ClassVar[tuple[str, ...]] = VaDE.built

    latent: Latent = 10
    hidden: Hidden = By(images=(512, 512), vectors=(256, 256))
    precision: Precision = By(images=10.0, vectors=10.0)
    neighbours: Annotated[int, Whole(), "nearest rows to which each row is tied, at most one in 10 rows"] = 10
    graph_share: Annotated[float, SHARE, "share of the neighbours' bounds in the loss; the rest is of the rows"] = 0.5
    warm_epochs: Annotated[int, Whole(0), "epochs of the autoencoder before; 0 learns from scratch"] = 15
    epochs: Epochs = 35
    batch_size: BatchSize = 128
    learning_rate: LearningRate = 1e-3

    def completed(self, schema: Schema, rows: int, clusters: AskedNumber) -> Self:
        """With the defaults for images or vectors."""
        completed = self.of_kind(schema.kind)
        completed._vade.completed(schema, rows, self.needed_number(clusters))
        return completed

    def plans(self) -> dict[str, Plan]:
        """Those of VaDE."""
        return self._vade.plans()

    def views_of_rows(self, schema: Schema) -> Views:
        """The neighbours."""
        return Views(Neighbours(self.neighbours))

    def build(self, schema: Schema, clusters: int) -> ClusteringVAE:
        """VaDE's model."""
        return self._vade.build(schema, clusters)

    def fit(self, run: Run) -> Fitted:
        """VaDE's start, then the bound over the graph."""
        batches = self._pairs(run)
        return self._learn(run, self._vade.begun(run), batches)

    def go_on(self, run: Run, fitted: Fitted, epochs: int, seen: int) -> Fitted:
        """The same on the graph of these rows, more slowly."""
        plan = self.plans()[BOUND]
        run.stages({BOUND: replace(plan, epochs=epochs, learning_rate=GOING_ON_RATE * plan.learning_rate)})
        learned = self._learn(run, fitted.model, self._pairs(run))
        confidence = fitted.confidence if seen else learned.confidence
        return replace(fitted, model=learned.model, history=learned.history, confidence=confidence)

    def _learn(self, run: Run, model: ClusteringVAE, batches: Batches) -> Fitted:
        run.train_through(BOUND, GraphObjective(model, self.graph_share), batches)
        return Fitted(self, run.rows.schema, model, run.history, confidence=confidence_of(model, run.rows))

    def _pairs(self, run: Run) -> Batches:
        """Batches of rows, each with one of its neighbours, drawn anew at every look."""
        rows, views = run.rows, self.views_of_rows(run.rows.schema).prepare(run.rows, run.telling)

        def batch(numbers: NDArray[np.intp], generator: Generator) -> Batch:
            chosen = rows[numbers]
            return Batch(chosen, generator, views.of(numbers, chosen, generator))

        return batch

    @property
    def _vade(self) -> VaDE:
        """What this is without its graph."""
        same = ("likelihood", "scaling", "latent", "hidden", "precision", "warm_epochs", "epochs", "batch_size")
        return VaDE(**{name: getattr(self, name) for name in (*same, "learning_rate")})


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
        code = draw(posterior, batch.generator)
        own = bound_at(self.model, batch.rows, features, posterior, code)
        # log p(x'|z) - log p(x|z): all else in the bound is of the row
        change = self.model.decoder(code).log_prob(batch.view) - own.reconstruction
        return GraphTerms(
            loss=own.loss - self.share * change.mean(),
            assignment=own.assignment,
            bound=own.bound,
            neighbour_bound=own.bound + change,
            reconstruction=own.reconstruction,
            latent_kl=own.latent_kl,
            cluster_kl=own.cluster_kl,
        )
