"""`python -m benchmarks.tables` writes the tables in the README and in docs from the files of results."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vaecluster.data.room import Bytes

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
TORTURE = RESULTS / "torture"

# Test accuracy by majority, as the article states it (Su 2018).
ARTICLE = {("mnist", "su2018"): "0.83", ("fashion-mnist", "su2018"): "0.585"}

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
# What readers of the article changed, as `python -m benchmarks.readers` calls it.
CHANGES = (
    *("as it is", "learned variances", "Bayes' rule", "raw p(y)", "softmax p(y)"),
    *("softmax p(y) at temperature 10", "no KL to p(y)"),
)
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
SETS = (
    *("mnist", "fashion-mnist", "pendigits", "reuters_r8_tfidf2000"),
    *("imagenet50_moco_val", "mouse_bladder_cell_select_2100"),
)
COSTS = ("CPU seconds a fit", "seconds a fit", "peak MiB")
SCORES = {"hungarian_accuracy": "Hungarian accuracy", "nmi": "NMI", "ari": "ARI"}

# The reference models of a file with generation scores, as they are called there and here.
ANCHORS = {
    "conditional": "conditional VAE, given the labels",
    "plain": "plain VAE",
    "training images": "the images themselves",
}

# A mean of an adjusted Rand index is clearly behind another if it is by more than this.
CLEARLY = 0.02

Record = dict[str, Any]
Cells = list[str]


@dataclass(frozen=True)
class Table:
    """What stands between two marks in the README: rows made of all records, and nothing where there are none.

    `notes` are sentences for a list below the rows.
    """

    name: str
    columns: tuple[str, ...]
    rows: Callable[[list[Record]], Iterator[Cells]]
    notes: Callable[[list[Record]], Iterator[str]] = lambda _: iter(())

    def put_into(self, text: str, records: list[Record]) -> str:
        """The text with this table between its marks."""
        begin, end = f"<!-- {self.name}:begin -->\n", f"<!-- {self.name}:end -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            sys.exit(f"The text must hold the lines {begin.strip()} and {end} once each.")
        before, _, rest = text.partition(begin)
        return before + begin + self.table(records) + end + rest.partition(end)[2]

    def table(self, records: list[Record]) -> str:
        """Its lines, the header first."""
        rows = list(self.rows(records))
        header = [f"| {' | '.join(self.columns)} |\n", f"|{'---|' * len(self.columns)}\n"]
        notes = [f"- {note}\n" for note in self.notes(records)]
        lines = [*header, *(f"| {' | '.join(cells)} |\n" for cells in rows), *(["\n", *notes] if notes else [])]
        return "".join(lines) if rows else ""


def main() -> None:
    """Replace what stands between the marks in the texts; with --check only say whether they are up to date."""
    results = sorted(records_of(RESULTS), key=_place)
    _write(ROOT / "README.md", HEADLINE, results)
    _write(ROOT / "docs" / "results.md", TABLES, results)
    _write(ROOT / "docs" / "results.md", KNOWN, records_of(RESULTS / "known"))
    _write(ROOT / "docs" / "results.md", EASY, records_of(RESULTS / "easy"))
    _write(ROOT / "docs" / "results.md", MIXED, records_of(RESULTS / "mixed"))
    _write(ROOT / "docs" / "family.md", FAMILY, sorted(records_of(RESULTS / "readers"), key=_change))
    _write(ROOT / "docs" / "family.md", STARTS, records_of(RESULTS / "starts"))
    _write(ROOT / "docs" / "story.md", STEPS, results)
    _write(ROOT / "docs" / "flow.md", FLOW, records_of(RESULTS / "flow"))
    _write(ROOT / "docs" / "labels.md", LABELS, sorted(records_of(RESULTS / "labels"), key=_labels))
    _write(ROOT / "docs" / "reliability.md", RELIABILITY, records_of(TORTURE))
    _write(ROOT / "docs" / "performance.md", PROFILE, records_of(RESULTS / "profile"))
    _write(ROOT / "docs" / "performance.md", LARGE, records_of(RESULTS / "large"))
    _write(ROOT / "docs" / "scale.md", LONG, records_of(RESULTS / "long"))
    _write(ROOT / "docs" / "scale.md", SCALE, records_of(RESULTS / "scale"))
    _write(ROOT / "docs" / "guide" / "serving.md", SERVING, records_of(RESULTS / "serving"))


def records_of(folder: Path) -> list[Record]:
    """The files of results in a folder, in the order of their names."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def _write(path: Path, tables: Sequence[Table], records: list[Record]) -> None:
    text = updated = path.read_text()
    for table in tables:
        updated = table.put_into(updated, records)
    if "--check" not in sys.argv:
        path.write_text(updated)
    elif updated != text:
        sys.exit(f"{path.name} does not show what the results hold. Run: make tables")


