"""The tables of `docs/results.md` on methods and data sets."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.tables.records import (
    COMPARED,
    by_set,
    is_rare,
    is_told,
    is_whole,
    left_out,
    number_given,
    numbers_found,
    over_seeds,
    place,
    plain_name,
    scored,
    scores_of,
    seconds_of,
    whole_of,
)
from benchmarks.tables.table import Cells, Record, table

SCORES = {"hungarian_accuracy": "Hungarian accuracy", "nmi": "NMI", "ari": "ARI"}
_SCORES = " | ".join(SCORES.values())
COSTS = "CPU seconds a fit | seconds a fit | peak MiB"
# Test accuracy by majority, as the article states it (Su 2018).
ARTICLE = {("mnist", "su2018"): "0.83", ("fashion-mnist", "su2018"): "0.585"}


@table(
    "results",
    f"data | scored on | method | seeds | majority accuracy | the article's | {_SCORES} | bound in nats | {COSTS}",
    order=place,
)
def results(records: list[Record]) -> Iterator[Cells]:
    """Whole methods of the package that are given the number of clusters, on whole data sets."""
    for record in records:
        name, method, runs = record["data"]["name"], record["method"], record["runs"]
        if plain_name(record) in COMPARED or not is_whole(record):
            continue
        majority, *scores = scored(record, "majority_accuracy", *SCORES)
        known = [majority, ARTICLE.get((name, method), ""), *scores, _bound(record)]
        yield [name, scores_of(record)[0], method, len(runs), *known, *_costs_of(runs)]


def _bound(record: Record) -> str:
    """In nats per row; nothing where it was not measured."""
    scores = record["summary"].get("bound")
    return over_seeds(scores["bound"], len(record["runs"]), digits=1) if scores else ""


def _costs_of(runs: list[dict[str, Any]]) -> Cells:
    """Mean seconds, and the largest peak of the fits whose memory was measured."""
    peaks = [run["peak_bytes"] for run in runs if run.get("peak_bytes") is not None]
    return [seconds_of(runs), seconds_of(runs, "seconds"), f"{max(peaks) / 2**20:.0f}" if peaks else "-"]


def better(records: list[Record]) -> Iterator[str]:
    """For each data set which methods have a better mean than the default one, and of which scores."""
    for name, own, others in by_set(records):
        words = [
            f"{record['method']} ({', '.join(SCORES[measure] for measure in _better(record, own))})"
            for record in others
            if _better(record, own)
        ]
        which = f"better by the mean: {', '.join(words)}" if words else "no other mean is better"
        yield f"{name}: {which}."


@table(
    "compared",
    f"data | scored on | method | seeds | {_SCORES} | number given | number found | {COSTS}",
    order=place,
    notes=better,
)
def compared(records: list[Record]) -> Iterator[Cells]:
    """The default method as it is and what people would pick instead; of each score the best mean of a set is bold.

    An arrow marks a mean that is better than that of the default method that knows as much.
    """
    for name, own, others in by_set(records):
        for record in [*own, *others]:
            runs, cells = record["runs"], []
            for measure, score in zip(SCORES, scored(record, *SCORES), strict=True):
                best = max(_mean(each, measure) for each in [*own, *others])
                mean, rest = score.partition(" ")[::2]
                shown = f"**{mean}**" if _mean(record, measure) == best else mean
                cells.append(" ".join([shown, rest]).strip() + (" ↑" if measure in _better(record, own) else ""))
            numbers = [number_given(record), numbers_found(runs)]
            yield [name, scores_of(record)[0], record["method"], len(runs), *cells, *numbers, *_costs_of(runs)]


def _better(record: Record, own: list[Record]) -> list[str]:
    """The scores in which it is ahead of the default method that is told as much, or else of the one there is."""
    alike = next((each for each in own if is_told(each) == is_told(record)), own[0])
    return [measure for measure in SCORES if _mean(record, measure) > _mean(alike, measure)]


def _mean(record: Record, measure: str) -> float:
    """As it is shown: what the table does not tell apart is not better."""
    return round(float(scores_of(record)[1][measure]["mean"]), 3)


# The reference models of a file with generation scores, as they are called there and here.
ANCHORS = {
    "conditional": "conditional VAE, given the labels",
    "plain": "plain VAE",
    "training images": "the images themselves",
}


@table(
    "generation",
    "data | samples of | seeds | named | falls back | precision | recall | Fréchet distance",
    order=place,
)
def generation(records: list[Record]) -> Iterator[Cells]:
    """Files with generation scores, each followed by the reference models that were trained beside it."""
    for record in records:
        if "generation" not in record["summary"]:
            continue
        name, seeds = record["data"]["name"], len(record["runs"])
        spread = {
            score: over_seeds(value, seeds, digits=_digits(score))
            for score, value in record["summary"]["generation"].items()
        }
        yield [name, record["method"], seeds, *_generation_cells(spread)]
        accuracy = record["measures"]["generation"]["judge"]["accuracy"]
        for anchor, scores in record["anchors"].items():
            scores = {"named_mean": accuracy} | scores if anchor == "training images" else scores
            plain = {score: f"{value:.{_digits(score)}f}" for score, value in scores.items()}
            yield [name, ANCHORS[anchor], "1", *_generation_cells(plain)]


def _generation_cells(scores: dict[str, str]) -> Cells:
    names = ("named_mean", "falls_back_mean", "precision", "recall", "frechet_distance")
    return [scores.get(name, "") for name in names]


def _digits(score: str) -> int:
    """Shares are shown to a thousandth; the Fréchet distance is a number of several units."""
    return 1 if score == "frechet_distance" else 3


@table("ablations", "data | method | left out | seeds | Hungarian accuracy | NMI | CPU seconds a fit", order=place)
def ablations(records: list[Record]) -> Iterator[Cells]:
    """The default method without a part, under the whole of it on the same data, with the same epochs."""
    without = {(record["data"]["name"], whole_of(record)) for record in records if left_out(record)}
    for record in records:
        name, runs = record["data"]["name"], record["runs"]
        if (name, whole_of(record)) not in without:
            continue
        scores = scored(record, "hungarian_accuracy", "nmi")
        yield [name, whole_of(record), left_out(record) or "nothing", len(runs), *scores, seconds_of(runs)]


@table("numbers", "data | method | classes | seeds | clusters found, in so many seeds", order=place)
def numbers(records: list[Record]) -> Iterator[Cells]:
    """The numbers of clusters that fits of the package found, whether one was given or not."""
    for record in records:
        runs = record["runs"]
        if "strength" not in runs[0] or is_rare(record) or left_out(record):
            continue
        found = Counter(f"{run['found']} ({run['strength']})" for run in runs)
        words = (f"{number} in {times}" for number, times in found.most_common())
        name, classes = record["data"]["name"], record["data"]["classes"]
        yield [name, record["method"], classes, len(runs), ", ".join(words)]


@table(
    "rare",
    "data | method | seeds | training rows of the class | recall | precision | recall of the dense group | "
    "precision of the dense group",
    order=place,
)
def rare(records: list[Record]) -> Iterator[Cells]:
    """Data sets with a class made rare."""
    for record in filter(is_rare, records):
        runs, scores = record["runs"], record["summary"]["rare"]
        measures = ("recall", "precision", "group_recall", "group_precision")
        spread = [over_seeds(scores[measure], len(runs)) if measure in scores else "-" for measure in measures]
        rows = f"{runs[0]['rare']['train_rows']} of {record['data']['train'][0]}"
        yield [record["data"]["name"], record["method"], len(runs), rows, *spread]
