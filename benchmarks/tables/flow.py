"""The tables of `docs/flow.md`."""

from collections.abc import Iterator
from typing import Any

from benchmarks.tables.records import seconds_of
from benchmarks.tables.table import Cells, Record, table

# The cuts of `python -m benchmarks.flow`, as they are called there and here.
CUTS = {
    "classes": "labels: the classes",
    "slices": "labels: slices along the first principal axis",
    "from k-means": "no labels, starts at k-means",
    "from random rows": "no labels, starts at random rows",
    "one component": "no labels, one component",
}


@table(
    "flow-classes",
    "data | rows | seeds | accuracy: classifier | Bayes' rule | logistic regression | log loss: classifier | "
    "Bayes' rule | logistic regression | CPU seconds",
    folder="flow",
)
def classified(records: list[Record]) -> Iterator[Cells]:
    """Held-out rows classified by a flow that was told the classes, both ways; logistic regression beside it."""
    for record in records:
        runs = list(record["runs"].values())
        flows = [run["flows"]["classes"] for run in runs]
        ways = [[flow[way] for flow in flows] for way in ("classifier", "bayes")]
        ways.append([run["logistic regression"] for run in runs])
        yield [
            record["data"]["name"],
            f"{record['data']['train'][0]:,}",
            len(runs),
            *(_mean_of(way, score) for score in ("accuracy", "log_loss") for way in ways),
            seconds_of(flows),
        ]


@table(
    "flow-cuts",
    "data | learned with | log p(x) | accuracy at the start | at the end | NMI at the start | at the end",
    folder="flow",
)
def parted(records: list[Record]) -> Iterator[Cells]:
    """The likelihood of a flow by what it was told, beside how well its parts agree with the classes."""
    for record in records:
        runs = list(record["runs"].values())
        for cut, words in CUTS.items():
            flows = [run["flows"][cut] for run in runs]
            parts, start = ([flow[part] for flow in flows] for part in ("parts", "start"))
            yield [
                record["data"]["name"],
                words,
                _mean_of(flows, "log_likelihood", digits=2),
                *(_mean_of(part, score) for score in ("hungarian_accuracy", "nmi") for part in (start, parts)),
            ]


def _mean_of(runs: list[dict[str, Any]], score: str, digits: int = 3) -> str:
    """The mean over seeds, and from where to where it goes if that can be seen."""
    values = [run[score] for run in runs]
    mean, low, high = (f"{value:.{digits}f}" for value in (sum(values) / len(values), min(values), max(values)))
    return mean if low == high else f"{mean} ({low} to {high})"
