"""A table of a million rows and 50 columns in a file: what a fit and labels for all of it take.
`python -m benchmarks.million` writes it to one file; `--rows` makes it a smaller table."""

import json
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

RESULTS = Path(__file__).parent / "results" / "million" / "million.json"
COLUMNS, BLOBS = 50, 20


def make_table(path: Path, rows: int, random: np.random.Generator) -> Array:
    """Blobs of spread 1 whose centres have spread 2 in each column, of unequal sizes; the blob of each row."""
    centres = 2 * random.normal(size=(BLOBS, COLUMNS))
    shares = random.dirichlet(np.full(BLOBS, 4.0))
    blobs = random.choice(BLOBS, rows, p=shares)
    names = [f"x{number}" for number in range(COLUMNS)]
    schema = pa.schema([(name, pa.float32()) for name in names])
    with parquet.ParquetWriter(path, schema) as writer:
        for some in np.array_split(blobs, max(1, rows // 50_000)):
            values = (centres[some] + random.normal(size=(len(some), COLUMNS))).astype(np.float32)
            writer.write_table(pa.table(list(values.T), schema=schema))
    return blobs


def timed(*words: str) -> dict[str, float]:
    """Seconds by the clock and of processors that a command takes, and the largest memory of any command until now."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "vaecluster", *words], check=True)
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_bytes": 1024 * after.ru_maxrss}


def measure(rows: int, seed: int, threads: int) -> dict[str, Any]:
    """A fit of the file and labels for it, each a command."""
    with tempfile.TemporaryDirectory() as folder:
        table, run, labels = (str(Path(folder) / name) for name in ("table.parquet", "run", "labels.npy"))
        blobs = make_table(Path(table), rows, np.random.default_rng(seed))
        fit = timed("fit", table, "--output", run, "--seed", str(seed), "--threads", str(threads))
        predict = timed("predict", run, table, "--output", labels)
        found = np.load(labels)
        clusters = len(json.loads((Path(run) / "run.json").read_text())["clusters"])
        ari = float(adjusted_rand_score(blobs, found))
    return {"rows": rows, "blobs": BLOBS, "found": clusters, "ari": ari, "fit": fit, "predict": predict}


def main() -> None:
    """The command line."""
    parser = ArgumentParser(prog="python -m benchmarks.million", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    found = measure(given.rows, given.seed, given.threads)
    settings = {"columns": COLUMNS, "seed": given.seed, "threads": given.threads}
    write_json(given.output, {**found, **settings, "versions": versions(), "machine": machine()})
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
