"""What readers of Su's article changed in its method, one change at a time.

`python -m benchmarks.readers --data mnist,fashion-mnist --seeds 3` fits the method as it is and with each change
alone, and writes one file for each, from which `python -m benchmarks.tables` makes the table in `docs/family.md`. It
takes about 40 processor minutes a fit on all rows of MNIST. `--rows`, `--epochs` and `--network dense` are cheaper;
the files say so, and are named by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from cyclopts import App

from benchmarks.kinds import kind_of
from benchmarks.methods import EstimatorMethod
from benchmarks.runs import check_labelled, file_of, run_benchmark
from vaecluster import Bound, settings
from vaecluster.cli import main
from vaecluster.cli.options import Whole, check, names_of
from vaecluster.data.dataset import DataSet
from vaecluster.data.named import load_named
from vaecluster.settings import Whole as WholeKind

RESULTS = Path(__file__).parent / "results" / "readers"
AS_IT_IS = "as it is"
# Each with the settings that make it. The temperature is ours: the readers do not say theirs.
CHANGES: dict[str, dict[str, Any]] = {
    AS_IT_IS: {},
    "learned variances": {"component_scale": "learned"},
    "Bayes' rule": {"cluster_posterior": "bayes"},
    "raw p(y)": {"cluster_weights": "raw"},
    "softmax p(y)": {"cluster_weights": "learned"},
    "softmax p(y) at temperature 10": {"cluster_weights": "learned", "weights_temperature": 10.0},
    "no KL to p(y)": {"cluster_kl_weight": 0.0},
}


@final
@dataclass(frozen=True)
class ClustersUsed:
    """How many clusters have rows of the fit, and p(y) as it was learned, the largest share first."""

    name: str = "clusters"

    def about(self) -> dict[str, Any]:
        """Nothing is chosen."""
        return {}

    def score(self, clustering: Any, data: DataSet) -> dict[str, Any]:
        """Of one fit."""
        shares = clustering.model_.prior.weights().probs.detach().double().cpu().numpy()
        rows = np.sort(clustering.cluster_sizes_)[::-1] / clustering.cluster_sizes_.sum()
        return {
            "used": float(np.count_nonzero(clustering.cluster_sizes_)),
            "shares": np.sort(shares)[::-1].round(4).tolist(),
            "shares of rows": rows.round(4).tolist(),
        }

    def references(self, clustering: Any, data: DataSet) -> dict[str, Any]:
        """None."""
        return {}


def changed(change: str, given: Mapping[str, Any]) -> EstimatorMethod:
    """The method of 2018 with one change, and with settings that all of them are given."""
    wanted = dict(given) | CHANGES[change]
    name = ", ".join([f"su2018 {change}", *(f"{key} {value}" for key, value in given.items())])
    return EstimatorMethod(settings.changed(Bound(), wanted), wanted, name)


def some_of(data: DataSet, rows: int | None) -> DataSet:
    """The data set with so many of its training rows, always the same; held-out rows stay."""
    if rows is None or rows >= len(data.x_train):
        return data
    assert data.y_train is not None
    chosen = np.sort(np.random.default_rng(0).permutation(len(data.x_train))[:rows])
    return replace(
        data, name=f"{data.name}, {rows:,} rows", x_train=data.x_train[chosen], y_train=data.y_train[chosen]
    )


def measure(data: DataSet, given: Mapping[str, Any], seeds: int, rows: int | None, output: Path) -> None:
    """Fit with every change; what `output` holds already is kept."""
    classes = len(np.unique(np.asarray(check_labelled(data).y_train)))
    some, kind = some_of(data, rows), kind_of(data)
    for change in CHANGES:
        method = changed(change, given)
        path = file_of(output, some.name, method.name)
        record = run_benchmark(some, kind, method, classes, range(seeds), path, [ClustersUsed()])
        part = record["summary"].get("test", record["summary"]["train"])
        scores = ", ".join(f"{score} {part[score]['mean']:.3f}" for score in ("hungarian_accuracy", "nmi"))
        print(f"{some.name}, {method.name}: {scores}", flush=True)


def readers(
    *,
    data: str = "mnist,fashion-mnist",
    seeds: Whole = 3,
    epochs: Whole | None = None,
    network: str | None = None,
    rows: Whole | None = None,
    output: Path = RESULTS,
) -> None:
    """Fit the method of 2018 as it is, and with each of its readers' changes alone.

    Parameters
    ----------
    data
        Data sets by name, with commas between.
    seeds
        Fits of each.
    epochs
        In place of the article's 50.
    network
        dense, in place of the article's convolutions.
    rows
        So many training rows, in place of all.
    output
        Folder for the results, one file for each data set and change.
    """
    for name, value in (("seeds", seeds), ("rows", rows)):
        check(f"--{name}", value, WholeKind(1))
    given = {name: value for name, value in (("network", network), ("epochs", epochs)) if value is not None}
    torch.set_num_threads(1)
    for name in names_of("--data", data):
        measure(load_named(name), given, seeds, rows, output)


app = App(name="python -m benchmarks.readers", default_command=readers, version_flags=())

if __name__ == "__main__":
    main(program=app)
