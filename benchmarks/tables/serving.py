"""The table of `docs/guide/serving.md`."""

from collections.abc import Iterator

from benchmarks.tables.table import Cells, Record, table


@table("serving", "asked | rows | ms, median | ms, 95 of 100 | ms, fastest | rows a second", folder="serving")
def serving(records: list[Record]) -> Iterator[Cells]:
    """What `python -m benchmarks.serving` measured, a line for each way to ask and number of rows."""
    for one in (one for record in records for one in record["measured"]):
        times = [f"{one[name]:.2f}" for name in ("median_ms", "p95_ms", "least_ms")]
        yield [one["by"], f"{one['rows']:,}", *times, f"{one['rows_per_second']:,.0f}"]