def headline(records: list[Record]) -> Iterator[Cells]:
    """For each data set the default method, told the number and not, and the best of the others, by NMI."""
    for name, own, _ in _by_set(records):
        others = [each for each in records if each["data"]["name"] == name and each["method"] in ORDER[1:]]
        for record in [*own, *sorted(others, key=_nmi)[-1:]]:
            runs, (_, scores) = record["runs"], scores_of(record)
            spread = [_spread(scores[measure], len(runs)) for measure in ("hungarian_accuracy", "nmi")]
            yield [name, record["method"], _given(record), str(len(runs)), *spread, _cpu_seconds(runs)]


def _nmi(record: Record) -> float:
    return float(scores_of(record)[1]["nmi"]["mean"])


def results(records: list[Record]) -> Iterator[Cells]:
    """Whole methods of the package that are given the number of clusters, on whole data sets."""
    for record in records:
        name, method, runs = record["data"]["name"], record["method"], record["runs"]
        if plain_name(record) in COMPARED or not is_whole(record):
            continue
        part, scores = scores_of(record)
        yield [
            name,
            part,
            method,
            str(len(runs)),
            _spread(scores["majority_accuracy"], len(runs)),
            ARTICLE.get((name, method), ""),
            *(_spread(scores[measure], len(runs)) for measure in SCORES),
            _bound(record),
            *_costs(runs),
        ]


def _bound(record: Record) -> str:
    """In nats per row; nothing where it was not measured."""
    scores = record["summary"].get("bound")
    return _spread(scores["bound"], len(record["runs"]), digits=1) if scores else ""


def compared(records: list[Record]) -> Iterator[Cells]:
    """The default method as it is and what people would pick instead; of each score the best mean of a set is bold.

    An arrow marks a mean that is better than that of the default method that knows as much.
    """
    for name, own, others in _by_set(records):
        for record in [*own, *others]:
            runs, (part, scores) = record["runs"], scores_of(record)
            cells = []
            for measure in SCORES:
                best = max(_mean(each, measure) for each in [*own, *others])
                mean, rest = _spread(scores[measure], len(runs)).partition(" ")[::2]
                shown = f"**{mean}**" if _mean(record, measure) == best else mean
                cells.append(" ".join([shown, rest]).strip() + (" ↑" if measure in _better(record, own) else ""))
            yield [name, part, record["method"], str(len(runs)), *cells, _given(record), _found(runs), *_costs(runs)]


def better(records: list[Record]) -> Iterator[str]:
    """For each data set which methods have a better mean than the default one, and of which scores."""
    for name, own, others in _by_set(records):
        words = [
            f"{record['method']} ({', '.join(SCORES[measure] for measure in _better(record, own))})"
            for record in others
            if _better(record, own)
        ]
        which = f"better by the mean: {', '.join(words)}" if words else "no other mean is better"
        yield f"{name}: {which}."


def _by_set(records: list[Record]) -> Iterator[tuple[str, list[Record], list[Record]]]:
    """Each data set with the default method's records, the first told the number, and those to compare with."""
    for told in records:
        if told["method"] == ORDER[0] and is_whole(told):
            name = told["data"]["name"]
            of_set = [record for record in records if record["data"]["name"] == name]
            own = [told, *(record for record in of_set if record["method"] == f"{ORDER[0]} auto")]
            yield name, own, [record for record in of_set if plain_name(record) in COMPARED]


def _given(record: Record) -> str:
    """The number of clusters that it was told."""
    return str(record["parameters"]["n_clusters"]) if _is_told(record) else "no"


