"""What a method is, and what it leaves."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.hierarchy import Hierarchy
from vaecluster.clusters.number import AskedNumber, Evidence, within
from vaecluster.clusters.scores import Label
from vaecluster.data.blocks import Words
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.data.telling import Telling, in_silence
from vaecluster.errors import SettingError, counted
from vaecluster.inference import answers
from vaecluster.inference.answers import Assigned
from vaecluster.inference.confidence import Confidence
from vaecluster.inference.doubt import Calibration, doubted
from vaecluster.inference.imputing import Errors
from vaecluster.inference.profile import Difference
from vaecluster.model.likelihood import OF_NUMBERS
from vaecluster.model.vae import ClusteringVAE
from vaecluster.settings import POSITIVE, OneOf, Settings, Whole, Widths
from vaecluster.training.listeners.history import History
from vaecluster.training.plan import Plan
from vaecluster.training.run import Run
from vaecluster.views.pipeline import Views

# Settings that several methods have, in the same words.
Epochs = Annotated[int, Whole(), "passes over the rows"]
BatchSize = Annotated[int, Whole(), "rows per step"]
LearningRate = Annotated[float, POSITIVE, "Adam's learning rate, or its peak"]
Hidden = Annotated[tuple[int, ...], Widths(), "widths of dense networks"]
Latent = Annotated[int, Whole(), "entries of a code"]
Likelihood = Annotated[
    str,
    OneOf(*OF_NUMBERS),
    "how numbers vary around what the decoder says: by a fixed precision, by a learned one, or as probabilities, "
    "for rows in [0, 1]",
]
Precision = Annotated[float, POSITIVE, "1 / variance of the Gaussian likelihood, of scaled rows"]
ScalingOf = Annotated[
    str,
    OneOf("auto", "columns", "common"),
    "columns are scaled each by its own spread, or all by a common one, which is for columns in one unit; auto takes "
    "the second for embeddings of one length, principal components, and counts of which many are 0",
]


@dataclass(frozen=True)
class Method(Settings, ABC):
    """A way to learn clusters; to add one, write a class with these members and name it in `methods/__init__.py`.

    Its settings are its fields (`vaecluster.settings`). A method is never changed by a fit.
    """

    # What a user calls it.
    name: ClassVar[str]
    # Whether it can find the number of clusters.
    finds_number: ClassVar[bool] = False
    # The settings by which the parts of a model are built; the others are about learning.
    built: ClassVar[tuple[str, ...]]

    likelihood: Likelihood = "gaussian"
    scaling: ScalingOf = "auto"

    @abstractmethod
    def completed(self, schema: Schema, rows: int, clusters: AskedNumber) -> Self:
        """The same with everything filled in that follows from so many rows of this schema.

        Raises `SettingError` for what does not go together. A completed method completed again stays as it is.
        """

    @abstractmethod
    def plans(self) -> dict[str, Plan]:
        """The stages of a fit by name, in their order; of a completed method."""

    def views_of_rows(self, schema: Schema) -> Views | None:
        """What counts as two views of a row, for a method that has some."""
        return None

    @abstractmethod
    def build(self, schema: Schema, clusters: int) -> ClusteringVAE:
        """A model whose layers have no weights yet, for a fit or for a file; of a completed method."""

    @abstractmethod
    def fit(self, run: Run) -> "Fitted":
        """Learn from the rows of the run, and go on from what it has kept of the same fit."""

    def go_on(self, run: Run, fitted: "Fitted", epochs: int, seen: int) -> "Fitted":
        """Learn for so many epochs more from the rows of the run, with the clusters and their numbers as they are.

        `seen` is how many rows the model has learned from beside these; with 0 it becomes a model of these rows alone.
        The model in `fitted` may be changed. Raises `SettingError` for a method that cannot go on.
        """
        raise SettingError(f"The method {self.name!r} cannot go on from a fitted model. Fit again.")

    @property
    def learns_labels(self) -> bool:
        """Whether known labels take part in learning, rather than name clusters afterwards."""
        return bool(getattr(self, "label_weight", 0.0))

    def needed_number(self, clusters: AskedNumber) -> int:
        """The number of clusters, for a method that needs one; raises `SettingError` if none is given."""
        if not isinstance(clusters, int):
            raise SettingError(
                f"n_clusters is {clusters or 'auto'!r}, but the method {self.name!r} does not find a number of "
                "clusters. Give one."
            )
        return clusters


@final
@dataclass(frozen=True, eq=False)
class Fitted:
    """What a fit leaves: all that an estimator answers from, and all that a model file holds.

    `method` is completed. `hierarchy` is the tree over the components as they are in the model, and `evidence` what
    spoke for each number of clusters, where the method has them. `calibration` is what new rows are compared with to
    find outliers, and `confidence` what makes probabilities as large as clusters are right. `errors` are what was
    seen of filled in values, where some may be missing. `names` are those of clusters, `sizes` (clusters,) counts the
    rows of the fit in each, and `profile` says what sets each apart in them, if columns have names. `data` identifies
    these rows: number, type, shape, SHA-256. `feature_names` are those of columns, if they had any. `relabelled` says
    that clusters are a user's: posterior and prior are then those of `methods/relabelling.py`, not the method's own.
    """

    method: Method
    schema: Schema
    model: ClusteringVAE
    history: History
    hierarchy: Hierarchy | None = None
    evidence: Evidence | None = None
    calibration: Calibration | None = None
    confidence: Confidence | None = None
    errors: Errors | None = None
    names: dict[int, Label] | None = None
    sizes: NDArray[np.intp] | None = None
    profile: list[list[Difference]] | None = None
    data: dict[str, Any] | None = None
    feature_names: tuple[str, ...] = ()
    relabelled: bool = False

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return self.model.grouping.clusters

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that are learned from, of texts the one that held them; none if they had none."""
        block = self.schema.blocks[0]
        if isinstance(block, Words):
            return (block.column,) if block.column else ()
        # `feature_names` holds names that are texts alone, as in scikit-learn.
        return self.feature_names if self.schema.frame is None else tuple(map(str, self.schema.frame.names))

    @property
    def completed_for(self) -> int:
        """The number of clusters with which the method was completed; `cut` may have changed the model's."""
        return number_completed_for(self.method, self.clusters)

    def gone_on(self, learned: "Fitted", seen: int) -> "Fitted":
        """The same after learning on; the confidence stays if `seen` rows stand behind it beside the new ones."""
        confidence = self.confidence if seen else learned.confidence
        return replace(self, model=learned.model, history=learned.history, confidence=confidence)

    def assigned(
        self,
        rows: Rows,
        min_confidence: float = 0.0,
        outlier_fraction: float = 0.0,
        *,
        outlier_scores: bool = False,
        telling: Telling = in_silence,
    ) -> Assigned:
        """The likeliest cluster of each row, or -1 for a doubtful one (`doubted`); outlier scores where needed.

        Raises `SettingError` for these if there is no calibration.
        """
        found = answers.likeliest(self.model, rows, self.confidence, telling)
        scores = self.outlier_score(rows) if outlier_fraction or outlier_scores else None
        labels = doubted(found.labels, found.confidence, scores, min_confidence, outlier_fraction)
        return replace(found, labels=labels, outlier_score=scores, row_names=rows.names)

    def outlier_score(self, rows: Rows) -> NDArray[np.float64]:
        """How unlikely each row is, by the calibration: (rows,). Raises `SettingError` if there is none."""
        return self.check_calibrated().outlier_score(answers.bounds(self.model, rows))

    @property
    def edited(self) -> bool:
        """Whether clusters are a user's: neither those that the method found nor a cut of its tree."""
        merged = self.hierarchy is None and len(self.model.grouping.cluster_of) > self.clusters
        return self.relabelled or merged

    def check_calibrated(self) -> Calibration:
        """The calibration; raises `SettingError` if there is none."""
        if self.calibration is None:
            raise SettingError(
                "This model file is of an older format and holds no calibration, which outlier scores need. Fit again."
            )
        return self.calibration

    def check_goes_on(self, method: Method, asked: AskedNumber) -> None:
        """Raise `SettingError` if a fit is to go on with other clusters, method or parts than those of the model."""
        if self.edited:
            raise SettingError(
                "The clusters of this model were edited by hand, and a fit that goes on would learn others. Predict "
                "with it as it is, or fit again."
            )
        if within(asked, self.clusters) != self.clusters:
            raise SettingError(
                f"n_clusters is {asked}, but the model has {counted(self.clusters, 'cluster')}, and going on keeps "
                f"them. Set n_clusters={self.clusters}, or begin anew."
            )
        if type(method) is not type(self.method):
            raise SettingError(
                f"method is {method.name!r}, but the model was fitted with {self.method.name!r}, and going on keeps "
                "it. Set that one, or begin anew."
            )
        for name in method.built:
            was, now = getattr(self.method, name), getattr(method, name)
            if was != now:
                raise SettingError(
                    f"{name} is {now!r}, but the model was built with {was!r}, and going on keeps its parts. Set "
                    f"{name}={was!r}, or begin anew."
                )


def number_completed_for(method: Method, clusters: int) -> int:
    """The number of shares that a method was given, or else that of the model's clusters."""
    shares = getattr(method, "cluster_weights", None)
    return len(shares) if isinstance(shares, tuple) else clusters


def check_shares(shares: Any, clusters: int) -> None:
    """Raise `SettingError` if the method was given another number of shares than there are clusters."""
    if isinstance(shares, tuple) and len(shares) != clusters:
        raise SettingError(
            f"cluster_weights holds {counted(len(shares), 'share')} for {counted(clusters, 'cluster')}. Give one each."
        )
