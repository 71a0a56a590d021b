import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from vaecluster.data.room import Bytes

ROWS, COLUMNS = 20_000, 1024
LIMIT = ROWS * COLUMNS * 4 // 2
# Freed arrays go back to the system at once: what allocators keep of them differs from run to run.
ALONE = {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "1000000", "ARROW_DEFAULT_MEMORY_POOL": "system"}

# What a fit needs beside the rows: memory of its own, not that of the file, which the system can drop at any time.
CHILD = """
import sys, threading, time
import numpy as np, torch
from vaecluster import TwoViews, VAEClustering

def anonymous():
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("RssAnon"))

def watch():
    while True:
        peaks.append(anonymous())
        time.sleep(0.005)

torch.set_num_threads(1)
method = TwoViews(epochs=1, hidden=(16,), latent=2, heads=2, components=6)
model = VAEClustering(3, method=method, random_state=0, device="cpu")
# Libraries, and what any large number of rows takes: the first part of the file.
rows = np.load(sys.argv[1], mmap_mode="r")
model.fit(rows[:4000])
peaks = [anonymous()]
threading.Thread(target=watch, daemon=True).start()
labels = model.fit(rows).predict(rows)
assert (labels == model.labels_).all()
print(max(peaks) - peaks[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read as Linux shows it")
def test_a_memory_map_twice_as_large_as_memory_is_learned_and_labelled(tmp_path: Path) -> None:
    file, random = tmp_path / "rows.npy", np.random.default_rng(0)
    rows = np.lib.format.open_memmap(file, "w+", np.float32, (ROWS, COLUMNS))
    centres = 3 * random.normal(size=(3, COLUMNS))
    for block in np.array_split(np.arange(ROWS), 20):
        rows[block] = centres[block % 3] + random.normal(size=(len(block), COLUMNS))
    rows.flush()
    command = [sys.executable, "-W", "ignore", "-c", CHILD, str(file)]
    child = subprocess.run(command, capture_output=True, text=True, env=os.environ | ALONE)
    assert child.returncode == 0, child.stderr
    assert int(child.stdout) < LIMIT


# What a fit takes whatever the number of rows is taken by two before, of as many rows as fill the memory that it may
# take; the first leaves parts of memory that are not used again. Then the table is three times as large.
MEMORY, FEW, MANY, WIDTH = "14MB", 12_000, 36_000, 150
WITHIN = """
import sys
import torch
from vaecluster import TwoViews, VAEClustering

def peak():
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))

torch.set_num_threads(1)
method = TwoViews(epochs=1, hidden=(16,), latent=2, heads=2, components=6)
model = VAEClustering(3, method=method, random_state=0, device="cpu", memory=sys.argv[1])
peaks = []
for file in sys.argv[2:]:
    labels = model.fit(file).predict(file)
    assert (labels == model.labels_).all()
    peaks.append(peak())
print(peaks[-1] - peaks[-2])
"""


def write_rows(path: Path, rows: int) -> None:
    random = np.random.default_rng(0)
    centres = 3 * random.normal(size=(3, WIDTH))
    blocks = (centres[np.arange(3000) % 3] + random.normal(size=(3000, WIDTH)) for _ in range(rows // 3000))
    schema = pa.schema([(f"c{column}", pa.float64()) for column in range(WIDTH)])
    with parquet.ParquetWriter(path, schema, use_dictionary=False) as writer:
        for block in blocks:
            writer.write_table(pa.table(list(block.T), schema=schema))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read as Linux shows it")
def test_a_table_larger_than_the_memory_that_is_given_stays_inside(tmp_path: Path) -> None:
    files = [tmp_path / f"{rows}.parquet" for rows in (FEW, MANY)]
    for file, rows in zip(files, (FEW, MANY), strict=True):
        write_rows(file, rows)
    limit = Bytes().normal(MEMORY)
    assert files[1].stat().st_size > 2 * limit
    command = [sys.executable, "-W", "ignore", "-c", WITHIN, MEMORY, str(files[0]), *map(str, files)]
    child = subprocess.run(command, capture_output=True, text=True, env=os.environ | ALONE)
    assert child.returncode == 0, child.stderr
    assert int(child.stdout) < limit
