"""How many clusters are found in rows of which that is known: none in noise, and so many blobs. No label takes part.

`python -m benchmarks.number` fits every case with every seed and writes what was found to one file, which
`python -m benchmarks.tables` makes into the table in `docs/results.md`. A run that was stopped goes on.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from sklearn.metrics import adjusted_rand_score

from benchmarks.cases import Case, Labels, blobs, main
from vaecluster import VAEClustering
from vaecluster.data.raw import Array

RESULTS = Path(__file__).parent / "results" / "known" / "number.json"


def noise(kind: str, rows: int, columns: int) -> Case:
    """Rows that are one cluster, however they are spread."""

    def make(random: Generator) -> tuple[Array, Labels]:
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


def known_blobs(sizes: list[int], columns: int, group: str) -> Case:
    """Normal blobs of these sizes."""
    name = f"{len(sizes)} of {min(sizes)} to {max(sizes)}, {columns} columns"
    return Case(name, group, lambda random: blobs(random, sizes, columns))


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
        known_blobs([rows // number] * number, columns, "even blobs")
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
        known_blobs(np.geomspace(900, 30, number).astype(int).tolist(), columns, "uneven blobs, 1 to 30")
        for number, columns in ((5, 5), (8, 8), (12, 8))
    ),
)


def measure(rows: Array, clusters: Labels, seed: int) -> dict[str, Any]:
    """The number that is found, and how well its clusters agree."""
    began = time.process_time()
    model = VAEClustering(random_state=seed, device="cpu").fit(rows.astype(np.float32))
    assert model.evidence_ is not None
    return {
        "true": int(clusters.max() + 1),
        "found": model.n_clusters_,
        "strength": model.evidence_.strength,
        "heads": model.evidence_.found.tolist(),
        "ari": adjusted_rand_score(clusters, model.labels_),
        "cpu_seconds": time.process_time() - began,
    }


if __name__ == "__main__":
    main(__doc__, CASES, measure, RESULTS)
