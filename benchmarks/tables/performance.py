"""The tables of `docs/performance.md`."""

from collections.abc import Iterator

from benchmarks.tables.table import Cells, Record, table
from vaecluster.data.room import Bytes


@table(
    "profile",
    "of a step | images, components | images, clusters | vectors, components | vectors, clusters",
    folder="profile",
)
def profile(records: list[Record]) -> Iterator[Cells]:
    """Where `python -m benchmarks.profile` saw the time of a step go, a column for each stage of each data set."""
    for record in records:
        stages = [stage for run in record["data"].values() for stage in run["stages"].values()]
        for part in stages[0]["shares"]:
            yield [part, *(f"{stage['shares'][part]:.0%}" for stage in stages)]
        yield ["CPU milliseconds a step", *(f"{stage['ms']:.1f}" for stage in stages)]
        yield ["million flop a step", *(f"{stage['flop'] / 1e6:,.0f}" for stage in stages)]
        yield ["flop, of the machine's rate", *(f"{stage['of_rate']:.0%}" for stage in stages)]


@table("profiled-fit", "of a fit | images of 28x28 | vectors of 16 columns", folder="profile")
def profiled_fit(records: list[Record]) -> Iterator[Cells]:
    """What a default fit then takes, a column for each data set."""
    for record in records:
        found = list(record["data"].values())
        wholes = [run["default"]["in_steps"] + sum(run["beside"].values()) for run in found]
        yield ["rows", *(f"{run['rows']:,}" for run in found)]
        yield ["epochs", *(f"{run['default']['epochs']}" for run in found)]
        yield ["steps, CPU seconds", *(f"{run['default']['in_steps']:.1f}" for run in found)]
        for part in dict.fromkeys(part for run in found for part in run["beside"]):
            yield [part, *(f"{run['beside'].get(part, 0):.1f}" for run in found)]
        yield ["all", *(f"{whole:.1f}" for whole in wholes)]
        rates = (f"{run['default']['of_rate_in_steps']:.0%}" for run in found)
        yield ["flop of the steps, of the machine's rate in them", *rates]
        yield ["the same, in the whole fit", *(f"{run['default']['of_rate']:.0%}" for run in found)]
        yield ["the machine's rate, Gflop a second", *(f"{run['rate'] / 1e9:.0f}" for run in found)]


@table(
    "large",
    "rows x columns | GB as doubles | `--memory` | seconds of the fit | CPU seconds | peak MiB | "
    "rows a second of `predict` | clusters found | ARI",
    folder="large",
)
def large(records: list[Record]) -> Iterator[Cells]:
    """What `python -m benchmarks.large` measured, a line for each table."""
    for record in records:
        fit, predict = record["fit"], record["predict"]
        size = f"{record['rows']:,} x {record['columns']}"
        gigabytes = 8 * record["rows"] * record["columns"] / 1e9
        costs = [f"{fit['seconds']:.0f}", f"{fit['cpu_seconds']:.0f}", f"{fit['peak_mib']:.0f}"]
        speed = f"{record['rows'] / predict['seconds']:,.0f}"
        yield [
            size,
            f"{gigabytes:.1f}",
            record["memory"] or "",
            *costs,
            speed,
            record["clusters"],
            f"{record['ari']:.3f}",
        ]


@table(
    "within",
    "rows x columns | MB as doubles | `--memory` | times as large | peak MB of `fit` | peak MB of `predict`",
    folder="large",
)
def within(records: list[Record]) -> Iterator[Cells]:
    """Peaks of a table larger than `memory`, below those of smaller ones."""
    for record in records:
        for one in [*record.get("smaller", ()), record] if "smaller" in record else ():
            size = 8 * one["rows"] * record["columns"]
            peaks = (f"{2**20 / 1e6 * one[name]['peak_mib']:.0f}" for name in ("fit", "predict"))
            times = f"{size / Bytes().normal(record['memory']):.2g}"
            yield [f"{one['rows']:,} x {record['columns']}", f"{size / 1e6:.3g}", record["memory"], times, *peaks]
