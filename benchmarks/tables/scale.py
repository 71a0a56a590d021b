"""The tables of `docs/scale.md`."""

from collections.abc import Iterator

from benchmarks.tables.table import Cells, Record, table

# Rows that a fit of vectors learns from at least, and what an hour of one processor core costs.
LEARNED, DOLLARS_AN_HOUR = 4000 * 256, 0.05
# Bytes of a row: its neighbours in files; labels, confidence, the order of an epoch and what the end takes in memory.
IN_FILES, IN_MEMORY = 60, 40
# Reads a second of a disk in the machine, and of one in a network.
READS = (500_000, 16_000)


@table("long", "command | end | seconds | CPU seconds | peak MiB", folder="long")
def long(records: list[Record]) -> Iterator[Cells]:
    """The processes of a long run in their order, each until it ended or was killed."""
    for record in records:
        for one in record["processes"]:
            end = "killed" if one["killed"] else "done"
            yield [one["command"], end, *(f"{one[what]:,}" for what in ("seconds", "cpu_seconds", "peak_mib"))]


@table(
    "searches",
    "rows | shards | CPU seconds | microseconds a row | more memory, MiB | true neighbours found",
    folder="scale",
)
def searches(records: list[Record]) -> Iterator[Cells]:
    """The search for neighbours by rows, as `python -m benchmarks.scale` measured it."""
    for record in records:
        for one in record["searches"]:
            each = f"{1e6 * one['cpu_seconds'] / one['rows']:.0f}"
            cost = [f"{one['cpu_seconds']:,.0f}", each, one["more_mib"]]
            yield [f"{one['rows']:,}", one["shards"], *cost, f"{one['recall']:.3f}"]


@table("purity", "images | rows of a shard | neighbours of the same class", folder="scale")
def purity(records: list[Record]) -> Iterator[Cells]:
    """How many neighbours of images are of the same class, where fewer rows are searched."""
    for record in records:
        for one in record["purity"]:
            yield [one["data"], f"{one['rows'] // one['shards']:,}", f"{one['same_class']:.3f}"]


@table(
    "on-paper",
    "rows | search, core hours | steps, core hours | labels, core hours | dollars | disk, GB | memory, GB | "
    "hours of reading, disk inside | disk in a network",
    folder="scale",
)
def on_paper(records: list[Record]) -> Iterator[Cells]:
    """What a fit comes to: what was measured of a row, times the rows."""
    for record in records:
        shard = max((one for one in record["searches"] if one["shards"] == 1), key=lambda one: one["rows"])
        for rows in (10**6, 10**7, 10**8, 10**9):
            hours = [
                rows * shard["cpu_seconds"] / shard["rows"] / 3600,
                max(LEARNED, 2 * rows) * record["step_seconds_a_row"] / 3600,
                rows * record["answer_seconds_a_row"] / 3600,
            ]
            costs = [_two_digits(one) for one in (*hours, sum(hours) * DOLLARS_AN_HOUR)]
            files, memory = rows * (4 * record["columns"] + IN_FILES), rows * IN_MEMORY
            reads = (4 * rows / reads_a_second / 3600 for reads_a_second in READS)
            yield [f"{rows:,}", *costs, *(_two_digits(one / 1e9) for one in (files, memory)), *map(_two_digits, reads)]


def _two_digits(value: float) -> str:
    return f"{float(f'{value:.2g}'):,.10g}"
