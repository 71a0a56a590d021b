"""What files of results say of a method on a data set, in words and numbers of tables."""

from collections.abc import Iterator
from typing import Any

from benchmarks.tables.table import Record

# What is measured, then what it is measured against.
OURS = ("two-views", "su2018", "vade", "dgg", "dec", "idec", "stepwise")
ORDER = (
    *OURS,
    *("kmeans", "gaussian-mixture", "autoencoder-kmeans"),
    *("umap-mixture", "umap-hdbscan", "leiden-to-k", "leiden", "scanpy", "scvi-to-k", "scvi"),
    *("clustpy-vade", "clustpy-dec", "clustpy-idec", "clustpy-dcn", "clustpy-n2d"),
)
# What the default method is compared with, and those of them that find the number of clusters themselves.
COMPARED = ORDER[len(OURS) :]
NOT_TOLD = ("umap-hdbscan", "leiden", "scanpy", "scvi")
# The data sets on which all are measured.
SETS = (
    *("mnist", "fashion-mnist", "pendigits", "reuters_r8_tfidf2000"),
    *("imagenet50_moco_val", "mouse_bladder_cell_select_2100"),
)


def place(record: Record) -> tuple[str, int, str]:
    """Where it stands in a table: by data set, then by method."""
    name, known = record["data"]["name"], plain_name(record).partition(" ")[0]
    return name, ORDER.index(known) if known in ORDER else len(ORDER), record["method"]


def plain_name(record: Record) -> str:
    """The method without what was set otherwise."""
    return str(record["method"]).partition(",")[0]


def is_whole(record: Record) -> bool:
    """Whether it is of a whole method that is given what it needs, on a whole data set."""
    return not (is_rare(record) or finds_number(record) or left_out(record))


def is_rare(record: Record) -> bool:
    """Whether a class was made rare."""
    return "rare" in record.get("measures", {})


def finds_number(record: Record) -> bool:
    """Whether no number of clusters was given."""
    return bool(record["parameters"]["n_clusters"] == "auto")


def whole_of(record: Record) -> str:
    """The method with nothing left out."""
    return str(record["method"]).partition(" without ")[0]


def left_out(record: Record) -> str:
    """What was left out of the method, if anything."""
    return str(record["method"]).partition(" without ")[2]


def scores_of(record: Record) -> tuple[str, dict[str, dict[str, float]]]:
    """The part that is shown, held-out rows where there are any, and its summary."""
    part = "test" if "test" in record["summary"] else "train"
    return part, record["summary"][part]


def nmi_of(record: Record) -> float:
    """The mean over seeds."""
    return float(scores_of(record)[1]["nmi"]["mean"])


def by_set(records: list[Record]) -> Iterator[tuple[str, list[Record], list[Record]]]:
    """Each data set with the default method's records, the first told the number, and those to compare with."""
    for told in records:
        if told["method"] == ORDER[0] and is_whole(told):
            name = told["data"]["name"]
            of_set = [record for record in records if record["data"]["name"] == name]
            own = [told, *(record for record in of_set if record["method"] == f"{ORDER[0]} auto")]
            yield name, own, [record for record in of_set if plain_name(record) in COMPARED]


def number_given(record: Record) -> Any:
    """The number of clusters that it was told."""
    return record["parameters"]["n_clusters"] if is_told(record) else "no"


def is_told(record: Record) -> bool:
    """Whether a method heeds the number of clusters that it is given."""
    return plain_name(record) not in NOT_TOLD and not finds_number(record)


def scored(record: Record, *measures: str) -> list[str]:
    """Its scores, each over seeds."""
    return [over_seeds(scores_of(record)[1][measure], len(record["runs"])) for measure in measures]


def over_seeds(value: dict[str, float], seeds: int, digits: int = 3) -> str:
    """The mean, and how far seeds differ."""
    mean, deviation, worst = (f"{value[key]:.{digits}f}" for key in ("mean", "deviation", "worst"))
    return mean if seeds == 1 else f"{mean} ± {deviation} (worst {worst})"


def seconds_of(runs: list[dict[str, Any]], what: str = "cpu_seconds") -> str:
    """The mean of a fit, of the processor if not of the clock."""
    return f"{sum(run[what] for run in runs) / len(runs):.0f}"


def numbers_found(runs: list[dict[str, Any]]) -> str:
    """The least and the largest number of clusters found."""
    found = [run["found"] for run in runs if "found" in run]
    return " to ".join(str(number) for number in dict.fromkeys([min(found), max(found)])) if found else ""
