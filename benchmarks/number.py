"""How many clusters are found in rows of which that is known: none in noise, and so many blobs. No label takes part.

`python -m benchmarks.number` fits every case with every seed and writes what was found to one file, which
`python -m benchmarks.tables` makes into the table in `docs/results.md`. A run that was stopped goes on.
"""

import json
import time
import warnings
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.random import Generator
from sklearn.metrics import adjusted_rand_score

from vaecluster import VAEClustering
from vaecluster.data.raw import Array
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import versions

RESULTS = Path(__file__).parent / "results" / "known" / "number.json"
# Blobs are normal with deviation 1; no two centres are nearer than this.
APART = 6.0


@final
@dataclass(frozen=True)
class Case:
    """Rows of a known number of clusters; `make` draws them with their clusters."""

    name: str
    group: str
    make: Callable[[Generator], tuple[Array, Array]]


def noise(kind: str, rows: int, columns: int) -> Case:
    """Rows that are one cluster, however they are spread."""

    def make(random: Generator) -> tuple[Array, Array]:
        shape = rows, columns
        drawn = {
            "uniform": lambda: random.uniform(size=shape),
            "normal": lambda: random.normal(size=shape),
            "normal, unequal": lambda: random.normal(size=shape) * np.geomspace(8, 1, columns),
            "Student t": lambda: random.standard_t(3, size=shape),
            "exponential": lambda: random.exponential(size=shape),
            "thin ring": lambda: _ring(random, rows),
        }
        return drawn[kind](), np.zeros(rows, dtype=int)

    return Case(f"{kind}, {rows} x {columns}", "one cluster", make)


def blobs(sizes: list[int], columns: int, group: str) -> Case:
    """Normal blobs of these sizes around centres drawn at random."""

    def make(random: Generator) -> tuple[Array, Array]:
        centres = random.normal(size=(len(sizes), columns)) * 2.5
        widening = 1.0
        while True:
            between = np.linalg.norm(centres[:, None] - centres, axis=-1) + np.eye(len(centres)) * 2 * APART
            near = np.argwhere(between < APART)
            if not len(near):
                break
            widening += 0.005
            centres[near[0, 0]] = random.normal(size=columns) * 2.5 * widening
        clusters = np.repeat(np.arange(len(sizes)), sizes)
        return centres[clusters] + random.normal(size=(len(clusters), columns)), clusters

    return Case(f"{len(sizes)} of {min(sizes)} to {max(sizes)}, {columns} columns", group, make)


def _ring(random: Generator, rows: int) -> Array:
    angle = random.uniform(0, 2 * np.pi, rows)
    return 3 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.3 * random.normal(size=(rows, 2))


SHAPES = ((300, 2), (300, 8), (1000, 4), (1500, 20), (5000, 2), (5000, 10))
CASES = (
    *(
        noise(kind, rows, columns)
        for kind in ("uniform", "normal", "normal, unequal", "Student t", "exponential")
        for rows, columns in SHAPES
    ),
    *(noise("thin ring", rows, 2) for rows in (300, 1500, 5000)),
    *(
        blobs([rows // number] * number, columns, "even blobs")
        for number, rows, columns in (
            (3, 600, 2),
            (3, 1500, 10),
            (5, 1000, 3),
            (8, 1600, 8),
            (12, 2400, 5),
            (20, 2000, 10),
            (50, 5000, 10),
            (50, 2500, 20),
        )
    ),
    *(
        blobs(np.geomspace(900, 30, number).astype(int).tolist(), columns, "uneven blobs, 1 to 30")
        for number, columns in ((5, 5), (8, 8), (12, 8))
    ),
)


def run(cases: tuple[Case, ...], seeds: range, path: Path) -> None:
    """Fit what the file does not hold yet, and write it after every fit."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"versions": versions(), "fits": {}}
    for case in cases:
        for seed in seeds:
            key = f"{case.group}: {case.name}"
            if str(seed) in found["fits"].setdefault(key, {}):
                continue
            rows, clusters = case.make(np.random.default_rng([seed, *case.name.encode()]))
            began = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = VAEClustering(random_state=seed, device="cpu").fit(rows.astype(np.float32))
            assert model.evidence_ is not None
            found["fits"][key][str(seed)] = {
                "true": int(clusters.max() + 1),
                "found": model.n_clusters_,
                "strength": model.evidence_.strength,
                "heads": model.evidence_.found.tolist(),
                "ari": adjusted_rand_score(clusters, model.labels_),
                "cpu_seconds": time.process_time() - began,
            }
            write_json(path, found)
            print(key, seed, found["fits"][key][str(seed)], flush=True)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="fits of every case")
    parser.add_argument("--only", default="", help="cases whose group or name holds this text")
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    run(tuple(case for case in CASES if given.only in f"{case.group}: {case.name}"), range(given.seeds), given.output)
