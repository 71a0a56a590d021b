"""The table of `docs/story.md`."""

from collections.abc import Iterator

from benchmarks.tables.records import SETS, is_whole, nmi_of, place
from benchmarks.tables.table import Cells, Record, table

# How the methods that learn codes come to clusters.
STEPS_OF = {
    "autoencoder-kmeans": "two: codes, then k-means",
    "stepwise": "two: codes, then k-means",
    "stepwise, clusterer umap-mixture": "three: codes, a map of them, then a mixture",
    "dec": "two: codes, then codes and clusters",
    "idec": "two: codes, then codes and clusters",
    "vade": "two: codes, then the bound",
    "dgg": "two: codes, then the bound and neighbours",
    "su2018": "one: the bound",
    "two-views": "one: the bound and what views share",
}


@table("steps", " | ".join(["method | steps", *SETS]), order=place)
def steps(records: list[Record]) -> Iterator[Cells]:
    """Each method that learns codes, with its NMI on every data set, and how many seeds that is a mean of."""
    whole = {(record["method"], record["data"]["name"]): record for record in records if is_whole(record)}
    for method, how in STEPS_OF.items():
        found = [whole.get((method, name)) for name in SETS]
        if any(found):
            cells = (f"{nmi_of(record):.3f} ({len(record['runs'])})" if record else "" for record in found)
            yield [method, how, *cells]
