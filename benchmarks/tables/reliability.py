"""The table of `docs/reliability.md`."""

from collections.abc import Iterator

from benchmarks.tables.table import Cells, Record, table


@table("torture", "what | how often | came out well | failures | seconds", folder="torture")
def torture(records: list[Record]) -> Iterator[Cells]:
    """What `make torture` counted: readers of mutated files, and fits that were killed."""
    for record in records:
        for reader, counted in record.get("readers", {}).items():
            outcomes = counted["outcomes"]
            number = f"{sum(outcomes.values()):,}"
            refused = sum(outcomes.values()) - outcomes.get("read", 0) - outcomes.get("failure", 0)
            good = f"{outcomes.get('read', 0):,} read, {refused:,} refused with an error of ours"
            yield [f"mutated files, reader {reader}", number, good, outcomes.get("failure", 0), _seconds(counted)]
        if "fits" in record:
            kills = record["kills at a step"] + record["kills at a moment"]
            good = f"{record['fits'] - len(record['different']):,} fits ended as if never killed, to the byte"
            # The seconds are those of both.
            yield ["SIGKILL, then resumed", f"{kills:,}", good, len(record["different"]), _seconds(record)]
            good = (
                f"{record['commands resumed']} resumed and {record['commands begun again']} begun again to the same "
                "bytes, the others were done"
            )
            wrong = len(record["commands different"])
            yield ["SIGKILL of a command from its start on", record["commands"], good, wrong, ""]
        if "threads fits" in record:
            wrong = record["different"] + len(record["host changed"])
            good = f"{record['threads fits'] - record['different']} the same to the byte, and torch as it was"
            yield ["fits in 4 threads at a time", record["threads fits"], good, wrong, _seconds(record)]


def _seconds(record: Record) -> str:
    return f"{record['seconds']:.0f}"
