"""A run for other programs: customers with their clusters as one table, and as a table for each cluster.

On the command line: `vaecluster fit customers.csv --output run`, then `vaecluster export run --to parquet`.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pyarrow import csv

from vaecluster.cli import run

random = np.random.default_rng(0)
with TemporaryDirectory() as name:
    lines = ["customer,age,spent,shop"]
    for number in range(150):
        kind = number % 3
        age, spent = random.normal(25 + 20 * kind, 3), random.normal(100 + 50 * (kind == 1), 5)
        lines.append(f"K{number:03},{age:.0f},{spent:.2f},{['Ulm', 'Kiel', 'Bonn'][kind]}")
    source, runs, table, folders = (Path(name) / one for one in ("customers.csv", "run", "clusters.csv", "by cluster"))
    source.write_text("\n".join(lines))

    for command in (
        f"fit {source} --clusters 3 --column customer=identifier --set epochs=40 --output {runs} --quiet",
        f"export {runs} --to csv --output {table}",
    ):
        assert run(command.split()) == 0
    assert run(["export", str(runs), "--to", "folders", "--output", str(folders)]) == 0
    print("columns:", ", ".join(csv.read_csv(table).column_names))
    for file in sorted(folders.glob("*.csv")):
        print(file.name, csv.read_csv(file).num_rows, "rows")
