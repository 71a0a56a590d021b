"""A large table on the command line: seconds, processor seconds and peak memory of `fit` and `predict`.

`python -m benchmarks.large` makes a table of blobs in a Parquet file, and writes what it measured to one file, from
which `python -m benchmarks.tables` makes the table in `docs/performance.md`.
"""

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from sklearn.metrics import adjusted_rand_score

from vaecluster.data.raw import Array
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions

RESULTS = Path(__file__).parent / "results" / "large"
GROUPS, BLOCK = 10, 100_000
# Centres are uniform in a cube of this side, and rows normal around them.
SIDE, SPREAD = 20.0, 3.0


def write_blobs(path: Path, rows: int, columns: int) -> Array:
    """A table of normal rows around some centres, a block after the other; the group of each row."""
    random = np.random.default_rng(0)
    centres = random.uniform(-SIDE / 2, SIDE / 2, (GROUPS, columns))
    group = random.integers(0, GROUPS, rows)
    schema = pa.schema([(f"column {number}", pa.float64()) for number in range(columns)])
    with parquet.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, BLOCK):
            some = group[start : start + BLOCK]
            block = centres[some] + SPREAD * random.normal(size=(len(some), columns))
            writer.write_table(pa.table(list(block.T), schema=schema))
    return group


def measured(*words: str) -> dict[str, float]:
    """Seconds, processor seconds and the most memory of a command of ours, in a process of its own."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "vaecluster", *words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        # The largest of all children so far: of those that are measured, the fit comes first and takes most.
        "peak_mib": round(after.ru_maxrss / 1024),
    }


def measure(rows: int, columns: int, memory: str | None, folder: Path) -> dict[str, Any]:
    """A fit without a number of clusters, and the answers for the same table."""
    table, run, scored = folder / "table.parquet", folder / "run", folder / "scored.csv"
    group = write_blobs(table, rows, columns)
    limit = [] if memory is None else ["--memory", memory]
    fit = measured("fit", str(table), *limit, "--output", str(run))
    predict = measured("predict", str(run), str(table), "--output", str(scored))
    with scored.open(encoding="utf-8") as file:
        found = np.fromiter((int(line["cluster"]) for line in csv.DictReader(file)), np.intp, rows)
    return {
        "rows": rows,
        "columns": columns,
        "memory": memory,
        "table_mib": round(table.stat().st_size / 2**20),
        "clusters": len(np.unique(found)),
        "ari": round(float(adjusted_rand_score(group, found)), 4),
        "fit": fit,
        "predict": {name: value for name, value in predict.items() if name != "peak_mib"},
    }


def main() -> None:
    """Measure and write one file for each size and memory."""
    parser = ArgumentParser("python -m benchmarks.large")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--memory", help="as of `vaecluster fit`")
    parser.add_argument("--output", type=Path, default=RESULTS, help="a folder")
    asked = parser.parse_args()
    name = f"{asked.rows}x{asked.columns}{'' if asked.memory is None else f'-{asked.memory}'}.json"
    with tempfile.TemporaryDirectory() as folder:
        found = measure(asked.rows, asked.columns, asked.memory, Path(folder))
    busy = {"load": round(os.getloadavg()[0], 1)}
    write_json(asked.output / name, found | {"versions": versions(), "machine": machine() | busy})


if __name__ == "__main__":
    main()
