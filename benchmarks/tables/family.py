"""The tables of `docs/family.md`."""

from collections.abc import Iterator

from benchmarks.tables.records import over_seeds, plain_name, scored, seconds_of
from benchmarks.tables.table import Cells, Record, table

# What readers of the article changed, as `python -m benchmarks.readers` calls it.
CHANGES = (
    *("as it is", "learned variances", "Bayes' rule", "raw p(y)", "softmax p(y)"),
    *("softmax p(y) at temperature 10", "no KL to p(y)"),
)


def _change(record: Record) -> tuple[str, str, int]:
    change, _, given = record["method"].removeprefix("su2018 ").partition(", ")
    return record["data"]["name"], given, CHANGES.index(change)


@table(
    "readers",
    "data | change | network | seeds | Hungarian accuracy | majority accuracy | NMI | clusters used | "
    "p(y) at the end | CPU seconds a fit",
    folder="readers",
    order=_change,
)
def readers(records: list[Record]) -> Iterator[Cells]:
    """The method of 2018 as it is and with each of its readers' changes alone, by `python -m benchmarks.readers`."""
    for record in records:
        runs, settings = record["runs"], record["settings"]
        found = [run["clusters"] for run in runs]
        # Shares of the largest cluster, the second, and so on: means over seeds.
        shares = [sum(ranked) / len(ranked) for ranked in zip(*(each["shares"] for each in found), strict=True)]
        yield [
            record["data"]["name"],
            plain_name(record).removeprefix("su2018 "),
            f"{settings['network']}, {settings['epochs']} epochs",
            len(runs),
            *scored(record, "hungarian_accuracy", "majority_accuracy", "nmi"),
            over_seeds(record["summary"]["clusters"]["used"], len(runs), digits=1),
            " ".join(f"{share:.3f}".removeprefix("0") for share in shares),
            seconds_of(runs),
        ]


@table(
    "starts",
    "data | networks | epochs | accuracy after epochs: k-means | mixture, full covariances | "
    "mixture, diagonal ones | CPU seconds",
    folder="starts",
)
def starts(records: list[Record]) -> Iterator[Cells]:
    """What an autoencoder's codes were worth on the way, as `python -m benchmarks.starts` saw it."""
    for record in records:
        settings, looks = record["settings"], record["looks"]
        yield [
            record["data"]["name"],
            "-".join(map(str, [*settings["hidden"], settings["latent"]])),
            f"{looks[-1]['epoch']} of {settings['warm_epochs']}",
            *(
                ", ".join(f"{look['epoch']}: {look[name]:.3f}" for look in looks)
                for name in ("kmeans", "full", "diag")
            ),
            f"{looks[-1]['cpu_seconds']:.0f}",
        ]
