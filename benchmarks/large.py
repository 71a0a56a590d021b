"""A large table on the command line: seconds, processor seconds and peak memory of `fit` and `predict`.

`python -m benchmarks.large` makes a table of blobs in a Parquet file, and writes what it measured to one file, from
which `python -m benchmarks.tables` makes the tables in `docs/performance.md`.

`python -m benchmarks.large --memory 25MB` makes a table 20 times as large as that memory. The same commands are first
measured for smaller tables: one that is nothing to speak of, and one that is just too large to be read at once.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from sklearn.metrics import adjusted_rand_score

from vaecluster.data.raw import Array
from vaecluster.data.room import Bytes
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions

RESULTS = Path(__file__).parent / "results" / "large"
GROUPS, BLOCK = 10, 100_000
# Centres are uniform in a cube of this side, and rows normal around them.
SIDE, SPREAD = 20.0, 3.0
# Rows without a limit; with one, how many times as large as it the table is, and which parts of it smaller ones are.
ROWS, TIMES, SMALLER = 1_000_000, 20, (400, 40)
# The peak is read inside: that of a child, as the system tells it, can be that of the process which started it.
CHILD = """
import json, os, sys, time
from vaecluster.cli import run
from vaecluster.files.provenance import keep_freed_memory

began = time.perf_counter()
keep_freed_memory()
status = run(sys.argv[1:])
spent = os.times()
with open("/proc/self/status") as lines:
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
found = {"seconds": time.perf_counter() - began, "cpu_seconds": spent.user + spent.system, "peak_mib": peak / 1024}
print(json.dumps({name: round(value, 1) for name, value in found.items()}))
sys.exit(status)
"""


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
    child = subprocess.run([sys.executable, "-c", CHILD, *words], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(child.stdout.splitlines()[-1])
    return found


def measure(rows: int, columns: int, memory: str | None, folder: Path) -> dict[str, Any]:
    """A fit without a number of clusters, and the answers for the same table."""
    table, run, scored = folder / f"{rows}.parquet", folder / f"run-{rows}", folder / f"{rows}.csv"
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
        "predict": predict,
    }


def main() -> None:
    """Measure and write one file for each size and memory."""
    parser = ArgumentParser("python -m benchmarks.large")
    parser.add_argument("--rows", type=int, help=f"{ROWS:,} by default, or {TIMES} times as many as --memory holds")
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--memory", help="as of `vaecluster fit`")
    parser.add_argument("--output", type=Path, default=RESULTS, help="a folder")
    asked = parser.parse_args()
    held = None if asked.memory is None else Bytes().normal(asked.memory) // (8 * asked.columns)
    rows = asked.rows or (ROWS if held is None else TIMES * held)
    name = f"{rows}x{asked.columns}{'' if asked.memory is None else f'-{asked.memory}'}.json"
    with tempfile.TemporaryDirectory() as folder:
        sizes = [] if held is None else [rows // part for part in SMALLER]
        smaller = [measure(size, asked.columns, asked.memory, Path(folder)) for size in sizes]
        found = measure(rows, asked.columns, asked.memory, Path(folder))
    if smaller:
        found["smaller"] = [{name: one[name] for name in ("rows", "fit", "predict")} for one in smaller]
    busy = {"load": round(os.getloadavg()[0], 1)}
    write_json(asked.output / name, found | {"versions": versions(), "machine": machine() | busy})


if __name__ == "__main__":
    main()
