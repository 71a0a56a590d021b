"""What is measured of every run of a benchmark beside its clusters: the bound, and generation.

The judge and the conditional model are taught with labels. Both see a clustering only once its fit is over.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from benchmarks.anchors import train_anchor
from benchmarks.generation import COMPARED, score_fidelity, score_generation
from benchmarks.judge import Judge, train_judge
from benchmarks.methods import EstimatorMethod
from benchmarks.runs import Method, check_labelled
from vaecluster.clusters.scores import majority_names
from vaecluster.data.dataset import DataSet, as_labels
from vaecluster.errors import SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.methods import TwoViews

# Of the judge, of the anchors, and of all samples.
SEED = 0


@final
@dataclass(frozen=True)
class HeldOutBound:
    """The mean bound on log p(x) of held-out rows, or of the rows of the fit where none are held out.

    Methods without a density have none.
    """

    name: ClassVar[str] = "bound"

    def about(self) -> dict[str, Any]:
        """Its unit."""
        return {"unit": "nats per row"}

    def score(self, clustering: Any, data: DataSet) -> dict[str, Any]:
        """Of one fit."""
        rows = data.x_train if data.x_test is None else data.x_test
        return {"bound": float(clustering.score(rows))} if hasattr(clustering, "score") else {}

    def references(self, clustering: Any, data: DataSet) -> dict[str, Any]:
        """None."""
        return {}


@final
@dataclass(frozen=True)
class GenerationMeasure:
    """Samples of every cluster and of the whole, looked at by a judge.

    `accuracy` is the share of held-out images that the judge names right. With `anchors` two reference models are
    trained once per file, with the settings of its first fit.
    """

    judge: Judge
    accuracy: float
    anchors: bool = False
    device: str = "auto"

    name: ClassVar[str] = "generation"

    def about(self) -> dict[str, Any]:
        """The judge: scores by another one cannot be compared."""
        return {"judge": {"seed": SEED, "accuracy": self.accuracy}}

    def score(self, clustering: VAEClustering, data: DataSet) -> dict[str, Any]:
        """As `GenerationScores.as_dict`."""
        assert data.y_train is not None
        assert data.x_test is not None
        return score_generation(
            clustering.sample,
            majority_names(data.y_train, clustering.labels_),
            self.judge,
            data.x_test,
            clusters=clustering.n_clusters_,
            predict=clustering.predict,
            random_state=SEED,
        ).as_dict()

    def references(self, clustering: VAEClustering, data: DataSet) -> dict[str, Any]:
        """`anchors`: what the training images themselves would score, and the two reference models."""
        assert data.x_test is not None
        images = score_fidelity(data.x_test, data.x_train, self.judge, random_state=SEED)
        models = self._anchors(clustering, data) if self.anchors else {}
        return {"anchors": {"training images": images.as_dict()} | models}

    def _anchors(self, clustering: VAEClustering, data: DataSet) -> dict[str, dict[str, float]]:
        method = clustering.method_
        assert isinstance(method, TwoViews)
        assert data.x_test is not None
        same: dict[str, Any] = {"method": method, "random_state": SEED, "device": self.device}
        conditional = train_anchor(data.x_train, data.y_train, **same)
        scores = score_generation(
            conditional.sample,
            conditional.names,
            self.judge,
            data.x_test,
            clusters=len(conditional.labels),
            random_state=SEED,
        )
        plain = train_anchor(data.x_train, **same)
        samples = plain.sample(min(COMPARED, len(data.x_test)), random_state=SEED)
        fidelity = score_fidelity(data.x_test, samples, self.judge, random_state=SEED)
        return {"conditional": scores.as_dict(), "plain": fidelity.as_dict()}


def measure_generation(
    data: DataSet, method: Method, *, device: str = "auto", epochs: int | None = None
) -> GenerationMeasure:
    """The measure with a judge trained on the labelled images of `data`, for so many epochs or as many as it takes.

    Anchors are for the default method, as a whole: what is measured beside it, on the same data, is read against
    the same ones. The judge is trained on the processor, where the same seed gives the same judge, so that a resumed
    file is scored by one judge. Raises `SettingError` if the method cannot sample, or if these are not images with
    labels and held-out images; `DataError` if the judge cannot read them.
    """
    if not isinstance(method, EstimatorMethod):
        raise SettingError(f"method is {method.name!r}, which generates no rows. Leave --generation out.")
    labels = check_labelled(data).y_train
    assert labels is not None
    if data.x_train.ndim == 2 or data.x_test is None or data.y_test is None:
        raise SettingError(
            f"--generation needs images, and labelled ones held out, but {data.name} is not such. Leave it out."
        )
    judge = train_judge(data.x_train, labels, epochs=epochs, random_state=SEED, device="cpu")
    accuracy = float(np.mean(judge.predict(data.x_test) == as_labels(data.y_test)))
    return GenerationMeasure(judge, accuracy, method.name == TwoViews.name, device)