def _is_told(record: Record) -> bool:
    """Whether a method heeds the number of clusters that it is given."""
    return plain_name(record) not in NOT_TOLD and not _finds_number(record)


def _better(record: Record, own: list[Record]) -> list[str]:
    """The scores in which it is ahead of the default method that is told as much, or else of the one there is."""
    alike = next((each for each in own if _is_told(each) == _is_told(record)), own[0])
    return [measure for measure in SCORES if _mean(record, measure) > _mean(alike, measure)]


def _mean(record: Record, measure: str) -> float:
    """As it is shown: what the table does not tell apart is not better."""
    return round(float(scores_of(record)[1][measure]["mean"]), 3)


def _found(runs: list[dict[str, Any]]) -> str:
    """The least and the largest number of clusters found."""
    found = [run["found"] for run in runs if "found" in run]
    return " to ".join(str(number) for number in dict.fromkeys([min(found), max(found)])) if found else ""


def generation(records: list[Record]) -> Iterator[Cells]:
    """Files with generation scores, each followed by the reference models that were trained beside it."""
    for record in records:
        if "generation" not in record["summary"]:
            continue
        name, seeds = record["data"]["name"], len(record["runs"])
        spread = {
            score: _spread(value, seeds, digits=_digits(score))
            for score, value in record["summary"]["generation"].items()
        }
        yield [name, record["method"], str(seeds), *_generation_cells(spread)]
        accuracy = record["measures"]["generation"]["judge"]["accuracy"]
        for anchor, scores in record["anchors"].items():
            scores = {"named_mean": accuracy} | scores if anchor == "training images" else scores
            plain = {score: f"{value:.{_digits(score)}f}" for score, value in scores.items()}
            yield [name, ANCHORS[anchor], "1", *_generation_cells(plain)]


def ablations(records: list[Record]) -> Iterator[Cells]:
    """The default method without a part, under the whole of it on the same data, with the same epochs."""
    without = {(record["data"]["name"], _whole(record)) for record in records if _left_out(record)}
    for record in records:
        name, runs = record["data"]["name"], record["runs"]
        if (name, _whole(record)) not in without:
            continue
        _, scores = scores_of(record)
        spread = [_spread(scores[measure], len(runs)) for measure in ("hungarian_accuracy", "nmi")]
        yield [name, _whole(record), _left_out(record) or "nothing", str(len(runs)), *spread, _cpu_seconds(runs)]


def numbers(records: list[Record]) -> Iterator[Cells]:
    """The numbers of clusters that fits of the package found, whether one was given or not."""
    for record in records:
        runs = record["runs"]
        if "strength" not in runs[0] or _is_rare(record) or _left_out(record):
            continue
        found = Counter(f"{run['found']} ({run['strength']})" for run in runs)
        words = (f"{number} in {times}" for number, times in found.most_common())
        yield [
            record["data"]["name"],
            record["method"],
            str(record["data"]["classes"]),
            str(len(runs)),
            ", ".join(words),
        ]


def rare(records: list[Record]) -> Iterator[Cells]:
    """Data sets with a class made rare."""
    for record in filter(_is_rare, records):
        runs, scores = record["runs"], record["summary"]["rare"]
        measures = ("recall", "precision", "group_recall", "group_precision")
        spread = [_spread(scores[measure], len(runs)) if measure in scores else "-" for measure in measures]
        rows = f"{runs[0]['rare']['train_rows']} of {record['data']['train'][0]}"
        yield [record["data"]["name"], record["method"], str(len(runs)), rows, *spread]


def steps(records: list[Record]) -> Iterator[Cells]:
    """Each method that learns codes, with its NMI on every data set, and how many seeds that is a mean of."""
    whole = {(record["method"], record["data"]["name"]): record for record in records if is_whole(record)}
    for method, how in STEPS_OF.items():
        found = [whole.get((method, name)) for name in SETS]
        if any(found):
            cells = (f"{_nmi(record):.3f} ({len(record['runs'])})" if record else "" for record in found)
            yield [method, how, *cells]


