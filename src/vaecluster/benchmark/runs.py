"""A method on a named data set over several seeds, every seed kept; labels score afterwards."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from vaecluster.atomic import write_json
from vaecluster.data.dataset import DataSet
from vaecluster.environment import machine, versions
from vaecluster.errors import DataError, FileError
from vaecluster.estimator import VAEClustering
from vaecluster.evaluation.scores import majority_names, score_labels

FORMAT = 1
COMPARED = ("format", "data", "method", "parameters", "versions", "machine")
PER_RUN = ("random_state", "verbose")
MEASURES = ("majority_accuracy", "hungarian_accuracy", "nmi", "ari")


def run_benchmark(data: DataSet, model: VAEClustering, seeds: Sequence[int], path: Path) -> dict[str, Any]:
    """Fit on the training rows once per seed, score on both parts, write `path` after every seed; the whole record.

    Seeds that `path` holds already are kept, not run again. Raises `FileError` if it holds runs of other settings,
    versions or another machine, `DataError` if `data` has no labels. No label reaches the fit.
    """
    if data.y_train is None:
        raise DataError(f"The data set {data.name} has no labels to score with. Use `vaecluster fit`.")
    record: dict[str, Any] = {
        "format": FORMAT,
        "data": {"name": data.name, "train": list(data.x_train.shape), "classes": len(np.unique(data.y_train))},
        "method": model.preset,
        "parameters": {key: value for key, value in model.get_params().items() if key not in PER_RUN},
        "versions": versions(),
        "machine": machine(),
        "runs": [],
    }
    record["runs"] = _runs_so_far(path, record)
    done = {run["seed"] for run in record["runs"]}
    for seed in (seed for seed in seeds if seed not in done):
        fitted, run = _timed_fit(data, model, seed)
        record["settings"] = asdict(fitted.settings_)
        record["runs"].append(run | split_scores(fitted, data))
        record["runs"].sort(key=lambda run: run["seed"])
        record["summary"] = _summary(record["runs"])
        write_json(path, record)
    return record


def _runs_so_far(path: Path, record: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs in the file, which must have been made as `record` says, so that all seeds can be compared."""
    if not path.exists():
        return []
    try:
        earlier = json.loads(path.read_text())
        differing = [key for key in COMPARED if earlier[key] != json.loads(json.dumps(record[key]))]
        runs: list[dict[str, Any]] = earlier["runs"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise FileError(f"'{path}' is no result of a benchmark. Move it away, or choose another --output.") from None
    if differing:
        raise FileError(
            f"'{path}' holds runs with other {' and '.join(differing)}; all seeds in a file must be made alike. "
            "Move it away, or choose another --output."
        )
    record |= {key: earlier[key] for key in ("settings", "summary")}
    return runs


def split_scores(model: VAEClustering, data: DataSet) -> dict[str, dict[str, float]]:
    """Scores on train and held-out test, named apart; only those for which there are labels.

    Majority accuracy on test uses the names learned on train, as the article does.
    """
    if data.y_train is None:
        return {}
    names = majority_names(data.y_train, model.labels_)
    scores = {"train": score_labels(data.y_train, model.labels_, majority=names).as_dict()}
    if data.x_test is not None and data.y_test is not None:
        held_out = model.predict(data.x_test)
        scores["test"] = score_labels(data.y_test, held_out, majority=names).as_dict()
    return scores


def _timed_fit(data: DataSet, model: VAEClustering, seed: int) -> tuple[VAEClustering, dict[str, Any]]:
    candidate = VAEClustering(**model.get_params() | {"random_state": seed})
    wall, cpu = time.perf_counter(), time.process_time()
    candidate.fit(data.x_train)
    run = {
        "seed": seed,
        "seconds": round(time.perf_counter() - wall, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "ending": candidate.history_.ending,
        "history": candidate.history_.curves(),
    }
    return candidate, run


def _summary(runs: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """Mean, sample standard deviation and worst seed of every measure on every part."""
    summary: dict[str, dict[str, dict[str, float]]] = {}
    for part in ("train", "test"):
        if part not in runs[0]:
            continue
        values = {measure: np.array([run[part][measure] for run in runs]) for measure in MEASURES}
        summary[part] = {
            measure: {
                "mean": float(column.mean()),
                "deviation": float(column.std(ddof=1)) if len(column) > 1 else 0.0,
                "worst": float(column.min()),
            }
            for measure, column in values.items()
        }
    return summary
