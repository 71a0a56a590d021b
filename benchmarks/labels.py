"""What labels give: fits with none, a few and all of them, and how right and how sure each way to classify is.

`python -m benchmarks.labels --data pendigits,mnist --labels 0,10,all --seeds 3` writes one file for each data set and
number of labels, from which `python -m benchmarks.tables` makes the table in `docs/labels.md`. Which rows are labelled
follows from the seed. `--rows` and `--epochs` are cheaper; the files say so, and are named by it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from cyclopts import App

from benchmarks.kinds import kind_of
from benchmarks.methods import EstimatorMethod, as_seen, choose_method
from benchmarks.readers import some_of
from benchmarks.runs import Outcome, check_labelled, file_of, run_benchmark
from vaecluster.cli import main
from vaecluster.cli.options import Whole, check, names_of
from vaecluster.data.dataset import DataSet, as_labels
from vaecluster.data.named import load_named
from vaecluster.data.raw import Array
from vaecluster.errors import SettingError
from vaecluster.runs.reliability import reliability_of
from vaecluster.settings import Whole as WholeKind

RESULTS = Path(__file__).parent / "results" / "labels"
# As much as what two views share: see `docs/labels.md`.
WEIGHT = 20.0
# Bayes' rule decodes some codes for each row and class.
MOST_ROWS = 2_000


@final
@dataclass(frozen=True)
class WithLabels:
    """A method that learns from the labels of some rows, so many of each class, or all where `each` is None."""

    method: EstimatorMethod
    each: int | None
    labels: Array = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The method, and how many labels."""
        return f"{self.method.name}, {'all' if self.each is None else self.each} labels"

    def parameters(self) -> dict[str, Any]:
        """Those of the method, and how many labels."""
        return self.method.parameters() | {"labels": "all" if self.each is None else self.each}

    def fit(self, rows: Array, clusters: int, seed: int) -> Outcome:
        """With labels that were drawn by the seed."""
        return self.method.fit(rows, clusters, seed, known=known_of(self.labels, self.each, seed))


@final
@dataclass(frozen=True)
class ReliabilityMeasure:
    """How often each way to classify held-out rows is right, and its expected calibration error."""

    name: str = "reliability"

    def about(self) -> dict[str, Any]:
        """On how many rows at most."""
        return {"rows": MOST_ROWS}

    def score(self, clustering: Any, data: DataSet) -> dict[str, Any]:
        """Of one fit; the diagrams beside the scores."""
        found = reliability_of(clustering, data, MOST_ROWS)
        scores: dict[str, Any] = {}
        for by, one in found.items():
            scores |= {f"{by} accuracy": one.overall_accuracy, f"{by} error": one.expected_calibration_error}
        bins = {by: [one.count, one.confidence.round(4), one.accuracy.round(4)] for by, one in found.items()}
        # Of bins without rows there is nothing to say.
        return scores | {
            "bins": {
                by: [[None if value != value else value for value in of.tolist()] for of in some]
                for by, some in bins.items()
            }
        }

    def references(self, clustering: Any, data: DataSet) -> dict[str, Any]:
        """None."""
        return {}


def known_of(labels: Array, each: int | None, seed: int) -> Array:
    """Labels (rows,) of so many rows of each class, drawn at random, -1 for the others; all of them for None."""
    classes, codes = np.unique(as_labels(np.asarray(labels)), return_inverse=True)
    if each is None:
        return codes
    order = np.random.default_rng(seed).permutation(len(codes))
    known = np.full(len(codes), -1)
    for number in range(len(classes)):
        chosen = order[codes[order] == number][:each]
        known[chosen] = number
    return known


def measure(data: DataSet, method: str, given: dict[str, Any], labels: str, seeds: int, output: Path) -> None:
    """Fit with so many labels of each class; what `output` holds already is kept."""
    truth = np.asarray(check_labelled(data).y_train)
    kind, clusters = kind_of(data), len(np.unique(truth))
    each = None if labels == "all" else int(labels)
    chosen = choose_method(method, kind, given)
    assert isinstance(chosen, EstimatorMethod)
    if each != 0:
        learning = choose_method(method, kind, given | {"label_weight": WEIGHT})
        assert isinstance(learning, EstimatorMethod)
        chosen = learning.changed(chosen.name, learning.method, learning.given)
    fitted = WithLabels(chosen, each, truth)
    path = file_of(output, data.name, fitted.name)
    record = run_benchmark(data, as_seen(chosen, kind), fitted, clusters, range(seeds), path, [ReliabilityMeasure()])
    part = record["summary"].get("test", record["summary"]["train"])
    scores = ", ".join(f"{name} {of['mean']:.3f}" for name, of in record["summary"]["reliability"].items())
    print(f"{data.name}, {fitted.name}: accuracy {part['hungarian_accuracy']['mean']:.4f}; {scores}", flush=True)


def labels(
    *,
    data: str = "pendigits,mnist,fashion-mnist",
    labels: str = "0,10,all",
    method: str = "two-views",
    seeds: Whole = 3,
    epochs: Whole | None = None,
    rows: Whole | None = None,
    output: Path = RESULTS,
) -> None:
    """Fit with none, some and all labels.

    Parameters
    ----------
    data
        Data sets by name, with commas between.
    labels
        How many rows of each class have a label, with commas between, or all.
    method
        two-views, su2018 or vade.
    seeds
        Fits of each.
    epochs
        In place of the method's own.
    rows
        So many training rows, in place of all.
    output
        Folder for the results, one file for each data set and number of labels.
    """
    for each in names_of("--labels", labels):
        if each != "all" and not each.isdecimal():
            raise SettingError(f"--labels holds {each!r}; expected whole numbers or all, with commas between.")
    for name, value in (("seeds", seeds), ("rows", rows), ("epochs", epochs)):
        check(f"--{name}", value, WholeKind(1))
    given = {} if epochs is None else {"epochs": epochs}
    torch.set_num_threads(1)
    for name in names_of("--data", data):
        for each in names_of("--labels", labels):
            measure(some_of(load_named(name), rows), method, given, each, seeds, output)


app = App(name="python -m benchmarks.labels", default_command=labels, version_flags=())

if __name__ == "__main__":
    main(program=app)