HEADLINE = (
    Table(
        "headline",
        ("data", "method", "number given", "seeds", "Hungarian accuracy", "NMI", "CPU seconds a fit"),
        headline,
    ),
)
STEPS = (Table("steps", ("method", "steps", *SETS), steps),)
TABLES = (
    Table(
        "results",
        (
            *("data", "scored on", "method", "seeds", "majority accuracy", "the article's"),
            *(*SCORES.values(), "bound in nats", *COSTS),
        ),
        results,
    ),
    Table(
        "compared",
        (
            *("data", "scored on", "method", "seeds"),
            *(*SCORES.values(), "number given", "number found", *COSTS),
        ),
        compared,
        better,
    ),
    Table(
        "generation",
        ("data", "samples of", "seeds", "named", "falls back", "precision", "recall", "Fréchet distance"),
        generation,
    ),
    Table(
        "ablations",
        ("data", "method", "left out", "seeds", "Hungarian accuracy", "NMI", "CPU seconds a fit"),
        ablations,
    ),
    Table("numbers", ("data", "method", "classes", "seeds", "clusters found, in so many seeds"), numbers),
    Table(
        "rare",
        (
            "data",
            "method",
            "seeds",
            "training rows of the class",
            "recall",
            "precision",
            "recall of the dense group",
            "precision of the dense group",
        ),
        rare,
    ),
)


def known(records: list[Record]) -> Iterator[Cells]:
    """What `python -m benchmarks.number` found in rows whose number of clusters is known."""
    for record in records:
        groups: dict[str, list[dict[str, Any]]] = {}
        for key, fits in record["fits"].items():
            groups.setdefault(key.partition(":")[0], []).extend(fits.values())
        for group, fits in groups.items():
            off = [abs(fit["found"] - fit["true"]) for fit in fits]
            exact, near = (sum(error <= most for error in off) for most in (0, 1))
            wrong = Counter(f"{fit['found']} of {fit['true']}" for fit, error in zip(fits, off, strict=True) if error)
            listed = ", ".join(f"{what} in {times}" for what, times in wrong.most_common())
            yield [group, str(len(fits)), str(exact), str(near), listed]


KNOWN = (Table("known", ("rows", "fits", "exact", "within 1", "found otherwise"), known),)


def easy(records: list[Record]) -> Iterator[Cells]:
    """What `python -m benchmarks.easy` found; an arrow marks what is better than ours, told the number."""
    for record in records:
        for key, fits in record["fits"].items():
            runs = list(fits.values())
            told, found = ([run[how] for run in runs] for how in ("told", "auto"))
            other, score = _best_other(runs)
            yield [
                key,
                " x ".join(f"{size:,}" for size in runs[0]["shape"]),
                str(runs[0]["true"]),
                str(len(runs)),
                _mean_and_worst(told),
                _mean_and_worst(found),
                _found(runs),
                other,
                f"{score:.3f}" + (" ↑" if score > _rounded_mean(told) else ""),
            ]


def easily_lost(records: list[Record]) -> Iterator[str]:
    """In how many of the easy cases another method is better by the mean, and in which the number found is wrong."""
    for record in records:
        cases = {key: list(fits.values()) for key, fits in record["fits"].items()}
        behind = {
            key: _best_other(runs)[1] - _rounded_mean([run["told"] for run in runs]) for key, runs in cases.items()
        }
        clearly = [key for key, by in behind.items() if by > CLEARLY]
        better = sum(by > 0 for by in behind.values())
        yield (
            f"Told the number: no other method is better in {len(cases) - better} of {len(cases)} cases, and by at "
            f"most {CLEARLY} in {better - len(clearly)} more. By more in: {', '.join(clearly) or 'none'}."
        )
        wrong = [key for key, runs in cases.items() if any(run["found"] != run["true"] for run in runs)]
        yield (
            f"Not told: the right number in every seed in {len(cases) - len(wrong)} of {len(cases)} cases. Not in: "
            f"{', '.join(wrong) or 'none'}."
        )


def _best_other(runs: list[dict[str, Any]]) -> tuple[str, float]:
    means = {name: _rounded_mean([run["others"][name] for run in runs]) for name in runs[0]["others"]}
    best = max(means, key=lambda name: means[name])
    return best, means[best]


