"""A method on a named data set over several seeds, every seed kept; labels score afterwards."""

import gc
import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from benchmarks.kinds import KindOfData, prepare
from vaecluster.clusters.scores import Clustering, split_scores
from vaecluster.data.dataset import DataSet
from vaecluster.data.raw import Array
from vaecluster.errors import DataError, FileError
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions

FORMAT = 1
COMPARED = ("format", "data", "method", "parameters", "measures", "versions", "machine")
# What Linux says of this process.
STATUS = Path("/proc/self/status")
# Of these scores the largest is the worst.
LARGER_IS_WORSE = ("frechet_distance",)


@final
@dataclass(frozen=True)
class Outcome:
    """A fit and what to write down of it: every setting, and the facts of this one run, both as JSON holds them."""

    clustering: Clustering
    settings: dict[str, Any]
    facts: dict[str, Any]


class Method(Protocol):
    """A way to find clusters, with its parameters set; to add one, write these three members."""

    @property
    def name(self) -> str:
        """What results are filed under."""

    def parameters(self) -> dict[str, Any]:
        """What decides the outcome beside rows, clusters and seed, as JSON holds it."""

    def fit(self, rows: Array, clusters: int, seed: int) -> Outcome:
        """Find so many clusters in rows (rows, *data)."""


class Measure(Protocol):
    """Something more to score of every fit, once it is over; to add one, write these four members."""

    @property
    def name(self) -> str:
        """What its scores are filed under, in every run and in the summary."""

    def about(self) -> dict[str, Any]:
        """What decides the scores beside fit and data, as JSON holds it."""

    def score(self, clustering: Any, data: DataSet) -> dict[str, Any]:
        """The scores of one fit on the prepared data, by name; of those that are a float the summary is taken."""

    def references(self, clustering: Any, data: DataSet) -> dict[str, Any]:
        """What to read the scores against, measured once, after the first fit of a file; entries of the record."""


def run_benchmark(
    data: DataSet,
    kind: KindOfData,
    method: Method,
    clusters: int,
    seeds: Sequence[int],
    path: Path,
    measures: Sequence[Measure] = (),
) -> dict[str, Any]:
    """Fit on the prepared training rows once per seed, score on both parts, write `path` after every seed.

    Gives back the whole record. Seeds that `path` holds already are kept, not run again. Raises `FileError` if it
    holds runs of other settings, measures, versions or another machine, `DataError` if `data` has no labels. No label
    reaches the fit.
    """
    prepared = prepare(check_labelled(data), kind)
    record = _runs_so_far(path, _description(data, prepared, kind, method, clusters, measures))
    done = {run["seed"] for run in record["runs"]}
    for seed in (seed for seed in seeds if seed not in done):
        outcome, run = _timed_fit(prepared, method, clusters, seed)
        run |= split_scores(outcome.clustering, prepared)
        for measure in measures:
            run[measure.name] = measure.score(outcome.clustering, prepared)
            if not record["runs"]:
                record |= measure.references(outcome.clustering, prepared)
        record["settings"] = outcome.settings
        record["runs"] = sorted([*record["runs"], run], key=lambda run: run["seed"])
        record["summary"] = _summary(record["runs"], ("train", "test", *(measure.name for measure in measures)))
        write_json(path, record)
    return record


def file_of(output: Path, *names: str) -> Path:
    """The file of a result in its folder: a label in a name may be any text, a file name may not."""
    return output / (re.sub(r"[^\w.-]+", "-", "-".join(names)) + ".json")


def check_labelled(data: DataSet) -> DataSet:
    """The data set itself; raises `DataError` if its training rows have no labels."""
    if data.y_train is None:
        raise DataError(f"The data set {data.name} has no labels to score with. Use `vaecluster fit`.")
    return data


def _description(
    data: DataSet, prepared: DataSet, kind: KindOfData, method: Method, clusters: int, measures: Sequence[Measure]
) -> dict[str, Any]:
    """All that is known before the first fit."""
    assert data.y_train is not None
    return {
        "format": FORMAT,
        "data": {
            "name": data.name,
            "kind": kind.name,
            "train": list(data.x_train.shape),
            "prepared": list(prepared.x_train.shape),
            "classes": len(np.unique(data.y_train)),
        },
        "method": method.name,
        "parameters": {"n_clusters": clusters} | method.parameters(),
        "measures": {measure.name: measure.about() for measure in measures},
        "versions": versions(),
        "machine": machine(),
        "runs": [],
    }


def _runs_so_far(path: Path, record: dict[str, Any]) -> dict[str, Any]:
    """The record with what the file holds, which must have been made alike, so that all seeds can be compared."""
    if not path.exists():
        return record
    try:
        earlier = {"measures": {}} | json.loads(path.read_text())
        differing = [key for key in COMPARED if earlier[key] != json.loads(json.dumps(record[key]))]
        kept = {"runs": earlier["runs"]} | {key: value for key, value in earlier.items() if key not in COMPARED}
    except (json.JSONDecodeError, KeyError, TypeError):
        raise FileError(f"'{path}' is no result of a benchmark. Move it away, or choose another --output.") from None
    if differing:
        raise FileError(
            f"'{path}' holds runs with other {' and '.join(differing)}; all seeds in a file must be made alike. "
            "Move it away, or choose another --output."
        )
    return record | kept


def _timed_fit(data: DataSet, method: Method, clusters: int, seed: int) -> tuple[Outcome, dict[str, Any]]:
    """The fit and what it took; a fit that is a process of its own says its own peak of memory."""
    _forget_peak()
    wall, cpu = time.perf_counter(), _cpu_seconds()
    outcome = method.fit(data.x_train, clusters, seed)
    run = {
        "seed": seed,
        "seconds": round(time.perf_counter() - wall, 1),
        "cpu_seconds": round(_cpu_seconds() - cpu, 1),
        "peak_bytes": peak_bytes(),
    }
    return outcome, run | outcome.facts


def peak_bytes() -> int | None:
    """Most memory that this process has held since `_forget_peak`, or None where Linux is not there to say.

    All of it: Python, torch and other libraries, the data set with its held-out rows, and what earlier fits left.
    """
    if not STATUS.exists():
        return None
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")) * 1024


def _forget_peak() -> None:
    """Begin to measure anew: the preparation of the rows and earlier fits may have needed more."""
    gc.collect()
    if STATUS.exists():
        STATUS.with_name("clear_refs").write_text("5")


def _cpu_seconds() -> float:
    """Of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def _summary(runs: list[dict[str, Any]], parts: Sequence[str]) -> dict[str, dict[str, dict[str, float]]]:
    """Mean, sample standard deviation and worst seed of every score of every part; counts and names are no scores."""
    return {
        part: {
            score: _spread(score, np.array([run[part][score] for run in runs]))
            for score, value in runs[0][part].items()
            if isinstance(value, float)
        }
        for part in parts
        if part in runs[0]
    }


def _spread(score: str, values: NDArray[np.float64]) -> dict[str, float]:
    return {
        "mean": float(values.mean()),
        "deviation": float(values.std(ddof=1)) if len(values) > 1 else 0.0,
        "worst": float(values.max() if score in LARGER_IS_WORSE else values.min()),
    }
