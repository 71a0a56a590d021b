"""Customers in a CSV file: clusters, next month's customers, and new ones of each kind."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from vaecluster import TwoViews, VAEClustering


def write_customers(path: Path, rows: int, seed: int) -> None:
    """Three kinds of customers, with an identifier, a date, categories and gaps."""
    random = np.random.default_rng(seed)
    lines = ["customer_id,age,city,since,visits"]
    for number in range(rows):
        kind = number % 3
        age = "" if random.random() < 0.1 else f"{random.normal(25 + 20 * kind, 3):.0f}"
        since = np.datetime64("2020-01-01") + 400 * kind + random.integers(90)
        city = ["Köln", "Ulm", "Kiel"][(kind + int(random.random() < 0.1)) % 3]
        lines.append(f"C{seed}-{number:04},{age},{city},{since},{random.poisson(3 + 9 * kind)}")
    path.write_text("\n".join(lines), encoding="utf-8")


with TemporaryDirectory() as folder:
    first, second = Path(folder) / "customers.csv", Path(folder) / "next-month.csv"
    write_customers(first, 300, seed=0)
    write_customers(second, 100, seed=1)
    model = VAEClustering(3, columns={"customer_id": "identifier"}, method=TwoViews(epochs=40), random_state=0)
    model.fit(first)
    print("rows in each cluster", model.cluster_sizes_.tolist())
    print("next month", np.bincount(model.predict(second)).tolist())
    print(model.profile(first)[0][0].words)
    print(model.sample(1, cluster=0).to_pylist())