def _rounded_mean(scores: list[float]) -> float:
    """As it is shown: what the table does not tell apart is not better."""
    return round(sum(scores) / len(scores), 3)


def _mean_and_worst(scores: list[float]) -> str:
    return f"{_rounded_mean(scores):.3f}" + (f" (worst {min(scores):.3f})" if len(scores) > 1 else "")


EASY = (
    Table(
        "easy",
        (
            *("case", "rows x entries", "clusters", "seeds", "ARI, told", "ARI, not told", "number found"),
            *("best of the others", "its ARI"),
        ),
        easy,
        easily_lost,
    ),
)


def mixed(records: list[Record]) -> Iterator[Cells]:
    """NMI and ARI on public tables, as `python -m benchmarks.mixed` found them; an arrow marks what beats ours."""
    for key, runs in _tables(records):
        cells = [key, f"{runs[0]['rows']:,}", str(runs[0]["classes"]), str(len(runs))]
        for score in ("nmi", "ari"):
            means = _means([run[score] for run in runs])
            # Without categories k-prototypes is k-means.
            shown = [means.get(name, means["k-means"]) for name in CLUSTERERS]
            cells += [f"{mean:.3f}" + (" ↑" if mean > shown[0] else "") for mean in shown]
        yield cells


def imputed(records: list[Record]) -> Iterator[Cells]:
    """Errors in values that were removed: of standardised numbers, and of categories."""
    for key, runs in _tables(records):
        for what in runs[0]["imputed"]["usual"]:
            means = _means([{name: errors[what] for name, errors in run["imputed"].items()} for run in runs])
            shown = [means[name] for name in ("two-views", "usual", "iterative")]
            yield [key, what, *(f"{mean:.3f}" + (" ↑" if mean < shown[0] else "") for mean in shown)]


def mixed_in_all(records: list[Record]) -> Iterator[str]:
    """The means over all tables."""
    tables = [_means([run["nmi"] for run in runs]) for _, runs in _tables(records)]
    if tables:
        means = {name: sum(table.get(name, table["k-means"]) for table in tables) / len(tables) for name in CLUSTERERS}
        yield f"Mean NMI of {len(tables)} tables: {', '.join(f'{name} {mean:.3f}' for name, mean in means.items())}."


def _tables(records: list[Record]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(key, list(fits.values())) for record in records for key, fits in record["fits"].items()]


def _means(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: _rounded_mean([run[name] for run in runs]) for name in runs[0]}


