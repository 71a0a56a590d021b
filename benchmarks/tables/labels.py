"""The table of `docs/labels.md`."""

from collections.abc import Iterator

from benchmarks.tables.records import scored, seconds_of
from benchmarks.tables.table import Cells, Record, table


def _place_of(record: Record) -> tuple[str, str, float]:
    given = record["parameters"]["labels"]
    name, method = record["data"]["name"], record["method"].rpartition(", ")[0]
    return name, method, float("inf") if given == "all" else given


@table(
    "labels",
    "data | method | labels a class | seeds | accuracy on held-out rows | of q(y\\|x), 2,000 rows | "
    "of Bayes' rule | ECE of the confidence | of q(y\\|x) | of Bayes' rule | CPU seconds a fit",
    folder="labels",
    order=_place_of,
)
def labels(records: list[Record]) -> Iterator[Cells]:
    """Fits with none, some and all labels, and how right and how sure each way is (`python -m benchmarks.labels`)."""
    for record in records:
        ways, given = record["summary"]["reliability"], record["parameters"]["labels"]
        yield [
            record["data"]["name"],
            f"{record['parameters']['method']}, {record['settings']['epochs']} epochs",
            given or "none",
            len(record["runs"]),
            *scored(record, "hungarian_accuracy"),
            *(f"{ways[f'{by} accuracy']['mean']:.3f}" for by in ("posterior", "bayes")),
            *(f"{ways[f'{by} error']['mean']:.3f}" for by in ("confidence", "posterior", "bayes")),
            seconds_of(record["runs"]),
        ]
