"""The table of the README."""

from collections.abc import Iterator

from benchmarks.tables.records import ORDER, by_set, nmi_of, number_given, place, scored, seconds_of
from benchmarks.tables.table import Cells, Record, table


@table("headline", "data | method | number given | seeds | Hungarian accuracy | NMI | CPU seconds a fit", order=place)
def headline(records: list[Record]) -> Iterator[Cells]:
    """For each data set the default method, told the number and not, and the best of the others, by NMI."""
    for name, own, _ in by_set(records):
        others = [each for each in records if each["data"]["name"] == name and each["method"] in ORDER[1:]]
        for record in [*own, *sorted(others, key=nmi_of)[-1:]]:
            runs, scores = record["runs"], scored(record, "hungarian_accuracy", "nmi")
            yield [name, record["method"], number_given(record), len(runs), *scores, seconds_of(runs)]