CLUSTERERS = ("two-views", "k-prototypes", "k-means", "umap-mixture")
MIXED = (
    Table(
        "mixed",
        (
            *("table", "rows", "classes", "seeds"),
            *(f"{score}, {name}" for score in ("NMI", "ARI") for name in CLUSTERERS),
        ),
        mixed,
        mixed_in_all,
    ),
    Table("imputed", ("table", "error of", "two-views", "median, mode", "IterativeImputer"), imputed),
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
        yield [
            "flop of the steps, of the machine's rate in them",
            *(f"{run['default']['of_rate_in_steps']:.0%}" for run in found),
        ]
        yield ["the same, in the whole fit", *(f"{run['default']['of_rate']:.0%}" for run in found)]
        yield ["the machine's rate, Gflop a second", *(f"{run['rate'] / 1e9:.0f}" for run in found)]


_STAGES = tuple(f"{rows}, {stage}" for rows in ("images", "vectors") for stage in ("components", "clusters"))
PROFILE = (
    Table("profile", ("of a step", *_STAGES), profile),
    Table("profiled-fit", ("of a fit", "images of 28x28", "vectors of 16 columns"), profiled_fit),
)


def large(records: list[Record]) -> Iterator[Cells]:
    """What `python -m benchmarks.large` measured, a line for each table."""
    for record in records:
        fit, predict = record["fit"], record["predict"]
        size = f"{record['rows']:,} x {record['columns']}"
        gigabytes = 8 * record["rows"] * record["columns"] / 1e9
        memory = "" if record["memory"] is None else record["memory"]
        costs = [f"{fit['seconds']:.0f}", f"{fit['cpu_seconds']:.0f}", f"{fit['peak_mib']:.0f}"]
        speed = f"{record['rows'] / predict['seconds']:,.0f}"
        yield [size, f"{gigabytes:.1f}", memory, *costs, speed, str(record["clusters"]), f"{record['ari']:.3f}"]


def within(records: list[Record]) -> Iterator[Cells]:
    """Peaks of a table larger than `memory`, below those of smaller ones."""
    for record in records:
        for one in [*record.get("smaller", ()), record] if "smaller" in record else ():
            size = 8 * one["rows"] * record["columns"]
            peaks = (f"{2**20 / 1e6 * one[name]['peak_mib']:.0f}" for name in ("fit", "predict"))
            times = f"{size / Bytes().normal(record['memory']):.2g}"
            yield [f"{one['rows']:,} x {record['columns']}", f"{size / 1e6:.3g}", record["memory"], times, *peaks]


LARGE = (
    Table(
        "large",
        (
            *("rows x columns", "GB as doubles", "`--memory`", "seconds of the fit", "CPU seconds", "peak MiB"),
            *("rows a second of `predict`", "clusters found", "ARI"),
        ),
        large,
    ),
    Table(
        "within",
        (
            *("rows x columns", "MB as doubles", "`--memory`", "times as large"),
            *("peak MB of `fit`", "peak MB of `predict`"),
        ),
        within,
    ),
)


def long(records: list[Record]) -> Iterator[Cells]:
    """The processes of a long run in their order, each until it ended or was killed."""
    for record in records:
        for one in record["processes"]:
            end = "killed" if one["killed"] else "done"
            yield [one["command"], end, *(f"{one[what]:,}" for what in ("seconds", "cpu_seconds", "peak_mib"))]


LONG = (Table("long", ("command", "end", "seconds", "CPU seconds", "peak MiB"), long),)


def searches(records: list[Record]) -> Iterator[Cells]:
    """The search for neighbours by rows, as `python -m benchmarks.scale` measured it."""
    for record in records:
        for one in record["searches"]:
            each = f"{1e6 * one['cpu_seconds'] / one['rows']:.0f}"
            cost = [f"{one['cpu_seconds']:,.0f}", each, str(one["more_mib"])]
            yield [f"{one['rows']:,}", str(one["shards"]), *cost, f"{one['recall']:.3f}"]


def purity(records: list[Record]) -> Iterator[Cells]:
    """How many neighbours of images are of the same class, where fewer rows are searched."""
    for record in records:
        for one in record["purity"]:
            yield [one["data"], f"{one['rows'] // one['shards']:,}", f"{one['same_class']:.3f}"]


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


# Rows that a fit of vectors learns from at least, and what an hour of one processor core costs.
LEARNED, DOLLARS_AN_HOUR = 4000 * 256, 0.05
# Bytes of a row: its neighbours in files; labels, confidence, the order of an epoch and what the end takes in memory.
IN_FILES, IN_MEMORY = 60, 40
# Reads a second of a disk in the machine, and of one in a network.
READS = (500_000, 16_000)
SCALE = (
    Table(
        "searches",
        ("rows", "shards", "CPU seconds", "microseconds a row", "more memory, MiB", "true neighbours found"),
        searches,
    ),
    Table("purity", ("images", "rows of a shard", "neighbours of the same class"), purity),
    Table(
        "on-paper",
        (
            *("rows", "search, core hours", "steps, core hours", "labels, core hours", "dollars"),
            *("disk, GB", "memory, GB", "hours of reading, disk inside", "disk in a network"),
        ),
        on_paper,
    ),
)


def serving(records: list[Record]) -> Iterator[Cells]:
    """What `python -m benchmarks.serving` measured, a line for each way to ask and number of rows."""
    for one in (one for record in records for one in record["measured"]):
        times = [f"{one[name]:.2f}" for name in ("median_ms", "p95_ms", "least_ms")]
        yield [one["by"], f"{one['rows']:,}", *times, f"{one['rows_per_second']:,.0f}"]


SERVING = (
    Table("serving", ("asked", "rows", "ms, median", "ms, 95 of 100", "ms, fastest", "rows a second"), serving),
)


def readers(records: list[Record]) -> Iterator[Cells]:
    """The method of 2018 as it is and with each of its readers' changes alone, by `python -m benchmarks.readers`."""
    for record in records:
        runs, (_, scores), settings = record["runs"], scores_of(record), record["settings"]
        found = [run["clusters"] for run in runs]
        # Shares of the largest cluster, the second, and so on: means over seeds.
        shares = [sum(ranked) / len(ranked) for ranked in zip(*(each["shares"] for each in found), strict=True)]
        yield [
            record["data"]["name"],
            str(record["method"]).partition(",")[0].removeprefix("su2018 "),
            f"{settings['network']}, {settings['epochs']} epochs",
            str(len(runs)),
            *(_spread(scores[score], len(runs)) for score in ("hungarian_accuracy", "majority_accuracy", "nmi")),
            _spread(record["summary"]["clusters"]["used"], len(runs), digits=1),
            " ".join(f"{share:.3f}".removeprefix("0") for share in shares),
            _cpu_seconds(runs),
        ]


FAMILY = (
    Table(
        "readers",
        (
            *("data", "change", "network", "seeds", "Hungarian accuracy", "majority accuracy", "NMI"),
            *("clusters used", "p(y) at the end", "CPU seconds a fit"),
        ),
        readers,
    ),
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


STARTS = (
    Table(
        "starts",
        (
            *("data", "networks", "epochs"),
            *("accuracy after epochs: k-means", "mixture, full covariances", "mixture, diagonal ones", "CPU seconds"),
        ),
        starts,
    ),
)


# The cuts of `python -m benchmarks.flow`, as they are called there and here.
CUTS = {
    "classes": "labels: the classes",
    "slices": "labels: slices along the first principal axis",
    "from k-means": "no labels, starts at k-means",
    "from random rows": "no labels, starts at random rows",
    "one component": "no labels, one component",
}


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
            str(len(runs)),
            *(_mean_of(way, score) for score in ("accuracy", "log_loss") for way in ways),
            _mean_of(flows, "cpu_seconds", digits=0),
        ]


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
    return mean if low == high or digits == 0 else f"{mean} ({low} to {high})"


FLOW = (
    Table(
        "flow-classes",
        (
            *("data", "rows", "seeds", "accuracy: classifier", "Bayes' rule", "logistic regression"),
            *("log loss: classifier", "Bayes' rule", "logistic regression", "CPU seconds"),
        ),
        classified,
    ),
    Table(
        "flow-cuts",
        (
            *("data", "learned with", "log p(x)", "accuracy at the start", "at the end"),
            *("NMI at the start", "at the end"),
        ),
        parted,
    ),
)


def labels(records: list[Record]) -> Iterator[Cells]:
    """Fits with none, some and all labels, and how right and how sure each way is (`python -m benchmarks.labels`)."""
    for record in records:
        (_, scores), ways, seeds = scores_of(record), record["summary"]["reliability"], len(record["runs"])
        given = record["parameters"]["labels"]
        yield [
            record["data"]["name"],
            f"{record['parameters']['method']}, {record['settings']['epochs']} epochs",
            "none" if given == 0 else str(given),
            str(seeds),
            _spread(scores["hungarian_accuracy"], seeds),
            *(f"{ways[f'{by} accuracy']['mean']:.3f}" for by in ("posterior", "bayes")),
            *(f"{ways[f'{by} error']['mean']:.3f}" for by in ("confidence", "posterior", "bayes")),
            _cpu_seconds(record["runs"]),
        ]


LABELS = (
    Table(
        "labels",
        (
            *("data", "method", "labels a class", "seeds", "accuracy on held-out rows"),
            *("of q(y\\|x), 2,000 rows", "of Bayes' rule", "ECE of the confidence", "of q(y\\|x)", "of Bayes' rule"),
            "CPU seconds a fit",
        ),
        labels,
    ),
)


def torture(records: list[Record]) -> Iterator[Cells]:
    """What `make torture` counted: readers of mutated files, and fits that were killed."""
    for record in records:
        for reader, counted in record.get("readers", {}).items():
            outcomes = counted["outcomes"]
            number = f"{sum(outcomes.values()):,}"
            refused = sum(outcomes.values()) - outcomes.get("read", 0) - outcomes.get("failure", 0)
            good = f"{outcomes.get('read', 0):,} read, {refused:,} refused with an error of ours"
            yield [f"mutated files, reader {reader}", number, good, str(outcomes.get("failure", 0)), _seconds(counted)]
        if "fits" in record:
            kills = record["kills at a step"] + record["kills at a moment"]
            good = f"{record['fits'] - len(record['different']):,} fits ended as if never killed, to the byte"
            # The seconds are those of both.
            yield ["SIGKILL, then resumed", f"{kills:,}", good, str(len(record["different"])), _seconds(record)]
            good = (
                f"{record['commands resumed']} resumed and {record['commands begun again']} begun again to the same "
                "bytes, the others were done"
            )
            wrong = str(len(record["commands different"]))
            yield ["SIGKILL of a command from its start on", str(record["commands"]), good, wrong, ""]
        if "threads fits" in record:
            wrong = record["different"] + len(record["host changed"])
            good = f"{record['threads fits'] - record['different']} the same to the byte, and torch as it was"
            yield ["fits in 4 threads at a time", str(record["threads fits"]), good, str(wrong), _seconds(record)]


def _seconds(record: Record) -> str:
    return f"{record['seconds']:.0f}"


RELIABILITY = (Table("torture", ("what", "how often", "came out well", "failures", "seconds"), torture),)


def _change(record: Record) -> tuple[str, str, int]:
    change, _, given = record["method"].removeprefix("su2018 ").partition(", ")
    return record["data"]["name"], given, CHANGES.index(change)


def _labels(record: Record) -> tuple[str, str, float]:
    given = record["parameters"]["labels"]
    name, method = record["data"]["name"], record["method"].rpartition(", ")[0]
    return name, method, float("inf") if given == "all" else given


def _place(record: Record) -> tuple[str, int, str]:
    name, known = record["data"]["name"], plain_name(record).partition(" ")[0]
    return name, ORDER.index(known) if known in ORDER else len(ORDER), record["method"]


def plain_name(record: Record) -> str:
    """The method without what was set otherwise."""
    return str(record["method"]).partition(",")[0]


def is_whole(record: Record) -> bool:
    """Whether it is of a whole method that is given what it needs, on a whole data set."""
    return not (_is_rare(record) or _finds_number(record) or _left_out(record))


def _is_rare(record: Record) -> bool:
    return "rare" in record.get("measures", {})


def _finds_number(record: Record) -> bool:
    return bool(record["parameters"]["n_clusters"] == "auto")


def _whole(record: Record) -> str:
    return str(record["method"]).partition(" without ")[0]


def _left_out(record: Record) -> str:
    return str(record["method"]).partition(" without ")[2]


def scores_of(record: Record) -> tuple[str, dict[str, dict[str, float]]]:
    """The part that is shown, held-out rows where there are any, and its summary."""
    part = "test" if "test" in record["summary"] else "train"
    return part, record["summary"][part]


def _generation_cells(scores: dict[str, str]) -> Cells:
    names = ("named_mean", "falls_back_mean", "precision", "recall", "frechet_distance")
    return [scores.get(name, "") for name in names]


def _digits(score: str) -> int:
    """Shares are shown to a thousandth; the Fréchet distance is a number of several units."""
    return 1 if score == "frechet_distance" else 3


def _spread(value: dict[str, float], seeds: int, digits: int = 3) -> str:
    mean, deviation, worst = (f"{value[key]:.{digits}f}" for key in ("mean", "deviation", "worst"))
    return mean if seeds == 1 else f"{mean} ± {deviation} (worst {worst})"


def _cpu_seconds(runs: list[dict[str, Any]]) -> str:
    return f"{sum(run['cpu_seconds'] for run in runs) / len(runs):.0f}"


def _costs(runs: list[dict[str, Any]]) -> Cells:
    """Mean seconds, and the largest peak of the fits whose memory was measured."""
    seconds = sum(run["seconds"] for run in runs) / len(runs)
    peaks = [run["peak_bytes"] for run in runs if run.get("peak_bytes") is not None]
    return [_cpu_seconds(runs), f"{seconds:.0f}", f"{max(peaks) / 2**20:.0f}" if peaks else "-"]


if __name__ == "__main__":
    main()
